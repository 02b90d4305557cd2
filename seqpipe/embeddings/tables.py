"""Tables of word vectors: as the compiled loops take them, and out of the way."""

from __future__ import annotations

from tempfile import TemporaryFile

import numpy as np

from seqpipe.kernels.pages import own_pages

CACHE_LINE = 16  # floats


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
