"""Whether the compiled loops can be used: that they work here, what they serve, what they take."""

import logging

import numpy
import pytest
from thinc.api import NumpyOps, Ops

from seqpipe.layers import compiled
from seqpipe.layers.compiled import can_compile, kernels_serve, kernels_work, plain

OPS = NumpyOps()
ROW = numpy.ones(3, "float32")


@pytest.fixture
def asked_anew():
    """What was found out about the kernels before does not count."""
    kernels_work.cache_clear()
    yield
    kernels_work.cache_clear()


def test_the_kernels_work_here(asked_anew, caplog):
    assert kernels_work() is True
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("\nno compiler\nat all"), "no compiler"),
        (ImportError(), "ImportError"),
    ],
)
def test_without_them_the_array_code_goes_on_and_the_reason_is_said_once(
    asked_anew, monkeypatch, caplog, error, reason
):
    def fail():
        raise error

    monkeypatch.setattr(compiled, "_try_kernels", fail)
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        assert [kernels_work(), kernels_work()] == [False, False]
    assert caplog.messages == [f"seqpipe goes on without its compiled loops, slower: {reason}"]
    assert not can_compile(OPS, ROW)


def test_they_serve_floats_of_32_bits_on_a_cpu():
    assert kernels_serve(OPS)
    assert not kernels_serve(Ops())
    assert can_compile(OPS, ROW, ROW)
    assert not can_compile(OPS, ROW, ROW.astype("float64"))
    assert not can_compile(Ops(), ROW)


def test_what_is_plain_is_not_copied_and_what_is_not_becomes_it():
    square = numpy.arange(6, dtype="float32").reshape(2, 3)
    assert plain(square) is square
    turned = plain(square.T)
    assert turned.flags.carray
    assert turned.tolist() == square.T.tolist()
    ids = plain(numpy.array([1, 2], "int32"), numpy.int64)
    assert (ids.dtype, ids.tolist()) == ("int64", [1, 2])
    fixed = square.copy()
    fixed.flags.writeable = False
    assert plain(fixed).flags.writeable
