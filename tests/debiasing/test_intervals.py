"""Intervals against values computed elsewhere, and how often they hold."""

import numpy as np
import pytest

from seqpipe.debiasing.intervals import bootstrap, bootstrap_mean, fisher, pearson, wilson
from seqpipe.intervals import wilson_interval


def test_wilson_carries_its_name():
    found = wilson(0.5, 10)
    assert (found.low, found.high, found.method) == (*wilson_interval(0.5, 10), "Wilson")
    assert wilson(0.0, 0) is None


def test_fisher_of_a_textbook_case():
    interval = fisher(0.5, 28)
    assert np.arctanh([interval.low, interval.high]) == pytest.approx(
        [np.arctanh(0.5) - 1.959964 / 5, np.arctanh(0.5) + 1.959964 / 5]
    )


@pytest.mark.parametrize(("correlation", "n"), [(None, 50), (1.0, 50), (-1.0, 50), (0.5, 3)])
def test_fisher_has_no_interval_where_there_is_none(correlation, n):
    assert fisher(correlation, n) is None


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_has_it():
    values = np.random.default_rng(0).normal(size=400)
    interval = bootstrap_mean(values, np.random.default_rng(1))
    half = 1.96 * values.std() / 20
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.15)
    assert interval.low < values.mean() < interval.high
    assert bootstrap_mean(values[:1], np.random.default_rng(1)) is None


def test_a_bootstrap_that_mostly_gives_nothing_has_no_interval():
    draws = iter([1.0] * 400 + [None] * 600)
    assert bootstrap(lambda: next(draws)) is None


def test_pearson_of_a_constant_is_none():
    assert pearson(np.ones(5), np.arange(5)) is None
    assert pearson(np.arange(5), np.arange(5) * -2.0) == pytest.approx(-1)
