"""Adaptive softmax, for large vocabularies (Grave et al. 2017, section 4): frequent ids and one
entry for each cluster of rarer ids are the head; a cluster's ids are a softmax of their own over a
narrower projection of the hidden row.

    log P(id of the head) = log softmax(W h + b)[id]
    log P(id of cluster i) = log softmax(W h + b)[i-th entry] + log softmax(W_i P_i h + b_i)[id]
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from thinc.api import Model, registry

from .arguments import check_widths
from .cross_entropy import check_targets
from .softmax_output import (
    check_init_range,
    check_sample,
    initial_weights,
    no_backprop,
    rows_and_targets,
)
from .softmax_rows import add_gradient, all_log_probs, softmax_loss, softmax_scores

SPECIALS = 4  # ids that always stand in the head of the cutoffs that are chosen here


@registry.layers("seqpipe.AdaptiveSoftmax.v1")
def AdaptiveSoftmax(
    nO: int | None = None,
    nI: int | None = None,
    *,
    cutoffs: list[int] | None = None,
    factor: int = 4,
    init_range: float | None = None,
) -> Model[Any, Any]:
    """Log-probabilities of ids that are ordered by frequency.

    nO (int): Number of ids.
    nI (int): Width of the hidden rows.
    cutoffs (List[int]): The first id of each cluster, rising, below nO; None for a twentieth and a
        quarter of nO.
    factor (int): The i-th cluster's projection is `nI // factor**i` wide, at least 1.
    init_range (float): Weights start uniform in ± this; None for Glorot uniform. Biases start at
        zero.
    RETURNS (Model): Input, output and backprop are those of `seqpipe.FullSoftmax.v1`. Parameters: W
        `(cutoffs[0] + clusters, nI)` and b of the head; P1 `(width, nI)`, W1 `(ids, width)` and b1
        of the first cluster, and so on.
    RAISES (ValueError): For cutoffs that do not rise, when called or at initialisation.
    """
    check_widths(nO=nO, nI=nI, factor=factor)
    check_init_range(init_range)
    if cutoffs is not None:
        _check_cutoffs(list(cutoffs), nO)
    clusters = range(1, 1 + (2 if cutoffs is None else len(cutoffs)))
    names = ["W", "b", *(f"{name}{i}" for i in clusters for name in "PWb")]
    return Model(
        "adaptive_softmax",
        _forward,
        init=_init,
        dims={"nO": nO, "nI": nI},
        params=dict.fromkeys(names),
        attrs={"cutoffs": cutoffs, "factor": factor, "init_range": init_range},
    )


def _check_cutoffs(cutoffs: list[int], nO: int | None) -> None:
    bounds = [0, *cutoffs, *([] if nO is None else [nO])]
    if any(after <= before for before, after in pairwise(bounds)):
        among = "" if nO is None else f" and below the number of ids, {nO}"
        raise ValueError(
            f"seqpipe.AdaptiveSoftmax.v1: cutoffs = {cutoffs}: expected ids that rise, from 1 on"
            f"{among}"
        )


def _bounds(model: Model) -> list[int]:
    """Where the head ends and each cluster ends."""
    nO, cutoffs = model.get_dim("nO"), model.attrs["cutoffs"]
    if cutoffs is None:
        cutoffs = [id_ for id_ in (nO // 20, nO // 4) if id_ >= SPECIALS]
    return [*cutoffs, nO]


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    check_sample(model, X)
    nI, bounds = model.get_dim("nI"), _bounds(model)
    _check_cutoffs(bounds[:-1], bounds[-1])
    head = bounds[0] + len(bounds) - 1
    model.set_param("W", initial_weights(model, head, nI))
    model.set_param("b", model.ops.alloc1f(head))
    for i in range(1, len(bounds)):
        width = max(1, nI // model.attrs["factor"] ** i)
        ids = bounds[i] - bounds[i - 1]
        model.set_param(f"P{i}", initial_weights(model, width, nI))
        model.set_param(f"W{i}", initial_weights(model, ids, width))
        model.set_param(f"b{i}", model.ops.alloc1f(ids))


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[[float], Any]]:
    H, targets = rows_and_targets(model, X)
    if targets is None:
        return _all(model, H), no_backprop
    check_targets(targets, len(H), model.get_dim("nO"))
    if not is_train:
        return _scores(model, H, targets), no_backprop
    return _loss(model, H, targets)


def _weights(model: Model, i: int | None = None) -> tuple[Any, Any]:
    """W and b of a cluster, or of the head."""
    suffix = "" if i is None else str(i)
    return model.get_param(f"W{suffix}"), model.get_param(f"b{suffix}")


def _all(model: Model, H: Any) -> Any:
    ops, bounds = model.ops, _bounds(model)
    head = all_log_probs(ops, H, *_weights(model))  # (n, ids of the head + clusters)
    log_probs = ops.xp.empty((len(H), bounds[-1]), dtype=head.dtype)
    log_probs[:, : bounds[0]] = head[:, : bounds[0]]
    for i, (start, end) in enumerate(pairwise(bounds), 1):
        projected = ops.xp.matmul(H, model.get_param(f"P{i}").T)
        entry = bounds[0] + i - 1
        of_cluster = all_log_probs(ops, projected, *_weights(model, i))
        log_probs[:, start:end] = of_cluster + head[:, entry : entry + 1]
    return log_probs


def _parted(model: Model, targets: Any) -> tuple[Any, list[tuple[int, Any, Any]]]:
    """The targets in the head, `(n,)`, and for each cluster that has any its number, the rows and
    their targets in it."""
    xp, bounds = model.ops.xp, _bounds(model)
    clusters = xp.searchsorted(xp.asarray(bounds[:-1]), targets, side="right")  # 0 for the head
    in_head = xp.where(clusters > 0, bounds[0] + clusters - 1, targets)
    parts = []
    for i in range(1, len(bounds)):
        rows = xp.flatnonzero(clusters == i)
        if len(rows):
            parts.append((i, rows, targets[rows] - bounds[i - 1]))
    return in_head, parts


def _scores(model: Model, H: Any, targets: Any) -> Any:
    ops = model.ops
    in_head, parts = _parted(model, targets)
    log_probs = softmax_scores(ops, H, *_weights(model), in_head)
    for i, rows, ids in parts:
        projected = ops.xp.matmul(H[rows], model.get_param(f"P{i}").T)
        log_probs[rows] += softmax_scores(ops, projected, *_weights(model, i), ids)
    return log_probs


def _loss(model: Model, H: Any, targets: Any) -> tuple[Any, Callable[[float], Any]]:
    ops, xp = model.ops, model.ops.xp
    in_head, parts = _parted(model, targets)
    head = softmax_loss(ops, H, *_weights(model), in_head)
    found = []
    for i, rows, ids in parts:
        P, some = model.get_param(f"P{i}"), H[rows]
        loss = softmax_loss(ops, xp.matmul(some, P.T), *_weights(model, i), ids)
        head.log_probs[rows] += loss.log_probs
        head.d_rows[rows] += xp.matmul(loss.d_rows, P)
        found.append((i, loss, xp.matmul(loss.d_rows.T, some)))

    def backprop(factor: float) -> Any:
        head.give((model, "W"), (model, "b"), factor)
        for i, loss, dP in found:
            loss.give((model, f"W{i}"), (model, f"b{i}"), factor)
            add_gradient(model, f"P{i}", dP, factor)
        return head.d_rows * head.d_rows.dtype.type(factor)

    return head.log_probs, backprop
