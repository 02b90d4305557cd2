"""The words that a window is trained against without its having them: their distribution (Mikolov
et al. 2013b, section 2.2), as a table that one is drawn from in constant time (Walker 1977)."""

from __future__ import annotations

import numpy as np


def noise_distribution(counts: np.ndarray, exponent: float) -> np.ndarray:
    """P(w) = count(w)^exponent / Σ count^exponent.

    counts (np.ndarray): (words,).
    exponent (float): 0.75 in the paper.
    RETURNS (np.ndarray): float64 (words,).
    """
    raised = (counts / counts.max()) ** exponent
    return raised / raised.sum()


def alias_table(probabilities: np.ndarray) -> np.ndarray:
    """Walker's alias method, the tables made as by Vose (1991): a column is drawn evenly, and then
    either the column itself, with its threshold as probability, or its alias.

    probabilities (np.ndarray): float64 (words,), whose sum is 1.
    RETURNS (np.ndarray): uint64 (words,): the alias in the upper half, in the lower one the
        threshold in units of 2^-32.
    """
    size = len(probabilities)
    left = (probabilities * size).tolist()
    thresholds, aliases = np.ones(size), np.arange(size, dtype=np.uint64)
    small = [i for i in range(size) if left[i] < 1.0]
    large = [i for i in range(size) if left[i] >= 1.0]
    while small and large:
        i, other = small.pop(), large[-1]
        thresholds[i], aliases[i] = left[i], other
        left[other] -= 1.0 - left[i]
        if left[other] < 1.0:
            small.append(large.pop())
    scaled = np.minimum(np.round(thresholds * 2.0**32), 2.0**32 - 1)
    return (aliases << np.uint64(32)) | scaled.astype(np.uint64)
