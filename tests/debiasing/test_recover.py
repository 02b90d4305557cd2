"""A classifier that tries to tell the sides."""

import pytest

from seqpipe.debiasing.biased_words import neutral_vocabulary
from seqpipe.debiasing.recover import recover_side
from tests.debiasing.planted import along_first_axis, first_axis, letters, without_first_axis

pytest.importorskip("sklearn")


def two_sides(n):
    words = letters(2 * n)
    return along_first_axis({word: 0.8 if i < n else -0.8 for i, word in enumerate(words)})


def test_it_tells_the_sides_before_and_guesses_when_nothing_is_left_of_them():
    before = two_sides(100)
    vocabulary = neutral_vocabulary(before, first_axis())
    found = recover_side(before, vocabulary)
    after = recover_side(without_first_axis(before), vocabulary)
    assert found.value == 1
    assert after.value == pytest.approx(0.5, abs=0.12)
    assert (found.training, found.test) == (40, 160)
    assert after.interval.low < 0.5 < after.interval.high


def test_it_learns_from_as_many_words_as_it_is_told():
    vectors = two_sides(100)
    vocabulary = neutral_vocabulary(vectors, first_axis())
    found = recover_side(vectors, vocabulary, per_side=60, training=10, splits=2)
    assert (found.training, found.test, len(found.accuracies)) == (20, 100, 2)
    assert (found.coverage.found, found.coverage.given) == (120, 120)


def test_the_seed_decides():
    vectors = without_first_axis(two_sides(40))
    vocabulary = neutral_vocabulary(two_sides(40), first_axis())
    one, same, other = (recover_side(vectors, vocabulary, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.accuracies != other.accuracies


def test_too_few_words_give_the_reason():
    vectors = two_sides(9)
    found = recover_side(vectors, neutral_vocabulary(vectors, first_axis()))
    assert found.value is None
    assert found.reason == "9 words on a side, expected at least 10"
