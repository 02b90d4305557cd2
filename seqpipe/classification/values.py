"""The numbers that labels of sentiment stand for: stars are their own, polarities are -1 to 1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from seqpipe.files import InputError

from .gold import EXCLUSIVE

STARS = "stars"
POLARITY = {
    "very negative": -1.0,
    "negative": -1.0,
    "neg": -1.0,
    "neutral": 0.0,
    "neu": 0.0,
    "positive": 1.0,
    "pos": 1.0,
    "very positive": 1.0,
}


def order_of(labels: Iterable[str]) -> str:
    """RETURNS (str): "stars" if all labels are numbers, else "exclusive".

    labels (Iterable[str]): All labels.
    """
    labels = list(labels)
    return STARS if labels and all(_number(label) is not None for label in labels) else EXCLUSIVE


def values_of(name: str, labels: Sequence[str], given: dict[str, float] | None) -> dict[str, float]:
    """The number of each label.

    name (str): The component's, for messages.
    labels (Sequence[str]): The labels.
    given (Optional[Dict[str, float]]): Numbers that the user chose; else numbers stand for
        themselves, and words such as "negative" and "pos" for -1, 0 and 1.
    RETURNS (Dict[str, float]): By label, in the labels' order.
    RAISES (InputError): For a label without a number, and if all are the same.
    """
    if not labels:
        return {}
    if given is not None:
        found: dict[str, float | None] = {label: given.get(label) for label in labels}
    elif order_of(labels) == STARS:
        found = {label: _number(label) for label in labels}
    else:
        found = {label: _polarity(label, labels) for label in labels}
    values = {label: value for label, value in found.items() if value is not None}
    for label in labels:
        if label not in values:
            raise InputError(
                f"{name}: label {label!r} has no number; expected stars such as '1' to '5', "
                f"'negative', 'neutral' and 'positive', or a number for each label in `values`"
            )
    numbers, is_own = list(values.values()), given is None and order_of(labels) == STARS
    if len(set(numbers)) < (len(labels) if is_own else min(2, len(labels))):
        raise InputError(f"{name}: the numbers of labels are {values}: expected such that differ")
    return values


def _polarity(label: str, labels: Sequence[str]) -> float | None:
    value = POLARITY.get(label.lower())
    is_very = label.lower().startswith("very ")
    # Beside "very negative" the plain "negative" is half of it.
    if value is not None and not is_very and any(one.lower().startswith("very ") for one in labels):
        return value / 2
    return value


def _number(label: str) -> float | None:
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
