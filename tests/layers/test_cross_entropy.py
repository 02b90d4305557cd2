"""Cross-entropy of a large softmax: compiled and array code, bad input, what is overwritten."""

import numpy
import pytest
from thinc.api import NumpyOps

from seqpipe.layers.cross_entropy import (
    MISSING,
    cross_entropy,
    cross_entropy_rows,
    log_softmax,
    target_log_probs,
)
from tests.gradients import numeric_gradient, relative_error

OPS = NumpyOps()


def batch(rows: int = 6, width: int = 5, dtype: str = "float32"):
    rng = numpy.random.default_rng(0)
    targets = rng.integers(0, width, rows)
    targets[1::3] = MISSING
    return (rng.normal(size=(rows, width)) * 3).astype(dtype), targets


def test_gradient_matches_finite_differences():
    logits, targets = batch(dtype="float64")
    loss, gradient = cross_entropy(OPS, logits.copy(), targets)
    numeric = numeric_gradient(lambda: cross_entropy(OPS, logits.copy(), targets)[0], logits)
    assert relative_error(gradient, numeric) < 1e-6
    assert loss == pytest.approx(-target_log_probs(OPS, logits, targets).sum())


@pytest.mark.parametrize("shape", [(6, 5), (1, 1), (0, 5), (3, 1000), (40, 10_000)], ids=str)
def test_compiled_and_array_code_agree(shape):
    logits, targets = batch(*shape)
    exact = logits.astype("float64")
    log_probs = target_log_probs(OPS, logits, targets)
    numpy.testing.assert_allclose(log_probs, target_log_probs(OPS, exact, targets), atol=1e-5)
    loss, gradient = cross_entropy(OPS, logits, targets)
    expected_loss, expected = cross_entropy(OPS, exact, targets)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    numpy.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_loss_is_that_of_each_row(dtype):
    logits, targets = batch(dtype=dtype)
    expected, loss = (
        target_log_probs(OPS, logits, targets),
        cross_entropy(OPS, logits.copy(), targets),
    )
    log_probs, gradient = cross_entropy_rows(OPS, logits, targets)
    numpy.testing.assert_allclose(log_probs, expected, rtol=1e-6)
    assert loss[0] == -log_probs.sum()
    assert numpy.array_equal(gradient, loss[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(6, 5), (1, 1), (0, 5), (3, 1000)], ids=str)
def test_log_probabilities_of_all_hold_those_of_the_targets(shape, dtype):
    logits, targets = batch(*shape, dtype=dtype)
    targets = abs(targets)
    expected = target_log_probs(OPS, logits, targets)
    found = log_softmax(OPS, logits)
    assert found is logits
    numpy.testing.assert_allclose(found[range(len(targets)), targets], expected, atol=1e-5)
    numpy.testing.assert_allclose(numpy.exp(found).sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_takes_the_place_of_the_logits(dtype):
    logits, targets = batch(dtype=dtype)
    _, gradient = cross_entropy(OPS, logits, targets)
    assert gradient is logits
    assert not gradient[targets == MISSING].any()
    numpy.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-6)


def test_log_probabilities_leave_the_logits_as_they_are():
    for dtype in ("float32", "float64"):
        logits, targets = batch(dtype=dtype)
        before = logits.copy()
        target_log_probs(OPS, logits, targets)
        assert numpy.array_equal(logits, before)


def test_logits_that_are_not_in_c_order():
    logits, targets = batch(8, 6)
    expected_loss, expected = cross_entropy(OPS, logits.copy(), targets)
    for layout in (numpy.asfortranarray(logits), numpy.repeat(logits, 2, axis=1)[:, ::2]):
        loss, gradient = cross_entropy(OPS, layout, targets)
        assert loss == pytest.approx(expected_loss)
        numpy.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize("targets", [[0, 5], [0, -2], [0], [[0], [1]]], ids=str)
@pytest.mark.parametrize("loss", [cross_entropy, target_log_probs])
def test_targets_that_fit_no_row_are_refused(loss, targets):
    with pytest.raises(ValueError, match=r"expected"):
        loss(OPS, numpy.zeros((2, 5), "float32"), numpy.array(targets))
