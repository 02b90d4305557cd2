"""Recurrent layers over packed batches: one or two directions, any depth.

The layers compose as Thinc's do: a pass is one direction of one level, a level joins its passes side
by side, a stack chains levels with dropout between them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy
from thinc.api import Model, Ops, chain, registry
from thinc.types import Floats2d

from .dropout import sequence_dropout
from .lstm import lstm_backward, lstm_forward
from .packed import Packed, with_packed


@registry.layers("seqpipe.LSTM.v1")
def LSTM(
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
) -> Model[Any, Any]:
    """Long short-term memory over lists of arrays, Ragged, Padded or Packed batches.

    nO (int): Width of the output; with two directions each has half of it.
    nI (int): Width of the input.
    bi (bool): Two directions, each from its own end, joined side by side (Schuster & Paliwal 1997).
    depth (int): Levels; each reads the output of the one below.
    dropout (float): Between levels, one mask a sequence.
    RETURNS (Model): From sequences `(length, nI)` to `(length, nO)`, in the form they came in.
    """
    return with_packed(lstm_stack(nO, nI, bi=bi, depth=depth, dropout=dropout))


def lstm_stack(
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
) -> Model[Packed, Packed]:
    """The LSTM over packed batches. Arguments as for `LSTM`."""
    if depth < 1:
        raise ValueError(f"depth={depth}: at least 1 expected")
    if bi and nO is not None and nO % 2:
        raise ValueError(f"nO={nO}: an even width expected, half for each of two directions")
    levels = [recurrent_level(nO, nI if i == 0 else nO, bi=bi) for i in range(depth)]
    layers: list[Model] = [levels[0]]
    for level in levels[1:]:
        layers += [sequence_dropout(dropout), level]
    return layers[0] if depth == 1 else chain(*layers)


def recurrent_level(nO: int | None, nI: int | None, *, bi: bool) -> Model[Packed, Packed]:
    """One level: a pass from the start and, with `bi`, one from the end."""
    width = nO // 2 if bi and nO is not None else nO
    passes = [
        lstm_pass(width, nI, reverse=reverse) for reverse in ([False, True] if bi else [False])
    ]
    return Model(
        "bilstm" if bi else "lstm",
        _forward_level,
        init=_init_level,
        layers=passes,
        dims={"nO": nO, "nI": nI},
    )


def _forward_level(model: Model, X: Packed, is_train: bool) -> tuple[Packed, Callable]:
    outputs, backprops = zip(*(layer(X, is_train) for layer in model.layers), strict=True)
    xp = model.ops.xp
    Y = outputs[0].data if len(outputs) == 1 else xp.hstack([output.data for output in outputs])

    def backprop(dY: Packed) -> Packed:
        width = outputs[0].data.shape[1]
        dX = backprops[0](dY.with_data(dY.data[:, :width])).data
        for i, backprop_pass in enumerate(backprops[1:], start=1):
            dX += backprop_pass(dY.with_data(dY.data[:, i * width : (i + 1) * width])).data
        return X.with_data(dX)

    return X.with_data(Y), backprop


def _init_level(model: Model, X: Packed | None = None, Y: Packed | None = None) -> None:
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X.data.shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.data.shape[1])
    for layer in model.layers:
        if model.has_dim("nI"):
            layer.set_dim("nI", model.get_dim("nI"))
        if model.has_dim("nO"):
            layer.set_dim("nO", model.get_dim("nO") // len(model.layers))
        layer.initialize()


def lstm_pass(
    nO: int | None = None, nI: int | None = None, *, reverse: bool = False
) -> Model[Packed, Packed]:
    """One direction of one level of an LSTM.

    Parameters: `Wx (4 nO, nI)`, `Wh (4 nO, nO)`, `b (4 nO,)`, in blocks Γu, Γf, Γo, c~. Wx starts
    Glorot uniform and Wh orthogonal, block by block; b zero, but one for the forget gate (Jozefowicz
    et al. 2015). The initial state is zero.
    """
    return Model(
        "lstm_pass",
        _forward_pass,
        init=_init_pass,
        dims={"nO": nO, "nI": nI},
        params={"Wx": None, "Wh": None, "b": None},
        attrs={"reverse": reverse},
    )


def _forward_pass(model: Model, X: Packed, is_train: bool) -> tuple[Packed, Callable]:
    xp, reverse, packing = model.ops.xp, model.attrs["reverse"], X.packing
    Wx, Wh, b = (cast(Any, model.get_param(name)) for name in ("Wx", "Wh", "b"))
    if X.data.shape[1] != Wx.shape[1] and packing.tokens:
        raise ValueError(f"input of width {X.data.shape[1]}, expected nI={Wx.shape[1]}")
    inputs = X.data if packing.tokens else xp.zeros((0, Wx.shape[1]), dtype=Wx.dtype)
    projected = xp.matmul(inputs, Wx.T)  # (N, 4H)
    projected += b
    state = (len(packing.lengths), Wh.shape[1])
    hidden, cell = xp.zeros(state, dtype=projected.dtype), xp.zeros(state, dtype=projected.dtype)
    Y, cache = lstm_forward(xp, projected, Wh, packing, hidden, cell, reverse=reverse)

    def backprop(dY: Packed) -> Packed:
        d_hidden, d_cell = xp.zeros_like(hidden), xp.zeros_like(cell)
        dG, dWh = lstm_backward(xp, dY.data, Wh, packing, cache, d_hidden, d_cell, reverse=reverse)
        model.inc_grad("Wh", dWh)
        model.inc_grad("Wx", xp.matmul(dG.T, inputs))
        model.inc_grad("b", dG.sum(axis=0))
        return X.with_data(xp.matmul(dG, Wx))

    return X.with_data(Y), backprop


def _init_pass(model: Model, X: Packed | None = None, Y: Packed | None = None) -> None:
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X.data.shape[1])
    H, nI = model.get_dim("nO"), model.get_dim("nI")
    xp = model.ops.xp
    model.set_param("Wx", xp.vstack([_glorot_uniform(model.ops, H, nI) for _ in range(4)]))
    model.set_param("Wh", xp.vstack([_orthogonal(model.ops, H) for _ in range(4)]))
    bias = model.ops.alloc1f(4 * H)
    bias[H : 2 * H] = 1.0
    model.set_param("b", bias)


def _glorot_uniform(ops: Ops, nO: int, nI: int) -> Floats2d:
    """Uniform in ±sqrt(6 / (nO + nI)), `(nO, nI)` (Glorot & Bengio 2010, equation 16)."""
    bound = (6.0 / (nO + nI)) ** 0.5
    return ops.asarray2f(numpy.random.uniform(-bound, bound, (nO, nI)))


def _orthogonal(ops: Ops, n: int) -> Floats2d:
    """A random orthogonal matrix, `(n, n)` (Saxe et al. 2014)."""
    q, r = numpy.linalg.qr(numpy.random.normal(size=(n, n)))
    return ops.asarray2f(q * numpy.sign(numpy.diag(r)))
