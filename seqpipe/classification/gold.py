"""What reference docs say of their classes, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from spacy.training import Example

from seqpipe.files import InputError

EXCLUSIVE, MULTILABEL = "exclusive", "multilabel"
ROUNDING = 1e-3  # by which probabilities of classes that exclude each other may miss 1


def gold_table(
    examples: Sequence[Example], labels: Sequence[str], kind: str, name: str, advice: str
) -> np.ndarray:
    """The gold probability of each class.

    examples (Sequence[Example]): The examples.
    labels (Sequence[str]): The labels, in order of their ids.
    kind (str): "multilabel", or anything else for classes that exclude each other.
    name, advice (str): For messages: of the component, and on labels that come late.
    RETURNS (np.ndarray): float64 (examples, labels); NaN where nothing is said.
    RAISES (InputError): For an unknown label, or not just one class where they exclude each other.
    """
    places = {label: i for i, label in enumerate(labels)}
    table = np.full((len(examples), len(labels)), np.nan)
    for row, eg in zip(table, examples, strict=True):
        cats = eg.reference.cats
        for label, given in cats.items():
            if label not in places:
                raise InputError(
                    f"{name}: unknown label {label!r}, expected one of {', '.join(labels)}; "
                    f"found in {_shown(eg)}. {advice}"
                )
            row[places[label]] = given
        if kind != MULTILABEL and cats:
            _fill_exclusive(row, eg, name)
    return table


def _fill_exclusive(row: np.ndarray, eg: Example, name: str) -> None:
    row[np.isnan(row)] = 0.0
    if abs(row.sum() - 1.0) > ROUNDING or row.min() < 0.0:
        raise InputError(
            f"{name}: cats {dict(eg.reference.cats)} of {_shown(eg)}: expected one label with 1.0, "
            'or probabilities that sum to 1; for several labels a text kind = "multilabel"'
        )


def _shown(eg: Example) -> str:
    line = " ".join(eg.reference.text.split())
    return f'"{line}"' if len(line) <= 60 else f'"{line[:57]}..."'
