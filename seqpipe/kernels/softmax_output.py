"""A softmax over a linear layer, Z = H Wᵀ + b, for outputs as large as a vocabulary: strip by strip
of the rows, so that what one loop leaves in the cache the next one finds there.

    nI, panels      width of H, and Wᵀ (nI, V), packed
    b (V,), targets (N,), log_probs (N,)    bias; ids; float64, in nats
"""

from __future__ import annotations

from .compile import kernel
from .product import BLOCK_ROWS, ROWS, affine
from .softmax import softmax_gradient, target_log_probs


@kernel
def strip_height(N):
    """Rows of a strip: N rows in strips of about the same height, in whole tiles."""
    strips = max(1, (N + BLOCK_ROWS - 1) // BLOCK_ROWS)
    return max(1, (N + strips * ROWS - 1) // (strips * ROWS)) * ROWS


@kernel
def score_rows(H, nI, panels, b, targets, Z, log_probs):
    """log softmax(Z)[target] of each row of H `(N, nI)`, in nats, into `log_probs (N,)`.

    panels: Wᵀ `(nI, V)`, packed. targets: as in `softmax_gradient`. Z: room for BLOCK_ROWS rows.
    """
    N, V = len(targets), len(b)
    height = strip_height(N)
    for row in range(0, N, height):
        rows = min(height, N - row)
        affine(H, row * nI, nI, panels, 0, b, 0, Z, 0, V, rows, V, nI)
        strip = Z[: rows * V].reshape(rows, V)
        target_log_probs(strip, targets[row : row + rows], log_probs[row : row + rows])


@kernel
def gradient_rows(H, nI, panels, back, b, nothing, targets, Z, log_probs, dH):
    """The same, with the gradient of Σ -log softmax(Z)[target]: that of Z `(N, V)` into Z, that of
    H into dH `(N, nI)`.

    back: W `(V, nI)`, packed. nothing: zeros `(nI,)`.
    """
    N, V = len(targets), len(b)
    height = strip_height(N)
    for row in range(0, N, height):
        rows, z = min(height, N - row), row * V
        affine(H, row * nI, nI, panels, 0, b, 0, Z, z, V, rows, V, nI)
        strip = Z[z : z + rows * V].reshape(rows, V)
        softmax_gradient(strip, targets[row : row + rows], log_probs[row : row + rows])
        affine(Z, z, V, back, 0, nothing, 0, dH, row * nI, nI, rows, nI, V)


@kernel
def add_scaled(source, factor, target):
    """target += factor · source."""
    for i in range(len(source)):
        target[i] += factor * source[i]
