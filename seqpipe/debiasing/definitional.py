"""Which words are definitional, learned from a seed list by a linear support vector machine
(Bolukbasi et al. 2016, section 7 and appendix C)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .words import ROWS, WordVectors

# Learned from these, the most frequent words, and the seed; then applied to all.
TRAINING_WORDS = 10_000
FOLDS = 5
# Few words are definitional. With weights that balance the classes, a hundred and more, words such
# as "doctor" and "boss" become definitional too, and would keep their component.
WEIGHTS = (1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Definitional:
    """What the classifier found, and how well it finds seed words that it was not shown.

    words (Tuple[str, ...]): The seed and all words that it takes to be definitional.
    seed (int): Words of the seed that have a vector.
    missing (Tuple[str, ...]): Those that have none.
    weight (float): How much more a seed word counts than another, the one of the best F.
    trained_on (int): Words in all, those of the seed included.
    folds (int): Of the cross-validation, from which the rest comes.
    accuracy, precision, recall, f (float): Of seed words against all others. Others that are
        definitional count as errors, and the weight was chosen on the same folds.
    """

    words: tuple[str, ...]
    seed: int
    missing: tuple[str, ...]
    weight: float
    trained_on: int
    folds: int
    accuracy: float
    precision: float
    recall: float
    f: float

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON; the words as their number."""
        return {**self.__dict__, "words": len(self.words), "missing": list(self.missing)}


def find_definitional(vectors: WordVectors, seed: Iterable[str]) -> Definitional:
    """Learn which words are definitional, from some that are.

    All other words among the most frequent are examples of those that are not.

    vectors (WordVectors): All words, the most frequent first.
    seed (Iterable[str]): Definitional words.
    RETURNS (Definitional): The words found and the cross-validated scores.
    RAISES (InputError): If too few of the seed have a vector.
    RAISES (ImportError): If scikit-learn is not installed.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import LinearSVC

    positive, missing = vectors.of(seed)
    _check_seed(len(positive), len(missing), len(vectors.words))
    rows = np.union1d(np.flatnonzero(vectors.lengths[:TRAINING_WORDS] > 0), positive)
    X, y = vectors.unit_rows(rows), np.isin(rows, positive)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    tried = []
    for weight in WEIGHTS:
        model = LinearSVC(class_weight={True: weight}, random_state=0)
        tried.append((weight, _scores(cross_val_predict(model, X, y, cv=folds), y)))
    weight, scores = max(tried, key=lambda item: item[1]["f"])
    model = LinearSVC(class_weight={True: weight}, random_state=0).fit(X, y)
    is_found = _predict(vectors, model)
    is_found[positive] = True
    return Definitional(
        words=tuple(vectors.words[row] for row in np.flatnonzero(is_found)),
        seed=len(positive),
        missing=missing,
        weight=weight,
        trained_on=len(rows),
        folds=FOLDS,
        **scores,
    )


def _check_seed(found: int, missing: int, words: int) -> None:
    least = 2 * FOLDS
    if found < least or words - found < least:
        raise InputError(
            f"seed: {found} of {found + missing} words have a vector, of {words} words in all; "
            f"expected at least {least}, and as many others, for the classifier to learn from"
        )


def _scores(predicted: np.ndarray, y: np.ndarray) -> dict[str, float]:
    hits = float((predicted & y).sum())
    precision = hits / max(1.0, float(predicted.sum()))
    recall = hits / float(y.sum())
    return {
        "accuracy": float((predicted == y).mean()),
        "precision": precision,
        "recall": recall,
        "f": 2 * precision * recall / (precision + recall) if hits else 0.0,
    }


def _predict(vectors: WordVectors, model: Any) -> np.ndarray:
    """RETURNS (np.ndarray): bool (words,), which are taken to be definitional."""
    is_found = np.zeros(len(vectors.words), dtype=bool)
    for start in range(0, len(is_found), ROWS):
        part = slice(start, start + ROWS)
        is_found[part] = model.predict(vectors.unit_rows(part))
    return is_found & (vectors.lengths > 0)
