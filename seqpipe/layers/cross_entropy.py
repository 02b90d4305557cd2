"""Cross-entropy over a softmax, for outputs as large as a vocabulary: the gradient takes the place
of the logits, row by row.

    loss = Σ_n log Σ_v exp(z_nv) - z_n,y(n)        ∂loss/∂z_nv = softmax(z_n)_v - [v = y(n)]

(Goodfellow et al. 2016, section 6.2.2.3.) Memory limits the compiled loops: a second thread gains
next to nothing.
"""

from __future__ import annotations

from typing import Any

import numpy
from thinc.api import Ops

from .compiled import can_compile, plain

MISSING = -1  # the target of a row that has none


def cross_entropy(ops: Ops, logits: Any, targets: Any) -> tuple[float, Any]:
    """The loss of the rows whose target is known and its gradient; it overwrites the logits.

    ops (Ops): Where the logits are.
    logits (ndarray): `(N, V)`, floats.
    targets (ndarray): The right id of each row, `(N,)`, or MISSING, which has no loss and the
        gradient 0.
    RETURNS: The loss, summed over rows, in nats, and its gradient, `(N, V)`: the array of the
        logits itself wherever it is in C order.
    RAISES (ValueError): If the targets are not one for each row, below V.
    """
    log_probs, gradient = cross_entropy_rows(ops, logits, targets)
    return -float(log_probs.sum()), gradient


def cross_entropy_rows(ops: Ops, logits: Any, targets: Any) -> tuple[Any, Any]:
    """What `target_log_probs` gives and the gradient that `cross_entropy` gives, in one pass; it
    overwrites the logits. For the arguments and errors see there.

    RETURNS (Tuple[ndarray, ndarray]): Nats, float64 `(N,)`; the gradient, `(N, V)`.
    """
    check_targets(targets, *logits.shape)
    if not can_compile(ops, logits):
        return _cross_entropy_rows(ops.xp, logits, targets)
    from seqpipe.kernels.softmax import softmax_gradient

    logits, targets = plain(logits), plain(targets, numpy.int64)
    log_probs = numpy.empty(len(targets))
    softmax_gradient(logits, targets, log_probs)
    return log_probs, logits


def target_log_probs(ops: Ops, logits: Any, targets: Any) -> Any:
    """log softmax(logits)[target] of each row in float64, `(N,)`; 0 where the target is MISSING.

    For the arguments and errors see `cross_entropy`; the logits stay as they are.

    RETURNS (ndarray): Nats, float64 `(N,)`.
    """
    check_targets(targets, *logits.shape)
    if not can_compile(ops, logits):
        return _target_log_probs(ops.xp, logits, targets)
    from seqpipe.kernels.softmax import target_log_probs as compiled

    logits, targets = plain(logits), plain(targets, numpy.int64)
    log_probs = numpy.empty(len(targets))
    compiled(logits, targets, log_probs)
    return log_probs


def log_softmax(ops: Ops, logits: Any) -> Any:
    """log softmax(logits), `(N, V)`, in nats; it overwrites the logits.

    ops (Ops): Array backend.
    logits (ndarray): Floats, `(N, V)`.
    RETURNS (ndarray): The same array, or a copy if it was not laid out as kernels want it.
    """
    if can_compile(ops, logits):
        from seqpipe.kernels.softmax import log_softmax as compiled

        logits = plain(logits)
        compiled(logits)
    elif logits.size:
        logits -= logits.max(axis=1, keepdims=True)
        logits -= ops.xp.log(ops.xp.exp(logits).sum(axis=1, keepdims=True))
    return logits


def check_targets(targets: Any, N: int, V: int) -> None:
    """Refuse targets that are not N ids below V, or MISSING.

    targets (ndarray): Integers, `(N,)`.
    N (int): Rows.
    V (int): Outputs.
    RAISES (ValueError): If they are none; it names what was found.
    """
    if targets.shape != (N,):
        raise ValueError(f"targets of shape {targets.shape}: expected ({N},), one for each row")
    if N and not MISSING <= int(targets.min()) <= int(targets.max()) < V:
        found = [int(targets.min()), int(targets.max())]
        raise ValueError(
            f"targets from {found[0]} to {found[1]}: expected ids from 0 to {V - 1}, "
            f"or {MISSING} where there is none"
        )


def _cross_entropy_rows(xp: Any, logits: Any, targets: Any) -> tuple[Any, Any]:
    """The array code, which is the specification."""
    known = xp.flatnonzero(targets != MISSING)
    observed = (known, targets[known])
    log_probs = _target_log_probs(xp, logits, targets)
    if logits.size:
        logits -= logits.max(axis=1, keepdims=True)
        xp.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
    logits[targets == MISSING] = 0.0
    logits[observed] -= 1.0
    return log_probs, logits


def _target_log_probs(xp: Any, logits: Any, targets: Any) -> Any:
    log_probs = xp.zeros(len(targets), dtype="float64")
    known = xp.flatnonzero(targets != MISSING)
    if len(known):
        rows = logits[known]
        rows -= rows.max(axis=1, keepdims=True)
        chosen = rows[xp.arange(len(known)), targets[known]].astype("float64")
        log_probs[known] = chosen - xp.log(xp.exp(rows).sum(axis=1, dtype="float64"))
    return log_probs
