"""The compiled softmax: its exponential, its loss with the gradient."""

import numpy
import pytest
from numba import njit

from seqpipe.kernels.softmax import exp32, softmax_loss, target_log_probs


@njit
def exp_of_each(x, out):
    for i in range(len(x)):
        out[i] = exp32(x[i])


def exp(values) -> numpy.ndarray:
    x = numpy.asarray(values, dtype="float32")
    out = numpy.empty_like(x)
    exp_of_each(x, out)
    return out


def log_softmax(logits) -> numpy.ndarray:
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
    log_probs, expected = log_softmax(logits), numpy.exp(log_softmax(logits))
    expected[range(5), targets] -= 1.0
    expected[2] = 0.0
    found = numpy.empty(5)
    target_log_probs(logits, targets, found)
    loss = softmax_loss(logits, targets)
    known = [0, 1, 3, 4]
    numpy.testing.assert_allclose(found[known], log_probs[known, targets[known]], atol=1e-5)
    assert found[2] == 0.0
    assert loss == pytest.approx(-found.sum())
    numpy.testing.assert_allclose(logits, expected, rtol=0, atol=1e-6)


def test_scores_far_apart_and_forbidden_ones():
    logits = numpy.array([[1e30, -1e30, -numpy.inf], [-1e4, -1e4, -numpy.inf]], "float32")
    assert softmax_loss(logits, numpy.array([0, 1])) == pytest.approx(numpy.log(2))
    assert logits.tolist() == [[0.0, 0.0, 0.0], [0.5, -0.5, 0.0]]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_logit_that_is_no_number_is_seen(sign):
    logits = numpy.zeros((2, 20), "float32")
    logits[1, 13] = numpy.copysign(numpy.nan, sign)
    assert numpy.isnan(softmax_loss(logits, numpy.array([0, 0])))
    assert numpy.isfinite(logits[0]).all()
    assert numpy.isnan(logits[1]).all()


def test_no_rows_have_no_loss():
    assert softmax_loss(numpy.empty((0, 5), "float32"), numpy.empty(0, "int64")) == 0.0
