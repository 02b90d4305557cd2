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
    """RETURNS (bool): Whether `seqpipe.kernels` can be imported; says once why not.

    The array code, which is slower, then does the work.
    """
    try:
        import seqpipe.kernels.compile
        import seqpipe.kernels.product  # noqa: F401
    except Exception as error:  # a broken numba raises much besides ImportError
        logger.warning("seqpipe goes on without its compiled loops, slower: %s", error)
        return False
    return True


def kernels_serve(ops: Ops) -> bool:
    """RETURNS (bool): Whether compiled loops can do the work: these ops are a CPU's, they work."""
    return isinstance(ops, NumpyOps) and kernels_work()


def can_compile(ops: Ops, *arrays: Any) -> bool:
    """Whether compiled loops serve arrays: those in float32."""
    return all(a.dtype == numpy.float32 for a in arrays) and kernels_serve(ops)


def plain(array: Any, dtype: Any = numpy.float32) -> Any:
    """The array as kernels take it: C order, aligned, writeable; copied only if it is not."""
    return numpy.require(array, dtype, ("C", "A", "W"))
