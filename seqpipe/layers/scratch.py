"""Room for arrays that live no longer than a batch, used again and again.

What a batch frees goes back to the system, and the next one pays for every page anew: in a layer of
256 units that is a third of its time.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy

LIMIT = 1 << 28  # bytes that are held for later batches

# Free arrays of the same size; the sizes that were given back last stand last.
_free: dict[int, list[Any]] = {}
_turn = Lock()


def _rounded(size: int) -> int:
    """A size that many sizes share: a kibifloat, or at most a quarter more."""
    step = max(1024, 1 << max(0, size.bit_length() - 3))
    return -(-size // step) * step


class Scratch:
    """What one batch has taken; it gives it back as a whole."""

    def __init__(self) -> None:
        self._taken: list[Any] = []

    def take(self, size: int) -> Any:
        """RETURNS (Floats1d): So many floats of float32, `(size,)`, of any value.

        size (int): Floats, 4 bytes each.
        """
        rounded = _rounded(size)
        with _turn:
            free = _free.get(rounded)
            array = free.pop() if free else None
        if array is None:
            array = numpy.empty(rounded, dtype=numpy.float32)
        self._taken.append(array)
        return array[:size]

    def zeros(self, size: int) -> Any:
        """RETURNS (Floats1d): So many zeros, float32 `(size,)`.

        size (int): Floats, 4 bytes each.
        """
        array = self.take(size)
        array[:] = 0
        return array

    def give_back(self) -> None:
        """Whoever took may use none of it any more. Beyond the limit go the sizes that were used
        longest ago."""
        with _turn:
            while self._taken:
                array = self._taken.pop()
                free = _free.pop(len(array), [])
                free.append(array)
                _free[len(array)] = free
            held = sum(4 * size * len(arrays) for size, arrays in _free.items())
            while held > LIMIT:
                size, free = next(iter(_free.items()))
                if free:
                    free.pop()
                    held -= 4 * size
                else:
                    del _free[size]
