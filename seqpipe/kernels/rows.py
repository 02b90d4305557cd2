"""The rows of an embedding table that a batch read: their summed gradient, and the optimizer's step
on them, in place, without a copy of rows or moments.

    mom1, mom2 (nV, nO)     running means of the gradient and of its square
    b1, b2, eps             how slowly they change, and what keeps the quotient finite
    rate, penalty, decay    see `adam_rows`
"""

from __future__ import annotations

import math

import numpy as np

from .compile import kernel


@kernel
def sum_rows(ids, order, gradient, rows, total):
    """Add up the gradients `(n, width)` of equal ids `(n,)`; `order (n,)` is a stable sort of ids.

    rows `(n,)`, total `(n, width)`: Their first places take the ids, ascending and each once, and
        their sums. RETURNS: How many.
    """
    width, count = gradient.shape[1], 0
    for place in range(len(ids)):
        source = order[place]
        if count == 0 or rows[count - 1] != ids[source]:
            rows[count] = ids[source]
            for j in range(width):
                total[count, j] = gradient[source, j]
            count += 1
        else:
            for j in range(width):
                total[count - 1, j] += gradient[source, j]
    return count


@kernel
def adam_rows(E, mom1, mom2, rows, gradient, rate, b1, b2, eps, penalty, decay):
    """Adam's step (Kingma & Ba 2015, algorithm 1) on some rows of E and of its moments `(nV, nO)`.

    rows `(n,)`, each once, with their gradient `(n, nO)`. rate: With the correction of the moments.
    penalty: Times E, added to the gradient. decay: Share of E taken off after the step.
    """
    for place in range(len(rows)):
        row = rows[place]
        for j in range(E.shape[1]):
            slope = gradient[place, j] + penalty * E[row, j]
            mom1[row, j] = b1 * mom1[row, j] + (np.float32(1.0) - b1) * slope
            mom2[row, j] = b2 * mom2[row, j] + (np.float32(1.0) - b2) * slope * slope
            value = E[row, j] - rate * mom1[row, j] / (math.sqrt(mom2[row, j]) + eps)
            E[row, j] = value - decay * value


@kernel
def sgd_rows(E, rows, gradient, rate, penalty, decay):
    """Plain gradient descent on some rows of E `(nV, nO)`; the arguments are those of Adam."""
    for place in range(len(rows)):
        row = rows[place]
        for j in range(E.shape[1]):
            value = E[row, j] - rate * (gradient[place, j] + penalty * E[row, j])
            E[row, j] = value - decay * value
