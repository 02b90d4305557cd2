"""The LSTM recurrence over a packed batch, in array code: the specification, and what serves CuPy.

Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000:

    c~<t> = tanh(Wc [a<t-1>, x<t>] + bc)        candidate
    Γu, Γf, Γo = σ(W [a<t-1>, x<t>] + b)         update, forget and output gates
    c<t> = Γu * c~<t> + Γf * c<t-1>
    a<t> = Γo * tanh(c<t>)

Notation: N tokens, B sequences, H hidden units. The four blocks of a gate array `(N, 4H)` are
Γu, Γf, Γo, c~, so that the three sigmoids are one block; σ(z) = ½ tanh(z/2) + ½, so that one `tanh`
serves all four. The products with the inputs stand outside: one before the loop, one after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thinc.types import Floats2d

from .packed import Packing


@dataclass
class LSTMCache:
    """What the backward pass needs: gates (N, 4H); before each step a (N, H), c (N, H); tanh(c)."""

    gates: Floats2d
    hidden_before: Floats2d
    cell_before: Floats2d
    tanh_cell: Floats2d


def lstm_forward(
    xp: Any,
    projected: Floats2d,
    Wh: Floats2d,
    packing: Packing,
    hidden: Floats2d,
    cell: Floats2d,
    *,
    reverse: bool = False,
) -> tuple[Floats2d, LSTMCache]:
    """Run one direction of an LSTM.

    projected (Floats2d): Wx x + b for every token, `(N, 4H)`; overwritten with the gates.
    Wh (Floats2d): Recurrent weights, `(4H, H)`.
    packing (Packing): How the N rows lie.
    hidden, cell (Floats2d): a<0> and c<0> by rank, `(B, H)`; overwritten with the final state.
    reverse (bool): Walk each sequence from its end.
    RETURNS: a<t> for every token, `(N, H)`, and the cache for `lstm_backward`.
    """
    H = Wh.shape[1]
    gates, half = projected, xp.asarray(0.5, dtype=projected.dtype)
    gates[:, : 3 * H] *= half
    WhT = xp.ascontiguousarray(Wh.T)  # (H, 4H)
    WhT[:, : 3 * H] *= half
    N, dtype = len(gates), gates.dtype
    Y, before, cell_before, tanh_cell = (xp.empty((N, H), dtype=dtype) for _ in range(4))
    product = xp.empty((len(hidden), 4 * H), dtype=dtype)
    scratch = xp.empty((len(hidden), H), dtype=dtype)
    for start, end, size in packing.steps(reverse):
        a, c, g = hidden[:size], cell[:size], gates[start:end]
        before[start:end] = a
        cell_before[start:end] = c
        g += xp.matmul(a, WhT, out=product[:size])  # (size, 4H)
        xp.tanh(g, out=g)
        sigmoids = g[:, : 3 * H]
        sigmoids *= half
        sigmoids += half
        c *= g[:, H : 2 * H]  # Γf * c<t-1>
        c += xp.multiply(g[:, :H], g[:, 3 * H :], out=scratch[:size])  # + Γu * c~
        tanh_c = tanh_cell[start:end]
        xp.tanh(c, out=tanh_c)
        xp.multiply(g[:, 2 * H : 3 * H], tanh_c, out=a)
        Y[start:end] = a
    return Y, LSTMCache(gates, before, cell_before, tanh_cell)


def lstm_backward(
    xp: Any,
    dY: Floats2d,
    Wh: Floats2d,
    packing: Packing,
    cache: LSTMCache,
    d_hidden: Floats2d,
    d_cell: Floats2d,
    *,
    reverse: bool = False,
) -> tuple[Floats2d, Floats2d]:
    """Backpropagate through time.

    dY (Floats2d): Gradient of a<t> for every token, `(N, H)`.
    d_hidden, d_cell (Floats2d): Gradient of the final state by rank, `(B, H)`; overwritten with the
        gradient of the initial state.
    RETURNS: The gradient of `projected`, `(N, 4H)`, and that of Wh, `(4H, H)`. The gradients of Wx,
        b and x follow from the first by one product each.
    """
    H = Wh.shape[1]
    slopes, d_tanh = _slopes(xp, cache, H)
    # dG starts as the factor that dc<t> (or, for Γo, da<t>) is multiplied by.
    dG = slopes
    product = xp.empty((len(d_hidden), H), dtype=dY.dtype)
    for start, end, size in packing.steps(not reverse):
        da, dc, dg = d_hidden[:size], d_cell[:size], dG[start:end]
        da += dY[start:end]
        dc += xp.multiply(da, d_tanh[start:end], out=product[:size])
        dg[:, 2 * H : 3 * H] *= da
        dg[:, :H] *= dc
        dg[:, H : 2 * H] *= dc
        dg[:, 3 * H :] *= dc
        dc *= cache.gates[start:end, H : 2 * H]
        xp.matmul(dg, Wh, out=product[:size])
        da[...] = product[:size]
    return dG, xp.matmul(dG.T, cache.hidden_before)


def _slopes(xp: Any, cache: LSTMCache, H: int) -> tuple[Floats2d, Floats2d]:
    """Per token: each gate's derivative times what it multiplies, `(N, 4H)`; Γo * (1 - tanh²(c))."""
    gates, tanh_c = cache.gates, cache.tanh_cell
    sigmoids, candidate = gates[:, : 3 * H], gates[:, 3 * H :]
    slopes = xp.empty_like(gates)
    slopes[:, : 3 * H] = sigmoids * (1 - sigmoids)
    slopes[:, :H] *= candidate
    slopes[:, H : 2 * H] *= cache.cell_before
    slopes[:, 2 * H : 3 * H] *= tanh_c
    slopes[:, 3 * H :] = (1 - candidate * candidate) * gates[:, :H]
    return slopes, gates[:, 2 * H : 3 * H] * (1 - tanh_c * tanh_c)
