"""What an error costs, by the label that is right: for data with rare classes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from seqpipe.files import InputError

BALANCED = "balanced"


def check_class_weights(
    name: str, weights: Mapping[str, float] | str | None, *, multilabel: bool
) -> None:
    """Raise InputError for weights that cannot be meant.

    name (str): The component's, for messages.
    weights: "balanced", a number for each label, or None.
    multilabel (bool): Labels do not exclude each other: "balanced" would weigh labels then, not
        what holds against what does not.
    """
    expected = "a number from 0 on for each label, not all 0, or null"
    if not multilabel:
        expected = f"{BALANCED!r}, {expected}"
    if isinstance(weights, str):
        is_sound = weights == BALANCED and not multilabel
    else:
        numbers = list((weights or {"": 1.0}).values())
        is_sound = all(0.0 <= number < math.inf for number in numbers) and any(numbers)
    if not is_sound:
        raise InputError(f"{name}: class_weights = {weights!r}: expected {expected}")


def class_weights_of(
    weights: Mapping[str, float] | str | None, counts: Mapping[str, float]
) -> dict[str, float]:
    """The weight of each label; one that is not there counts 1.

    weights: As in the config. "balanced" is n / (classes * count), so that all classes count the
        same in sum (King & Zeng 2001, section 4).
    counts (Mapping[str, float]): How many texts have each label.
    RETURNS (Dict[str, float]): By label.
    """
    if weights is None:
        return {}
    if not isinstance(weights, str):
        return {label: float(weight) for label, weight in weights.items()}
    held = {label: count for label, count in counts.items() if count > 0}
    return {label: sum(held.values()) / (len(held) * count) for label, count in held.items()}
