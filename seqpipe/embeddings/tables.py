"""Tables of word vectors: as the compiled loops take them, and out of the way."""

from __future__ import annotations

import mmap
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import DTypeLike

CACHE_LINE = 16  # floats


def own_pages(size: int, dtype: DTypeLike) -> np.ndarray:
    """Zeros on pages of memory that go back to the system with them. Memory that numpy takes may
    stay the process's, between smaller things that were made later.

    size (int): So many. Those on pages that were never written to take no memory.
    RETURNS (np.ndarray): (size,), which begins with a page.
    """
    # Python shares such pages with forked processes unless it is told not to.
    private = (
        {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
    )
    pages = mmap.mmap(-1, max(1, size * np.dtype(dtype).itemsize), **private)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype=dtype, count=size)


def aligned_rows(count: int, width: int) -> np.ndarray:
    """A table of zeros whose rows begin with a cache line.

    count (int): Rows.
    width (int): Columns that are used; those behind them, up to a whole cache line, stay 0.
    RETURNS (np.ndarray): float32 (count, padded width), in C order.
    """
    padded = -(-width // CACHE_LINE) * CACHE_LINE
    return own_pages(count * padded, np.float32).reshape(count, padded)


def set_aside(table: np.ndarray) -> np.ndarray:
    """Keep a table in a temporary file rather than in memory, from where it is read when needed.

    table (np.ndarray): Of any type and shape.
    RETURNS (np.ndarray): A copy that cannot be written to, and whose file goes with it; the table
        itself if there is no room for a file.
    """
    if table.size == 0:
        return table
    try:
        with TemporaryFile() as stream:
            table.tofile(stream)
            stream.flush()
            return np.memmap(stream, table.dtype, "r", shape=table.shape)
    except OSError:
        return table
