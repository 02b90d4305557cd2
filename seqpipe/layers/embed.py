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
from .compiled import can_compile, plain

ROW_GRADIENT = "row_gradient"


class RowGradient:
    """The gradient of a table: pairs of ids `(n,)` and gradients `(n, width)`, summed on demand."""

    def __init__(self) -> None:
        self._parts: list[tuple[Any, Any]] = []
        self._is_summed = False

    def add(self, ids: Any, gradient: Any) -> None:
        """Add the gradient of the rows with these ids; an id may stand more than once.

        ids (ndarray): `(n,)`.
        gradient (ndarray): `(n, width)`; kept, not copied.
        RAISES (ValueError): Unless there is one row of the gradient for each id.
        """
        if gradient.ndim != 2 or ids.shape != gradient.shape[:1]:
            raise ValueError(
                f"gradient of shape {gradient.shape} for ids of shape {ids.shape}, "
                "expected (ids, width)"
            )
        self._parts.append((ids, gradient))
        self._is_summed = False

    def collect(self, ops: Ops) -> tuple[Any, Any]:
        """The rows read, each once, `(rows,)`, and their summed gradients, `(rows, width)`.

        ops (Ops): Array backend.
        """
        if not self._is_summed:
            ids, values = self._parts[0]
            if len(self._parts) > 1:
                ids = ops.xp.concatenate([ids for ids, _ in self._parts])
                values = ops.xp.concatenate([gradient for _, gradient in self._parts])
            compiled = can_compile(ops, values)
            self._parts = [_sum_compiled(ids, values) if compiled else _sum_rows(ops, ids, values)]
            self._is_summed = True
        return self._parts[0]

    def scale(self, factor: float) -> None:
        """Multiply the gradient by a factor.

        factor (float): For every row.
        """
        self._parts = [(ids, gradient * factor) for ids, gradient in self._parts]

    def clip(self, ops: Ops, bound: float) -> bool:
        """Cut every value to ±bound.

        ops (Ops): Array backend.
        bound (float): At least 0.
        RETURNS (bool): Whether any was beyond.
        """
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


def _sum_rows(ops: Ops, ids: Any, values: Any) -> tuple[Any, Any]:
    """Each id once, ascending, with the sum of its values."""
    rows, places = ops.xp.unique(ids, return_inverse=True)
    total = ops.xp.zeros((len(rows), values.shape[1]), dtype=values.dtype)
    ops.scatter_add(total, places.astype("int32"), values)
    return rows, total


def _sum_compiled(ids: Any, values: Any) -> tuple[Any, Any]:
    from seqpipe.kernels.rows import sum_rows

    places, values = plain(ids, numpy.int64), plain(values)
    rows, total = numpy.empty_like(places), numpy.empty_like(values)
    count = sum_rows(places, numpy.argsort(places, kind="stable"), values, rows, total)
    return rows[:count].astype(ids.dtype, copy=False), total[:count]


