"""The best tokens of each row, found without sorting all of them."""

from __future__ import annotations

import numpy as np

GROUPS = 32  # tokens of which only the best is looked at first


def top_tokens(log_probs: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best tokens of each row; of equal ones those with lower ids.

    log_probs (np.ndarray): float (n, V).
    k (int): At least 1. Fewer come of a row that has fewer above -inf.
    RETURNS (Tuple[np.ndarray, np.ndarray]): Rows and tokens, int64 (found,), by row and then from
        the best on.
    """
    least = _at_most_the_kth(log_probs, k)
    found = (log_probs >= least[:, None]) & (log_probs > -np.inf)
    # np.nonzero() takes thirty times as long with two axes.
    rows, ids = np.divmod(np.flatnonzero(found), log_probs.shape[1])
    order = np.lexsort((ids, -log_probs[rows, ids], rows))
    rows, ids = rows[order], ids[order]
    is_kept = places_in_group(rows) < k
    return rows[is_kept], ids[is_kept]


def _at_most_the_kth(log_probs: np.ndarray, k: int) -> np.ndarray:
    """A number for each row that its k best are not below, and few others are.

    It is the kth of the maxima of groups of tokens: k groups have one that is as good.
    """
    size = log_probs.shape[1]
    groups = size // GROUPS
    if groups < 2 * k:
        maxima = log_probs
    else:
        whole = log_probs[:, : groups * GROUPS].reshape(len(log_probs), GROUPS, groups)
        maxima = np.concatenate([whole.max(axis=1), log_probs[:, groups * GROUPS :]], axis=1)
    if k >= maxima.shape[1]:
        return np.full(len(log_probs), -np.inf)
    place = maxima.shape[1] - k
    return np.partition(maxima, place, axis=1)[:, place]


def places_in_group(groups: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): int64 (n,), how many of the same number stand before each.

    groups (np.ndarray): int (n,), equal numbers next to each other.
    """
    places = np.arange(len(groups))
    is_first = np.ones(len(groups), dtype=bool)
    is_first[1:] = groups[1:] != groups[:-1]
    return places - np.maximum.accumulate(np.where(is_first, places, 0))
