"""Dropout over a packed batch: one mask a sequence, one for every element, or whole tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy
from thinc.api import Model

from .arguments import check_choice
from .packed import Packed

MASKS = ("sequence", "element")


def packed_dropout(rate: float = 0.0, *, per: str = "sequence") -> Model[Packed, Packed]:
    """Set some units to zero, and scale the rest by 1 / (1 - rate).

    rate (float): Share of units that are dropped in training, in [0, 1). spaCy's
        `set_dropout_rate` finds it as `dropout_rate`.
    per (str): "sequence", the same units at every step of a sequence (Gal & Ghahramani 2016), or
        "element", others at every step (Zaremba et al. 2014).
    RETURNS (Model): From Packed `(tokens, width)` to the same.
    RAISES (ValueError): If the rate is out of range or `per` is unknown.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"dropout = {rate}: expected a rate in [0, 1)")
    check_choice("dropout_per", per, MASKS)
    return Model(f"{per}_dropout", _forward, attrs={"dropout_rate": rate, "per": per})


def _forward(
    model: Model[Packed, Packed], X: Packed, is_train: bool
) -> tuple[Packed, Callable[[Packed], Packed]]:
    rate = model.attrs["dropout_rate"]
    if not is_train or rate == 0.0:
        return X, lambda dY: dY
    by_sequence = model.attrs["per"] == "sequence"
    rows = len(X.packing.lengths) if by_sequence else len(X.data)
    kept = numpy.random.uniform(size=(rows, X.data.shape[1])) >= rate
    scale = 1.0 / (1.0 - rate) if rate < 1.0 else 0.0
    mask = model.ops.xp.asarray(kept * scale, dtype=X.data.dtype)
    if by_sequence:
        mask = mask[model.ops.xp.asarray(X.packing.sequences)]  # (tokens, width)

    def backprop(dY: Packed) -> Packed:
        return dY.with_data(dY.data * mask)

    return X.with_data(X.data * mask), backprop


def word_dropout(rate: float = 0.0) -> Model[Packed, Packed]:
    """Leave whole tokens out, such that the mean of a sequence is that of the others (Iyyer et al.
    2015, section 3.1): a token's row is zero with probability `rate`, and the others are multiplied
    by tokens / tokens left. A sequence that would lose all tokens keeps them.

    rate (float): In [0, 1). It is not `[training] dropout`.
    RETURNS (Model): From Packed `(tokens, width)` to the same.
    RAISES (ValueError): If the rate is out of range.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"word_dropout_rate = {rate}: expected a rate in [0, 1)")
    return Model("word_dropout", _forward_words, attrs={"word_dropout_rate": rate})


def _forward_words(
    model: Model[Packed, Packed], X: Packed, is_train: bool
) -> tuple[Packed, Callable[[Packed], Packed]]:
    rate = model.attrs["word_dropout_rate"]
    if not is_train or rate == 0.0 or not X.packing.tokens:
        return X, lambda dY: dY
    sequences = X.packing.sequences
    tokens = numpy.bincount(sequences)
    kept = numpy.random.uniform(size=len(sequences)) >= rate
    left = numpy.bincount(sequences, weights=kept)
    kept |= left[sequences] == 0
    scale = tokens / numpy.where(left == 0, tokens, left)
    mask = model.ops.xp.asarray((kept * scale[sequences])[:, None], dtype=X.data.dtype)

    def backprop(dY: Packed) -> Packed:
        return dY.with_data(dY.data * mask)

    return X.with_data(X.data * mask), backprop
