"""The output of a language model: a softmax over all ids, with weights of its own or those of the
embeddings (Press & Wolf 2017; Inan et al. 2017)."""

from collections.abc import Callable
from typing import Any

from thinc.api import Model, registry

from .arguments import check_widths, pair_of
from .initial import glorot_uniform, uniform
from .label_smoothing import smooth
from .linear import check_rows
from .softmax_rows import all_log_probs, softmax_loss, softmax_scores

ROWS_AND_TARGETS = "rows and targets"


@registry.layers("seqpipe.FullSoftmax.v1")
def FullSoftmax(
    nO: int | None = None,
    nI: int | None = None,
    *,
    init_range: float | None = None,
    label_smoothing: float = 0.0,
) -> Model[Any, Any]:
    """Log-probabilities log softmax(H Wᵀ + b).

    nO (int): Number of ids.
    nI (int): Width of the hidden rows.
    init_range (float): W `(nO, nI)` starts uniform in ± this; None for Glorot uniform. b `(nO,)`
        starts at zero.
    label_smoothing (float): ε, from 0 to below 1: the gradient is that of the loss with ε of the
        target's weight shared among all ids (Szegedy et al. 2016, section 7). What is given as
        log-probability is not smoothed.
    RETURNS (Model): From a pair (hidden rows `(n, nI)`, targets `(n,)`) to the log-probability of
        each target, float64 `(n,)`, 0 where the target is MISSING; with None for targets, to those
        of all ids, `(n, nO)`, as floats of the rows' type. Its backprop, in training with targets,
        takes the factor of the loss Σ -log p and gives the gradient of the rows. It can be called
        once.
    RAISES (ValueError): If a width, the range or the smoothing is none.
    """
    check_widths(nO=nO, nI=nI)
    check_init_range(init_range)
    if not 0.0 <= label_smoothing < 1.0:
        raise ValueError(f"label_smoothing = {label_smoothing}: expected 0 to below 1")
    return Model(
        "full_softmax",
        _forward,
        init=_init,
        dims={"nO": nO, "nI": nI},
        params=dict.fromkeys(("W", "b")),
        attrs={"init_range": init_range, "label_smoothing": label_smoothing},
    )


def tie(output: Model, table: Model) -> None:
    """Let an output have an embedding table E `(nV, width)` in the place of its W; its nO must be
    the table's nV, and its nI the table's width. The table becomes a layer of the output.

    output (Model): A `seqpipe.FullSoftmax.v1`, which is not tied.
    table (Model): A `seqpipe.layers.embed.embedding`. What it gets as an output is a dense
        gradient: it must not keep its own by rows.
    RAISES (ValueError): If they are not these.
    """
    if output.name != "full_softmax" or output.layers:
        raise ValueError(f"cannot tie {output.name!r}: expected a seqpipe.FullSoftmax.v1, once")
    if "E" not in table.param_names:
        raise ValueError(f"cannot tie to {table.name!r}: expected an embedding, with a table E")
    output.layers.append(table)


def check_init_range(init_range: float | None) -> None:
    """Refuse what is no range; None stands for Glorot's.

    init_range (float): Bound of a uniform start, or None.
    RAISES (ValueError): Unless it is above 0.
    """
    if init_range is not None and not init_range > 0.0:
        raise ValueError(f"init_range = {init_range}: expected more than 0")


def initial_weights(model: Model, nO: int, nI: int) -> Any:
    """Weights `(nO, nI)`, as the layer's `init_range` says.

    model (Model): A softmax layer.
    nO, nI (int): Rows and columns.
    RETURNS (Floats2d): Drawn anew.
    """
    bound = model.attrs["init_range"]
    return glorot_uniform(model.ops, nO, nI) if bound is None else uniform(model.ops, nO, nI, bound)


def rows_and_targets(model: Model, X: Any) -> tuple[Any, Any]:
    """The two parts of the input of such a layer, if they are what it takes.

    model (Model): A softmax layer.
    X (Any): The pair (rows `(n, nI)`, targets `(n,)` or None).
    RAISES (ValueError): If it is no pair, or the rows have another width.
    """
    H, targets = pair_of(X, ROWS_AND_TARGETS)
    if check_rows(H, "rows").shape[1] != model.get_dim("nI"):
        raise ValueError(f"rows of width {H.shape[1]}, expected nI={model.get_dim('nI')}")
    return H, targets


def no_backprop(factor: float) -> Any:
    """Refuse to go back: a pass that is not training, or has no targets, has no loss.

    factor (float): Of the loss.
    RETURNS (ndarray): Never; its type is that of a backprop.
    RAISES (ValueError): Always.
    """
    raise ValueError("there is no loss to go back from, expected training with targets")


def check_sample(model: Model, X: Any) -> None:
    """Take nI from a sample of the input, if it is not known.

    model (Model): A softmax layer; its nI may be set.
    X (Any): The pair (rows `(n, nI)`, targets), or None for no sample.
    """
    if X is not None and model.has_dim("nI") is None:
        H, _ = pair_of(X, ROWS_AND_TARGETS)
        model.set_dim("nI", check_rows(H, "sample").shape[1])


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[[float], Any]]:
    H, targets = rows_and_targets(model, X)
    owner, name = _weights(model)
    W, b = owner.get_param(name), model.get_param("b")
    if targets is None:
        return all_log_probs(model.ops, H, W, b), no_backprop
    if not is_train:
        return softmax_scores(model.ops, H, W, b, targets), no_backprop
    loss = softmax_loss(model.ops, H, W, b, targets)
    if model.attrs["label_smoothing"]:
        smooth(model.ops, loss, H, W, targets, model.attrs["label_smoothing"])

    def backprop(factor: float) -> Any:
        loss.give((owner, name), (model, "b"), factor)
        return loss.d_rows * loss.d_rows.dtype.type(factor)

    return loss.log_probs, backprop


def _weights(model: Model) -> tuple[Model, str]:
    """The layer that holds the weights, and their name. (A reference to the table would not outlive
    a copy of the model.)"""
    return (model.layers[0], "E") if model.layers else (model, "W")


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    check_sample(model, X)
    nO, nI = model.get_dim("nO"), model.get_dim("nI")
    owner, name = _weights(model)
    if owner is model:
        model.set_param(name, initial_weights(model, nO, nI))
    else:
        _check_table(owner, nO, nI)
    model.set_param("b", model.ops.alloc1f(nO))


def _check_table(table: Model, nO: int, nI: int) -> None:
    found = table.get_dim("nV"), table.get_dim("nO")
    if found != (nO, nI):
        raise ValueError(
            f"an output of {nO} ids from rows of width {nI}, tied to a table of {found[0]} rows of "
            f"width {found[1]}: expected the same"
        )
