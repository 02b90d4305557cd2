"""Compiled sums and steps over some rows of a table, against plain array code."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.kernels.rows import adam_rows, sgd_rows, sum_rows


@given(ids=st.lists(st.integers(0, 6), max_size=30), width=st.sampled_from([1, 4, 33]))
@settings(max_examples=50, deadline=None)
def test_gradients_of_equal_ids_are_added_in_order(ids, width):
    ids = numpy.array(ids, dtype="int64")
    gradient = numpy.random.default_rng(0).normal(size=(len(ids), width)).astype("float32")
    rows, total = numpy.empty_like(ids), numpy.empty_like(gradient)
    count = sum_rows(ids, numpy.argsort(ids, kind="stable"), gradient, rows, total)
    dense = numpy.zeros((7, width), "float32")
    numpy.add.at(dense, ids, gradient)
    assert rows[:count].tolist() == sorted(set(ids.tolist()))
    assert numpy.array_equal(total[:count], dense[rows[:count]])


def table(seed: int = 0, rows: int = 9, width: int = 37) -> numpy.ndarray:
    return numpy.random.default_rng(seed).normal(size=(rows, width)).astype("float32")


ROWS = numpy.array([1, 4, 8])
SETTINGS = pytest.mark.parametrize(("penalty", "decay"), [(0, 0), (0.1, 0), (0, 0.01)])


@SETTINGS
def test_adam_takes_its_step_on_the_rows_and_on_no_other(penalty, decay):
    E, mom1, mom2, gradient = table(0), table(1), numpy.abs(table(2)), table(3, rows=3)
    before = [array.copy() for array in (E, mom1, mom2)]
    values, m, v = (array[ROWS].astype("float64") for array in before)
    slope = gradient + penalty * values
    m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
    values = (values - 0.01 * m / (numpy.sqrt(v) + 1e-8)) * (1 - decay)
    given = [numpy.float32(x) for x in (0.01, 0.9, 0.999, 1e-8, penalty, decay)]
    adam_rows(E, mom1, mom2, ROWS, gradient, *given)
    for now, old, expected in zip((E, mom1, mom2), before, (values, m, v), strict=True):
        numpy.testing.assert_allclose(now[ROWS], expected, rtol=1e-5, atol=1e-6)
        others = numpy.setdiff1d(numpy.arange(9), ROWS)
        assert numpy.array_equal(now[others], old[others])


@SETTINGS
def test_gradient_descent_takes_its_step_on_the_rows_and_on_no_other(penalty, decay):
    E, gradient = table(0), table(3, rows=3)
    before = E.copy()
    values = before[ROWS].astype("float64")
    values = (values - 0.1 * (gradient + penalty * values)) * (1 - decay)
    sgd_rows(E, ROWS, gradient, *(numpy.float32(x) for x in (0.1, penalty, decay)))
    numpy.testing.assert_allclose(E[ROWS], values, rtol=1e-5, atol=1e-6)
    others = numpy.setdiff1d(numpy.arange(9), ROWS)
    assert numpy.array_equal(E[others], before[others])
