"""What the walks of all cells over a packed batch share."""

from __future__ import annotations

from typing import Any, NamedTuple

from .compile import kernel


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
def add_row(source, target):
    """target += source."""
    for j in range(len(source)):
        target[j] += source[j]
