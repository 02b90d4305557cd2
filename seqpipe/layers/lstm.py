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

from .packed import Packing


@dataclass
class LSTMCache:
    """What the backward pass needs: gates (N, 4H); before each step a (N, H), c (N, H); tanh(c)."""

    gates: Any
    hidden_before: Any
    cell_before: Any
    tanh_cell: Any


def lstm_forward(
    xp: Any,
    projected: Any,
    Wh: Any,
    packing: Packing,
    hidden: Any,
    cell: Any,
    Y: Any,
    *,
    reverse: bool = False,
    keep: bool = True,
) -> LSTMCache | None:
    """Run one direction of an LSTM.

    projected (Floats2d): Wx x + b for every token, `(N, 4H)`; overwritten with the gates.
    Wh (Floats2d): Recurrent weights, `(4H, H)`.
    packing (Packing): How the N rows lie.
    hidden, cell (Floats2d): a<0> and c<0> by rank, `(B, H)`; overwritten with the final state.
    Y (Floats2d): Where a<t> of every token is written, `(N, H)`.
    reverse (bool): Walk each sequence from its end.
    keep (bool): Keep what `lstm_backward` needs.
    RETURNS: That, or None.
    """
    H = Wh.shape[1]
    gates, half = projected, xp.asarray(0.5, dtype=projected.dtype)
    gates[:, : 3 * H] *= half
    WhT = xp.ascontiguousarray(Wh.T)  # (H, 4H)
    WhT[:, : 3 * H] *= half
    shape, dtype = (len(gates) if keep else 0, H), gates.dtype
    before, cell_before, tanh_cell = (xp.empty(shape, dtype=dtype) for _ in range(3))
    product = xp.empty((len(hidden), 4 * H), dtype=dtype)
    for start, end, size in packing.steps(reverse):
        a, c, g = hidden[:size], cell[:size], product[:size]
        if keep:
            before[start:end] = a
            cell_before[start:end] = c
        xp.matmul(a, WhT, out=g)  # (size, 4H)
        g += gates[start:end]
        xp.tanh(g, out=g)
        sigmoids = g[:, : 3 * H]
        sigmoids *= half
        sigmoids += half
        c *= g[:, H : 2 * H]  # Γf * c<t-1>
        c += xp.multiply(g[:, :H], g[:, 3 * H :], out=a)  # + Γu * c~
        xp.tanh(c, out=a)
        if keep:
            gates[start:end] = g
            tanh_cell[start:end] = a
        a *= g[:, 2 * H : 3 * H]
        Y[start:end] = a
    return LSTMCache(gates, before, cell_before, tanh_cell) if keep else None


def lstm_backward(
    xp: Any,
    dY: Any,
    Wh: Any,
    packing: Packing,
    cache: LSTMCache,
    d_hidden: Any,
    d_cell: Any,
    *,
    reverse: bool = False,
) -> Any:
    """Backpropagate through time.

    dY (Floats2d): Gradient of a<t> for every token, `(N, H)`.
    cache (LSTMCache): Its gates are overwritten with the gradient of `projected`, `(N, 4H)`, from
        which those of Wx, b and x follow by one product each.
    d_hidden, d_cell (Floats2d): Gradient of the final state by rank, `(B, H)`; overwritten with the
        gradient of the initial state.
    RETURNS: The gradient of Wh, `(4H, H)`.
    """
    H = Wh.shape[1]
    slopes, d_tanh = _slopes(xp, cache, H)
    gates = cache.gates
    product = xp.empty((len(d_hidden), H), dtype=dY.dtype)
    for start, end, size in packing.steps(not reverse):
        da, dc, dg = d_hidden[:size], d_cell[:size], slopes[start:end]
        da += dY[start:end]
        dc += xp.multiply(da, d_tanh[start:end], out=product[:size])
        dg[:, 2 * H : 3 * H] *= da
        dg[:, :H] *= dc
        dg[:, H : 2 * H] *= dc
        dg[:, 3 * H :] *= dc
        dc *= gates[start:end, H : 2 * H]
        xp.matmul(dg, Wh, out=da)
    gates[...] = slopes
    return xp.matmul(slopes.T, cache.hidden_before)


def _slopes(xp: Any, cache: LSTMCache, H: int) -> tuple[Any, Any]:
    """What da<t> (for Γo) and dc<t> (for the rest) are multiplied by, `(N, 4H)`; Γo (1 - tanh²(c)).

    Each gate's derivative times what the gate multiplies.
    """
    gates, tanh_c = cache.gates, cache.tanh_cell
    sigmoids, candidate = gates[:, : 3 * H], gates[:, 3 * H :]
    slopes = xp.empty(gates.shape, dtype=gates.dtype)
    xp.subtract(1, sigmoids, out=slopes[:, : 3 * H])
    slopes[:, : 3 * H] *= sigmoids
    slopes[:, :H] *= candidate
    slopes[:, H : 2 * H] *= cache.cell_before
    slopes[:, 2 * H : 3 * H] *= tanh_c
    xp.multiply(candidate, candidate, out=slopes[:, 3 * H :])
    xp.subtract(1, slopes[:, 3 * H :], out=slopes[:, 3 * H :])
    slopes[:, 3 * H :] *= gates[:, :H]
    d_tanh = tanh_c * tanh_c
    xp.subtract(1, d_tanh, out=d_tanh)
    d_tanh *= gates[:, 2 * H : 3 * H]
    return slopes, d_tanh
