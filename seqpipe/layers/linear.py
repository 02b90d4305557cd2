"""The linear layer, X Wᵀ + b, in both float types: Thinc's own refuses float64 on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import Model

from .arguments import check_widths
from .initial import glorot_uniform


def linear(nO: int | None = None, nI: int | None = None) -> Model[Any, Any]:
    """Y = X Wᵀ + b.

    nO (int): Width of the output.
    nI (int): Width of the input.
    RETURNS (Model): From rows `(rows, nI)` to `(rows, nO)`; no rows at all may have any width.
        W `(nO, nI)` starts Glorot uniform, b `(nO,)` zero. Raises ValueError for integers and for
        another width.
    """
    check_widths(nO=nO, nI=nI)
    return Model(
        "linear",
        _forward,
        init=_init,
        dims={"nO": nO, "nI": nI},
        params=dict.fromkeys(("W", "b")),
    )


def check_rows(X: Any, name: str) -> Any:
    """The array, if it holds floats and is `(rows, width)`, else a ValueError.

    name (str): What the message calls it.
    X (Any): What a layer was given.
    RAISES (ValueError): If it does not.
    """
    if getattr(X, "ndim", None) == 2 and X.dtype.kind == "f":
        return X
    found = f"{X.ndim} dimensions of {X.dtype}" if hasattr(X, "dtype") else type(X).__name__
    raise ValueError(f"{name}: expected an array (rows, width) of floats, found {found}")


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    xp = model.ops.xp
    rows = _rows(model, X, "input", "nI")
    W: Any = model.get_param("W")
    Y = xp.matmul(rows, W.T)
    Y += model.get_param("b")

    def backprop(dY: Any) -> Any:
        d_rows = _rows(model, dY, "gradient", "nO")
        model.inc_grad("W", xp.matmul(d_rows.T, rows))
        model.inc_grad("b", d_rows.sum(axis=0))
        return xp.matmul(d_rows, W)

    return Y, backprop


def _rows(model: Model, X: Any, name: str, dim: str) -> Any:
    width = model.get_dim(dim)
    check_rows(X, name)
    if not len(X):
        return model.ops.xp.zeros((0, width), dtype=X.dtype)
    if X.shape[1] != width:
        raise ValueError(f"{name} of width {X.shape[1]}, expected {dim}={width}")
    return X


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    for dim, rows in (("nI", X), ("nO", Y)):
        if rows is not None and model.has_dim(dim) is None:
            width = check_rows(rows, "sample").shape[1]
            check_widths(**{dim: width})
            model.set_dim(dim, width)
    nO = model.get_dim("nO")
    model.set_param("W", glorot_uniform(model.ops, nO, model.get_dim("nI")))
    model.set_param("b", model.ops.alloc1f(nO))
