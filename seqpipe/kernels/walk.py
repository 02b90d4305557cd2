"""What the walks of all cells over a packed batch share.

Names of the cells' kernels, and of what they call. Arrays are float32, flat and in C order. The
letters p, d, y and z are the place of the first value that is meant in P, D, Y and Z; s and t are
those in source and target.

    walk                the part of the batch, see `Walk`
    H, width, count     units; columns; floats
    rows, k, rank       rows of a step; where what is kept of the first begins; its rank
    inputs, hidden      what Wx x and Wh a<t-1> are computed from, see `seqpipe.kernels.hidden`
    norm                a normalisation, see `Norm` there
    b                   bias, (G H,), that comes after a normalisation of Wx x
    P_step, Y_step, D_step      floats from row to row
    p0, y0              first columns of a direction in P and in Y
    dY                  gradient of Y, laid out as that
    kept, before        what `forward` keeps; for each token the row before it
    gain g, normed n, inverse   γ; normalised rows; 1 / sqrt(variance + ε)
    out o, d_gain q     where gradients of the input and of γ are written, added
"""

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
