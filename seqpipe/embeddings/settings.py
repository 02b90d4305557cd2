"""Checks of settings that objectives share: each an InputError that names the setting."""

from __future__ import annotations

import math

from seqpipe.files import InputError


def check_counts(**counts: int) -> None:
    """Refuse what is no whole number from 1 up.

    **counts (int): By the names of the settings.
    RAISES (InputError): Names the setting.
    """
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InputError(f"{name} = {count!r}: expected a whole number, at least 1")


def check_rates(learning_rate: float, min_learning_rate: float) -> None:
    """Refuse rates between which learning cannot fall.

    learning_rate (float): At the beginning.
    min_learning_rate (float): At the end.
    RAISES (InputError): Names the setting.
    """
    if not 0.0 < learning_rate < math.inf:
        raise InputError(f"learning_rate = {learning_rate!r}: expected a number above 0")
    if not 0.0 <= min_learning_rate <= learning_rate:
        raise InputError(
            f"min_learning_rate = {min_learning_rate!r}: expected a number from 0 to "
            f"learning_rate = {learning_rate!r}"
        )


def rate_at(done: float, learning_rate: float, min_learning_rate: float) -> float:
    """RETURNS (float): The rate when this share of all training lies behind: it falls linearly.

    done (float): The share, from 0 to 1.
    learning_rate (float): At the beginning.
    min_learning_rate (float): At the end.
    """
    return learning_rate + (min_learning_rate - learning_rate) * min(1.0, max(0.0, done))
