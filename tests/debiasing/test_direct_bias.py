"""Direct bias against the sum of its definition."""

import math

import numpy as np
import pytest

from seqpipe.debiasing.direct_bias import direct_bias
from seqpipe.files import InputError
from tests.debiasing.planted import (
    along_first_axis,
    cosine,
    first_axis,
    random_vectors,
    without_first_axis,
)

WORDS = ["nurse", "doctor", "pilot", "cook"]


@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_is_the_mean_of_powers_of_cosines(exponent):
    vectors, g = random_vectors(WORDS), np.arange(1.0, 13)
    expected = sum(abs(cosine(vectors, word, g)) ** exponent for word in WORDS) / len(WORDS)
    assert direct_bias(vectors, WORDS, g, exponent=exponent).value == pytest.approx(expected)


def test_exponent_zero_counts_the_words_that_lie_on_a_side():
    vectors = along_first_axis({"nurse": 0.01, "doctor": -0.5, "pilot": 0, "cook": 0})
    assert direct_bias(vectors, WORDS, first_axis(), exponent=0).value == 0.5


def test_planted_bias_goes_to_zero():
    vectors = along_first_axis({"nurse": 0.4, "doctor": -0.2, "pilot": -0.6, "cook": 0.4})
    before = direct_bias(vectors, WORDS, first_axis())
    after = direct_bias(without_first_axis(vectors), WORDS, first_axis())
    assert (before.value, after.value) == (pytest.approx(0.4), 0)
    assert before.projections["doctor"] == pytest.approx(-0.2)
    assert before.interval.low < before.value < before.interval.high


def test_definitional_and_missing_words_do_not_count():
    vectors = along_first_axis({"nurse": 0.4, "actress": 0.9})
    given = ["nurse", "actress", "wizard"]
    found = direct_bias(vectors, given, first_axis(), definitional={"actress"})
    assert found.value == pytest.approx(0.4)
    assert (found.coverage.found, found.coverage.given) == (1, 3)
    assert found.coverage.missing == ("wizard",)
    assert found.coverage.left_out == ("actress",)


def test_no_word_gives_the_reason():
    found = direct_bias(random_vectors(["x"]), ["nurse"], first_axis())
    assert found.value is None
    assert found.interval is None
    assert "vector" in found.reason


@pytest.mark.parametrize("exponent", [-1, math.nan])
def test_an_impossible_exponent_is_named(exponent):
    with pytest.raises(InputError, match="exponent"):
        direct_bias(random_vectors(WORDS), WORDS, first_axis(), exponent=exponent)
