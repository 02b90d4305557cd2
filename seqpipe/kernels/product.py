"""Matrix products in float32 of what the recurrent layers multiply: many times the same weights.

The right factor is packed once, into panels as wide as a tile, `(K, width)` each, one after the
other (Goto & van de Geijn 2008, section 5); the product then reads memory in order. Arrays are flat
and in C order; a matrix in one is given by the place of its first value and by the steps from row
to row.

    M, N, K         rows and columns of the product, and the inner dimension
    a, b, c, d, i, w, x     places of the first value in A, B, C, D, I, W, X; p in the panels
    A_step, B_step, C_step, D_step, I_step, W_step, X_step      floats from row to row
    source s, target t, count       where floats are read, where they are written, how many
"""

from __future__ import annotations

import numpy as np

from .compile import kernel
from .tile import machine_shape, make_move, make_tile, make_transpose

SHAPE = machine_shape()
LANES, ROWS, VECTORS = SHAPE.lanes, SHAPE.rows, SHAPE.vectors
tile, move, transpose = make_tile(SHAPE), make_move(LANES), make_transpose(LANES)
ZERO = np.float32(0)
PANEL = VECTORS * LANES  # columns

# Rows of the left factor that are multiplied with all panels in turn, and rows of the inner
# dimension: the left block and one panel stay in the second-level cache.
BLOCK_ROWS, BLOCK_INNER = 16 * ROWS, 512
# The same for Dᵀ X, whose left block is copied together from pieces of D's rows: longer ones.
TURNED_ROWS, TURNED_INNER = 32 * ROWS, 384


