"""An entity's confidence: where it is kept, how it is read, the temperature that calibrates it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

_KEY = "entity_confidence"


def set_confidence(doc: Doc, start_char: int, end_char: int, label: str, value: float) -> None:
    """Keep the confidence of an entity with its label and offsets.

    It stands in `doc.user_data` under the kind of key that spaCy gives to span extensions, so that
    it is saved with the doc and moves along in `span.as_doc(copy_user_data=True)`.

    doc (Doc): Where the entity is.
    start_char, end_char (int): Its characters, the end not among them.
    label (str): Its label.
    value (float): Its probability, from 0 to 1.
    """
    doc.user_data[_key(start_char, end_char)] = [label, value]


def get_confidence(span: Span) -> float | None:
    """The confidence of a span, if a model gave one to just these characters with just this label.

    span (Span): Any span.
    RETURNS (float): The probability of the span under the model, or None.
    """
    kept = span.doc.user_data.get(_key(span.start_char, span.end_char))
    return kept[1] if kept is not None and kept[0] == span.label_ else None


def _key(start_char: int, end_char: int) -> Any:
    return ("._.", _KEY, start_char, end_char)


def clear_confidences(doc: Doc, *, keep: Iterable[Span] = ()) -> None:
    """Forget the confidences of a doc.

    keep (Iterable[Span]): Spans of it whose confidence stays.
    doc (Doc): It is changed.
    """
    kept = {_key(s.start_char, s.end_char) for s in keep if get_confidence(s) is not None}
    for key in list(doc.user_data):
        if isinstance(key, tuple) and key[:2] == ("._.", _KEY) and key not in kept:
            del doc.user_data[key]


def fit_temperature(
    confidences: Callable[[float], Sequence[float] | np.ndarray],
    correct: Sequence[bool],
    *,
    low: float = 0.25,
    high: float = 8.0,
) -> float:
    """The temperature under which confidences fit best what was right.

    It is that of least cross-entropy (Guo et al. 2017, section 4.2), found by golden-section search
    over its logarithm.

    confidences (Callable): Gives the confidence of every prediction at a temperature.
    correct (Sequence[bool]): Whether each prediction is right.
    low, high (float): Where to look.
    RETURNS (float): The temperature. 1.0 if there is no prediction.
    """
    if not len(correct):
        return 1.0
    right = np.asarray(correct, dtype=bool)

    def cross_entropy(log_temperature: float) -> float:
        p = np.clip(confidences(math.exp(log_temperature)), 1e-12, 1 - 1e-12)
        return float(-np.log(np.where(right, p, 1 - p)).mean())

    golden = (math.sqrt(5) - 1) / 2
    left, upper = math.log(low), math.log(high)
    while upper - left > 0.01:
        a, b = upper - golden * (upper - left), left + golden * (upper - left)
        if cross_entropy(a) < cross_entropy(b):
            upper = b
        else:
            left = a
    return math.exp((left + upper) / 2)


if not Span.has_extension("confidence"):
    Span.set_extension("confidence", getter=get_confidence)
