"""All gradients of a model as one vector, those that tables keep by rows among them: norm, clipping
(Pascanu et al. 2013, section 3.2), and the search for one that is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy
from thinc.api import Model

from .embed import row_gradients


def gradient_norm(model: Model) -> float:
    """The norm of all gradients, as one vector; float64, infinite or NaN only if one of them is.

    model (Model): All of its layers count.
    """
    with numpy.errstate(over="ignore"):
        total = sum(float((gradient**2).sum()) for _, _, gradient in _gradients(model))
    if math.isfinite(total) or first_not_finite(model) is not None:
        return math.sqrt(total)
    # All are finite, but not their squares.
    found = [gradient for _, _, gradient in _gradients(model) if gradient.size]
    largest = max(float(abs(gradient).max()) for gradient in found)
    return largest * math.sqrt(sum(float(((gradient / largest) ** 2).sum()) for gradient in found))


def scale_gradients(model: Model, factor: float) -> None:
    """Multiply all gradients by a factor.

    model (Model): All of its layers.
    factor (float): For every gradient.
    """
    for node, name, gradient in _dense(model):
        node.set_grad(name, gradient * factor)
    for _, rows in row_gradients(model):
        rows.scale(factor)


def clip_gradients(model: Model, bound: float) -> bool:
    """Cut every value of the gradients to ±bound.

    model (Model): All of its layers.
    bound (float): At least 0.
    RETURNS (bool): Whether any was beyond.
    """
    is_clipped = False
    for node, name, gradient in _dense(model):
        xp = node.ops.xp
        if bool((xp.abs(gradient) > bound).any()):
            node.set_grad(name, xp.clip(gradient, -bound, bound))
            is_clipped = True
    for table, rows in row_gradients(model):
        is_clipped = rows.clip(table.ops, bound) or is_clipped
    return is_clipped


def forget_gradients(model: Model) -> None:
    """Set all gradients to zero.

    model (Model): All of its layers.
    """
    for node, name, _ in _dense(model):
        node.set_grad(name, node.ops.xp.zeros_like(node.get_param(name)))
    for _, rows in row_gradients(model):
        rows.clear()


def first_not_finite(model: Model, labels: Mapping[int, str] | None = None) -> str | None:
    """Find the first parameter whose gradient holds NaN or infinity.

    labels (Mapping[int, str]): What tells layers of one name apart, by their ids, where it is
        known.
    model (Model): All of its layers are looked at, in the order of `walk`.
    RETURNS (str): Its layer and its name, such as "lstm_pass Wh", and which one of them if several
        layers have that name; None if all are finite.
    """
    return _first(model, _gradients(model), labels or {})


def first_parameter_not_finite(model: Model) -> str | None:
    """Find the first parameter that itself holds NaN or infinity.

    model (Model): All of its layers are looked at.
    RETURNS (str): Layer and name, as `first_not_finite` gives them; None if all are finite.
    """
    found = ((node, name) for node in model.walk() for name in node.param_names)
    held = ((node, name, node.get_param(name)) for node, name in found if node.has_param(name))
    return _first(model, held, {})


def _first(
    model: Model, arrays: Iterable[tuple[Model, str, Any]], labels: Mapping[int, str]
) -> str | None:
    for node, name, array in arrays:
        if not bool(node.ops.xp.isfinite(array).all()):
            which = f" ({labels[node.id]})" if node.id in labels else _which(model, node)
            return f"{node.name} {name}{which}"
    return None


def _which(model: Model, node: Model) -> str:
    namesakes = [other.id for other in model.walk() if other.name == node.name]
    if len(namesakes) == 1:
        return ""
    return f" (number {namesakes.index(node.id) + 1} of {len(namesakes)} layers of that name)"


def _gradients(model: Model) -> Iterator[tuple[Model, str, Any]]:
    yield from _dense(model)
    for table, rows in row_gradients(model):
        yield table, "E", rows.collect(table.ops)[1]


def _dense(model: Model) -> Iterator[tuple[Model, str, Any]]:
    for node in model.walk():
        for name in node.param_names:
            if node.has_grad(name):
                yield node, name, node.get_grad(name)
