"""The product of a step, Wh a<t-1>, with its layer normalisation, forward and back.

Arrays are flat and in C order, as everywhere in this room; H units, N tokens. What stays for the
backward pass lies by token: `k` is the first of the rows of a step there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .activation import ONE, ZERO
from .compile import kernel
from .product import add_product
from .walk import add_row

EPSILON = np.float32(1e-5)


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


@kernel
def normalise(z, gain, normed):
    """A row becomes γ (z - mean) / sqrt(variance + ε). RETURNS: What it was multiplied by."""
    width = len(z)
    mean = ZERO
    for j in range(width):
        mean += z[j]
    mean /= width
    variance = ZERO
    for j in range(width):
        variance += (z[j] - mean) * (z[j] - mean)
    inverse = ONE / np.sqrt(variance / width + EPSILON)
    for j in range(width):
        normed[j] = (z[j] - mean) * inverse
    for j in range(width):
        z[j] = normed[j] * gain[j]
    return inverse


@kernel
def normalise_back(d, gain, normed, inverse, out, d_gain):
    """The gradient of a row that was normalised, from d to `out`; that of γ is added to d_gain."""
    width = len(d)
    mean, slope = ZERO, ZERO
    for j in range(width):
        mean += d[j] * gain[j]
        slope += d[j] * gain[j] * normed[j]
    mean, slope = mean / width, slope / width
    for j in range(width):
        d_gain[j] += d[j] * normed[j]
    for j in range(width):
        out[j] = (d[j] * gain[j] - mean - normed[j] * slope) * inverse


@kernel
def add_hidden(hidden, source, s, H, P, p, P_step, rows, width, k, rank):
    """P += Wh a<t-1>, normalised if it is, for the rows of a step; rank: that of the first."""
    if len(hidden.norm.gain) == 0:
        add_product(source, s, H, hidden.forward, 0, P, p, P_step, rows, width, H)
        return
    norm, z = hidden.norm, rank * width
    hidden.product[z : z + rows * width] = 0
    add_product(source, s, H, hidden.forward, 0, hidden.product, z, width, rows, width, H)
    for row in range(rows):
        product = hidden.product[z + row * width : z + (row + 1) * width]
        normed = norm.normed[(k + row) * width : (k + row + 1) * width]
        norm.inverse[k + row] = normalise(product, norm.gain, normed)
        add_row(product, P[p + row * P_step : p + row * P_step + width])


@kernel
def add_hidden_back(hidden, D, d, D_step, H, out, o, rows, width, k, d_gain):
    """out += the gradient of a<t-1>, from that of what `add_hidden` added, D.

    The gradient of γ is added to d_gain.
    """
    norm = hidden.norm
    if len(norm.gain) == 0:
        add_product(D, d, D_step, hidden.back, 0, out, o, H, rows, H, width)
        return
    for row in range(rows):
        kept = slice((k + row) * width, (k + row + 1) * width)
        normalise_back(
            D[d + row * D_step : d + row * D_step + width], norm.gain, norm.normed[kept],
            norm.inverse[k + row], hidden.d_product[kept], d_gain,
        )  # fmt: skip
    add_product(hidden.d_product, k * width, width, hidden.back, 0, out, o, H, rows, H, width)


@kernel
def normalise_input(norm, z, b, first, k):
    """Wx x of a token: the first columns normalised, the others apart; then the bias is added."""
    width = len(z)
    if len(norm.gain) == 0:
        return
    normed = norm.normed[k * width : (k + 1) * width]
    norm.inverse[2 * k] = normalise(z[:first], norm.gain[:first], normed[:first])
    if first < width:
        norm.inverse[2 * k + 1] = normalise(z[first:], norm.gain[first:], normed[first:])
    add_row(b, z)


@kernel
def normalise_input_back(norm, d, first, k, d_gain):
    """The gradient of Wx x of a token, in place; that of γ is added to d_gain."""
    width = len(d)
    if len(norm.gain) == 0:
        return
    gain, normed = norm.gain, norm.normed[k * width : (k + 1) * width]
    inverse = norm.inverse[2 * k]
    normalise_back(d[:first], gain[:first], normed[:first], inverse, d[:first], d_gain[:first])
    if first < width:
        inverse = norm.inverse[2 * k + 1]
        normalise_back(d[first:], gain[first:], normed[first:], inverse, d[first:], d_gain[first:])
