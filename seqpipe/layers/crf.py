"""Linear-chain CRF head and its loss, and the softmax head with the same face.

Both give `Potentials`, so that decoding, marginals and confidence are one code. The CRF (Lafferty
et al. 2001; over a BiLSTM: Huang et al. 2015, Lample et al. 2016) learns its transitions and is
trained on the likelihood of whole sentences; the softmax head is trained token by token, and only
its decoding knows which tags may follow each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from thinc.api import Model, NumpyOps, registry

from .crf_inference import (
    array_forward_backward,
    for_kernels,
    neighbours,
    path_scores,
)
from .cross_entropy import MISSING, cross_entropy
from .packed import Packed
from .potentials import Potentials


@registry.layers("seqpipe.CRF.v1")
def CRF(nO: int | None = None) -> Model[Packed, Potentials]:
    """Learned transitions, start and end scores around the emissions of the layer below.

    nO (int): Number of tags.
    RETURNS (Model): From packed emissions `(tokens, nO)` to Potentials. `constrain` says which
        transitions are legal; the others are impossible in training and decoding alike.
    """
    return Model(
        "crf",
        _forward_crf,
        init=_init_crf,
        dims={"nO": nO},
        params={"start": None, "transitions": None, "end": None},
        attrs={"objective": "sentence", "allowed": None},
    )


@registry.layers("seqpipe.TokenSoftmax.v1")
def TokenSoftmax(nO: int | None = None) -> Model[Packed, Potentials]:
    """No transitions of its own: each token's tag is learned alone, decoding obeys the constraints.

    nO (int): Number of tags.
    RETURNS (Model): From packed emissions `(tokens, nO)` to Potentials.
    """
    return Model(
        "token_softmax",
        _forward_softmax,
        dims={"nO": nO},
        attrs={"objective": "token", "allowed": None},
    )


def constrain(head: Model, start: np.ndarray, transitions: np.ndarray, end: np.ndarray) -> None:
    """Tell a head which tags may come first, follow each other, and come last (boolean arrays).

    head (Model): A CRF or a softmax head over L tags.
    start, end (ndarray): `(L,)`.
    transitions (ndarray): From tag to tag, `(L, L)`.
    """
    head.attrs["allowed"] = [np.asarray(a, dtype=bool) for a in (start, transitions, end)]


def _forward_crf(
    model: Model, X: Packed, is_train: bool
) -> tuple[Potentials, Callable[[Potentials], Packed]]:
    scores = [model.get_param(name) for name in ("start", "transitions", "end")]
    start, transitions, end = _forbid(model, scores)

    def backprop(dY: Potentials) -> Packed:
        for name in ("start", "transitions", "end"):
            model.inc_grad(name, getattr(dY, name))
        return X.with_data(dY.emissions)

    return Potentials(X.data, start, transitions, end, X.packing), backprop


def _forward_softmax(
    model: Model, X: Packed, is_train: bool
) -> tuple[Potentials, Callable[[Potentials], Packed]]:
    xp, L = model.ops.xp, X.data.shape[1]
    zeros = [xp.zeros(shape, dtype=X.data.dtype) for shape in (L, (L, L), L)]
    start, transitions, end = _forbid(model, zeros)

    def backprop(dY: Potentials) -> Packed:
        return X.with_data(dY.emissions)

    return Potentials(X.data, start, transitions, end, X.packing), backprop


def _forbid(model: Model, scores: list[Any]) -> list[Any]:
    if model.attrs["allowed"] is None:
        return scores
    xp = model.ops.xp
    pairs = zip(scores, model.attrs["allowed"], strict=True)
    return [xp.where(xp.asarray(allowed), score, -xp.inf) for score, allowed in pairs]


def _init_crf(model: Model, X: Packed | None = None, Y: Any = None) -> None:
    if X is not None and model.has_dim("nO") is None:
        model.set_dim("nO", X.data.shape[1])
    L = model.get_dim("nO")
    model.set_param("start", model.ops.alloc1f(L))
    model.set_param("transitions", model.ops.alloc2f(L, L))
    model.set_param("end", model.ops.alloc1f(L))


def crf_loss(potentials: Potentials, gold: np.ndarray) -> tuple[float, Potentials]:
    """Negative log-likelihood of the gold tags, summed over sentences, in nats.

    potentials (Potentials): As `to_numpy` gives them.
    gold (ndarray): Tag of each token, `(tokens,)`, packed; MISSING where there is none. A sentence
        with missing tags is scored by the sum over all sequences that agree with what is known
        (Tsuboi et al. 2008); one whose gold no legal sequence agrees with is left out.
    RETURNS: The loss and its gradient with respect to the potentials: expected minus observed
        counts.
    RAISES (ValueError): If the gold is not one tag, or MISSING, for each token.
    """
    _check_gold(potentials, gold)
    found = _compiled_loss(potentials, gold)
    return array_crf_loss(potentials, gold) if found is None else found


def token_loss(potentials: Potentials, gold: np.ndarray) -> tuple[float, Potentials]:
    """Cross-entropy of each token's gold tag, summed over tokens, in nats.

    potentials (Potentials): As `to_numpy` gives them.
    gold (ndarray): Tag of each token, `(tokens,)`, packed; MISSING ones do not count.
    RETURNS: The loss and its gradient with respect to the potentials (zero but for the emissions).
    """
    loss, emissions = cross_entropy(NumpyOps(), potentials.emissions.copy(), gold)
    gradient = Potentials(
        emissions,
        np.zeros_like(potentials.start),
        np.zeros_like(potentials.transitions),
        np.zeros_like(potentials.end),
        potentials.packing,
    )
    return loss, gradient


def _check_gold(P: Potentials, gold: np.ndarray) -> None:
    N, L = P.emissions.shape
    if gold.shape != (N,):
        raise ValueError(f"gold tags of shape {gold.shape}: expected ({N},), one a token")
    if N and not MISSING <= int(gold.min()) <= int(gold.max()) < L:
        raise ValueError(
            f"gold tags from {gold.min()} to {gold.max()}: expected 0 to {L - 1}, "
            f"or {MISSING} where there is none"
        )


def _compiled_loss(P: Potentials, gold: np.ndarray) -> tuple[float, Potentials] | None:
    """The loss and its gradient by the compiled loops; None where the array code must do it."""
    arrays = for_kernels(P)
    if arrays is None:
        return None
    from seqpipe.kernels.crf import loss

    emissions, transitions = np.zeros_like(arrays[0]), np.zeros_like(arrays[2])
    tags = np.ascontiguousarray(gold, dtype=np.int64)
    value, is_lost = loss(*arrays, tags, emissions, transitions)
    return None if is_lost else (value, _gradient(P, emissions, transitions))


def _gradient(P: Potentials, emissions: np.ndarray, transitions: np.ndarray) -> Potentials:
    """The whole gradient from that of emissions and transitions."""
    first = emissions[: len(P.packing.last)].sum(axis=0)
    last = emissions[P.packing.last].sum(axis=0)
    return Potentials(emissions, first, transitions, last, P.packing)


def array_crf_loss(potentials: Potentials, gold: np.ndarray) -> tuple[float, Potentials]:
    """`crf_loss` in array code, which is its specification.

    potentials (Potentials): Of B sentences with N tokens and L tags.
    gold (ndarray): As there, `(N,)`.
    RETURNS (Tuple[float, Potentials]): The loss in nats, summed, and its gradient by the scores.
    """
    P, gold = potentials, _without_illegal(potentials, gold)
    free = array_forward_backward(P)
    log_z, marginals, pairs = _observed(P, gold)
    difference = free.marginals() - marginals
    gradient = _gradient(P, difference, free.expected_transitions() - pairs)
    return float((free.log_z - log_z).sum()), gradient


def _clamped(P: Potentials, gold: np.ndarray) -> Potentials:
    """The potentials with every tag but the known one forbidden at each known token."""
    tags = np.arange(P.emissions.shape[1])
    agrees = (gold[:, None] == tags) | (gold[:, None] == MISSING)
    emissions = np.where(agrees, P.emissions, -np.inf)
    return Potentials(emissions, P.start, P.transitions, P.end, P.packing)


def _without_illegal(P: Potentials, gold: np.ndarray) -> np.ndarray:
    """The gold with the sentences that no legal sequence agrees with set to MISSING."""
    partial = bool((gold == MISSING).any())
    scores = array_forward_backward(_clamped(P, gold)).log_z if partial else path_scores(P, gold)
    illegal = ~np.isfinite(scores)
    return np.where(illegal[P.packing.sequences], MISSING, gold) if illegal.any() else gold


def _observed(P: Potentials, gold: np.ndarray) -> tuple[Any, Any, Any]:
    """log Σ exp s over sequences that agree with the gold, their marginals, their transitions."""
    if (gold == MISSING).any():
        clamped = array_forward_backward(_clamped(P, gold))
        return clamped.log_z, clamped.marginals(), clamped.expected_transitions()
    marginals = np.zeros(P.emissions.shape, dtype=np.float64)
    marginals[np.arange(len(gold)), gold] = 1.0
    before, after = neighbours(P.packing)
    pairs = np.zeros(P.transitions.shape, dtype=np.float64)
    np.add.at(pairs, (gold[before], gold[after]), 1.0)
    return path_scores(P, gold), marginals, pairs
