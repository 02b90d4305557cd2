"""The plain recurrent cell over part of a packed batch; equations as in `seqpipe.layers.rnn`.

Of each token H columns lie in P. Names as in `walk`.
"""

from __future__ import annotations

from typing import NamedTuple

from .activation import ONE, tanh
from .compile import kernel
from .hidden import (
    Norm,
    add_hidden,
    add_hidden_back,
    normalise_input,
    normalise_input_back,
    project,
)
from .vector import LANES, load, store, where_positive
from .walk import add_row, clear, place_of_step

# Where the gradient of each parameter begins in `sums`, in units of H; and its end.
SUMS = {"b": 0, "gain_x": 1, "gain_h": 2, "end": 3}
GAIN_X, GAIN_H = SUMS["gain_x"], SUMS["gain_h"]
ACTIVATIONS = {"tanh": 0, "relu": 1, "identity": 2}
TANH, RELU = ACTIVATIONS["tanh"], ACTIVATIONS["relu"]


class Equations(NamedTuple):
    """What holds in a plain cell. H: units. activation: one of ACTIVATIONS. input_norm: of Wx x."""

    H: int
    activation: int
    input_norm: Norm


@kernel
def forward(walk, inputs, P, p0, P_step, b, a, Y, y0, Y_step, equations, hidden, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: room for Wx x, from column p0, of every token or, if nothing is kept, of some steps; becomes
    a<t>. a: the state `(B, H)`, becomes the final one. Y: a<t> of every token, from column y0.
    kept: nothing.
    """
    H, state, norm = equations.H, walk.first * equations.H, equations.input_norm
    done, origin = 0, 0
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        if i == done:
            done, origin = project(walk, i, inputs, P, p0, P_step)
        k = token if walk.keep else walk.first
        p = (token - origin) * P_step + p0
        for row in range(rows):
            normalise_input(norm, P, p + row * P_step, H, H, b, k + row)
        add_hidden(hidden, a, state, H, P, p, P_step, rows, H, k, walk.first)
        for row in range(rows):
            here, y = p + row * P_step, (token + row) * Y_step + y0
            _activate(P, here, H, equations.activation, a, state + row * H, Y, y)


@kernel
def _activate(P, p, H, activation, a, s, Y, y):
    for j in range(0, H, LANES):
        n = H - j
        value = load(P, p + j, n)
        if activation == TANH:
            value = tanh(value)
        elif activation == RELU:
            value = where_positive(value, value)
        store(P, p + j, n, value)
        store(a, s + j, n, value)
        store(Y, y + j, n, value)


@kernel
def backward(walk, P, p0, P_step, Y, dY, y0, Y_step, da, equations, hidden, kept, before, sums):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; da `(B, H)`: that of the final state becomes that of the initial
    one. sums `(3 H,)`: the gradients of the parameters are added, see SUMS.
    """
    H, state, norm = equations.H, walk.first * equations.H, equations.input_norm
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            here, s = p + row * P_step, state + row * H
            add_row(dY, (token + row) * Y_step + y0, da, s, H)
            _activate_back(P, here, H, equations.activation, da, s)
            add_row(P, here, sums, 0, H)
        clear(da, state, rows * H)
        add_hidden_back(hidden, P, p, P_step, H, da, state, rows, H, token, sums, GAIN_H * H)
        for row in range(rows):
            normalise_input_back(norm, P, p + row * P_step, H, H, token + row, sums, GAIN_X * H)


@kernel
def _activate_back(P, p, H, activation, da, s):
    """The gradient of what was activated, in the place of a<t>."""
    for j in range(0, H, LANES):
        n = H - j
        value, d = load(P, p + j, n), load(da, s + j, n)
        if activation == TANH:
            d = d * (ONE - value * value)
        elif activation == RELU:
            d = where_positive(value, d)
        store(P, p + j, n, d)
