"""Sampled softmax, for large vocabularies: in training a target competes with a few ids that are
drawn for the whole batch (Jean et al. 2015, section 3; Bengio & Senécal 2008).

    loss = Σ_n log Σ_{v in {y(n)} + drawn} exp(z_nv - log q_v) - (z_n,y(n) - log q_y(n))

q_v is the probability that v is among the drawn: so corrected, the best scores are those of the
full softmax. Ids are drawn by their rank, P(v) = log((v + 2) / (v + 1)) / log(V + 1), near to what
Zipf's law says of words ordered by frequency.
"""

from collections.abc import Callable
from typing import Any

import numpy
from thinc.api import Model, registry

from .arguments import check_widths
from .cross_entropy import MISSING, check_targets, cross_entropy_rows
from .embed import ROW_GRADIENT
from .softmax_output import (
    check_init_range,
    check_sample,
    initial_weights,
    no_backprop,
    rows_and_targets,
)
from .softmax_rows import all_log_probs, softmax_scores


@registry.layers("seqpipe.SampledSoftmax.v1")
def SampledSoftmax(
    nO: int | None = None,
    nI: int | None = None,
    *,
    samples: int = 4096,
    init_range: float | None = None,
) -> Model[Any, Any]:
    """Log-probabilities log softmax(H Eᵀ + b) of ids that are ordered by frequency: exact, but in
    training, where they are those among the sampled ids.

    nO (int): Number of ids.
    nI (int): Width of the hidden rows.
    samples (int): How often an id is drawn for a batch. Frequent ids come several times and count
        once, so that fewer take part.
    init_range (float): E starts uniform in ± this; None for Glorot uniform. b starts at zero.
    RETURNS (Model): Input, output and backprop are those of `seqpipe.FullSoftmax.v1`. Parameters: E
        `(nO, nI)`, whose gradient may be kept by rows as that of an embedding, and b `(nO,)`.
    """
    check_widths(nO=nO, nI=nI, samples=samples)
    check_init_range(init_range)
    return Model(
        "sampled_softmax",
        _forward,
        init=_init,
        dims={"nO": nO, "nI": nI},
        params=dict.fromkeys(("E", "b")),
        attrs={"samples": samples, "init_range": init_range, ROW_GRADIENT: None},
    )


def draw_by_rank(samples: int, V: int) -> numpy.ndarray:
    """Draw ids below V by their rank.

    samples (int): How many are drawn, one by one.
    V (int): Outputs.
    RETURNS (ndarray): Those that were drawn, each once, ascending, int64 `(at most samples,)`.
    """
    drawn = numpy.expm1(numpy.random.uniform(size=samples) * numpy.log(V + 1.0))
    return numpy.unique(numpy.minimum(drawn.astype("int64"), V - 1))


def log_inclusion(ids: Any, samples: int, V: int) -> Any:
    """The log of the probability that each id is among those drawn.

    ids (ndarray): Integers of any shape.
    samples (int): How many are drawn.
    V (int): Outputs.
    RETURNS (ndarray): Nats, `(n,)` for ids `(n,)`; 0 for an id that is drawn for certain.
    """
    drawn = numpy.log1p(1.0 / (ids + 1.0)) / numpy.log(V + 1.0)
    with numpy.errstate(divide="ignore"):  # a single id is drawn for certain
        return numpy.log(-numpy.expm1(samples * numpy.log1p(-drawn)))


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    check_sample(model, X)
    nO = model.get_dim("nO")
    model.set_param("E", initial_weights(model, nO, model.get_dim("nI")))
    model.set_param("b", model.ops.alloc1f(nO))


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable[[float], Any]]:
    H, targets = rows_and_targets(model, X)
    E, b = model.get_param("E"), model.get_param("b")
    if targets is None:
        return all_log_probs(model.ops, H, E, b), no_backprop
    if not is_train:
        return softmax_scores(model.ops, H, E, b, targets), no_backprop
    check_targets(targets, len(H), len(E))
    return _loss(model, H, targets)


def _loss(model: Model, H: Any, targets: Any) -> tuple[Any, Callable[[float], Any]]:
    xp = model.ops.xp
    known = xp.flatnonzero(targets != MISSING)
    rows, right = H[known], targets[known]
    drawn = xp.asarray(draw_by_rank(model.attrs["samples"], model.get_dim("nO")))
    E: Any = model.get_param("E")
    of_drawn, of_right = E[drawn], E[right]  # (ids, nI), (n, nI)
    logits = _logits(model, rows, right, drawn, of_drawn, of_right)
    last = xp.full(len(known), len(drawn), dtype="int64")
    known_log_probs, dZ = cross_entropy_rows(model.ops, logits, last)
    log_probs = xp.zeros(len(H), dtype="float64")
    log_probs[known] = known_log_probs

    def backprop(factor: float) -> Any:
        nonlocal dZ
        dZ *= factor
        d_drawn, d_right = dZ[:, :-1], dZ[:, -1:]
        dH = xp.zeros_like(H)
        dH[known] = xp.matmul(d_drawn, of_drawn) + d_right * of_right
        ids = xp.concatenate([drawn, right])
        _add_rows(model, ids, xp.concatenate([xp.matmul(d_drawn.T, rows), d_right * rows]))
        db = xp.zeros_like(model.get_param("b"))
        model.ops.scatter_add(db, ids, xp.concatenate([d_drawn.sum(axis=0), d_right[:, 0]]))
        model.inc_grad("b", db)
        return dH

    return log_probs, backprop


def _logits(model: Model, rows: Any, right: Any, drawn: Any, of_drawn: Any, of_right: Any) -> Any:
    """Corrected scores of the drawn ids, with the target itself left out among them, and of the
    target, `(n, ids + 1)`."""
    xp, b = model.ops.xp, model.get_param("b")
    logits = xp.empty((len(rows), len(drawn) + 1), dtype=rows.dtype)
    logits[:, :-1] = xp.matmul(rows, of_drawn.T) + _corrected(model, drawn)
    place = xp.minimum(xp.searchsorted(drawn, right), len(drawn) - 1)
    hit = xp.flatnonzero(drawn[place] == right)
    logits[hit, place[hit]] = -xp.inf
    logits[:, -1] = (rows * of_right).sum(axis=1) + _corrected(model, right)
    return logits.astype(xp.result_type(rows, b), copy=False)


def _corrected(model: Model, ids: Any) -> Any:
    """b - log q of some ids."""
    xp, b = model.ops.xp, model.get_param("b")
    log_q = log_inclusion(model.ops.to_numpy(ids), model.attrs["samples"], len(b))
    return b[ids] - xp.asarray(log_q, dtype=b.dtype)


def _add_rows(model: Model, ids: Any, gradient: Any) -> None:
    kept = model.attrs[ROW_GRADIENT]
    if kept is not None:
        kept.add(ids, gradient)
        return
    dE = model.ops.xp.zeros_like(model.get_param("E"))
    model.ops.scatter_add(dE, ids.astype("int32"), gradient)
    model.inc_grad("E", dE)
