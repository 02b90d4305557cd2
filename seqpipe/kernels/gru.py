"""The gated recurrent unit over part of a packed batch; equations as in `seqpipe.layers.gru`.

Of each token the blocks of H columns lie side by side in P: Γu, Γr (but for the simplified form),
c~. The products for the gates and for the candidate are two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .activation import ONE, sigmoid, tanh
from .compile import kernel
from .hidden import Norm, add_hidden, add_hidden_back, normalise_input, normalise_input_back
from .product import copy
from .walk import add_row, place_of_step

# Where the gradient of each parameter begins in `sums`, in units of H; and its end.
SUMS = {"b": 0, "gain_x": 3, "gain_h": 6, "bh": 9, "end": 10}
GAIN_X, GAIN_H, BH = SUMS["gain_x"], SUMS["gain_h"], SUMS["bh"]
FORMS = {"simplified": 0, "full": 1, "reset_after": 2}
SIMPLIFIED, FULL, RESET_AFTER = FORMS.values()


class Equations(NamedTuple):
    """What holds in a GRU. form: one of FORMS. input_norm: of Wx x. bh: of reset_after, `(H,)`."""

    H: int
    form: int
    input_norm: Norm
    bh: Any


@kernel
def forward(walk, P, p0, P_step, b, c, Y, y0, Y_step, equations, gates, candidate, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: Wx x of every token, from column p0; becomes the blocks' activations. c: the state `(B, H)`,
    becomes the final one. Y: c<t> of every token, from column y0. kept: room for c<t-1>; and for
    Γr * c<t-1> of the full form, or Wcc c<t-1> + bh of reset_after.
    """
    H, state, width = equations.H, walk.first * equations.H, _gates_width(equations)
    before, inner = kept
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        k = token if walk.keep else walk.first
        p = token * P_step + p0
        copy(c, state, before, k * H, rows * H)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + width + H]
            normalise_input(equations.input_norm, blocks, b, width, k + row)
        add_hidden(gates, c, state, H, P, p, P_step, rows, width, k, walk.first)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + width]
            there = slice((k + row) * H, (k + row + 1) * H)
            _open_gates(blocks, before[there], inner[there], equations)
        _add_candidate(
            candidate, c, state, inner, k * H, P, p + width, P_step, rows, k, walk.first, equations
        )
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + width + H]
            here = slice(state + row * H, state + (row + 1) * H)
            _update(blocks, c[here], inner[(k + row) * H : (k + row + 1) * H], equations)
            copy(c, state + row * H, Y, (token + row) * Y_step + y0, H)


@kernel
def _gates_width(equations):
    return equations.H if equations.form == SIMPLIFIED else 2 * equations.H


@kernel
def _open_gates(blocks, before, inner, equations):
    """The gates' activations; what the candidate's product takes, or what it is added to."""
    H = equations.H
    for j in range(len(blocks)):
        blocks[j] = sigmoid(blocks[j])
    if equations.form == FULL:
        for j in range(H):
            inner[j] = blocks[H + j] * before[j]
    elif equations.form == RESET_AFTER:
        inner[:] = equations.bh


@kernel
def _add_candidate(hidden, c, s, inner, n, P, p, P_step, rows, k, rank, equations):
    """The candidate's product, from c<t-1> or Γr * c<t-1>, to P or into Wcc c<t-1> + bh."""
    H = equations.H
    if equations.form == RESET_AFTER:
        add_hidden(hidden, c, s, H, inner, n, H, rows, H, k, rank)
    elif equations.form == FULL:
        add_hidden(hidden, inner, n, H, P, p, P_step, rows, H, k, rank)
    else:
        add_hidden(hidden, c, s, H, P, p, P_step, rows, H, k, rank)


@kernel
def _update(blocks, c, inner, equations):
    """c~, and c<t> = Γu * c~ + (1 - Γu) * c<t-1>."""
    H = len(c)
    new = blocks[len(blocks) - H :]
    if equations.form == RESET_AFTER:
        for j in range(H):
            new[j] += blocks[H + j] * inner[j]
    for j in range(H):
        new[j] = tanh(new[j])
        c[j] += blocks[j] * (new[j] - c[j])


@kernel
def backward(walk, P, p0, P_step, dY, y0, Y_step, dc, equations, gates, candidate, kept, sums):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; dc `(B, H)`: that of the final state becomes that of the initial
    one. In reset_after Wcc c<t-1> + bh becomes its gradient. kept: what `forward` kept, and room
    for the gradient of Γr * c<t-1>, `(B, H)`. sums `(10 H,)`: the gradients of the parameters are
    added, see SUMS.
    """
    H, state, width = equations.H, walk.first * equations.H, _gates_width(equations)
    before, inner, d_reset = kept
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + width + H]
            here = slice(state + row * H, state + (row + 1) * H)
            there = slice((token + row) * H, (token + row + 1) * H)
            y = (token + row) * Y_step + y0
            add_row(dY[y : y + H], dc[here])
            _update_back(blocks, dc[here], before[there])
            if equations.form == RESET_AFTER:
                _reset_after_back(blocks, inner[there])
                add_row(inner[there], sums[BH * H : (BH + 1) * H])
        d_gain = sums[GAIN_H * H + width :]
        if equations.form == RESET_AFTER:
            add_hidden_back(candidate, inner, token * H, H, H, dc, state, rows, H, token, d_gain)
        elif equations.form == SIMPLIFIED:
            add_hidden_back(candidate, P, p + H, P_step, H, dc, state, rows, H, token, d_gain)
        else:
            d_reset[state : state + rows * H] = 0
            add_hidden_back(
                candidate, P, p + width, P_step, H, d_reset, state, rows, H, token, d_gain
            )
            for row in range(rows):
                here = slice(state + row * H, state + (row + 1) * H)
                there = slice((token + row) * H, (token + row + 1) * H)
                reset = P[p + row * P_step + H : p + row * P_step + 2 * H]
                _reset_back(reset, d_reset[here], dc[here], before[there])
        d_gain = sums[GAIN_H * H :]
        add_hidden_back(gates, P, p, P_step, H, dc, state, rows, width, token, d_gain)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + width + H]
            add_row(blocks, sums[: width + H])
            d_gain = sums[GAIN_X * H :]
            normalise_input_back(equations.input_norm, blocks, width, token + row, d_gain)


@kernel
def _update_back(blocks, dc, before):
    """The gradients of the inputs of Γu and c~ take their places; dc becomes its part of c<t-1>."""
    H = len(dc)
    new = blocks[len(blocks) - H :]
    for j in range(H):
        update, candidate, d = blocks[j], new[j], dc[j]
        blocks[j] = d * (candidate - before[j]) * update * (ONE - update)
        new[j] = d * update * (ONE - candidate * candidate)
        dc[j] = d * (ONE - update)


@kernel
def _reset_after_back(blocks, inner):
    """The gradients of Γr's input and of what Γr multiplied take their places."""
    H = len(inner)
    for j in range(H):
        reset, d = blocks[H + j], blocks[2 * H + j]
        blocks[H + j] = d * inner[j] * reset * (ONE - reset)
        inner[j] = d * reset


@kernel
def _reset_back(reset, d_reset, dc, before):
    """The same for Γr * c<t-1>, whose gradient is d_reset."""
    for j in range(len(reset)):
        open_, d = reset[j], d_reset[j]
        reset[j] = d * before[j] * open_ * (ONE - open_)
        dc[j] += d * open_