def embedding(nO: int | None = None, nV: int | None = None) -> Model[Any, Any]:
    """A table `E (nV, nO)` read by row: from ids `(n,)` to `(n, nO)`.

    The rows start uniform in ±sqrt(3 / nO), so with variance 1 / nO.

    nO (int): Width of a row; at least 1, or None until a sample shows it.
    nV (int): Rows; None until they are known.
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
    """Let every table of a model keep its gradient by rows, for `update_rows`.

    model (Model): All of its layers are looked at.
    """
    for node in model.walk():
        if ROW_GRADIENT in node.attrs:
            node.attrs[ROW_GRADIENT] = RowGradient()


def row_gradients(model: Model) -> list[tuple[Model, RowGradient]]:
    """The tables of a model that hold a gradient by rows, with it.

    model (Model): All of its layers are looked at.
    """
    kept = [(node, node.attrs.get(ROW_GRADIENT)) for node in model.walk()]
    return [(node, gradient) for node, gradient in kept if gradient]


def update_rows(optimizer: Optimizer, table: Model, gradient: RowGradient) -> None:
    """Take the optimizer's step on the rows that hold a gradient, then forget the gradient.

    For Adam and plain SGD the other rows, their moments and their weight decay stay untouched. For
    RAdam, and where the optimizer averages parameters, the step is the dense one.

    optimizer (Optimizer): Its count of steps and its moments of the table go on.
    table (Model): What `embedding` made; E is changed in place.
    gradient (RowGradient): Of the table.
    """
    E: Any = table.get_param("E")
    key = (table.id, "E")
    rows, dE = gradient.collect(table.ops)
    gradient.clear()
    if optimizer.use_radam or optimizer.averages is not None:
        dense = table.ops.xp.zeros_like(E)
        dense[rows] = dE
        optimizer(key, E, dense)
        return
    optimizer.nr_update[key] += 1
    moments = _moments(optimizer, table.ops, key, E)
    if can_compile(table.ops, E, dE, *moments) and E.flags.carray:
        _update_compiled(optimizer, key, E, moments, rows, dE)
    else:
        _update_rows(optimizer, table.ops, key, E, moments, rows, dE)


def _moments(optimizer: Optimizer, ops: Ops, key: tuple[int, str], E: Any) -> list[Any]:
    """Adam's two moments, as the optimizer keeps them, in the shape of E; none for plain SGD."""
    if not (optimizer.b1 > 0.0 and optimizer.b2 > 0.0):
        return []
    for store in (optimizer.mom1, optimizer.mom2):
        if key not in store:
            store[key] = ops.alloc1f(E.size)
    stores: tuple[Any, Any] = (optimizer.mom1, optimizer.mom2)
    return [store[key].reshape(E.shape) for store in stores]


def _adam_rate(optimizer: Optimizer, key: tuple[int, str]) -> float:
    """The learning rate with the correction of the moments (Kingma & Ba 2015, section 2)."""
    steps = optimizer.nr_update[key]
    fix1, fix2 = 1.0 - optimizer.b1**steps, 1.0 - optimizer.b2**steps
    return optimizer.learn_rate * fix2**0.5 / fix1


def _update_rows(
    optimizer: Optimizer,
    ops: Ops,
    key: tuple[int, str],
    E: Any,
    moments: list[Any],
    rows: Any,
    dE: Any,
) -> None:
    """The step, through copies of the rows and their moments (Kingma & Ba 2015, algorithm 1)."""
    values = E[rows]
    if optimizer.L2 and not optimizer.L2_is_weight_decay:
        dE = dE + optimizer.L2 * values
    if moments:
        flat = [ops.xp.ascontiguousarray(array).reshape(-1) for array in (values, dE)]
        flat += [moment[rows].reshape(-1) for moment in moments]
        rate = _adam_rate(optimizer, key)
        found: Any = ops.adam(
            flat[0], flat[1], flat[2], flat[3], optimizer.b1, optimizer.b2, optimizer.eps, rate
        )
        values, _, *now = (array.reshape(dE.shape) for array in found)
        for moment, rows_now in zip(moments, now, strict=True):
            moment[rows] = rows_now
    else:
        values -= optimizer.learn_rate * dE
    if optimizer.L2 and optimizer.L2_is_weight_decay:
        values -= optimizer.learn_rate * optimizer.L2 * values
    E[rows] = values


def _update_compiled(
    optimizer: Optimizer, key: tuple[int, str], E: Any, moments: list[Any], rows: Any, dE: Any
) -> None:
    """The same in place."""
    from seqpipe.kernels.rows import adam_rows, sgd_rows

    decays = optimizer.L2_is_weight_decay
    penalty = numpy.float32(0.0 if decays else optimizer.L2)
    decay = numpy.float32(optimizer.learn_rate * optimizer.L2 if decays else 0.0)
    places, dE = plain(rows, numpy.int64), plain(dE)
    if not moments:
        sgd_rows(E, places, dE, numpy.float32(optimizer.learn_rate), penalty, decay)
        return
    settings = (_adam_rate(optimizer, key), optimizer.b1, optimizer.b2, optimizer.eps)
    adam_rows(E, *moments, places, dE, *map(numpy.float32, settings), penalty, decay)
