"""Whether a classifier can still tell on which side words were (Gonen & Goldberg 2019, section 4,
"Classifying previously female- and male-biased words")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .biased_words import NeutralVocabulary
from .intervals import wilson
from .measure import Coverage, Measure, generator, unit_vectors
from .words import WordVectors

# The paper's: 2,500 words on a side, of which 500 are learned from.
PER_SIDE, TRAINING = 2500, 500
SPLITS = 3
FEWEST = 10  # words on a side


@dataclass(frozen=True, kw_only=True)
class Recovery(Measure):
    """How often a classifier names the side that a word was on before.

    value (float): The accuracy on words that it did not learn from, the mean of several random
        splits; one half is chance.
    accuracies (Tuple[float, ...]): Of each split.
    training (int): Words that it learned from, both sides together.
    test (int): Words that it was tested on.
    """

    accuracies: tuple[float, ...] = ()
    training: int = 0
    test: int = 0


def recover_side(
    vectors: WordVectors,
    vocabulary: NeutralVocabulary,
    *,
    per_side: int = PER_SIDE,
    training: int = TRAINING,
    splits: int = SPLITS,
    seed: int = 0,
) -> Recovery:
    """Train a support vector machine with an RBF kernel to tell the sides of the most biased words.

    scikit-learn's defaults: C = 1 and gamma = 1 / (width · variance).

    vectors (WordVectors): Before or after debiasing; each vector has length 1 first.
    vocabulary (NeutralVocabulary): Of the vectors before debiasing.
    per_side (int): Words on each side, at most.
    training (int): Of these it learns from so many, or from a fifth, as in the paper, if there are
        fewer words.
    splits (int): How many random splits.
    seed (int): Of the splits.
    RETURNS (Recovery): The interval is Wilson's for the words of one split. Without value if there
        are fewer than 10 words on a side.
    """
    first, second = vocabulary.most_biased(per_side)
    n = len(first)
    coverage = Coverage(2 * n, 2 * per_side)
    if n < FEWEST:
        reason = f"{n} words on a side, expected at least {FEWEST}"
        return Recovery(name="most biased words", value=None, coverage=coverage, reason=reason)
    train = min(training, n // 5)
    X = unit_vectors(vectors, [*first, *second])
    rng = generator(seed, "recover")
    accuracies = tuple(_split_accuracy(X, n, train, rng) for _ in range(splits))
    value, test = float(np.mean(accuracies)), 2 * (n - train)
    return Recovery(
        name="most biased words",
        value=value,
        interval=wilson(value, test),
        coverage=coverage,
        accuracies=accuracies,
        training=2 * train,
        test=test,
    )


def _split_accuracy(X: np.ndarray, n: int, train: int, rng: np.random.Generator) -> float:
    """RETURNS (float): The accuracy of one split.

    X (np.ndarray): (2 n, width), one side and then the other.
    """
    from sklearn.svm import SVC

    side = np.repeat([0, 1], n)
    orders = [rng.permutation(n), n + rng.permutation(n)]
    learned = np.concatenate([order[:train] for order in orders])
    tested = np.concatenate([order[train:] for order in orders])
    model = SVC(kernel="rbf", gamma="scale").fit(X[learned], side[learned])
    return float((model.predict(X[tested]) == side[tested]).mean())
