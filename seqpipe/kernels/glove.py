"""GloVe's steps (Pennington, Socher & Manning 2014, equation 8), with AdaGrad (Duchi, Hazan &
Singer 2011), over cells of the co-occurrence table one by one.

    rows                    the tables, see `Rows`
    word, other             rows of a cell, in words and contexts
    log_count, weight       log X and f(X), float32
    values, slopes          lanes of a vector, and of the gradient by it
    table, squares, place   the vectors and AdaGrad's sums, flat, and where the lanes stand
    context                 numba's; whoever calls the function leaves it out
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba.extending import intrinsic

from .compile import kernel
from .softmax import exp32
from .tile import llvm_function
from .vector import FLAGS, LANES, VECTOR, lanes, load, prefetch, store, total_of, zeros

CACHE_LINE = 16  # floats
AHEAD = 4  # cells between asking for their rows and needing them
ONE = np.float32(1.0)


class Rows(NamedTuple):
    """What is learned, float32 (words, width) each, the width whole cache lines.

    words, contexts: The vectors, with the bias and a 1 in columns of their own, so that their dot
    product has both biases in it. word_squares, context_squares: AdaGrad's sums of squared slopes;
    so large where the 1 stands that it never moves.
    """

    words: Any
    contexts: Any
    word_squares: Any
    context_squares: Any


@intrinsic
def over_root(context, value, square):
    """value / √square."""

    def generate(context, builder, signature, args):
        value, square = args
        root = llvm_function(builder.module, "sqrt", VECTOR, [VECTOR])
        return builder.fdiv(value, builder.call(root, [square], fastmath=FLAGS), flags=FLAGS)

    return lanes(lanes, lanes), generate


@kernel
def ask_for(rows, word, other):
    """Ask for the rows of a cell, which will be needed some cells later."""
    width = rows.words.shape[1]
    for j in range(0, width, CACHE_LINE):
        prefetch(rows.words, word * width + j)
        prefetch(rows.word_squares, word * width + j)
        prefetch(rows.contexts, other * width + j)
        prefetch(rows.context_squares, other * width + j)


@kernel
def move_against(slopes, values, table, squares, place):
    """AdaGrad's step on the lanes from a place on."""
    square = load(squares, place, LANES)
    store(table, place, LANES, values - over_root(slopes, square))
    store(squares, place, LANES, square + slopes * slopes)


@kernel
def fit_cell(rows, word, other, log_count, weight):
    """A step on ½ f(X) (w·w~ + b + b~ - log X)². RETURNS: That loss, before the step."""
    width = rows.words.shape[1]
    w, c = word * width, other * width
    total = zeros()
    for j in range(0, width, LANES):
        total = total + load(rows.words, w + j, LANES) * load(rows.contexts, c + j, LANES)
    error = total_of(total) - log_count
    slope = weight * error
    for j in range(0, width, LANES):
        here, there = load(rows.words, w + j, LANES), load(rows.contexts, c + j, LANES)
        move_against(there * slope, here, rows.words, rows.word_squares, w + j)
        move_against(here * slope, there, rows.contexts, rows.context_squares, c + j)
    return np.float32(0.5) * slope * error


@kernel
def fit_cells(rows, cells, log_counts, order, log_x_max, alpha, is_symmetric):
    """A step on each cell: slopes are divided by the root of the sum of their squares so far.

    cells (n, 2 or more): Word and context. log_counts (n,): float32, log X. order (n,): In which
        they come. log_x_max, alpha: float32, of f(X) = min(1, (X / x_max)^alpha). is_symmetric:
        Each cell stands for the one across the diagonal, too.
    RETURNS: The sum of the losses, and how many there were.
    """
    loss, count = 0.0, 0
    for n in range(len(order)):
        if n + AHEAD < len(order):
            word, other = cells[order[n + AHEAD], 0], cells[order[n + AHEAD], 1]
            ask_for(rows, word, other)
            if is_symmetric:
                ask_for(rows, other, word)
        cell = order[n]
        word, other, log_count = cells[cell, 0], cells[cell, 1], log_counts[cell]
        weight = exp32(alpha * min(log_count - log_x_max, np.float32(0.0)))
        loss += fit_cell(rows, word, other, log_count, weight)
        count += 1
        if is_symmetric and word != other:
            loss += fit_cell(rows, other, word, log_count, weight)
            count += 1
    return loss, count