def panels_size(K: int, N: int) -> int:
    """RETURNS (int): Floats that a right factor `(K, N)` takes when packed."""
    return K * -(-N // LANES) * LANES


@kernel
def copy(source, s, target, t, count):
    """Copy floats that lie side by side. (numba does not know that the arrays are two.)"""
    whole = count - count % LANES
    for i in range(0, whole, LANES):
        move(source, s + i, target, t + i)
    for i in range(whole, count):
        target[t + i] = source[s + i]


@kernel
def pack(B, b, B_step, rows, k, K, N, panels, p):
    """Pack rows k ... k + K - 1 of B, N wide and B_step apart, into panels from place p on.

    rows: which row of B stands at each place; if it is empty, they stand in order.
    """
    whole = N // PANEL
    start = whole * PANEL
    width = (N - start + LANES - 1) // LANES * LANES
    for i in range(K):
        row = rows[k + i] if len(rows) else k + i
        place, target = b + row * B_step, p + i * PANEL
        for _ in range(whole):
            for v in range(0, PANEL, LANES):
                move(B, place + v, panels, target + v)
            place += PANEL
            target += K * PANEL
        target = p + K * start + i * width
        copy(B, place, panels, target, N - start)
        for j in range(N - start, width):
            panels[target + j] = 0


@kernel
def pack_transposed(W, w, W_step, K, N, panels, p):
    """Pack the transpose of W `(N, K)`, rows W_step apart, into panels from place p on."""
    vectors = (N + LANES - 1) // LANES
    squares = K - K % LANES
    for first in range(0, vectors, VECTORS):
        width = min(VECTORS, vectors - first) * LANES
        for lane in range(0, width, LANES):
            n = first * LANES + lane
            filled = max(0, min(LANES, N - n))
            source, target = w + n * W_step, p + lane
            if filled == LANES:
                for k in range(0, squares, LANES):
                    transpose(W, source + k, W_step, panels, target + k * width, width)
            for j in range(LANES):
                for k in range(squares if filled == LANES else 0, K):
                    value = W[source + j * W_step + k] if j < filled else ZERO
                    panels[target + k * width + j] = value
        p += K * width


@kernel
def multiply_block(A, a, row_step, step, panels, p, inner, k, I, i, I_step, C, c, C_step, M, N, K):
    """C = I + A B for rows of A that stay in the cache.

    A `(M, K)`: from place a, rows row_step apart, values step apart. B: rows k ... k + K - 1 of
    what was packed, which has `inner` rows, from place p. I, C `(M, N)`: from places i and c.
    """
    vectors = (N + LANES - 1) // LANES
    blocks = (M + ROWS - 1) // ROWS
    for first in range(0, vectors, VECTORS):
        count = min(VECTORS, vectors - first)
        start = first * LANES
        panel = p + start * inner + k * count * LANES
        last = min(LANES, N - start - (count - 1) * LANES)
        row = 0
        for block in range(blocks):
            rows = (M - row + blocks - block - 1) // (blocks - block)
            tile(
                rows, count, A, a + row * row_step, row_step, step, panels, panel,
                I, i + row * I_step + start, I_step, C, c + row * C_step + start, C_step, K, last,
            )  # fmt: skip
            row += rows


@kernel
def multiply(A, a, A_step, panels, p, I, i, I_step, C, c, C_step, M, N, K):
    """C = I + A B, with K > 0. A `(M, K)`: from place a, rows A_step apart. B `(K, N)`: packed,
    from place p. I, C `(M, N)`: from places i and c; I_step is 0 where I is one row."""
    blocks = max(1, (M + BLOCK_ROWS - 1) // BLOCK_ROWS)
    height = (M + blocks * ROWS - 1) // (blocks * ROWS) * ROWS
    for row in range(0, M, max(1, height)):
        rows, target = min(height, M - row), c + row * C_step
        multiply_block(
            A, a + row * A_step, A_step, 1, panels, p, K, 0,
            I, i + row * I_step, I_step, C, target, C_step, rows, N, min(BLOCK_INNER, K),
        )  # fmt: skip
        for k in range(BLOCK_INNER, K, BLOCK_INNER):
            multiply_block(
                A, a + row * A_step + k, A_step, 1, panels, p, K, k,
                C, target, C_step, C, target, C_step, rows, N, min(BLOCK_INNER, K - k),
            )  # fmt: skip


@kernel
def add_product(A, a, A_step, panels, p, C, c, C_step, M, N, K):
    """C += A B; arguments as for `multiply`."""
    multiply(A, a, A_step, panels, p, C, c, C_step, C, c, C_step, M, N, K)


@kernel
def affine(A, a, A_step, panels, p, I, i, C, c, C_step, M, N, K):
    """C = A B + I, the same row for all; arguments as for `multiply`."""
    multiply(A, a, A_step, panels, p, I, i, 0, C, c, C_step, M, N, K)


@kernel
def transposed_product(D, d, D_step, X, x, X_step, rows, C, c, C_step, M, N, K):
    """C = Dᵀ X: D `(K, M)` from place d, X `(K, N)` from place x, C `(M, N)` from place c.

    rows: which row of X stands at each place, `(K,)`; if it is empty, they stand in order.
    """
    if K == 0:
        for row in range(M):
            C[c + row * C_step : c + row * C_step + N] = 0
    _transposed_product(D, d, D_step, X, x, X_step, rows, C, c, C_step, M, N, K, False)


@kernel
def add_transposed_product(D, d, D_step, X, x, X_step, rows, C, c, C_step, M, N, K):
    """C += Dᵀ X; arguments as for `transposed_product`."""
    _transposed_product(D, d, D_step, X, x, X_step, rows, C, c, C_step, M, N, K, True)


@kernel
def _transposed_product(D, d, D_step, X, x, X_step, rows, C, c, C_step, M, N, K, adds):
    pieces = max(1, (K + TURNED_INNER - 1) // TURNED_INNER)
    inner = max(1, (K + pieces - 1) // pieces)
    panels = np.empty(inner * ((N + LANES - 1) // LANES) * LANES, np.float32)
    block = np.empty(inner * TURNED_ROWS, np.float32)
    nothing = np.zeros(N, np.float32)
    for k in range(0, K, inner):
        some = min(inner, K - k)
        pack(X, x, X_step, rows, k, some, N, panels, 0)
        for row in range(0, M, TURNED_ROWS):
            width, target = min(TURNED_ROWS, M - row), c + row * C_step
            for i in range(some):
                copy(D, d + (k + i) * D_step + row, block, i * width, width)
            if k == 0 and not adds:
                multiply_block(
                    block, 0, 1, width, panels, 0, some, 0,
                    nothing, 0, 0, C, target, C_step, width, N, some,
                )  # fmt: skip
            else:
                multiply_block(
                    block, 0, 1, width, panels, 0, some, 0,
                    C, target, C_step, C, target, C_step, width, N, some,
                )  # fmt: skip
