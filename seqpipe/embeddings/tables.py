"""Tables of word vectors as the compiled loops take them."""

from __future__ import annotations

import numpy as np

CACHE_LINE = 16  # floats


def aligned_rows(count: int, width: int) -> np.ndarray:
    """A table of zeros whose rows begin with a cache line.

    count (int): Rows.
    width (int): Columns that are used; those behind them, up to a whole cache line, stay 0.
    RETURNS (np.ndarray): float32 (count, padded width), in C order.
    """
    padded = -(-width // CACHE_LINE) * CACHE_LINE
    room = np.zeros(count * padded + CACHE_LINE, dtype=np.float32)
    first = -room.ctypes.data // room.itemsize % CACHE_LINE
    return room[first : first + count * padded].reshape(count, padded)
