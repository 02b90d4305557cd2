"""The product of a step, Wh a<t-1>, with its layer normalisation, forward and back.

Arrays are flat and in C order, as everywhere in this room; H units, N tokens. What stays for the
backward pass lies by token: `k` is the first of the rows of a step there. Names as in `walk`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .compile import kernel
from .product import PANEL, add_product, affine
from .vector import LANES, among, load, store, total_of, zeros
from .walk import add_row, clear, place_of_step

# Tokens that are multiplied with Wx at once: enough for a good product, few enough to be still in
# the cache when their steps come.
PROJECTED = 192
EPSILON, UNIT = np.float32(1e-5), np.float32(1)


class Norm(NamedTuple):
    """A layer normalisation over groups of columns; without any, all are empty.

    gain: γ, `(width,)`. normed: the normalised rows, `(N, width)`. inverse: 1 / sqrt(variance + ε)
    of each row, `(N,)`; of Wx x for two groups of columns, `(N, 2)`.
    """

    gain: Any
    normed: Any
    inverse: Any


class Hidden(NamedTuple):
    """Wh for some blocks of gates, `width` wide.

    forward: Whᵀ `(H, width)`, packed. back: Wh `(width, H)`, packed. norm: over all its columns.
    product: room for the product before it is normalised, `(B, width)`. d_product: its gradient,
    `(N, width)`. Without normalisation these two are empty.
    """

    forward: Any
    back: Any
    norm: Norm
    product: Any
    d_product: Any


class Inputs(NamedTuple):
    """The inputs of a walk. X: `(N, nI)`. panels: Wxᵀ `(nI, G H)`, packed. b: what is added to
    Wx x before it is normalised, `(G H,)`: the bias, or zeros if the bias comes after."""

    X: Any
    panels: Any
    b: Any
    nI: int  # noqa: N815


@kernel
def project(walk, i, inputs, P, p0, P_step):
    """Wx x of the tokens of step i, and of so many steps more as make a good product.

    RETURNS: The first step that is not done, and the token that stands in the first row of P: all
    of P's rows are kept, or those of the last call.
    """
    begin, tokens, first = i, 0, np.int64(0)
    while i < len(walk.sizes) and tokens < PROJECTED:
        t = len(walk.sizes) - 1 - i if walk.reverse else i
        first = walk.offsets[t] if i == begin else min(first, walk.offsets[t])
        tokens += walk.sizes[t]
        i += 1
    origin = 0 if walk.keep else first
    nI, width, place = inputs.nI, len(inputs.b), p0 - origin * P_step
    if walk.first == 0 and walk.end >= walk.sizes[0]:  # whole steps, which lie side by side
        affine(
            inputs.X, first * nI, nI, inputs.panels, 0, inputs.b, 0,
            P, place + first * P_step, P_step, tokens, width, nI,
        )  # fmt: skip
        return i, origin
    for column in range(0, width, PANEL):  # each panel for all steps, as long as it is near
        for step in range(begin, i):
            token, rows = place_of_step(walk, step)
            affine(
                inputs.X, token * nI, nI, inputs.panels, column * nI, inputs.b, column,
                P, place + token * P_step + column, P_step, rows, min(PANEL, width - column), nI,
            )  # fmt: skip
    return i, origin


@kernel
def normalise(Z, z, width, gain, g, normed, n):
    """A row of Z becomes γ (z - mean) / sqrt(variance + ε). RETURNS: What it was multiplied by."""
    total = zeros()
    for j in range(0, width, LANES):
        total = total + load(Z, z + j, width - j)
    mean = total_of(total) / np.float32(width)
    total = zeros()
    for j in range(0, width, LANES):
        centred = among(load(Z, z + j, width - j) - mean, width - j)
        total = total + centred * centred
    inverse = UNIT / np.sqrt(total_of(total) / np.float32(width) + EPSILON)
    for j in range(0, width, LANES):
        row = (load(Z, z + j, width - j) - mean) * inverse
        store(normed, n + j, width - j, row)
        store(Z, z + j, width - j, row * load(gain, g + j, width - j))
    return inverse


@kernel
def normalise_back(D, d, width, gain, g, normed, n, inverse, out, o, d_gain, q):
    """The gradient of a row that was normalised, from D to `out`; that of γ is added to d_gain."""
    total, slopes = zeros(), zeros()
    for j in range(0, width, LANES):
        scaled = load(D, d + j, width - j) * load(gain, g + j, width - j)
        total = total + scaled
        slopes = slopes + scaled * load(normed, n + j, width - j)
    mean = total_of(total) / np.float32(width)
    slope = total_of(slopes) / np.float32(width)
    for j in range(0, width, LANES):
        gradient, row = load(D, d + j, width - j), load(normed, n + j, width - j)
        store(d_gain, q + j, width - j, load(d_gain, q + j, width - j) + gradient * row)
        scaled = gradient * load(gain, g + j, width - j)
        store(out, o + j, width - j, (scaled - mean - row * slope) * inverse)


@kernel
def add_hidden(hidden, source, s, H, P, p, P_step, rows, width, k, rank):
    """P += Wh a<t-1>, normalised if it is, for the rows of a step; rank: that of the first."""
    if len(hidden.norm.gain) == 0:
        add_product(source, s, H, hidden.forward, 0, P, p, P_step, rows, width, H)
        return
    norm, product, z = hidden.norm, hidden.product, rank * width
    clear(product, z, rows * width)
    add_product(source, s, H, hidden.forward, 0, product, z, width, rows, width, H)
    for row in range(rows):
        place, kept = z + row * width, k + row
        norm.inverse[kept] = normalise(
            product, place, width, norm.gain, 0, norm.normed, kept * width
        )
        add_row(product, place, P, p + row * P_step, width)


@kernel
def add_hidden_back(hidden, D, d, D_step, H, out, o, rows, width, k, d_gain, q):
    """out += the gradient of a<t-1>, from that of what `add_hidden` added, D.

    The gradient of γ is added to d_gain, from place q on.
    """
    norm, d_product = hidden.norm, hidden.d_product
    if len(norm.gain) == 0:
        add_product(D, d, D_step, hidden.back, 0, out, o, H, rows, H, width)
        return
    for row in range(rows):
        kept = (k + row) * width
        normalise_back(
            D, d + row * D_step, width, norm.gain, 0, norm.normed, kept,
            norm.inverse[k + row], d_product, kept, d_gain, q,
        )  # fmt: skip
    add_product(d_product, k * width, width, hidden.back, 0, out, o, H, rows, H, width)


@kernel
def normalise_input(norm, P, p, width, first, b, k):
    """Wx x of a token: the first columns normalised, the others apart; then the bias is added."""
    if len(norm.gain) == 0:
        return
    inverse, n = norm.inverse, k * width
    inverse[2 * k] = normalise(P, p, first, norm.gain, 0, norm.normed, n)
    if first < width:
        second = width - first
        inverse[2 * k + 1] = normalise(
            P, p + first, second, norm.gain, first, norm.normed, n + first
        )
    add_row(b, 0, P, p, width)


@kernel
def normalise_input_back(norm, P, p, width, first, k, d_gain, q):
    """The gradient of Wx x of a token, in place; that of γ is added to d_gain, from place q on."""
    if len(norm.gain) == 0:
        return
    gain, normed, inverse, n = norm.gain, norm.normed, norm.inverse, k * width
    normalise_back(P, p, first, gain, 0, normed, n, inverse[2 * k], P, p, d_gain, q)
    if first < width:
        p2, n2, q2, second = p + first, n + first, q + first, width - first
        normalise_back(
            P, p2, second, gain, first, normed, n2, inverse[2 * k + 1], P, p2, d_gain, q2
        )
