"""Bias by neighbours against a loop over all words."""

import numpy as np
import pytest

from seqpipe.debiasing.biased_words import neutral_vocabulary
from seqpipe.debiasing.neighbours import neighbour_bias
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.planted import along_first_axis, cosine, first_axis, letters, random_vectors

WORDS = letters(80)
ASKED = [*WORDS[:10], "actress", "wizard"]


def case(seed=0):
    rng = np.random.default_rng(seed)
    before = along_first_axis({word: rng.uniform(-0.9, 0.9) for word in [*WORDS, "actress"]})
    vocabulary = neutral_vocabulary(
        before, first_axis(), definitional={"actress"}, sides=("female", "male")
    )
    return before, vocabulary


def by_hand(vectors, before, word, n):
    others = sorted((w for w in WORDS if w != word), key=lambda w: -cosine(vectors, word, w))[:n]
    return sum(cosine(before, w, first_axis()) > 0 for w in others) / n


@pytest.mark.parametrize("seed", range(3))
def test_shares_and_correlation_are_those_of_a_loop(seed):
    before, vocabulary = case(seed)
    after = random_vectors(before.words, seed + 10)
    found = neighbour_bias(
        after, ASKED, before, first_axis(), vocabulary, definitional={"actress"}, n=7
    )
    shares = [by_hand(after, before, word, 7) for word in WORDS[:10]]
    own = [cosine(before, word, first_axis()) for word in WORDS[:10]]
    assert list(found.shares.values()) == pytest.approx(shares)
    assert list(found.projections.values()) == pytest.approx(own)
    assert found.value == pytest.approx(np.corrcoef(own, shares)[0, 1], abs=1e-9)
    assert found.side == "female"
    assert found.coverage.missing == ("wizard",)
    assert found.coverage.left_out == ("actress",)


def test_words_that_lie_apart_have_their_own_side_as_neighbours():
    words = letters(40)
    before = along_first_axis({word: 0.95 if i < 20 else -0.95 for i, word in enumerate(words)})
    vocabulary = neutral_vocabulary(before, first_axis())
    found = neighbour_bias(before, words, before, first_axis(), vocabulary, n=10)
    assert list(found.shares.values()) == [1.0] * 20 + [0.0] * 20
    assert found.value == pytest.approx(1)


def test_there_are_no_more_neighbours_than_other_words():
    before, vocabulary = case()
    found = neighbour_bias(before, ASKED, before, first_axis(), vocabulary, n=500)
    assert found.neighbours == 79


@pytest.mark.parametrize("asked", [[], ["wizard"], WORDS[:1]])
def test_too_few_words_give_the_reason(asked):
    before, vocabulary = case()
    found = neighbour_bias(before, asked, before, first_axis(), vocabulary)
    assert found.value is None
    assert "expected at least 2" in found.reason


def test_equal_shares_give_the_reason():
    words = letters(20)
    before = along_first_axis({word: 0.1 + 0.01 * i for i, word in enumerate(words)})
    vocabulary = neutral_vocabulary(before, first_axis())
    found = neighbour_bias(before, words, before, first_axis(), vocabulary, n=3)
    assert found.value is None
    assert "same share" in found.reason
    assert set(found.shares.values()) == {1.0}


def test_zero_vectors_after_debiasing_do_no_harm():
    before, vocabulary = case()
    matrix = before.matrix.copy()
    matrix[3] = 0
    after = WordVectors(before.words, matrix)
    found = neighbour_bias(after, WORDS[:10], before, first_axis(), vocabulary, n=7)
    assert np.isfinite(list(found.shares.values())).all()
