"""The LSTM over part of a packed batch; equations as in `seqpipe.layers.lstm`.

Of each token four blocks of H columns lie side by side in P: Γu, Γf, Γo, c~.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .activation import ONE, sigmoid, tanh
from .compile import kernel
from .hidden import (
    Norm,
    add_hidden,
    add_hidden_back,
    normalise,
    normalise_back,
    normalise_input,
    normalise_input_back,
)
from .product import copy
from .walk import add_row, place_of_step


class Equations(NamedTuple):
    """What holds in an LSTM. Arrays are empty where it has no such thing.

    is_tanh: a<t> = Γo * tanh(c<t>), otherwise Γo * c<t>. peepholes: `(3 H,)`. input_norm: of Wx x.
    cell_norm, shift: of c<t> on its way out, `(H,)`.
    """

    H: int
    is_tanh: bool
    peepholes: Any
    input_norm: Norm
    cell_norm: Norm
    shift: Any


# Where the gradient of each parameter begins in `sums`, in units of H; and its end.
SUMS = {"b": 0, "gain_x": 4, "gain_h": 8, "peepholes": 12, "gain_c": 15, "shift_c": 16, "end": 17}
GAIN_X, GAIN_H, PEEPHOLES, GAIN_C, SHIFT_C = (
    SUMS[name] for name in ("gain_x", "gain_h", "peepholes", "gain_c", "shift_c")
)


@kernel
def forward(walk, P, p0, P_step, b, a, c, Y, y0, Y_step, equations, hidden, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: Wx x of every token, from column p0; becomes the blocks' activations. a, c: the state
    `(B, H)`, becomes the final one. Y: a<t> of every token, from column y0. kept: room for a<t-1>,
    c<t-1> and tanh(c<t>).
    """
    H, state = equations.H, walk.first * equations.H
    a_before, c_before, squashed = kept
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        k = token if walk.keep else walk.first
        p = token * P_step + p0
        copy(a, state, a_before, k * H, rows * H)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + 4 * H]
            normalise_input(equations.input_norm, blocks, b, 4 * H, k + row)
        add_hidden(hidden, a, state, H, P, p, P_step, rows, 4 * H, k, walk.first)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + 4 * H]
            here = slice(state + row * H, state + (row + 1) * H)
            there = slice((k + row) * H, (k + row + 1) * H)
            _gates(blocks, c[here], c_before[there], equations.peepholes)
            _output(blocks[2 * H : 3 * H], c[here], squashed[there], equations, k + row, a[here])
            copy(a, state + row * H, Y, (token + row) * Y_step + y0, H)


@kernel
def _gates(blocks, c, before, peepholes):
    """The blocks' activations, and c<t>."""
    H = len(c)
    if len(peepholes):
        for gate in range(3):
            columns, weights = blocks[gate * H : (gate + 1) * H], peepholes[gate * H :]
            for j in range(H):
                columns[j] += weights[j] * c[j]
    for j in range(H):
        update, forget = sigmoid(blocks[j]), sigmoid(blocks[H + j])
        output, candidate = sigmoid(blocks[2 * H + j]), tanh(blocks[3 * H + j])
        before[j] = c[j]
        c[j] = update * candidate + forget * c[j]
        blocks[j] = update
        blocks[H + j] = forget
        blocks[2 * H + j] = output
        blocks[3 * H + j] = candidate


@kernel
def _output(gate, c, squashed, equations, row, a):
    """a<t> = Γo * tanh(c<t>), or what stands in its place."""
    H = len(c)
    if len(equations.cell_norm.gain):
        squashed[:] = c
        _normalise_cell(equations, squashed, row)
        c = squashed
    if equations.is_tanh:
        for j in range(H):
            squashed[j] = tanh(c[j])
            a[j] = gate[j] * squashed[j]
    else:
        for j in range(H):
            squashed[j] = c[j]
            a[j] = gate[j] * c[j]


@kernel
def _normalise_cell(equations, c, row):
    norm, H = equations.cell_norm, len(c)
    norm.inverse[row] = normalise(c, norm.gain, norm.normed[row * H : (row + 1) * H])
    add_row(equations.shift, c)


@kernel
def backward(walk, P, p0, P_step, dY, y0, Y_step, da, dc, equations, hidden, kept, sums):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; da, dc, `(B, H)`: that of the final state becomes that of the
    initial one. sums `(17 H,)`: the gradients of the parameters are added, see SUMS.
    """
    H, state = equations.H, walk.first * equations.H
    _, c_before, squashed = kept
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + 4 * H]
            here = slice(state + row * H, state + (row + 1) * H)
            there = slice((token + row) * H, (token + row + 1) * H)
            y = (token + row) * Y_step + y0
            add_row(dY[y : y + H], da[here])
            output = blocks[2 * H : 3 * H]
            _output_back(output, da[here], dc[here], squashed[there], equations, token + row, sums)
            _gates_back(blocks, dc[here], c_before[there], equations.peepholes, sums)
            add_row(blocks, sums[: 4 * H])
        da[state : state + rows * H] = 0
        d_gain = sums[GAIN_H * H :]
        add_hidden_back(hidden, P, p, P_step, H, da, state, rows, 4 * H, token, d_gain)
        for row in range(rows):
            blocks = P[p + row * P_step : p + row * P_step + 4 * H]
            d_gain = sums[GAIN_X * H :]
            normalise_input_back(equations.input_norm, blocks, 4 * H, token + row, d_gain)


@kernel
def _output_back(gate, da, dc, squashed, equations, row, sums):
    """Adds to dc, and puts the gradient of Γo's input in the place of Γo."""
    H = len(da)
    for j in range(H):
        output, value = gate[j], squashed[j]
        slope = ONE - value * value if equations.is_tanh else ONE
        gate[j] = da[j] * value * output * (ONE - output)
        squashed[j] = da[j] * output * slope  # the gradient of what was squashed
    norm = equations.cell_norm
    if len(norm.gain):
        add_row(squashed, sums[SHIFT_C * H : (SHIFT_C + 1) * H])
        normed, d_gain = norm.normed[row * H : (row + 1) * H], sums[GAIN_C * H :]
        normalise_back(squashed, norm.gain, normed, norm.inverse[row], squashed, d_gain)
    add_row(squashed, dc)


@kernel
def _gates_back(blocks, dc, before, peepholes, sums):
    """The gradients of the other blocks' inputs take their places; dc becomes that of c<t-1>."""
    H = len(dc)
    for j in range(H):
        update, forget, candidate, d = blocks[j], blocks[H + j], blocks[3 * H + j], dc[j]
        blocks[j] = d * candidate * update * (ONE - update)
        blocks[H + j] = d * before[j] * forget * (ONE - forget)
        blocks[3 * H + j] = d * update * (ONE - candidate * candidate)
        dc[j] = d * forget
    if len(peepholes):
        for gate in range(3):
            columns, weights = blocks[gate * H : (gate + 1) * H], peepholes[gate * H :]
            d_weights = sums[(PEEPHOLES + gate) * H :]
            for j in range(H):
                dc[j] += columns[j] * weights[j]
                d_weights[j] += columns[j] * before[j]
