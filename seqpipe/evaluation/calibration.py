"""Whether confidences are right as often as they say (Guo et al. 2017, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class ReliabilityBin:
    """One row of a reliability table, for confidences in (low, high]; the first bin holds 0 too.

    low (float): The bin's lower edge.
    high (float): The bin's upper edge.
    count (int): How many predictions fall into it.
    confidence (float): Their mean confidence, None where there are none.
    accuracy (float): The share of them that is correct, None where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


def reliability(
    confidences: ArrayLike, correct: ArrayLike, *, bins: int = 10
) -> list[ReliabilityBin]:
    """Sort predictions into bins of equal width and compare confidence with accuracy in each.

    confidences (ArrayLike): The probability given to each of n predictions, in [0, 1], (n,).
    correct (ArrayLike): Whether each was right, bool, (n,).
    bins (int): The number of bins.
    RETURNS (list): One row a bin, from low to high, empty bins included.
    RAISES (ValueError): If a confidence is not in [0, 1], the lengths differ or bins is below 1.
    """
    conf, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    if bins < 1:
        raise ValueError(f"{bins} bins, expected at least 1")
    if conf.ndim != 1 or conf.shape != right.shape:
        raise ValueError(
            f"confidences {conf.shape} and correct {right.shape}, expected sequences of one length"
        )
    outside = ~((conf >= 0) & (conf <= 1))  # true for NaN
    if outside.any():
        raise ValueError(f"confidence {conf[outside][0]}, expected a number from 0 to 1")
    edges = np.arange(bins + 1) / bins
    index = np.searchsorted(edges[1:-1], conf, side="left")
    rows = []
    for b in range(bins):
        inside = index == b
        count = int(inside.sum())
        rows.append(
            ReliabilityBin(
                low=float(edges[b]),
                high=float(edges[b + 1]),
                count=count,
                confidence=float(conf[inside].mean()) if count else None,
                accuracy=float(right[inside].mean()) if count else None,
            )
        )
    return rows


def expected_calibration_error(
    confidences: ArrayLike, correct: ArrayLike, *, bins: int = 10
) -> float | None:
    """Mean distance between confidence and accuracy over bins, weighted by the bins' counts.

    confidences (ArrayLike): The probability given to each of n predictions, in [0, 1], (n,).
    correct (ArrayLike): Whether each was right, bool, (n,).
    bins (int): The number of bins of equal width.
    RETURNS (float): The error, from 0 to 1, or None where there is no prediction.
    RAISES (ValueError): As for reliability.
    """
    rows = reliability(confidences, correct, bins=bins)
    total = sum(row.count for row in rows)
    if not total:
        return None
    distances = (
        row.count * abs(row.accuracy - row.confidence)
        for row in rows
        if row.accuracy is not None and row.confidence is not None
    )
    return sum(distances) / total
