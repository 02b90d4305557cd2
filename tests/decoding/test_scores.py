"""Scores: by hand, and their bound."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.decoding.scores import Score, log_coverage

LOG_PROBS = np.array([-6.0, -3.0])


def test_length_normalisation_divides_by_a_power_of_the_length():
    score = Score(normalisation="length", alpha=0.7)
    expected = [-6.0 / 4**0.7, -3.0 / 4**0.7]
    np.testing.assert_allclose(score.of(LOG_PROBS, 4, None), expected)


def test_gnmt_is_its_equation_14():
    score = Score(normalisation="gnmt", alpha=0.6, coverage=0.2)
    covered = np.array([[0.5, 2.0], [1.0, 0.25]])
    penalty = (5 + 7) ** 0.6 / (5 + 1) ** 0.6
    expected = [-6.0 / penalty + 0.2 * math.log(0.5), -3.0 / penalty + 0.2 * math.log(0.25)]
    np.testing.assert_allclose(score.of(LOG_PROBS, 7, covered), expected)


def test_none_is_the_log_probability():
    np.testing.assert_array_equal(Score(normalisation="none").of(LOG_PROBS, 9, None), LOG_PROBS)


def test_what_was_never_attended_to_costs_all():
    assert log_coverage(np.array([[1.0, 0.0]])).tolist() == [-math.inf]


def test_coverage_beside_a_longer_source_is_the_same_to_the_last_bit():
    covered = np.random.default_rng(0).random((5, 33))
    wider = np.concatenate([covered, np.ones((5, 200))], axis=1)
    np.testing.assert_array_equal(log_coverage(covered), log_coverage(wider))


@given(
    st.sampled_from(["none", "length", "gnmt"]),
    st.floats(0, 3),
    st.floats(0, 2),
    st.lists(st.floats(-9, 0), min_size=2, max_size=20),
    st.integers(1, 19),
)
def test_no_end_of_a_hypothesis_exceeds_its_bound(normalisation, alpha, coverage, steps, begun):
    score = Score(normalisation=normalisation, alpha=alpha, coverage=coverage)
    begun = min(begun, len(steps) - 1)
    bound = score.bound(np.array([sum(steps[:begun])]), len(steps))[0]
    covered = np.array([[0.5, 3.0]])
    for end in range(begun + 1, len(steps) + 1):
        assert score.of(np.array([sum(steps[:end])]), end, covered)[0] <= bound + 1e-9


def test_a_bound_is_reached_by_an_end_at_the_maximum_length():
    score = Score(normalisation="length", alpha=0.7)
    assert score.bound(LOG_PROBS, 10) == pytest.approx(score.of(LOG_PROBS, 10, None))
