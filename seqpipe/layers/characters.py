"""A vector for each word from its characters: a convolution or a BiLSTM over their embeddings.

Both read a Ragged of character ids `(characters,)` with a length for each word and give
`(words, nO)`. The convolution is that of Ma & Hovy 2016 (width 3, maximum over positions), the BiLSTM
that of Lample et al. 2016 (the last state of each direction).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import Linear, Model, registry
from thinc.types import Floats2d, Ragged

from .embed import embedding
from .packed import Packed, Packing
from .recurrent import lstm_stack


@registry.layers("seqpipe.CharacterCNN.v1")
def CharacterCNN(nO: int = 50, *, width: int = 25) -> Model[Ragged, Floats2d]:
    """Convolution over windows of three characters, ReLU, maximum over the word.

    nO (int): Number of filters, the width of the output.
    width (int): Width of a character's embedding.
    """
    return Model(
        "character_cnn",
        _forward_cnn,
        init=_init_layers,
        layers=[embedding(width), Linear(nO, 3 * width)],
        dims={"nO": nO},
    )


@registry.layers("seqpipe.CharacterLSTM.v1")
def CharacterLSTM(nO: int = 50, *, width: int = 25) -> Model[Ragged, Floats2d]:
    """A BiLSTM over the characters: the last state of each direction, side by side.

    nO (int): Width of the output, half for each direction.
    width (int): Width of a character's embedding.
    """
    return Model(
        "character_lstm",
        _forward_lstm,
        init=_init_layers,
        layers=[embedding(width), lstm_stack(nO, width)],
        dims={"nO": nO},
    )


def _forward_cnn(
    model: Model, words: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    ops, (table, filters) = model.ops, model.layers
    lengths: Any = words.lengths
    X, backprop_table = table(words.dataXd, is_train)
    windows = ops.seq2col(X, 1, lengths=lengths)  # (characters, 3 * width)
    Z, backprop_filters = filters(windows, is_train)
    active = Z > 0
    Y, which = ops.reduce_max(Z * active, lengths)

    def backprop(dY: Floats2d) -> Ragged:
        dZ = ops.backprop_reduce_max(dY, which, lengths) * active
        dX = ops.backprop_seq2col(backprop_filters(dZ), 1, lengths=lengths)
        return Ragged(backprop_table(dX), lengths)

    return Y, backprop


def _forward_lstm(
    model: Model, words: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    xp, (table, lstm) = model.ops.xp, model.layers
    packing = Packing.of(model.ops.to_numpy(words.lengths))
    X, backprop_table = table(words.dataXd, is_train)
    rows, inverse = xp.asarray(packing.rows), xp.asarray(packing.inverse)
    Y, backprop_lstm = lstm(Packed(X[rows], packing), is_train)
    order, last = xp.asarray(packing.order), xp.asarray(packing.last)
    half = Y.data.shape[1] // 2
    ends = xp.empty((len(order), 2 * half), dtype=Y.data.dtype)
    ends[order, :half] = Y.data[last, :half]
    ends[order, half:] = Y.data[: len(order), half:]

    def backprop(d_ends: Floats2d) -> Ragged:
        dY = xp.zeros_like(Y.data)
        dY[last, :half] = d_ends[order, :half]
        dY[: len(order), half:] = d_ends[order, half:]
        dX = backprop_lstm(Packed(dY, packing)).data
        return Ragged(backprop_table(dX[inverse]), words.lengths)

    return ends, backprop


def _init_layers(model: Model, X: Any = None, Y: Any = None) -> None:
    for layer in model.layers:
        layer.initialize()
