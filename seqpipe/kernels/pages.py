"""Memory on pages of its own, for arrays that are large and then gone."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import DTypeLike


def own_pages(size: int, dtype: DTypeLike) -> np.ndarray:
    """Zeros on pages of memory that go back to the system with them. Memory that numpy takes may
    stay the process's, between smaller things that were made later.

    size (int): So many. Those on pages that were never written to take no memory.
    dtype (DTypeLike): Of the array.
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
