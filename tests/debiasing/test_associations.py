"""RND, MAC and ECT against their formulas, word by word."""

import math
import statistics

import numpy as np
import pytest

from seqpipe.debiasing.associations import (
    embedding_coherence,
    mean_average_cosine,
    relative_norm_distance,
)
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.planted import (
    along_first_axis,
    cosine,
    random_vectors,
    without_first_axis,
)

NEUTRAL = [f"n{i}" for i in range(9)]
GROUPS = {"female": ["she", "woman"], "male": ["he", "man", "boy"]}
MEMBERS = [word for words in GROUPS.values() for word in words]


def unit(vectors, word):
    row = vectors.matrix[vectors.index[word]]
    return row / math.sqrt(sum(x * x for x in row))


def average(vectors, words):
    return sum(unit(vectors, word) for word in words) / len(words)


def ranks(values):
    return [sorted(values).index(value) + 1 for value in values]


def test_relative_norm_distance_is_the_sum_of_differences_of_distances():
    vectors = random_vectors(NEUTRAL + MEMBERS)
    first, second = (average(vectors, words) for words in GROUPS.values())
    expected = sum(
        math.dist(unit(vectors, w), first) - math.dist(unit(vectors, w), second) for w in NEUTRAL
    )
    found = relative_norm_distance(vectors, NEUTRAL, GROUPS)
    assert found.value == pytest.approx(expected)
    assert found.mean == pytest.approx(expected / len(NEUTRAL))
    assert found.groups == ("female", "male")
    assert found.interval.low < found.value < found.interval.high
    assert (found.coverage.found, found.coverage.given) == (14, 14)


def test_mean_average_cosine_counts_each_set_alike():
    vectors = random_vectors(NEUTRAL + MEMBERS)
    sets = {"career": NEUTRAL[:2], "family": NEUTRAL[2:], "none": ["nothing"]}
    terms = [
        statistics.fmean(1 - cosine(vectors, t, a) for a in words)
        for t in MEMBERS
        for words in (sets["career"], sets["family"])
    ]
    found = mean_average_cosine(vectors, MEMBERS, sets)
    assert found.value == pytest.approx(statistics.fmean(terms))
    assert found.sets == ("career", "family")
    assert found.coverage.missing == ("nothing",)


def test_embedding_coherence_is_the_correlation_of_ranks():
    vectors = random_vectors(NEUTRAL + MEMBERS, seed=3)
    r, s = (
        ranks([cosine(vectors, w, average(vectors, words)) for w in NEUTRAL])
        for words in GROUPS.values()
    )
    n = len(NEUTRAL)
    expected = 1 - 6 * sum((a - b) ** 2 for a, b in zip(r, s, strict=True)) / (n * (n * n - 1))
    assert embedding_coherence(vectors, NEUTRAL, GROUPS).value == pytest.approx(expected)


def test_groups_that_differ_along_the_direction_alone_are_coherent_when_words_are_neutral():
    biased = {word: 0.1 * i - 0.4 for i, word in enumerate(NEUTRAL)}
    vectors = along_first_axis(biased | {"she": 0.6, "he": 0.6})
    matrix = vectors.matrix.copy()
    matrix[-1] = matrix[-2]
    matrix[-1, 0] *= -1
    vectors = WordVectors(vectors.words, matrix)
    groups = {"female": ["she"], "male": ["he"]}
    neutral = without_first_axis(vectors, NEUTRAL)
    assert embedding_coherence(vectors, NEUTRAL, groups).value < 0.5
    assert embedding_coherence(neutral, NEUTRAL, groups).value == 1
    assert relative_norm_distance(neutral, NEUTRAL, groups).value == pytest.approx(0, abs=1e-12)


def test_definitional_words_are_left_out():
    vectors = random_vectors(NEUTRAL + MEMBERS)
    found = relative_norm_distance(vectors, NEUTRAL, GROUPS, definitional=NEUTRAL[:3])
    alone = relative_norm_distance(vectors, NEUTRAL[3:], GROUPS)
    assert found.value == alone.value
    assert found.coverage.left_out == tuple(NEUTRAL[:3])


@pytest.mark.parametrize("metric", [relative_norm_distance, embedding_coherence])
def test_an_empty_group_gives_the_reason(metric):
    found = metric(random_vectors([*NEUTRAL, "she"]), NEUTRAL, {"female": ["she"], "male": ["he"]})
    assert found.value is None
    assert "group 'male'" in found.reason


def test_mean_average_cosine_of_nothing_gives_the_reason():
    assert "words" in mean_average_cosine(random_vectors(NEUTRAL), ["she"], {"a": NEUTRAL}).reason
    assert "sets" in mean_average_cosine(random_vectors(NEUTRAL), NEUTRAL, {"a": ["she"]}).reason


def test_constant_cosines_give_the_reason():
    words = (*NEUTRAL, "she", "he")
    vectors = WordVectors(words, np.vstack([np.ones((len(NEUTRAL), 2)), [[1, 0], [0, 1]]]))
    found = embedding_coherence(vectors, NEUTRAL, {"female": ["she"], "male": ["he"]})
    assert found.value is None
    assert "equally near" in found.reason
