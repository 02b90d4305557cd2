"""Room for arrays that live no longer than a batch, used again and again.

What a batch frees goes back to the system, and the next one pays for every page anew: in a layer of
256 units that is a third of its time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy

LIMIT = 1 << 28  # bytes that are held for later batches

# Arrays of the same size, free. A list's append and pop are whole: threads may share it.
_free: dict[int, list[Any]] = defaultdict(list)


def _rounded(size: int) -> int:
    """A size that many sizes share: at most a quarter more."""
    step = max(1024, 1 << max(0, size.bit_length() - 3))
    return -(-size // step) * step


class Scratch:
    """What one batch has taken; it gives it back as a whole."""

    def __init__(self) -> None:
        self._taken: list[Any] = []

    def take(self, size: int) -> Any:
        """RETURNS (Floats1d): So many floats of float32, of any value."""
        rounded = _rounded(size)
        try:
            array = _free[rounded].pop()
        except IndexError:
            array = numpy.empty(rounded, dtype=numpy.float32)
        self._taken.append(array)
        return array[:size]

    def zeros(self, size: int) -> Any:
        """RETURNS (Floats1d): So many zeros."""
        array = self.take(size)
        array[:] = 0
        return array

    def give_back(self) -> None:
        """Whoever took may use none of it any more."""
        held = sum(4 * size * len(arrays) for size, arrays in list(_free.items()))
        while self._taken:
            array = self._taken.pop()
            held += array.nbytes
            if held <= LIMIT:
                _free[len(array)].append(array)
