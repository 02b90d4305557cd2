"""The gated recurrent unit over part of a packed batch; equations as in `seqpipe.layers.gru`.

Of each token the blocks of H columns lie side by side in P: Γu, Γr (but for the simplified form),
c~. The products for the gates and for the candidate are two. Names as in `walk`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .activation import ONE, sigmoid, tanh
from .compile import kernel
from .hidden import (
    Norm,
    add_hidden,
    add_hidden_back,
    normalise_input,
    normalise_input_back,
    project,
)
from .product import copy
from .vector import LANES, load, store
from .walk import add_row, clear, place_of_step

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
def forward(walk, inputs, P, p0, P_step, b, c, Y, y0, Y_step, equations, gates, candidate, kept):
    """Walk over the sequences walk.first ... walk.end - 1, by rank.

    P: room for Wx x, from column p0, of every token or, if nothing is kept, of some steps; becomes
    the blocks' activations. c: the state `(B, H)`, becomes the final one. Y: c<t> of every token,
    from column y0. kept: room for Γr * c<t-1> of the full form, or Wcc c<t-1> + bh of reset_after.
    """
    H, state, width = equations.H, walk.first * equations.H, _gates_width(equations)
    inner, _ = kept
    norm = equations.input_norm
    done, origin = 0, 0
    for i in range(len(walk.sizes)):
        token, rows = place_of_step(walk, i)
        if i == done:
            done, origin = project(walk, i, inputs, P, p0, P_step)
        k = token if walk.keep else walk.first
        p = (token - origin) * P_step + p0
        for row in range(rows):
            normalise_input(norm, P, p + row * P_step, width + H, width, b, k + row)
        add_hidden(gates, c, state, H, P, p, P_step, rows, width, k, walk.first)
        for row in range(rows):
            here, s = p + row * P_step, state + row * H
            _open_gates(P, here, width, c, s, inner, (k + row) * H, equations)
        _add_candidate(
            candidate, c, state, inner, k * H, P, p + width, P_step, rows, k, walk.first, equations
        )
        for row in range(rows):
            here, s, y = p + row * P_step, state + row * H, (token + row) * Y_step + y0
            _update(P, here, width, c, s, inner, (k + row) * H, equations, Y, y)


@kernel
def _gates_width(equations):
    return equations.H if equations.form == SIMPLIFIED else 2 * equations.H


@kernel
def _open_gates(P, p, width, c, s, inner, k, equations):
    """The gates' activations; what the candidate's product takes, or what it is added to."""
    H = equations.H
    for j in range(0, width, LANES):
        store(P, p + j, width - j, sigmoid(load(P, p + j, width - j)))
    if equations.form == FULL:
        for j in range(0, H, LANES):
            n = H - j
            store(inner, k + j, n, load(P, p + H + j, n) * load(c, s + j, n))
    elif equations.form == RESET_AFTER:
        copy(equations.bh, 0, inner, k, H)


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
def _update(P, p, width, c, s, inner, k, equations, Y, y):
    """c~, and c<t> = Γu * c~ + (1 - Γu) * c<t-1>."""
    H = equations.H
    for j in range(0, H, LANES):
        n = H - j
        new = load(P, p + width + j, n)
        if equations.form == RESET_AFTER:
            new = new + load(P, p + H + j, n) * load(inner, k + j, n)
        new = tanh(new)
        store(P, p + width + j, n, new)
        before = load(c, s + j, n)
        value = before + load(P, p + j, n) * (new - before)
        store(c, s + j, n, value)
        store(Y, y + j, n, value)


@kernel
def backward(
    walk, P, p0, P_step, Y, dY, y0, Y_step, dc, equations, gates, candidate, kept, before, sums
):
    """Backpropagate through the same sequences.

    P becomes the gradient of Wx x; dc `(B, H)`: that of the final state becomes that of the initial
    one. Y: c<t>, after those the initial states. before: for each token the row of c<t-1> there.
    In reset_after Wcc c<t-1> + bh becomes its gradient. kept: what `forward` kept, and room for the
    gradient of Γr * c<t-1>, `(B, H)`. sums `(10 H,)`: the gradients of the parameters are
    added, see SUMS.
    """
    H, state, width = equations.H, walk.first * equations.H, _gates_width(equations)
    inner, d_reset = kept
    norm = equations.input_norm
    for i in range(len(walk.sizes) - 1, -1, -1):
        token, rows = place_of_step(walk, i)
        p = token * P_step + p0
        for row in range(rows):
            here, s, k = p + row * P_step, state + row * H, (token + row) * H
            add_row(dY, (token + row) * Y_step + y0, dc, s, H)
            c = before[token + row] * Y_step + y0
            _update_back(P, here, width, dc, s, Y, c, H)
            if equations.form == RESET_AFTER:
                _reset_after_back(P, here, inner, k, H)
                add_row(inner, k, sums, BH * H, H)
        _candidate_back(
            candidate, P, p, P_step, Y, y0, Y_step, dc, state, rows, token, before, equations,
            inner, d_reset, sums,
        )  # fmt: skip
        add_hidden_back(gates, P, p, P_step, H, dc, state, rows, width, token, sums, GAIN_H * H)
        for row in range(rows):
            here = p + row * P_step
            add_row(P, here, sums, 0, width + H)
            normalise_input_back(norm, P, here, width + H, width, token + row, sums, GAIN_X * H)


@kernel
def _candidate_back(
    hidden, P, p, P_step, Y, y0, Y_step, dc, s, rows, k, before, equations, inner, d_reset, sums
):
    """Through what `_add_candidate` added, to dc."""
    H, width = equations.H, _gates_width(equations)
    q = GAIN_H * H + width
    if equations.form == RESET_AFTER:
        add_hidden_back(hidden, inner, k * H, H, H, dc, s, rows, H, k, sums, q)
        return
    if equations.form == SIMPLIFIED:
        add_hidden_back(hidden, P, p + width, P_step, H, dc, s, rows, H, k, sums, q)
        return
    clear(d_reset, s, rows * H)
    add_hidden_back(hidden, P, p + width, P_step, H, d_reset, s, rows, H, k, sums, q)
    for row in range(rows):
        c = before[k + row] * Y_step + y0
        _reset_back(P, p + H + row * P_step, d_reset, dc, s + row * H, Y, c, H)


@kernel
def _update_back(P, p, width, dc, s, Y, c, H):
    """The gradients of the inputs of Γu and c~ take their places; dc becomes its part of c<t-1>."""
    for j in range(0, H, LANES):
        n = H - j
        update, new, d = load(P, p + j, n), load(P, p + width + j, n), load(dc, s + j, n)
        change = new - load(Y, c + j, n)
        store(P, p + j, n, d * change * update * (ONE - update))
        store(P, p + width + j, n, d * update * (ONE - new * new))
        store(dc, s + j, n, d * (ONE - update))


@kernel
def _reset_after_back(P, p, inner, k, H):
    """The gradients of Γr's input and of what Γr multiplied take their places."""
    for j in range(0, H, LANES):
        n = H - j
        reset, d = load(P, p + H + j, n), load(P, p + 2 * H + j, n)
        store(P, p + H + j, n, d * load(inner, k + j, n) * reset * (ONE - reset))
        store(inner, k + j, n, d * reset)


@kernel
def _reset_back(P, p, d_reset, dc, s, Y, c, H):
    """The same for Γr * c<t-1>, whose gradient is d_reset."""
    for j in range(0, H, LANES):
        n = H - j
        reset, d = load(P, p + j, n), load(d_reset, s + j, n)
        store(P, p + j, n, d * load(Y, c + j, n) * reset * (ONE - reset))
        store(dc, s + j, n, load(dc, s + j, n) + d * reset)
