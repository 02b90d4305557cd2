"""Whether settings are numbers of the kind that a decoder wants. Configs give any type."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_whole(value: Any, least: int, most: int | None = None) -> bool:
    """RETURNS (bool): Whether a value is a whole number within bounds; True and False are none.

    value (Any): The value.
    least (int): The smallest that is allowed.
    most (Optional[int]): The greatest that is allowed, None for any.
    """
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_integer and least <= value and (most is None or value <= most)


def is_number(value: Any, least: float, most: float) -> bool:
    """RETURNS (bool): Whether a value is a number within bounds; True, False and NaN are none.

    value (Any): The value.
    least, most (float): The smallest and the greatest that are allowed.
    """
    is_real = isinstance(value, int | float | np.integer | np.floating)
    return is_real and not isinstance(value, bool) and bool(least <= value <= most)
