"""What the walks of all cells over a packed batch share."""

from __future__ import annotations

from typing import Any, NamedTuple

from .compile import kernel
from .vector import LANES, load, store


class Walk(NamedTuple):
    """Part of a packed batch: the sequences first ... end - 1, by rank.

    sizes, offsets: as in `seqpipe.layers.packed.Packing`. reverse: from the end of each sequence.
    keep: what the backward pass needs lies by token; otherwise by rank, in room that each step
    uses anew.
    """

    sizes: Any
    offsets: Any
    first: int
    end: int
    reverse: bool
    keep: bool


@kernel
def place_of_step(walk, i):
    """Of the i-th step of a walk: the first of its rows in the batch, and how many they are."""
    t = len(walk.sizes) - 1 - i if walk.reverse else i
    rows = max(0, min(walk.sizes[t], walk.end) - walk.first)
    return walk.offsets[t] + walk.first, rows


@kernel
def add_row(source, s, target, t, width):
    """target += source, for a row."""
    for j in range(0, width, LANES):
        n = width - j
        store(target, t + j, n, load(target, t + j, n) + load(source, s + j, n))


@kernel
def clear(target, t, count):
    """So many zeros."""
    for j in range(count):
        target[t + j] = 0
