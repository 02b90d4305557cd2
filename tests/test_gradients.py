"""The check of gradients sees what it is there for."""

import numpy
import pytest

from tests.gradients import slope_error

X = numpy.random.default_rng(1).normal(size=(4, 5))


def loss():
    return float((X**3).sum())


def test_right_gradient_has_no_error():
    assert slope_error(loss, [X], [3 * X**2]) < 1e-9


@pytest.mark.parametrize("place", list(numpy.ndindex(*X.shape)), ids=str)
def test_one_wrong_value_is_seen(place):
    wrong = 3 * X**2
    wrong[place] += 1e-3
    assert slope_error(loss, [X], [wrong]) > 1e-6


def test_arrays_are_as_they_were():
    before = X.copy()
    slope_error(loss, [X], [X])
    assert numpy.array_equal(before, X)
