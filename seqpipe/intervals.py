"""The 95 % interval of a share (Wilson 1927), for every concept that counts."""

from __future__ import annotations

import math

NORMAL = 1.959964  # 97.5 % of a standard normal lie below


def wilson_interval(share: float, total: int) -> tuple[float, float] | None:
    """Wilson's interval of a share.

    share (float): From 0 to 1.
    total (int): Of how many.
    RETURNS (Optional[Tuple[float, float]]): From 0 to 1; None if there are none at all.
    """
    if not total:
        return None
    z2 = NORMAL**2
    centre = share + z2 / (2 * total)
    half = NORMAL * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    low, high = ((centre + sign * half) / (1 + z2 / total) for sign in (-1, 1))
    # At the ends only rounding keeps it from the share itself.
    return min(low, share), max(high, share)
