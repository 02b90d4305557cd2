"""Calibration, against hand counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.evaluation.calibration import expected_calibration_error, reliability

predictions = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1)


def test_error_equals_the_hand_count():
    # Bin (0.5, 1]: confidence 0.8, accuracy 2/3, 3 of 4. Bin [0, 0.5]: 0.4 against 1, 1 of 4.
    error = expected_calibration_error([0.7, 0.8, 0.9, 0.4], [True, False, True, True], bins=2)
    assert error == pytest.approx(3 / 4 * (0.8 - 2 / 3) + 1 / 4 * 0.6)


def test_reliability_rows_equal_the_hand_count():
    low, high = reliability([0.7, 0.8, 0.9, 0.4], [1, 0, 1, 1], bins=2)
    assert (low.low, low.high, low.count, low.confidence, low.accuracy) == (0, 0.5, 1, 0.4, 1.0)
    assert (high.low, high.high, high.count) == (0.5, 1, 3)
    assert high.confidence == pytest.approx(0.8)
    assert high.accuracy == pytest.approx(2 / 3)


def test_an_edge_belongs_to_the_bin_below():
    rows = reliability([k / 10 for k in range(11)], [True] * 11)
    assert [row.count for row in rows] == [2, 1, 1, 1, 1, 1, 1, 1, 1, 1]


def test_certain_and_always_right_or_wrong():
    assert expected_calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0.0
    assert expected_calibration_error([1.0, 0.0], [False, True]) == 1.0


def test_an_empty_bin_has_neither_confidence_nor_accuracy():
    row = reliability([0.95], [True])[0]
    assert (row.count, row.confidence, row.accuracy) == (0, None, None)


def test_no_prediction_has_no_error():
    assert expected_calibration_error([], []) is None


@given(predictions)
def test_one_bin_compares_the_means(pairs):
    conf, correct = zip(*pairs, strict=True)
    error = expected_calibration_error(conf, correct, bins=1)
    assert error == pytest.approx(abs(np.mean(conf) - np.mean(correct)), abs=1e-12)


@given(predictions, st.integers(1, 30))
def test_every_prediction_falls_into_one_bin_that_holds_it(pairs, bins):
    conf, correct = zip(*pairs, strict=True)
    rows = reliability(conf, correct, bins=bins)
    assert sum(row.count for row in rows) == len(pairs)
    for row in rows:
        inside = [c for c in conf if row.low < c <= row.high or c == row.low == 0]
        assert len(inside) == row.count


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_confidence_that_is_no_probability_is_refused(value):
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        expected_calibration_error([0.5, value], [True, True])


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="one length"):
        expected_calibration_error([0.5, 0.5], [True])


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="0 bins"):
        expected_calibration_error([0.5], [True], bins=0)
