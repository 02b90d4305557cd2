"""Softmax with its cross-entropy over rows of float32, in one pass over each row while it is in
cache: the gradient takes the place of the logits.

    logits (N, V), targets (N,)     float32, and ids below V, or negative where there is none
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .compile import kernel

LOG2_E = np.float32(1.4426950408889634)
LN2_HIGH = np.float32(0.693359375)  # few digits, so that a whole number times it is exact
LN2_LOW = np.float32(-2.12194440e-4)
ROUND = np.float32(12582912.0)  # 1.5 · 2^23: adding it rounds to a whole number, in the last bits
LOWEST = np.float32(-87.0)  # e to it is still a normal number
# Taylor's coefficients, for |x| < ln 2 / 2.
C2, C3, C4, C5, C6 = (np.float32(1.0 / math.factorial(n)) for n in range(2, 7))
BIAS = np.int32(127)


@njit(fastmath={"contract"})  # not the room's flags: what rounds must not be rearranged
def exp32(x):
    """e^x of a float32, within 2 units in the last place; 0 below -87, NaN of NaN.

    Branch free, so that a loop over it is vectorised. No more than 88 may come in.
    """
    clamped = LOWEST if x < LOWEST else x
    shifted = clamped * LOG2_E + ROUND
    whole = shifted - ROUND
    r = (clamped - whole * LN2_HIGH) - whole * LN2_LOW
    series = np.float32(1.0) + r * (
        np.float32(1.0) + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * C6))))
    )
    power = (np.float32(shifted).view(np.int32) + BIAS) << np.int32(23)
    value = series * np.int32(power).view(np.float32)
    return np.float32(0.0) if x < LOWEST else value


@kernel
def row_top(logits, row):
    """The greatest of a row: as whole numbers, whose maximum is vectorised. A NaN counts as beyond
    infinity, or below it if its sign is minus; either way the sum of the row becomes NaN."""
    bits, top = logits.view(np.int32), np.int32(-(2**31))
    for j in range(logits.shape[1]):
        value = bits[row, j]
        key = np.int32(value ^ ((value >> 31) & 0x7FFFFFFF))  # in the order of the floats
        top = max(top, key)
    return np.int32(top ^ ((top >> 31) & 0x7FFFFFFF)).view(np.float32)


@kernel
def softmax_gradient(logits, targets, log_probs):
    """Put the gradient of the loss Σ -log softmax(logits)[target] in the place of the logits
    `(N, V)`, and these log-probabilities into `log_probs (N,)`, in nats.

    targets `(N,)`: Ids below V; a row whose target is negative has no loss and the gradient 0.
    """
    V = logits.shape[1]
    for row in range(len(targets)):
        target = targets[row]
        if target < 0:
            log_probs[row] = 0.0
            for j in range(V):
                logits[row, j] = np.float32(0.0)
            continue
        top, total = row_top(logits, row), np.float32(0.0)
        above = np.float64(logits[row, target]) - np.float64(top)
        for j in range(V):
            value = exp32(logits[row, j] - top)
            logits[row, j] = value
            total += value
        log_probs[row] = above - math.log(np.float64(total))
        scale = np.float32(1.0) / total
        for j in range(V):
            logits[row, j] *= scale
        logits[row, target] -= np.float32(1.0)


@kernel
def target_log_probs(logits, targets, log_probs):
    """log softmax(logits)[target] into `log_probs (N,)`, 0 where the target is negative."""
    for row in range(len(targets)):
        target = targets[row]
        if target < 0:
            log_probs[row] = 0.0
            continue
        top, total = row_top(logits, row), np.float32(0.0)
        for j in range(logits.shape[1]):
            total += exp32(logits[row, j] - top)
        log_probs[row] = np.float64(logits[row, target] - top) - math.log(np.float64(total))


@kernel
def log_softmax(logits):
    """Put the log-probabilities in the place of the logits `(N, V)`."""
    V = logits.shape[1]
    for row in range(len(logits)):
        top, total = row_top(logits, row), np.float32(0.0)
        for j in range(V):
            total += exp32(logits[row, j] - top)
        log_total = np.float64(top) + math.log(np.float64(total))  # in float32 top may swallow it
        for j in range(V):
            logits[row, j] = np.float32(np.float64(logits[row, j]) - log_total)
