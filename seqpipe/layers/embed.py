"""Embedding tables, whose gradient may be kept by rows and whose update then touches only those.

Thinc's gradients and optimizer are dense: one step on a table of 100,000 x 300 costs some 300 ms.
`keep_row_gradients` makes a table remember which rows a batch read; `update_rows` then does to them
what the optimizer would (the "lazy" Adam: moments of rows that were not read stay as they are).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from thinc.api import Model, Ops, Optimizer

from .arguments import check_widths

ROW_GRADIENT = "row_gradient"


class RowGradient:
    """The gradient of a table: pairs of ids `(n,)` and gradients `(n, width)`, summed on demand."""

    def __init__(self) -> None:
        self._parts: list[tuple[Any, Any]] = []

    def add(self, ids: Any, gradient: Any) -> None:
        """Add the gradient of the rows with these ids; an id may stand more than once."""
        self._parts.append((ids, gradient))

    def collect(self, ops: Ops) -> tuple[Any, Any]:
        """The rows read, each once, `(rows,)`, and their summed gradients, `(rows, width)`."""
        xp = ops.xp
        ids = xp.concatenate([ids for ids, _ in self._parts])
        values = xp.concatenate([gradient for _, gradient in self._parts])
        rows, places = xp.unique(ids, return_inverse=True)
        total = xp.zeros((len(rows), values.shape[1]), dtype=values.dtype)
        ops.scatter_add(total, places.astype("int32"), values)
        self._parts = [(rows, total)]
        return rows, total

    def scale(self, factor: float) -> None:
        """Multiply the gradient by a factor."""
        self._parts = [(ids, gradient * factor) for ids, gradient in self._parts]

    def clip(self, ops: Ops, bound: float) -> bool:
        """Cut every value to ±bound. RETURNS (bool): Whether any was beyond."""
        rows, total = self.collect(ops)
        is_clipped = bool((ops.xp.abs(total) > bound).any())
        if is_clipped:
            self._parts = [(rows, ops.xp.clip(total, -bound, bound))]
        return is_clipped

    def clear(self) -> None:
        """Forget it, after a step."""
        self._parts = []

    def __bool__(self) -> bool:
        return bool(self._parts)


def embedding(nO: int | None = None, nV: int | None = None) -> Model[Any, Any]:
    """A table `E (nV, nO)` read by row: from ids `(n,)` to `(n, nO)`.

    The rows start uniform in ±sqrt(3 / nO), so with variance 1 / nO.
    """
    check_widths(width=nO)
    return Model(
        "embedding",
        _forward,
        init=_init,
        dims={"nO": nO, "nV": nV},
        params={"E": None},
        attrs={ROW_GRADIENT: None},
    )


def _forward(model: Model, ids: Any, is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    E: Any = model.get_param("E")

    def backprop(dY: Any) -> Any:
        kept = model.attrs[ROW_GRADIENT]
        if kept is not None:
            kept.add(ids, dY)
        else:
            dE = model.ops.xp.zeros_like(E)
            model.ops.scatter_add(dE, ids.astype("int32"), dY)
            model.inc_grad("E", dE)
        return ids[:0]  # ids have no gradient

    return E[ids], backprop


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    nV, nO = model.get_dim("nV"), model.get_dim("nO")
    bound = (3.0 / nO) ** 0.5
    table: Any = numpy.random.uniform(-bound, bound, (nV, nO))
    model.set_param("E", model.ops.asarray2f(table))


def keep_row_gradients(model: Model) -> None:
    """Let every table of a model keep its gradient by rows, for `update_rows`."""
    for node in model.walk():
        if ROW_GRADIENT in node.attrs:
            node.attrs[ROW_GRADIENT] = RowGradient()


def row_gradients(model: Model) -> list[tuple[Model, RowGradient]]:
    """The tables of a model that hold a gradient by rows, with it."""
    kept = [(node, node.attrs.get(ROW_GRADIENT)) for node in model.walk()]
    return [(node, gradient) for node, gradient in kept if gradient]


def update_rows(optimizer: Optimizer, table: Model, gradient: RowGradient) -> None:
    """Take the optimizer's step on the rows that hold a gradient, then forget the gradient.

    For Adam and plain SGD the other rows, their moments and their weight decay stay untouched. For
    RAdam, and where the optimizer averages parameters, the step is the dense one.
    """
    E: Any = table.get_param("E")
    key = (table.id, "E")
    rows, dE = gradient.collect(table.ops)
    gradient.clear()
    adam = optimizer.b1 > 0.0 and optimizer.b2 > 0.0
    if optimizer.use_radam or optimizer.averages is not None:
        dense = table.ops.xp.zeros_like(E)
        dense[rows] = dE
        optimizer(key, E, dense)
        return
    optimizer.nr_update[key] += 1
    values = E[rows]
    if optimizer.L2 and not optimizer.L2_is_weight_decay:
        dE += optimizer.L2 * values
    if adam:
        values = _adam_rows(optimizer, table.ops, key, E, rows, dE)
    else:
        values -= optimizer.learn_rate * dE
    if optimizer.L2 and optimizer.L2_is_weight_decay:
        values -= optimizer.learn_rate * optimizer.L2 * values
    E[rows] = values


def _adam_rows(
    optimizer: Optimizer, ops: Ops, key: tuple[int, str], E: Any, rows: Any, dE: Any
) -> Any:
    """The rows after Adam's step (Kingma & Ba 2015, algorithm 1), with the optimizer's moments."""
    moments = []
    for store in (optimizer.mom1, optimizer.mom2):
        if key not in store:
            store[key] = ops.alloc1f(E.size)
        moments.append(ops.xp.reshape(store[key], E.shape))
    steps = optimizer.nr_update[key]
    fix1, fix2 = 1.0 - optimizer.b1**steps, 1.0 - optimizer.b2**steps
    rate = optimizer.learn_rate * fix2**0.5 / fix1
    values, gradient = E[rows].reshape(-1), ops.xp.ascontiguousarray(dE).reshape(-1)
    mom1, mom2 = (moment[rows].reshape(-1) for moment in moments)
    values, _, mom1, mom2 = ops.adam(
        values, gradient, mom1, mom2, optimizer.b1, optimizer.b2, optimizer.eps, rate
    )
    moments[0][rows] = ops.xp.reshape(mom1, dE.shape)
    moments[1][rows] = ops.xp.reshape(mom2, dE.shape)
    return ops.xp.reshape(values, dE.shape)
