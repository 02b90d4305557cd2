"""How the loops of this room are compiled: by numba, at their first call, once for a machine.

What was compiled is kept on disk: beside these files, or in numba's cache folder if that may not be
written to (`NUMBA_CACHE_DIR` names another). Importing compiles nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core import config
from numba.core.caching import FunctionCache

logger = logging.getLogger("seqpipe")

# What may be rearranged. Not the flags that take it for granted that nothing is NaN or infinite.
FAST = {"afn", "arcp", "contract", "nsz", "reassoc"}


def kernel(function: Callable) -> Any:
    """Compile a function at its first call; it then runs without Python's lock.

    function (Callable): Python that numba compiles.
    RETURNS (Callable): What compiles it, for the types that it is called with, and calls it.
    RAISES (RuntimeError): If there is no folder to keep what was compiled, or numba's compiler is
        turned off (`NUMBA_DISABLE_JIT`).
    """
    if getattr(config, "DISABLE_JIT", 0):
        raise RuntimeError("numba's compiler is turned off, by NUMBA_DISABLE_JIT")
    compiled: Any = njit(nogil=True, fastmath=FAST, error_model="numpy")(function)
    compiled._cache = _RoomCache(function)
    return compiled


@lru_cache(maxsize=1)
def _room_stamp() -> str:
    """A digest of all sources of this room: each may be part of what another compiles to."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class _RoomStamp:
    """Where a compiled function is kept, which is stale when anything in this room changed."""

    def get_source_stamp(self) -> str:
        return _room_stamp()


_CacheImpl: Any = FunctionCache._impl_class


class _RoomCacheImpl(_CacheImpl):
    _locator_classes = tuple(
        type(f"Room{locator.__name__}", (_RoomStamp, locator), {})
        for locator in _CacheImpl._locator_classes
    )


@lru_cache(maxsize=1)
def _say_that_it_compiles() -> None:
    logger.warning("seqpipe compiles its loops for this machine: up to a minute, this once")


class _RoomCache(FunctionCache):
    """numba's cache; it says when something is compiled, and a damaged file is compiled anew."""

    _impl_class = _RoomCacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            found = super().load_overload(sig, target_context)
        except Exception as error:  # whatever a damaged file makes pickle raise
            logger.debug("%s: %s", self._name, error)
            found = None
            with suppress(OSError):
                self.flush()  # keeping what is compiled now would read the damaged index again
        if found is None:
            _say_that_it_compiles()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            logger.warning("seqpipe could not keep what it compiled (%s)", error)
