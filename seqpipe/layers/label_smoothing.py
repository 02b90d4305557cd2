"""Label smoothing (Szegedy et al. 2016, section 7): ε of the target's weight is shared among all
outputs alike.

    q = (1 - ε) [v = y] + ε / V      loss = -Σ_v q_v log p_v = -log p_y + ε (z_y - mean_v z_v)

So it adds to the gradients of a softmax over Z = H Wᵀ + b what does not depend on p:

    dH += ε (W_y - mean(W))      dW_y += ε h, dW -= ε / V Σ h      db_y += ε, db -= ε N / V
"""

from __future__ import annotations

from typing import Any

from thinc.api import Ops

from .cross_entropy import MISSING
from .softmax_rows import SoftmaxLoss


def smooth(ops: Ops, loss: SoftmaxLoss, H: Any, W: Any, targets: Any, rate: float) -> None:
    """Make gradients of a loss those of the smoothed loss. Its log-probabilities stay.

    ops (Ops): Array backend.
    loss (SoftmaxLoss): Of the rows; its gradients are changed.
    H (ndarray): `(N, nI)`.
    W (ndarray): `(V, nI)`.
    targets (ndarray): The right id of each row, `(N,)`, or MISSING.
    rate (float): ε.
    """
    xp, V = ops.xp, len(W)
    known = xp.flatnonzero(targets != MISSING)
    if not len(known):
        return
    rows, ids = H[known], targets[known].astype("int32")
    loss.d_rows[known] += rate * (W[ids] - W.mean(axis=0))
    counts = xp.bincount(ids, minlength=V).astype(loss.d_bias.dtype)
    loss.d_bias += rate * (counts - len(known) / V)
    loss.d_weights -= (rate / V) * rows.sum(axis=0)
    ops.scatter_add(loss.d_weights, ids, xp.ascontiguousarray(rate * rows))
