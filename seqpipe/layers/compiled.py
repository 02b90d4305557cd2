"""Whether the compiled loops can be used, and what they take."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import numpy
from thinc.api import NumpyOps, Ops

logger = logging.getLogger("seqpipe")


@lru_cache(maxsize=1)
def kernels_work() -> bool:
    """RETURNS (bool): Whether `seqpipe.kernels` can be imported and compiled; says once why not.

    The array code, which is slower, then does the work.
    """
    try:
        _try_kernels()
    except Exception as error:  # a broken numba raises much besides ImportError
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        logger.warning("seqpipe goes on without its compiled loops, slower: %s", reason)
        return False
    return True


def _try_kernels() -> None:
    """Import all of them, and compute something with what the machine's vectors are needed for."""
    from seqpipe.kernels import crf, gru, lstm, product, rnn, rows, softmax, walk  # noqa: F401

    panels = numpy.empty(product.panels_size(1, 1), dtype=numpy.float32)
    one, in_order = numpy.ones(1, dtype=numpy.float32), numpy.zeros(0, dtype=numpy.int64)
    product.pack(one, 0, 1, in_order, 0, 1, 1, panels, 0)
    found = one.copy()
    product.add_product(one, 0, 1, panels, 0, found, 0, 1, 1, 1, 1)
    walk.add_row(one, 0, found, 0, 1)
    if found[0] != 3.0:
        raise RuntimeError(f"1 · 1 + 1 + 1 gave {found[0]}, expected 3")


def kernels_serve(ops: Ops) -> bool:
    """Whether compiled loops can do the work: the ops are a CPU's, and the loops work here.

    ops (Ops): Array backend.
    """
    return isinstance(ops, NumpyOps) and kernels_work()


def can_compile(ops: Ops, *arrays: Any) -> bool:
    """Whether compiled loops serve arrays: those in float32.

    ops (Ops): Array backend.
    *arrays (ndarray): What the loops would read and write.
    """
    return all(a.dtype == numpy.float32 for a in arrays) and kernels_serve(ops)


def plain(array: Any, dtype: Any = numpy.float32) -> Any:
    """The array as kernels take it: C order, aligned, writeable; copied only if it is not.

    array (ndarray): Of any shape and type.
    dtype (dtype): What the loops take.
    """
    return numpy.require(array, dtype, ("C", "A", "W"))
