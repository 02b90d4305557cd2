"""The LSTM over part of a packed batch; equations as in `seqpipe.layers.lstm`.

Of each token four blocks of H columns lie side by side in P: Γu, Γf, Γo, c~. Names as in `walk`.
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
    project,
)
from .vector import LANES, load, store
from .walk import add_row, clear, place_of_step


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
def forward(walk, inputs, P, p0, P_step, b, a, c, Y, y0, Y_step, equations, hidden, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: room for Wx x, from column p0, of every token or, if nothing is kept, of some steps; becomes
    the blocks' activations. a, c: the state `(B, H)`, becomes the final one. Y: a<t> of every
    token, from column y0. kept: room for c<t>.
    """
    H, state, norm = equations.H, walk.first * equations.H, equations.input_norm
    (cells,) = kept
    done, origin = 0, 0
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        if i == done:
            done, origin = project(walk, i, inputs, P, p0, P_step)
        k = token if walk.keep else walk.first
        p = (token - origin) * P_step + p0
        for row in range(rows):
            normalise_input(norm, P, p + row * P_step, 4 * H, 4 * H, b, k + row)
        add_hidden(hidden, a, state, H, P, p, P_step, rows, 4 * H, k, walk.first)
        for row in range(rows):
            here, s = p + row * P_step, state + row * H
            _gates(P, here, H, c, s, a, cells, (k + row) * H, equations.peepholes)
            _normalise_cell(a, s, H, equations, k + row)
            y = (token + row) * Y_step + y0
            _output(P, here + 2 * H, a, s, H, Y, y, equations.is_tanh)


@kernel
def _gates(P, p, H, c, s, cell, cells, k, peepholes):
    """The blocks' activations, and c<t>, which is also put into `cell`."""
    for j in range(0, H, LANES):
        n = H - j
        update, forget = load(P, p + j, n), load(P, p + H + j, n)
        output, candidate = load(P, p + 2 * H + j, n), tanh(load(P, p + 3 * H + j, n))
        value = load(c, s + j, n)
        if len(peepholes):
            update = update + load(peepholes, j, n) * value
            forget = forget + load(peepholes, H + j, n) * value
            output = output + load(peepholes, 2 * H + j, n) * value
        update, forget = sigmoid(update), sigmoid(forget)
        store(P, p + j, n, update)
        store(P, p + H + j, n, forget)
        store(P, p + 2 * H + j, n, sigmoid(output))
        store(P, p + 3 * H + j, n, candidate)
        value = update * candidate + forget * value
        store(c, s + j, n, value)
        store(cells, k + j, n, value)
        store(cell, s + j, n, value)


@kernel
def _normalise_cell(cell, s, H, equations, row):
    norm = equations.cell_norm
    if len(norm.gain):
        norm.inverse[row] = normalise(cell, s, H, norm.gain, 0, norm.normed, row * H)
        add_row(equations.shift, 0, cell, s, H)


@kernel
def _output(P, gate, a, s, H, Y, y, is_tanh):
    """a<t> = Γo * tanh(c<t>), where a holds c<t>."""
    for j in range(0, H, LANES):
        n = H - j
        value = load(a, s + j, n)
        if is_tanh:
            value = tanh(value)
        value = load(P, gate + j, n) * value
        store(a, s + j, n, value)
        store(Y, y + j, n, value)


@kernel
def backward(walk, P, p0, P_step, Y, dY, y0, Y_step, da, dc, equations, hidden, kept, before, sums):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; da, dc, `(B, H)`: that of the final state becomes that of the
    initial one. kept: c<t>, and after those the initial states. before: for each token the place of
    c<t-1> there. sums `(17 H,)`: the gradients of the parameters are added, see SUMS.
    """
    H, state, norm = equations.H, walk.first * equations.H, equations.input_norm
    (cells,) = kept
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            here, s = p + row * P_step, state + row * H
            add_row(dY, (token + row) * Y_step + y0, da, s, H)
            _output_back(P, here + 2 * H, da, s, H, cells, token + row, equations, sums)
            c = before[token + row] * H
            _gates_back(P, here, H, da, dc, s, cells, c, equations.peepholes, sums)
            add_row(P, here, sums, 0, 4 * H)
        clear(da, state, rows * H)
        add_hidden_back(hidden, P, p, P_step, H, da, state, rows, 4 * H, token, sums, GAIN_H * H)
        for row in range(rows):
            here = p + row * P_step
            normalise_input_back(norm, P, here, 4 * H, 4 * H, token + row, sums, GAIN_X * H)


@kernel
def _output_back(P, gate, da, s, H, cells, row, equations, sums):
    """The gradient of Γo's input takes its place; da becomes that of c<t>."""
    norm, k = equations.cell_norm, row * H
    for j in range(0, H, LANES):
        n = H - j
        if len(norm.gain):
            value = load(norm.normed, k + j, n) * load(norm.gain, j, n)
            value = value + load(equations.shift, j, n)
        else:
            value = load(cells, k + j, n)
        output, d = load(P, gate + j, n), load(da, s + j, n)
        slope = output
        if equations.is_tanh:
            value = tanh(value)
            slope = output * (ONE - value * value)
        store(P, gate + j, n, d * value * output * (ONE - output))
        store(da, s + j, n, d * slope)
    if len(norm.gain):
        add_row(da, s, sums, SHIFT_C * H, H)
        inverse = norm.inverse[row]
        normalise_back(da, s, H, norm.gain, 0, norm.normed, k, inverse, da, s, sums, GAIN_C * H)


@kernel
def _gates_back(P, p, H, d_cell, dc, s, cells, before, peepholes, sums):
    """The gradients of the other blocks' inputs take their places; dc becomes that of c<t-1>."""
    for j in range(0, H, LANES):
        n = H - j
        update, forget = load(P, p + j, n), load(P, p + H + j, n)
        candidate, cell = load(P, p + 3 * H + j, n), load(cells, before + j, n)
        d = load(dc, s + j, n) + load(d_cell, s + j, n)
        d_update = d * candidate * update * (ONE - update)
        d_forget = d * cell * forget * (ONE - forget)
        store(P, p + j, n, d_update)
        store(P, p + H + j, n, d_forget)
        store(P, p + 3 * H + j, n, d * update * (ONE - candidate * candidate))
        d = d * forget
        if len(peepholes):
            d_output = load(P, p + 2 * H + j, n)
            d = d + d_update * load(peepholes, j, n) + d_forget * load(peepholes, H + j, n)
            d = d + d_output * load(peepholes, 2 * H + j, n)
            q = PEEPHOLES * H + j
            store(sums, q, n, load(sums, q, n) + d_update * cell)
            store(sums, q + H, n, load(sums, q + H, n) + d_forget * cell)
            store(sums, q + 2 * H, n, load(sums, q + 2 * H, n) + d_output * cell)
        store(dc, s + j, n, d)
