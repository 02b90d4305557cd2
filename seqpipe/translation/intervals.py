"""How sure a share or a BLEU is: Wilson's interval (Wilson 1927) for shares, the jackknife over
blocks of sentences (Künsch 1989) for scores of a corpus."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

Interval = tuple[float, float]

NORMAL = 1.959964  # 97.5 % of a standard normal lie below
BLOCKS = 10
STUDENT = 2.262157  # 97.5 % of Student's t with BLOCKS - 1 degrees of freedom lie below
SOME = 2 * BLOCKS  # sentences that make an interval worth its ink


def share_interval(count: int, total: int) -> Interval | None:
    """Wilson's 95 % interval of a share.

    count (int): How many of them.
    total (int): Of how many.
    RETURNS (Optional[Tuple[float, float]]): From 0 to 1; None if there are none at all.
    """
    if not total:
        return None
    share, z2 = count / total, NORMAL**2
    centre = share + z2 / (2 * total)
    half = NORMAL * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    low, high = ((centre + sign * half) / (1 + z2 / total) for sign in (-1, 1))
    # At the ends only rounding keeps it from the share itself.
    return (0.0 if count == 0 else low, 1.0 if count == total else high)


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
