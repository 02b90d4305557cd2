"""Dropout over a packed batch with one mask a sequence (Gal & Ghahramani 2016)."""

from __future__ import annotations

from collections.abc import Callable

import numpy
from thinc.api import Model

from .packed import Packed


def sequence_dropout(rate: float = 0.0) -> Model[Packed, Packed]:
    """Set the same units to zero at every step of a sequence, and scale the rest by 1 / (1 - rate).

    rate (float): Share of units that are dropped in training, in [0, 1). spaCy's
        `set_dropout_rate` finds it as `dropout_rate`.
    """
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"dropout = {rate}: expected a rate in [0, 1)")
    return Model("sequence_dropout", _forward, attrs={"dropout_rate": rate})


def _forward(
    model: Model[Packed, Packed], X: Packed, is_train: bool
) -> tuple[Packed, Callable[[Packed], Packed]]:
    rate = model.attrs["dropout_rate"]
    if not is_train or rate == 0.0:
        return X, lambda dY: dY
    shape = (len(X.packing.lengths), X.data.shape[1])
    kept = numpy.random.uniform(size=shape) >= rate
    masks = model.ops.xp.asarray(kept / (1.0 - rate), dtype=X.data.dtype)
    mask = masks[model.ops.xp.asarray(X.packing.sequences)]  # (tokens, width)

    def backprop(dY: Packed) -> Packed:
        return dY.with_data(dY.data * mask)

    return X.with_data(X.data * mask), backprop
