"""Clusters of the most biased words."""

import numpy as np
import pytest

from seqpipe.debiasing.biased_words import neutral_vocabulary
from seqpipe.debiasing.clustering import cluster_accuracy
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.planted import along_first_axis, first_axis, letters, without_first_axis

pytest.importorskip("sklearn")


def two_sides(n=60, bias=0.9):
    words = letters(2 * n)
    return along_first_axis({word: bias if i < n else -bias for i, word in enumerate(words)})


def test_sides_that_lie_apart_are_found_again_and_neutral_ones_are_not():
    before = two_sides()
    vocabulary = neutral_vocabulary(before, first_axis(), sides=("female", "male"))
    found = cluster_accuracy(before, vocabulary, per_side=50)
    after = cluster_accuracy(without_first_axis(before), vocabulary, per_side=50)
    assert (found.value, found.v_measure) == (1, pytest.approx(1))
    assert found.per_side == len(found.sides["female"]) == len(found.sides["male"]) == 50
    assert found.interval.low > 0.9
    assert 0.5 <= after.value < 0.75
    assert after.v_measure < 0.2
    assert after.sides == found.sides


def test_a_trace_in_other_dimensions_is_still_found():
    before = two_sides(bias=0.3)
    matrix = before.matrix.copy()
    matrix[:, 1] += 3 * np.sign(matrix[:, 0])
    matrix[:, 0] = 0
    vocabulary = neutral_vocabulary(before, first_axis())
    found = cluster_accuracy(WordVectors(before.words, matrix), vocabulary, per_side=50)
    assert found.value == 1


def test_too_few_words_give_the_reason():
    vectors = along_first_axis({"a": 0.3, "b": -0.3, "c": -0.4})
    found = cluster_accuracy(vectors, neutral_vocabulary(vectors, first_axis()))
    assert found.value is None
    assert found.reason == "1 words on a side, expected at least 2"


def test_equal_vectors_are_a_matter_of_chance():
    before = two_sides(5)
    same = WordVectors(before.words, np.ones((10, 3)))
    found = cluster_accuracy(same, neutral_vocabulary(before, first_axis()))
    assert (found.value, found.v_measure) == (0.5, 0)
