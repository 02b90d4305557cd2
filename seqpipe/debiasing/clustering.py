"""Whether the most biased words of two sides still form two clusters (Gonen & Goldberg 2019,
section 4, "Male- and female-biased words cluster together")."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from .biased_words import NeutralVocabulary
from .intervals import wilson
from .measure import Coverage, Measure, unit_vectors
from .words import WordVectors

PER_SIDE = 500
STARTS = 10  # of k-means; the best is kept


@dataclass(frozen=True, kw_only=True)
class Clustering(Measure):
    """How well two clusters by k-means match the sides that the words were on before.

    value (float): The accuracy, from 0.5 to 1: the share of words whose cluster is that of their
        side, the clusters named so that it is highest.
    v_measure (float): Rosenberg & Hirschberg (2007): from 0 to 1.
    per_side (int): Words on each side.
    sides (Dict[str, Tuple[str, ...]]): The words of each side, the most biased first.
    """

    v_measure: float | None = None
    per_side: int = 0
    sides: dict[str, tuple[str, ...]]


def cluster_accuracy(
    vectors: WordVectors,
    vocabulary: NeutralVocabulary,
    *,
    per_side: int = PER_SIDE,
    seed: int = 0,
) -> Clustering:
    """Cluster the most biased words in two.

    vectors (WordVectors): Before or after debiasing; each vector has length 1 first.
    vocabulary (NeutralVocabulary): Of the vectors before debiasing.
    per_side (int): Words on each side, at most.
    seed (int): Of k-means.
    RETURNS (Clustering): The interval is Wilson's. Without value if there are fewer than two words
        on a side.
    """
    given = vocabulary.most_biased(per_side)
    n = len(given[0])
    sides = {name: tuple(words) for name, words in zip(vocabulary.sides, given, strict=True)}
    coverage = Coverage(2 * n, 2 * per_side)
    if n < 2:
        reason = f"{n} words on a side, expected at least 2"
        return Clustering(
            name="most biased words", value=None, coverage=coverage, reason=reason, sides=sides
        )
    X = unit_vectors(vectors, [*given[0], *given[1]])
    truth = np.repeat([0, 1], n)
    labels = two_means(X, seed)
    share = float((labels == truth).mean())
    accuracy = max(share, 1 - share)
    return Clustering(
        name="most biased words",
        value=accuracy,
        interval=wilson(accuracy, 2 * n),
        coverage=coverage,
        v_measure=_v_measure(truth, labels),
        per_side=n,
        sides=sides,
    )


def two_means(X: np.ndarray, seed: int) -> np.ndarray:
    """Cluster vectors in two by k-means.

    X (np.ndarray): (words, width).
    seed (int): Of the starting points.
    RETURNS (np.ndarray): (words,), 0 or 1.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        # Vectors that are all the same make one cluster: an accuracy of one half says so.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_clusters=2, n_init=STARTS, random_state=seed).fit_predict(X)


def _v_measure(truth: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.metrics import v_measure_score

    return float(v_measure_score(truth, labels))
