"""A softmax over a linear layer, Z = H Wᵀ + b, and its loss, for outputs as large as a vocabulary.

    loss = Σ_n -log softmax(z_n)[y(n)]      dZ = softmax(Z) - [v = y(n)]
    dH = dZ W      dW = dZᵀ H      db = Σ_n dz_n

The gradient is taken with the loss, block by block of the rows, so that dZ never stands as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy
from thinc.api import Model, Ops

from .compiled import can_compile, plain
from .cross_entropy import (
    MISSING,
    check_targets,
    cross_entropy_rows,
    log_softmax,
    target_log_probs,
)
from .scratch import Scratch
from .threads import side_by_side, thread_count

BLOCK = 6_000_000  # floats of Z that stand at once, but for vocabularies where that is few rows
LEAST_ROWS = 96
# Fewer products, or floats that are only added, are not worth a thread's start.
THREAD_PRODUCTS, THREAD_SUMS = 1 << 20, 1 << 18


@dataclass
class SoftmaxLoss:
    """Log-probabilities of targets, and the gradient of their negative sum.

    log_probs (ndarray): Float64, `(N,)`, in nats; 0 where the target is MISSING.
    d_rows (ndarray): dH `(N, nI)`.
    d_weights (ndarray): dW `(V, nI)`.
    d_bias (ndarray): db `(V,)`.
    scratch (Scratch): Whose room d_rows and d_weights may stand in.
    """

    log_probs: Any
    d_rows: Any
    d_weights: Any
    d_bias: Any
    scratch: Scratch = field(default_factory=Scratch)

    def give(self, W: tuple[Model, str], b: tuple[Model, str], factor: float) -> None:
        """Add factor times the gradient to that of two parameters. Only once: d_weights is then
        used for something else.

        W, b (Tuple[Model, str]): The layers and the names of their parameters.
        factor (float): Of the loss.
        """
        add_gradient(*W, self.d_weights, factor)
        add_gradient(*b, self.d_bias, factor)
        self.scratch.give_back()


def softmax_loss(ops: Ops, H: Any, W: Any, b: Any, targets: Any) -> SoftmaxLoss:
    """The loss with its gradient.

    ops (Ops): Array backend.
    H (ndarray): `(N, nI)`.
    W (ndarray): `(V, nI)`.
    b (ndarray): `(V,)`.
    targets (ndarray): The right id of each row, `(N,)`, or MISSING, which has no loss.
    RAISES (ValueError): If the targets are not one for each row, below V.
    """
    return _of_known_rows(ops, H, W, targets, partial(_loss, ops, W=W, b=b))


def softmax_scores(ops: Ops, H: Any, W: Any, b: Any, targets: Any) -> Any:
    """The log-probabilities alone, `(N,)`; arguments and errors as for `softmax_loss`."""
    check_targets(targets, len(H), len(W))
    known = ops.xp.flatnonzero(targets != MISSING)
    score = _compiled_scores if can_compile(ops, H, W, b) else partial(_scores, ops)
    log_probs = ops.xp.zeros(len(H), dtype="float64")
    if len(known):
        log_probs[known] = score(H[known], W, b, targets[known])
    return log_probs


def all_log_probs(ops: Ops, H: Any, W: Any, b: Any) -> Any:
    """log softmax(H Wᵀ + b), `(N, V)`, in nats.

    ops (Ops): Array backend.
    H (ndarray): `(N, nI)`.
    W (ndarray): `(V, nI)`.
    b (ndarray): `(V,)`.
    RETURNS (ndarray): Floats of the rows' type.
    """
    logits = ops.xp.matmul(H, W.T)
    logits += b
    return log_softmax(ops, logits)


def add_gradient(model: Model, name: str, gradient: Any, factor: float) -> None:
    """Add factor times an array, which may be overwritten, to the gradient of a parameter.

    model (Model): The layer.
    name (str): Of the parameter.
    gradient (ndarray): Of its shape.
    factor (float): Of the loss.
    """
    total: Any = model.get_grad(name) if model.has_grad(name) else None
    if total is None or not (can_compile(model.ops, total, gradient) and total.flags.carray):
        gradient *= factor
        model.inc_grad(name, gradient)
        return
    from seqpipe.kernels.softmax_output import add_scaled

    source, target = gradient.reshape(-1), total.reshape(-1)
    shares = _shares(len(source), len(source) // THREAD_SUMS)
    scale = numpy.float32(factor)
    _run([partial(add_scaled, source[a:e], scale, target[a:e]) for a, e in shares])


def _of_known_rows(
    ops: Ops, H: Any, W: Any, targets: Any, loss: Callable[..., SoftmaxLoss]
) -> SoftmaxLoss:
    """Rows without a target are left out, then filled in."""
    check_targets(targets, len(H), len(W))
    known = ops.xp.flatnonzero(targets != MISSING)
    if len(known) == len(H):
        return loss(H=H, targets=targets)
    found = loss(H=H[known], targets=targets[known])
    log_probs, dH = ops.xp.zeros(len(H), dtype="float64"), ops.xp.zeros_like(H)
    log_probs[known], dH[known] = found.log_probs, found.d_rows
    return SoftmaxLoss(log_probs, dH, found.d_weights, found.d_bias, found.scratch)


def _blocks(N: int, V: int) -> list[slice]:
    """The rows, in blocks of about the same size, the greatest first."""
    count = max(1, -(-N // max(LEAST_ROWS, BLOCK // V)))
    return [slice(*ends) for ends in pairwise(-(-N * i // count) for i in range(count + 1))]


def _loss(ops: Ops, H: Any, W: Any, b: Any, targets: Any) -> SoftmaxLoss:
    if can_compile(ops, H, W, b):
        return _compiled_loss(plain(H), plain(W), plain(b), plain(targets, numpy.int64))
    xp = ops.xp
    log_probs = xp.zeros(len(H), dtype="float64")
    found = SoftmaxLoss(log_probs, xp.zeros_like(H), xp.zeros_like(W), xp.zeros_like(b))
    for block in _blocks(len(H), len(W)):
        logits = xp.matmul(H[block], W.T)
        logits += b
        log_probs[block], dZ = cross_entropy_rows(ops, logits, targets[block])
        found.d_rows[block] = xp.matmul(dZ, W)
        found.d_weights += xp.matmul(dZ.T, H[block])
        found.d_bias += dZ.sum(axis=0)
    return found


def _scores(ops: Ops, H: Any, W: Any, b: Any, targets: Any) -> Any:
    log_probs = ops.xp.zeros(len(H), dtype="float64")
    for block in _blocks(len(H), len(W)):
        logits = ops.xp.matmul(H[block], W.T)
        logits += b
        log_probs[block] = target_log_probs(ops, logits, targets[block])
    return log_probs


def _compiled_loss(H: Any, W: Any, b: Any, targets: Any) -> SoftmaxLoss:
    from seqpipe.kernels.softmax_output import gradient_rows

    (N, nI), V = H.shape, len(W)
    kept, room = Scratch(), Scratch()
    dW = kept.take(V * nI)
    db = numpy.zeros(V, dtype=numpy.float32)
    found = SoftmaxLoss(numpy.empty(N), numpy.empty_like(H), dW.reshape(V, nI), db, kept)
    threads = N * V * nI // THREAD_PRODUCTS
    panels, back = _packed(room, W, threads, backward=True)
    nothing = numpy.zeros(nI, dtype=numpy.float32)
    blocks = _blocks(N, V)
    Z = room.take(blocks[0].stop * V)
    for block in blocks:
        rows, ids, log_probs, dH = (a[block] for a in (H, targets, found.log_probs, found.d_rows))
        parts = [
            partial(
                gradient_rows, rows[s:e].reshape(-1), nI, panels, back, b, nothing,
                ids[s:e], Z[s * V : e * V], log_probs[s:e], dH[s:e].reshape(-1),
            )
            for s, e in _shares(len(rows), threads)
        ]  # fmt: skip
        _run(parts)
        _add_weight_gradients(Z, rows, dW, db, threads, is_first=block.start == 0)
    room.give_back()
    return found


def _compiled_scores(H: Any, W: Any, b: Any, targets: Any) -> Any:
    from seqpipe.kernels.product import BLOCK_ROWS
    from seqpipe.kernels.softmax_output import score_rows

    H, W, b, targets = plain(H), plain(W), plain(b), plain(targets, numpy.int64)
    (N, nI), V, room = H.shape, len(W), Scratch()
    threads = N * V * nI // THREAD_PRODUCTS
    panels, _ = _packed(room, W, threads, backward=False)
    log_probs = numpy.empty(N)
    parts = []
    for start, end in _shares(N, threads):
        Z = room.take(min(BLOCK_ROWS, end - start) * V)
        rows = H[start:end].reshape(-1)
        parts.append(
            partial(score_rows, rows, nI, panels, b, targets[start:end], Z, log_probs[start:end])
        )
    _run(parts)
    room.give_back()
    return log_probs


def _packed(room: Scratch, W: Any, threads: int, *, backward: bool) -> tuple[Any, Any]:
    """Wᵀ, and W if the way goes back, as the products take them."""
    from seqpipe.kernels.product import pack, pack_transposed, panels_size

    V, nI = W.shape
    flat, in_order = W.reshape(-1), numpy.zeros(0, dtype=numpy.int64)
    panels = room.take(panels_size(nI, V))
    back = room.take(panels_size(V, nI) if backward else 0)
    tasks: list[Callable[[], Any]] = [partial(pack_transposed, flat, 0, nI, nI, V, panels, 0)]
    if backward:
        tasks.append(partial(pack, flat, 0, nI, in_order, 0, V, nI, back, 0))
    _run(tasks, threads)
    return panels, back


def _add_weight_gradients(
    Z: Any, rows: Any, dW: Any, db: Any, threads: int, *, is_first: bool
) -> None:
    """dW and db of a block, of which Z holds the gradient, each thread for some of the ids."""
    from seqpipe.kernels.product import add_transposed_product, transposed_product

    (N, nI), V = rows.shape, len(db)
    product = transposed_product if is_first else add_transposed_product
    flat, in_order = rows.reshape(-1), numpy.zeros(0, dtype=numpy.int64)
    columns = Z[: N * V].reshape(N, V)

    def share(start: int, end: int) -> None:
        db[start:end] += columns[:, start:end].sum(axis=0)
        product(Z, start, V, flat, 0, nI, in_order, dW, start * nI, nI, end - start, nI, N)

    _run([partial(share, *of_ids) for of_ids in _shares(V, threads)])


def _shares(count: int, threads: int) -> list[tuple[int, int]]:
    """From where to where each thread goes, if so many are worth while."""
    threads = max(1, min(thread_count(), threads, count))
    return list(pairwise(count * i // threads for i in range(threads + 1)))


def _run(tasks: Sequence[Callable[[], Any]], threads: int = 2) -> None:
    if len(tasks) > 1 and threads > 1:
        side_by_side(tasks, blas=False)
    else:
        for task in tasks:
            task()
