"""A vector for each word from its characters: a convolution or a BiLSTM over their embeddings.

Both read a Ragged of character ids `(characters,)` with a length for each word and give
`(words, nO)`. The convolution is that of Ma & Hovy 2016 (width 3, maximum over positions), the
BiLSTM that of Lample et al. 2016 (the last state of each direction).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from thinc.api import Model, registry
from thinc.types import Floats2d, Ragged

from .arguments import check_widths
from .embed import embedding
from .lstm import LSTMCell
from .packed import Packed, Packing
from .recurrent import recurrent_stack
from .resize import resize


@registry.layers("seqpipe.CharacterCNN.v1")
def CharacterCNN(nO: int = 50, *, width: int = 25) -> Model[Ragged, Floats2d]:
    """Convolution over windows of three characters, ReLU, maximum over the word.

    nO (int): Number of filters, the width of the output.
    width (int): Width of a character's embedding.
    RETURNS (Model): From a Ragged of ids `(characters,)` to `(words, nO)`.
    """
    check_widths(nO=nO, width=width)
    return Model(
        "character_cnn",
        _forward_cnn,
        init=_init_cnn,
        dims={"nO": nO, "nI": width, "nV": None},
        params={"E": None, "W": None, "b": None},
    )


@registry.layers("seqpipe.CharacterLSTM.v1")
def CharacterLSTM(nO: int = 50, *, width: int = 25) -> Model[Ragged, Floats2d]:
    """A BiLSTM over the characters: the last state of each direction, side by side.

    nO (int): Width of the output, half for each direction.
    width (int): Width of a character's embedding.
    RETURNS (Model): From a Ragged of ids `(characters,)` to `(words, nO)`.
    """
    return Model(
        "character_lstm",
        _forward_lstm,
        init=_init_lstm,
        layers=[embedding(width), recurrent_stack(LSTMCell(), nO, width)],
        dims={"nO": nO, "nV": None},
    )


def _forward_cnn(
    model: Model, words: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    """The product of a window with the filters is a sum of three rows of the projected table.

    So the products are with the table of the characters, not with every character of the text.
    """
    ops, xp = model.ops, model.ops.xp
    E, W, b = (model.get_param(name) for name in ("E", "W", "b"))  # W (3, width, nO)
    lengths: Any = words.lengths
    ids: Any = words.dataXd
    projected = xp.matmul(E, W)  # (3, nV, nO)
    inner = _inside(xp, lengths)
    Z = projected[1][ids]
    Z += b
    Z[1:] += projected[0][ids[:-1]] * inner[1:, None]
    Z[:-1] += projected[2][ids[1:]] * inner[1:, None]
    active = Z > 0
    Y, which = ops.reduce_max(xp.where(active, Z, 0), lengths)

    def backprop(dY: Floats2d) -> Ragged:
        dZ = ops.backprop_reduce_max(dY, which, lengths) * active
        d_projected = xp.zeros_like(projected)
        crossing = dZ * inner[:, None]
        ops.scatter_add(d_projected[0], ids[:-1].astype("int32"), crossing[1:])
        ops.scatter_add(d_projected[1], ids.astype("int32"), dZ)
        before = dZ[:-1] * inner[1:, None]
        ops.scatter_add(d_projected[2], ids[1:].astype("int32"), before)
        model.inc_grad("b", dZ.sum(axis=0))
        model.inc_grad("W", xp.matmul(E.T, d_projected))
        model.inc_grad("E", xp.matmul(d_projected, xp.swapaxes(W, 1, 2)).sum(axis=0))
        return Ragged(ids[:0], lengths)  # ids have no gradient

    return Y, backprop


def _inside(xp: Any, lengths: Any) -> Any:
    """1 for each character that follows another of its word, 0 for a first, `(characters,)`."""
    inner = xp.ones(int(lengths.sum()), dtype="f")
    inner[xp.cumsum(lengths) - lengths] = 0
    return inner


def _forward_lstm(
    model: Model, words: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    xp, (table, lstm) = model.ops.xp, model.layers
    packing = Packing.of(model.ops.to_numpy(words.lengths))
    X, backprop_table = table(words.dataXd, is_train)
    rows, inverse = xp.asarray(packing.rows), xp.asarray(packing.inverse)
    (Y, final), backprop_lstm = lstm((Packed(X[rows], packing), None), is_train)
    half = Y.data.shape[1] // 2
    ends = [slice(0, half), slice(2 * half, 3 * half)]  # a of each direction; c stands after it

    def backprop(d_ends: Floats2d) -> Ragged:
        d_final = xp.zeros_like(final)
        d_final[:, ends[0]], d_final[:, ends[1]] = d_ends[:, :half], d_ends[:, half:]
        dX, _ = backprop_lstm((Y.with_data(xp.zeros_like(Y.data)), d_final))
        return Ragged(backprop_table(dX.data[inverse]), words.lengths)

    return xp.hstack([final[:, end] for end in ends]), backprop


def _init_cnn(model: Model, X: Any = None, Y: Any = None) -> None:
    nO, nI, nV = (model.get_dim(name) for name in ("nO", "nI", "nV"))
    bound, limit = (3.0 / nI) ** 0.5, (6.0 / (3 * nI + nO)) ** 0.5
    E: Any = numpy.random.uniform(-bound, bound, (nV, nI))
    W: Any = numpy.random.uniform(-limit, limit, (3, nI, nO))
    model.set_param("E", model.ops.asarray2f(E))
    model.set_param("W", model.ops.asarray3f(W))
    model.set_param("b", model.ops.alloc1f(nO))


def _init_lstm(model: Model, X: Any = None, Y: Any = None) -> None:
    table, lstm = model.layers
    resize(table, "nV", model.get_dim("nV"))
    table.initialize()
    lstm.initialize()
