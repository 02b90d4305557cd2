"""How sure a BLEU is: the jackknife over blocks of sentences (Künsch 1989)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Interval = tuple[float, float]

BLOCKS = 10
STUDENT = 2.262157  # 97.5 % of Student's t with BLOCKS - 1 degrees of freedom lie below
SOME = 2 * BLOCKS  # sentences that make an interval worth its ink


def leave_out(score: Callable[[Sequence[int]], float], items: int) -> np.ndarray | None:
    """Score a corpus without each of its blocks of neighbours, which may be of one document.

    score (Callable): Scores the sentences of these places.
    items (int): How many sentences there are.
    RETURNS (Optional[np.ndarray]): float64 (BLOCKS,); None if there are too few sentences.
    """
    if items < SOME:
        return None
    blocks = np.array_split(np.arange(items), BLOCKS)
    rests = (np.concatenate([*blocks[:i], *blocks[i + 1 :]]).tolist() for i in range(BLOCKS))
    return np.array([score(rest) for rest in rests])


def block_interval(whole: float, without: np.ndarray | None) -> Interval | None:
    """The 95 % interval of a score, or of the difference of two on the same sentences.

    whole (float): Over all sentences.
    without (Optional[np.ndarray]): float64 (BLOCKS,), what `leave_out` returned, or the difference
        of two such arrays.
    RETURNS (Optional[Tuple[float, float]]): None if there are no scores without blocks.
    """
    if without is None:
        return None
    variance = (BLOCKS - 1) / BLOCKS * float(((without - without.mean()) ** 2).sum())
    half = STUDENT * math.sqrt(variance)
    return whole - half, whole + half


def score_interval(score: float, without: np.ndarray | None) -> Interval | None:
    """As block_interval, for a score from 0 to 1: what lies beyond is cut off.

    score (float): Of all sentences.
    without (Optional[np.ndarray]): (blocks,), the score without each block, or None.
    RETURNS (Optional[Tuple[float, float]]): The ends of the interval; None where there is none.
    """
    found = block_interval(score, without)
    return None if found is None else (max(0.0, found[0]), min(1.0, found[1]))
