"""The compiled softmax: its exponential, its loss with the gradient."""

import numpy
import pytest
from numba import njit

from seqpipe.kernels.softmax import (
    exp32,
    log_softmax,
    softmax_gradient,
    target_log_probs,
)


@njit
def exp_of_each(x, out):
    for i in range(len(x)):
        out[i] = exp32(x[i])


def exp(values) -> numpy.ndarray:
    x = numpy.asarray(values, dtype="float32")
    out = numpy.empty_like(x)
    exp_of_each(x, out)
    return out


def exact_log_softmax(logits) -> numpy.ndarray:
    logits = logits.astype("float64")
    logits -= logits.max(axis=1, keepdims=True)
    return logits - numpy.log(numpy.exp(logits).sum(axis=1, keepdims=True))


def test_the_exponential_is_right_to_three_parts_in_ten_million():
    x = numpy.linspace(-87, 88, 1_000_001).astype("float32")
    exact = numpy.exp(x.astype("float64"))
    assert (numpy.abs(exp(x) - exact) / exact).max() < 3e-7


def test_the_exponential_of_what_is_no_plain_number():
    assert exp([-numpy.inf, -1000.0, 0.0]).tolist() == [0.0, 0.0, 1.0]
    assert numpy.isnan(exp([numpy.nan])).all()


@pytest.mark.parametrize("width", [1, 3, 16, 1000, 10_001])
def test_the_gradient_is_the_softmax_less_the_target(width):
    rng = numpy.random.default_rng(0)
    logits = (rng.normal(size=(5, width)) * 10).astype("float32")
    targets = rng.integers(0, width, 5)
    targets[2] = -1
    log_probs, expected = exact_log_softmax(logits), numpy.exp(exact_log_softmax(logits))
    expected[range(5), targets] -= 1.0
    expected[2] = 0.0
    found, with_gradient = numpy.empty(5), numpy.empty(5)
    target_log_probs(logits, targets, found)
    softmax_gradient(logits, targets, with_gradient)
    known = [0, 1, 3, 4]
    numpy.testing.assert_allclose(found[known], log_probs[known, targets[known]], atol=1e-5)
    assert found[2] == 0.0
    numpy.testing.assert_allclose(with_gradient, found, rtol=1e-7)
    numpy.testing.assert_allclose(logits, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("width", [1, 17, 1000])
def test_log_probabilities_of_all_take_the_place_of_the_logits(width):
    logits = (numpy.random.default_rng(0).normal(size=(3, width)) * 10).astype("float32")
    expected = exact_log_softmax(logits)
    log_softmax(logits)
    numpy.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)


def test_scores_far_apart_and_forbidden_ones():
    logits = numpy.array([[1e30, -1e30, -numpy.inf], [-1e4, -1e4, -numpy.inf]], "float32")
    log_probs = numpy.empty(2)
    every = logits.copy()
    log_softmax(every)
    assert every[1] == pytest.approx([-numpy.log(2), -numpy.log(2), -numpy.inf])
    softmax_gradient(logits, numpy.array([0, 1]), log_probs)
    assert log_probs == pytest.approx([0.0, -numpy.log(2)])
    assert logits.tolist() == [[0.0, 0.0, 0.0], [0.5, -0.5, 0.0]]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_logit_that_is_no_number_is_seen(sign):
    logits = numpy.zeros((2, 20), "float32")
    logits[1, 13] = numpy.copysign(numpy.nan, sign)
    log_probs = numpy.empty(2)
    softmax_gradient(logits, numpy.array([0, 0]), log_probs)
    assert numpy.isfinite(log_probs[0])
    assert numpy.isnan(log_probs[1])
    assert numpy.isfinite(logits[0]).all()
    assert numpy.isnan(logits[1]).all()
