"""Double-hard debiasing: take a direction of word frequency away before the hard one (Wang et al.
2020, section 3, algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .biased_words import neutral_vocabulary
from .clustering import two_means
from .hard import neutralise
from .subspace import Subspace, find_subspace
from .words import ROWS, WordVectors

# Principal components that are tried, and biased words of each side that are clustered.
COMPONENTS, BIASED = 20, 500
# Words of each side without which clusters mean nothing.
FEWEST = 5


@dataclass(frozen=True, eq=False)
class FrequencyDirection:
    """The principal component whose loss leaves the least of the clusters of biased words.

    mean (np.ndarray): float64 (width,), of all vectors; it is taken away too.
    direction (np.ndarray): float64 (width,), of length 1.
    component (int): Which one it is, from 1, the one with the largest variance.
    variance (float): The share of the variance of all vectors that it explains.
    biased (int): How many words of each side were clustered.
    hard_accuracy (float): How well two clusters of them tell the sides after hard debiasing alone;
        0.5 is chance.
    accuracies (Tuple[float, ...]): The same after each component was taken away first.
    """

    mean: np.ndarray
    direction: np.ndarray
    component: int
    variance: float
    biased: int
    hard_accuracy: float
    accuracies: tuple[float, ...]

    def take_from(self, vectors: WordVectors) -> WordVectors:
        """Centre vectors and take the direction away. Those of zeros stay.

        vectors (WordVectors): Not changed.
        RETURNS (WordVectors): The same words.
        """
        matrix = np.zeros_like(vectors.matrix, order="C")
        for start in range(0, len(matrix), ROWS):
            part = slice(start, start + ROWS)
            rows = _without(vectors.matrix[part] - self.mean, self.direction)
            matrix[part] = np.where(vectors.lengths[part, None] > 0, rows, 0)
        return replace(vectors, matrix=matrix)

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON; without mean and direction."""
        names = ("component", "variance", "biased", "hard_accuracy")
        return {
            **{name: getattr(self, name) for name in names},
            "accuracies": list(self.accuracies),
        }


def find_frequency_direction(
    vectors: WordVectors,
    subspace: Subspace,
    neutral: np.ndarray,
    *,
    seed: int = 0,
) -> FrequencyDirection:
    """Try the first principal components of all vectors, and choose.

    The neutral words, of lower-case letters alone, that lie furthest along the direction, to either
    side, are debiased after each component was taken away, and put into two clusters by k-means.
    The component is chosen with which the clusters tell the sides worst. As in the paper, the
    vectors are centred, and are not brought to length 1 before.

    vectors (WordVectors): All words.
    subspace (Subspace): Found in them.
    neutral (np.ndarray): bool (words,), those to choose biased words from.
    seed (int): For k-means.
    RETURNS (FrequencyDirection): The one of the lowest accuracy.
    RAISES (InputError): If there are too few neutral words.
    RAISES (ImportError): If scikit-learn is not installed.
    """
    rows = _biased_rows(vectors, subspace, neutral)
    mean, components, variance = _principal_components(vectors)
    accuracies = []
    for u in components:
        accuracies.append(_accuracy_without(vectors, rows, mean, u, subspace, seed))
    best = int(np.argmin(accuracies))
    hard, _ = neutralise(vectors.unit_rows(rows), subspace)
    return FrequencyDirection(
        mean=mean,
        direction=components[best],
        component=best + 1,
        variance=float(variance[best]),
        biased=len(rows) // 2,
        hard_accuracy=_cluster_accuracy(hard, seed),
        accuracies=tuple(accuracies),
    )


def _biased_rows(vectors: WordVectors, subspace: Subspace, neutral: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): intp (2 n,), the rows of the n words furthest to each side."""
    definitional = {vectors.words[row] for row in np.flatnonzero(~neutral)}
    vocabulary = neutral_vocabulary(vectors, subspace.direction, definitional=definitional)
    n = len(vocabulary.words) // 4
    first, second = vocabulary.most_biased(min(BIASED, n))
    if min(n, len(first)) < FEWEST:
        raise InputError(
            f"method = 'double_hard': {len(vocabulary.words)} neutral words of lower-case letters, "
            f"expected at least {4 * FEWEST} on both sides, to choose biased ones from"
        )
    return vectors.of([*first, *second])[0]


def _cluster_accuracy(rows: np.ndarray, seed: int) -> float:
    """How well two clusters tell the first half of vectors from the second: from 0.5, chance."""
    sides = np.repeat([0, 1], len(rows) // 2)
    share = float((two_means(rows, seed) == sides).mean())
    return max(share, 1 - share)


def _accuracy_without(
    vectors: WordVectors,
    rows: np.ndarray,
    mean: np.ndarray,
    u: np.ndarray,
    subspace: Subspace,
    seed: int,
) -> float:
    """How well clusters tell the sides, when u is taken away and then the direction."""
    words = tuple(dict.fromkeys(word for words in subspace.pairs for word in words))
    places, _ = vectors.of(words)
    definitional = WordVectors(words, _without(vectors.matrix[places] - mean, u))
    again = find_subspace(definitional, subspace.pairs, method=subspace.method, k=subspace.k)
    biased = _without(vectors.matrix[rows] - mean, u)
    lengths = np.linalg.norm(biased, axis=1, keepdims=True)
    left, _ = neutralise(biased / np.where(lengths > 0, lengths, 1), again)
    return _cluster_accuracy(left, seed)


def _without(rows: np.ndarray, u: np.ndarray) -> np.ndarray:
    return rows - np.outer(rows @ u, u)


def _principal_components(vectors: WordVectors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean of all vectors, the first components (n, width), and the variance of each."""
    used = vectors.lengths > 0
    count, total = int(used.sum()), np.zeros(vectors.width)
    for start in range(0, len(used), ROWS):
        total += vectors.matrix[start : start + ROWS].sum(axis=0, dtype=np.float64)
    mean = total / count
    scatter = np.zeros((vectors.width, vectors.width))
    for start in range(0, len(used), ROWS):
        part = slice(start, start + ROWS)
        rows = vectors.matrix[part][used[part]] - mean
        scatter += rows.T @ rows
    values, columns = np.linalg.eigh(scatter)  # ascending
    n = min(COMPONENTS, vectors.width - 1)
    return mean, columns.T[::-1][:n], values[::-1][:n] / values.sum()
