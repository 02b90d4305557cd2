"""A softmax over a linear layer and its loss: compiled and array code, blocks of rows, threads."""

import os
import subprocess
import sys
import textwrap
import tracemalloc
from io import BytesIO

import numpy
import pytest
from thinc.api import Model, NumpyOps

from seqpipe.layers import softmax_rows
from seqpipe.layers.cross_entropy import MISSING
from seqpipe.layers.softmax_rows import (
    add_gradient,
    all_log_probs,
    softmax_loss,
    softmax_scores,
)
from tests.gradients import FLOAT64, relative_error

OPS = NumpyOps()
PARTS = ("log_probs", "d_rows", "d_weights", "d_bias")
# Rows, width, ids: ones, tails of tiles, several strips of rows.
SHAPES = [(1, 1, 1), (5, 3, 7), (7, 17, 65), (200, 20, 300), (101, 33, 1000)]


def batch(N, nI, V, dtype="float32", seed=0):
    """Rows, weights, biases, and targets of which some are missing."""
    rng = numpy.random.default_rng(seed)
    arrays = [rng.normal(size=shape).astype(dtype) for shape in ((N, nI), (V, nI), (V,))]
    targets = rng.integers(0, V, N)
    targets[2::5] = MISSING
    return (*arrays, targets)


def exact(arrays):
    return tuple(a.astype("float64") if a.dtype.kind == "f" else a for a in arrays)


def assert_agree(found, expected):
    for name in PARTS:
        assert getattr(found, name).shape == getattr(expected, name).shape
        assert relative_error(getattr(found, name), getattr(expected, name)) < 1e-5, name


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_compiled_and_array_code_agree(shape):
    arrays = batch(*shape)
    assert_agree(softmax_loss(OPS, *arrays), softmax_loss(FLOAT64, *exact(arrays)))
    scores, expected = softmax_scores(OPS, *arrays), softmax_scores(FLOAT64, *exact(arrays))
    assert scores.dtype == "float64"
    numpy.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-5)
    every, expected = all_log_probs(OPS, *arrays[:3]), all_log_probs(FLOAT64, *exact(arrays)[:3])
    assert every.dtype == "float32"
    numpy.testing.assert_allclose(every, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_blocks_of_rows_make_no_difference(monkeypatch, dtype):
    arrays = batch(101, 6, 30, dtype)
    ops = OPS if dtype == "float32" else FLOAT64
    whole, scores = softmax_loss(ops, *arrays), softmax_scores(ops, *arrays)
    monkeypatch.setattr(softmax_rows, "BLOCK", 7 * 30)
    monkeypatch.setattr(softmax_rows, "LEAST_ROWS", 1)
    assert len(softmax_rows._blocks(101, 30)) == 15
    assert_agree(softmax_loss(ops, *arrays), whole)
    numpy.testing.assert_allclose(softmax_scores(ops, *arrays), scores, rtol=1e-6)


@pytest.mark.parametrize("N", [0, 4])
def test_rows_without_a_target_have_no_loss(N):
    H, W, b, targets = batch(N, 3, 5)
    targets[:] = MISSING
    loss = softmax_loss(OPS, H, W, b, targets)
    assert loss.d_rows.shape == (N, 3)
    for name in PARTS:
        assert not getattr(loss, name).any()
    assert softmax_scores(OPS, H, W, b, targets).tolist() == [0.0] * N
    assert all_log_probs(OPS, H, W, b).shape == (N, 5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_is_added_with_its_factor(dtype):
    model = Model("some", lambda model, X, is_train: (X, None), params={"W": None})
    model.ops = OPS if dtype == "float32" else FLOAT64
    model.set_param("W", numpy.zeros((4, 3), dtype))
    gradient = numpy.arange(12, dtype=dtype).reshape(4, 3)
    for _ in range(2):
        add_gradient(model, "W", gradient.copy(), 0.25)
    assert numpy.array_equal(model.get_grad("W"), gradient / 2)
    assert model.get_grad("W").dtype == dtype


@pytest.mark.parametrize("score", [softmax_loss, softmax_scores])
@pytest.mark.parametrize("targets", [[0, 5], [0, -2], [0], [[0], [1]]], ids=str)
def test_targets_that_fit_no_row_are_refused(score, targets):
    H, W, b, _ = batch(2, 3, 5)
    with pytest.raises(ValueError, match="expected"):
        score(OPS, H, W, b, numpy.array(targets))


def test_many_rows_are_scored_in_little_memory():
    H, W, b, targets = batch(4096, 4, 10_000)
    softmax_scores(OPS, H[:2], W, b, targets[:2])
    tracemalloc.start()
    softmax_scores(OPS, H, W, b, targets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32e6  # all logits would be 164 MB


def test_two_threads_give_what_one_gives():
    source = """
        import sys
        import numpy
        from thinc.api import NumpyOps
        from seqpipe.layers.softmax_rows import softmax_loss, softmax_scores
        from seqpipe.layers.threads import thread_count

        rng = numpy.random.default_rng(0)
        H, W, b = (rng.normal(size=s).astype("f") for s in ((150, 40), (2001, 40), (2001,)))
        targets = rng.integers(0, 2001, 150)
        loss = softmax_loss(NumpyOps(), H, W, b, targets)
        parts = (loss.log_probs, loss.d_rows, loss.d_weights, loss.d_bias)
        scores = softmax_scores(NumpyOps(), H, W, b, targets)
        numpy.savez(sys.stdout.buffer, thread_count(), scores, *parts)
    """
    found = []
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(source)],
            env=os.environ | dict.fromkeys(names, threads),
            capture_output=True, timeout=300, check=True,
        )  # fmt: skip
        found.append(numpy.load(BytesIO(done.stdout)))
    one, two = found
    assert (int(one["arr_0"]), int(two["arr_0"])) == (1, 2)
    for name in one.files[1:]:
        numpy.testing.assert_allclose(one[name], two[name], rtol=1e-4, atol=1e-5)
