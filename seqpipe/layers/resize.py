"""Dimensions that change when a model is initialised again, on other labels or other words."""

from __future__ import annotations

from thinc.api import Model


def resize(model: Model, dim: str, value: int) -> None:
    """Set a dimension, whatever it was. Parameters that no longer fit wait for `initialize`.

    model (Model): The layer.
    dim (str): The dimension's name.
    value (int): Its new value.
    """
    if model.has_dim(dim) and model.get_dim(dim) != value:
        for name in model.param_names:
            model.set_param(name, None)
    model.set_dim(dim, value, force=True)
