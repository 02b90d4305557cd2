"""Texts that are longer than a classifier shall read: cut to a length, or read in windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from seqpipe.files import InputError
from seqpipe.layers.packed import Packed, Packing

START, END, BOTH, WINDOWS = "start", "end", "both", "windows"
WAYS = (START, END, BOTH, WINDOWS)


def cut(max_tokens: int, long_texts: str) -> Model[list[Floats2d], list[Floats2d]]:
    """Leave out the tokens of long texts that are not read.

    max_tokens (int): How many are; 0 for all.
    long_texts (str): Which: "start", "end", or "both", half of each; "windows" leaves out nothing.
    RETURNS (Model): From a list of arrays `(tokens, width)` to one of arrays of at most
        `(max_tokens, width)`.
    RAISES (InputError): If the way is unknown, or does not go with the number.
    """
    if long_texts not in WAYS:
        raise InputError(f"long_texts = {long_texts!r}: expected one of {', '.join(WAYS)}")
    if max_tokens < 0:
        raise InputError(f"max_tokens = {max_tokens}: expected a number of tokens, or 0 for all")
    if long_texts == WINDOWS and not max_tokens:
        raise InputError("long_texts = 'windows': expected max_tokens, the size of a window")
    return Model("cut", _forward, attrs={"max_tokens": max_tokens, "long_texts": long_texts})


def is_cut(cut_layer: Model, length: int) -> bool:
    """RETURNS (bool): Whether tokens of a text of that length are left out.

    cut_layer (Model): What `cut` made.
    length (int): Tokens.
    """
    most = cut_layer.attrs["max_tokens"]
    return bool(most) and length > most and cut_layer.attrs["long_texts"] != WINDOWS


def read_tokens(cut_layer: Model, length: int) -> tuple[slice, slice]:
    """Which tokens of a text are read.

    cut_layer (Model): What `cut` gave.
    length (int): Tokens of the text.
    RETURNS (Tuple[slice, slice]): Two parts of the text, the second of which may be empty.
    """
    if not is_cut(cut_layer, length):
        return slice(0, length), slice(length, length)
    most = cut_layer.attrs["max_tokens"]
    first = {START: most, END: 0, BOTH: (most + 1) // 2}[cut_layer.attrs["long_texts"]]
    return slice(0, first), slice(length - (most - first), length)


def _forward(
    model: Model, Xs: list[Floats2d], is_train: bool
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Floats2d]]]:
    xp = model.ops.xp
    places = [read_tokens(model, len(X)) if is_cut(model, len(X)) else None for X in Xs]

    def backprop(dYs: list[Floats2d]) -> list[Floats2d]:
        return [
            dY if place is None else _put_back(xp, X, dY, place)
            for X, dY, place in zip(Xs, dYs, places, strict=True)
        ]

    Ys = [
        X if place is None else xp.concatenate([X[part] for part in place])
        for X, place in zip(Xs, places, strict=True)
    ]
    return Ys, backprop


def _put_back(xp: Any, X: Any, dY: Any, places: tuple[slice, slice]) -> Any:
    """The gradient of the whole text: zero where nothing is read."""
    dX = xp.zeros_like(X)
    middle = places[0].stop
    dX[places[0]], dX[places[1]] = dY[:middle], dY[middle:]
    return dX


def in_windows(encoder: Model[Any, Any], size: int) -> Model[Packed, Packed]:
    """Let an encoder read each text in windows that know nothing of each other.

    encoder (Model): Over packed sequences.
    size (int): Tokens of a window; the last one of a text may have fewer.
    RETURNS (Model): From a packed batch of texts to one, whatever the windows were.
    """
    return Model(
        f"in_windows({encoder.name})",
        partial(_forward_windows, size),
        init=_init_windows,
        layers=[encoder],
    )


def _forward_windows(
    size: int, model: Model, X: Packed, is_train: bool
) -> tuple[Packed, Callable[[Packed], Packed]]:
    xp, texts = model.ops.xp, X.packing
    windows = Packing.of(_window_lengths(texts.lengths, size))
    # Both lay out the same rows, the texts' tokens one after another.
    there = xp.asarray(texts.inverse[windows.rows])
    back = xp.asarray(windows.inverse[texts.rows])
    Y, backprop_encoder = model.layers[0](Packed(X.data[there], windows), is_train)

    def backprop(dY: Packed) -> Packed:
        dX = backprop_encoder(Packed(dY.data[there], windows))
        return X.with_data(dX.data[back])

    return Packed(Y.data[back], texts), backprop


def _window_lengths(lengths: np.ndarray, size: int) -> list[int]:
    return [
        min(size, length - start) for length in lengths.tolist() for start in range(0, length, size)
    ]


def _init_windows(model: Model, X: Any = None, Y: Any = None) -> None:
    model.layers[0].initialize(X=X, Y=Y)
