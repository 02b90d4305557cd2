"""Recurrent layers over packed batches: one or two directions, any depth.

The layers compose as Thinc's do: a pass holds the parameters of one direction, a level runs its
passes side by side, a stack chains levels with dropout between them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
from thinc.api import Model, NumpyOps, Ops, chain, registry
from thinc.types import Floats2d

from .dropout import sequence_dropout
from .lstm import LSTMCache, lstm_backward, lstm_forward
from .packed import Packed, with_packed
from .threads import side_by_side


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
    dropout (float): Between levels, one mask a sequence. A spaCy component sets it to the rate
        that it trains with.
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
        raise ValueError(f"depth = {depth}: expected at least 1")
    for name, width in (("nO", nO), ("nI", nI)):
        if width is not None and width < 1:
            raise ValueError(f"{name} = {width}: expected at least 1")
    if bi and nO is not None and nO % 2:
        raise ValueError(f"nO = {nO}: expected an even width, half for each of two directions")
    layers: list[Model] = []
    for i in range(depth):
        layers += [sequence_dropout(dropout), lstm_level(nO, nI if i == 0 else nO, bi=bi)]
    return layers[1] if depth == 1 else chain(*layers[1:])


def lstm_level(nO: int | None, nI: int | None, *, bi: bool) -> Model[Packed, Packed]:
    """One level: a pass from the start and, with `bi`, one from the end, side by side."""
    directions = [False, True] if bi else [False]
    return Model(
        "bilstm" if bi else "lstm",
        _forward_level,
        init=_init_level,
        layers=[lstm_pass(reverse=reverse) for reverse in directions],
        dims={"nO": nO, "nI": nI},
    )


def lstm_pass(*, reverse: bool = False) -> Model[Packed, Packed]:
    """The parameters of one direction: `Wx (4H, nI)`, `Wh (4H, H)`, `b (4H,)`.

    They stand in blocks Γu, Γf, Γo, c~. Wx starts Glorot uniform and Wh orthogonal, block by block;
    b zero, but one for the forget gate (Jozefowicz et al. 2015). The initial state is zero. The
    level runs it, so that the products of all directions with the inputs are one.
    """
    return Model(
        "lstm_pass",
        _run_by_level,
        init=_init_pass,
        dims={"nO": None, "nI": None},
        params={"Wx": None, "Wh": None, "b": None},
        attrs={"reverse": reverse},
    )


def _run_by_level(model: Model, X: Packed, is_train: bool) -> tuple[Packed, Callable]:
    raise ValueError("a pass is run by its level: call lstm_stack, or LSTM")


def _forward_level(model: Model, X: Packed, is_train: bool) -> tuple[Packed, Callable]:
    """Run the passes of a level. D directions, H units each: X (N, nI), Y (N, D H)."""
    xp, packing = model.ops.xp, X.packing
    passes = model.layers
    Wx: Any = xp.concatenate([node.get_param("Wx") for node in passes])  # (D 4H, nI)
    if X.data.shape[1] != Wx.shape[1] and packing.tokens:
        raise ValueError(f"input of width {X.data.shape[1]}, expected nI={Wx.shape[1]}")
    inputs = X.data if packing.tokens else xp.zeros((0, Wx.shape[1]), dtype=Wx.dtype)
    projected = xp.matmul(inputs, xp.ascontiguousarray(Wx.T))  # (N, D 4H)
    projected += xp.concatenate([node.get_param("b") for node in passes])
    H = len(Wx) // len(passes) // 4
    gates = [projected[:, i * 4 * H : (i + 1) * 4 * H] for i in range(len(passes))]
    Y = xp.empty((len(inputs), len(passes) * H), dtype=projected.dtype)
    halves = [slice(i * H, (i + 1) * H) for i in range(len(passes))]

    def states() -> tuple[Any, Any]:
        shape = (len(packing.lengths), H)
        return xp.zeros(shape, dtype=Y.dtype), xp.zeros(shape, dtype=Y.dtype)

    def run(i: int) -> LSTMCache | None:
        Wh, how = passes[i].get_param("Wh"), {"reverse": passes[i].attrs["reverse"]}
        return lstm_forward(
            xp, gates[i], Wh, packing, *states(), Y[:, halves[i]], **how, keep=is_train
        )

    caches = _each(len(passes), run, model.ops)

    def backprop(dY: Packed) -> Packed:
        def run_back(i: int) -> Any:
            Wh, reverse, dYi = passes[i].get_param("Wh"), passes[i].attrs["reverse"], dY.data
            return lstm_backward(
                xp, dYi[:, halves[i]], Wh, packing, caches[i], *states(), reverse=reverse
            )

        for node, dWh in zip(passes, _each(len(passes), run_back, model.ops), strict=True):
            node.inc_grad("Wh", dWh)
        # Their gradient has taken the place of the gates, and so of `projected`.
        dWx, db = xp.matmul(projected.T, inputs), projected.sum(axis=0)
        for i, node in enumerate(passes):
            node.inc_grad("Wx", dWx[i * 4 * H : (i + 1) * 4 * H])
            node.inc_grad("b", db[i * 4 * H : (i + 1) * 4 * H])
        return X.with_data(xp.matmul(projected, Wx))

    return X.with_data(Y), backprop


def _each(n: int, run: Callable[[int], Any], ops: Ops) -> list[Any]:
    """run(0) ... run(n - 1), side by side on a CPU."""
    tasks = [partial(run, i) for i in range(n)]
    return side_by_side(tasks) if isinstance(ops, NumpyOps) else [task() for task in tasks]


def _init_level(model: Model, X: Packed | None = None, Y: Packed | None = None) -> None:
    if X is not None and model.has_dim("nI") is None:
        model.set_dim("nI", X.data.shape[1])
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.data.shape[1])
    for node in model.layers:
        node.set_dim("nI", model.get_dim("nI"))
        node.set_dim("nO", model.get_dim("nO") // len(model.layers))
        node.initialize()


def _init_pass(model: Model, X: Packed | None = None, Y: Packed | None = None) -> None:
    H, nI = model.get_dim("nO"), model.get_dim("nI")
    xp = model.ops.xp
    model.set_param("Wx", xp.vstack([_glorot_uniform(model.ops, H, nI) for _ in range(4)]))
    model.set_param("Wh", xp.vstack([_orthogonal(model.ops, H) for _ in range(4)]))
    bias: Any = model.ops.alloc1f(4 * H)
    bias[H : 2 * H] = 1.0
    model.set_param("b", bias)


def _glorot_uniform(ops: Ops, nO: int, nI: int) -> Floats2d:
    """Uniform in ±sqrt(6 / (nO + nI)), `(nO, nI)` (Glorot & Bengio 2010, equation 16)."""
    bound = (6.0 / (nO + nI)) ** 0.5
    drawn: Any = numpy.random.uniform(-bound, bound, (nO, nI))
    return ops.asarray2f(drawn)


def _orthogonal(ops: Ops, n: int) -> Floats2d:
    """A random orthogonal matrix, `(n, n)` (Saxe et al. 2014)."""
    q, r = numpy.linalg.qr(numpy.random.normal(size=(n, n)))
    drawn: Any = q * numpy.sign(numpy.diag(r))
    return ops.asarray2f(drawn)
