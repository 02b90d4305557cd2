"""The plain recurrent cell over part of a packed batch; equations as in `seqpipe.layers.rnn`."""

from __future__ import annotations

from typing import NamedTuple

from .activation import ONE, ZERO, tanh
from .compile import kernel
from .hidden import Norm, add_hidden, add_hidden_back, normalise_input, normalise_input_back
from .product import copy
from .walk import add_row, place_of_step

# Where the gradient of each parameter begins in `sums`, in units of H; and its end.
SUMS = {"b": 0, "gain_x": 1, "gain_h": 2, "end": 3}
GAIN_X, GAIN_H = SUMS["gain_x"], SUMS["gain_h"]
ACTIVATIONS = {"tanh": 0, "relu": 1, "identity": 2}
TANH, RELU = ACTIVATIONS["tanh"], ACTIVATIONS["relu"]


class Equations(NamedTuple):
    """What holds in a plain cell. activation: one of ACTIVATIONS. input_norm: of Wx x."""

    H: int
    activation: int
    input_norm: Norm


@kernel
def forward(walk, P, p0, P_step, b, a, Y, y0, Y_step, equations, hidden, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: Wx x of every token, from column p0; becomes a<t>. a: the state `(B, H)`, becomes the final
    one. Y: a<t> of every token, from column y0. kept: room for a<t-1>.
    """
    H, state = equations.H, walk.first * equations.H
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        k = token if walk.keep else walk.first
        p = token * P_step + p0
        copy(a, state, kept[0], k * H, rows * H)
        for row in range(rows):
            z = P[p + row * P_step : p + row * P_step + H]
            normalise_input(equations.input_norm, z, b, H, k + row)
        add_hidden(hidden, a, state, H, P, p, P_step, rows, H, k, walk.first)
        for row in range(rows):
            _activate(P[p + row * P_step : p + row * P_step + H], equations.activation)
            copy(P, p + row * P_step, a, state + row * H, H)
            copy(P, p + row * P_step, Y, (token + row) * Y_step + y0, H)


@kernel
def _activate(z, activation):
    if activation == TANH:
        for j in range(len(z)):
            z[j] = tanh(z[j])
    elif activation == RELU:
        for j in range(len(z)):
            z[j] = ZERO if z[j] < 0 else z[j]


@kernel
def backward(walk, P, p0, P_step, dY, y0, Y_step, da, equations, hidden, kept, sums):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; da `(B, H)`: that of the final state becomes that of the initial
    one. sums `(3 H,)`: the gradients of the parameters are added, see SUMS.
    """
    H, state = equations.H, walk.first * equations.H
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            z = P[p + row * P_step : p + row * P_step + H]
            d = da[state + row * H : state + (row + 1) * H]
            y = (token + row) * Y_step + y0
            add_row(dY[y : y + H], d)
            _activate_back(z, d, equations.activation)
            add_row(z, sums[:H])
        da[state : state + rows * H] = 0
        d_gain = sums[GAIN_H * H :]
        add_hidden_back(hidden, P, p, P_step, H, da, state, rows, H, token, d_gain)
        for row in range(rows):
            z = P[p + row * P_step : p + row * P_step + H]
            normalise_input_back(equations.input_norm, z, H, token + row, sums[GAIN_X * H :])


@kernel
def _activate_back(a, d, activation):
    """The gradient of what was activated, in the place of a<t>."""
    if activation == TANH:
        for j in range(len(a)):
            a[j] = d[j] * (ONE - a[j] * a[j])
    elif activation == RELU:
        for j in range(len(a)):
            a[j] = d[j] if a[j] > 0 else ZERO
    else:
        a[:] = d
