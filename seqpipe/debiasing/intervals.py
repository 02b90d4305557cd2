"""95 % intervals: the percentile bootstrap over words (Efron 1979), Wilson's for shares (Wilson
1927), Fisher's z for Pearson's correlation (Fisher 1921), and for Spearman's with the standard
error of Bonett & Wright (2000)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from seqpipe.intervals import NORMAL, wilson_interval

from .measure import Interval

SAMPLES = 1000
DRAWS = 1 << 20  # words drawn at a time, so that memory stays small
OVER_WORDS = "bootstrap over words"


def bootstrap_mean(values: np.ndarray, rng: np.random.Generator) -> Interval | None:
    """The interval of a mean over words.

    values (np.ndarray): (words,), one number for each.
    rng (np.random.Generator): Draws words, with replacement.
    RETURNS (Optional[Interval]): None if there are fewer than two words.
    """
    n = len(values)
    if n < 2:
        return None
    at_once = max(1, DRAWS // n)
    means: list[np.ndarray] = []
    for start in range(0, SAMPLES, at_once):
        drawn = rng.integers(n, size=(min(at_once, SAMPLES - start), n))
        means.append(values[drawn].mean(axis=1))
    return _percentiles(np.concatenate(means), OVER_WORDS)


def bootstrap(draw: Callable[[], float | None]) -> Interval | None:
    """The interval of anything that is computed from a set of words.

    draw (Callable): Gives the number for words drawn with replacement, or None where they do not
        allow it; such samples are left out.
    RETURNS (Optional[Interval]): None if fewer than half of the samples give a number.
    """
    found = (draw() for _ in range(SAMPLES))
    values = np.array([value for value in found if value is not None])
    return _percentiles(values, OVER_WORDS) if 2 * len(values) >= SAMPLES else None


def wilson(share: float, total: int) -> Interval | None:
    """Wilson's interval of a share.

    share (float): From 0 to 1.
    total (int): Of how many.
    RETURNS (Optional[Interval]): None if there are none at all.
    """
    found = wilson_interval(share, total)
    return None if found is None else Interval(*found, "Wilson")


def fisher(correlation: float | None, n: int, *, of_ranks: bool = False) -> Interval | None:
    """The interval of a correlation.

    correlation (Optional[float]): Pearson's or Spearman's.
    n (int): Over so many words or pairs.
    of_ranks (bool): Whether it is Spearman's.
    RETURNS (Optional[Interval]): None if there is no correlation, if it is 1 or -1, or with fewer
        than four words.
    """
    if correlation is None or n < 4 or abs(correlation) > 1 - 1e-12:
        return None
    variance = (1 + correlation**2 / 2 if of_ranks else 1) / (n - 3)
    z, half = math.atanh(correlation), NORMAL * math.sqrt(variance)
    method = "Bonett & Wright" if of_ranks else "Fisher's z"
    return Interval(math.tanh(z - half), math.tanh(z + half), method)


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
    """RETURNS (Optional[float]): Pearson's correlation; None if one side is constant.

    x, y (np.ndarray): (n,).
    """
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    x, y = x - x.mean(), y - y.mean()
    norm = math.sqrt(float(x @ x) * float(y @ y))
    return max(-1.0, min(1.0, float(x @ y) / norm)) if norm else None


def _percentiles(values: np.ndarray, method: str) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(float(low), float(high), method)
