"""Analogies that the vectors themselves make, she : x = he : y (Bolukbasi et al. 2016, the score
S_(a,b)(x, y) of the section on analogies that exhibit stereotypes): a list to read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from .biased_words import is_plain
from .measure import pair_difference, plain
from .words import WordVectors

# The paper's δ, and how many words are paired with each other.
DELTA, MOST_FREQUENT = 1.0, 20_000
BLOCK = 1024
# Vectors nearer than this are the same but for float32's rounding: their difference is noise.
SAME = 1e-4
# Scores below this, as the authors' program has it, say nothing: after debiasing they are rounding.
LEAST = 0.001


@dataclass(frozen=True)
class Analogy:
    """first : x = second : y.

    x, y (str): Two words.
    score (float): The cosine of the difference of the direction's words with that of x and y.
    definitional (bool): Whether both are definitional, as in she : queen = he : king.
    """

    x: str
    y: str
    score: float
    definitional: bool


@dataclass(frozen=True)
class GeneratedAnalogies:
    """The best analogies that the vectors make.

    pair (Tuple[str, str]): The direction's words, such as she, he.
    analogies (Tuple[Analogy, ...]): The best first.
    words (int): How many words were paired with each other.
    reason (str): Why there is none.
    """

    pair: tuple[str, str]
    analogies: tuple[Analogy, ...]
    words: int
    reason: str | None = None

    def as_dict(self) -> dict[str, object]:
        """RETURNS (Dict[str, Any]): For a metrics file."""
        return plain(self)


def generate_analogies(
    vectors: WordVectors,
    pair: Sequence[str],
    *,
    n: int = 50,
    definitional: Collection[str] = (),
    delta: float = DELTA,
    most_frequent: int = MOST_FREQUENT,
    capitals: bool = False,
) -> GeneratedAnalogies:
    """Find the pairs of near words whose difference is most like that of two given ones.

    S(x, y) = cos(a - b, x - y) if ‖x - y‖ ≤ δ, else 0. No x comes twice, as in the paper: each has
    its best y.

    vectors (WordVectors): The most frequent words first; each has length 1 first.
    pair (Sequence[str]): a and b, such as "she" and "he".
    n (int): How many analogies.
    definitional (Collection[str]): Pairs of such words are marked.
    delta (float): δ, how far two words are apart at most.
    most_frequent (int): Only the first so many words that are letters alone are paired.
    capitals (bool): Whether words with upper-case letters count.
    RETURNS (GeneratedAnalogies): None if a word of the pair has no vector.
    """
    a, b = pair
    direction, reason = pair_difference(vectors, (a, b))
    empty = set(vectors.empty)
    words = list(
        islice(
            (w for w in vectors.words if w not in empty and is_plain(w, capitals=capitals)),
            most_frequent,
        )
    )
    if direction is None or len(words) < 2:
        reason = reason or "fewer than two words of letters alone"
        return GeneratedAnalogies((a, b), (), len(words), reason)
    X = vectors.unit[[vectors.index[word] for word in words]].astype(np.float32, copy=False)
    scores, partners = _best_partners(X, direction, delta)
    given = set(definitional)
    best = np.argsort(-scores, kind="stable")[:n]
    analogies = tuple(
        Analogy(
            words[i],
            words[partners[i]],
            float(scores[i]),
            words[i] in given and words[partners[i]] in given,
        )
        for i in best
        if scores[i] >= LEAST
    )
    reason = None if analogies else f"no two words within {delta} of each other differ that way"
    return GeneratedAnalogies((a, b), analogies, len(words), reason)


def _best_partners(
    X: np.ndarray, direction: np.ndarray, delta: float
) -> tuple[np.ndarray, np.ndarray]:
    """Find for each x the y with the highest S(x, y).

    ‖x - y‖² = 2 - 2 x·y, and S(x, y) = -S(y, x): one half of all products is enough.

    X (np.ndarray): float32 (words, width), of length 1.
    direction (np.ndarray): (width,), of length 1.
    RETURNS (Tuple[np.ndarray, np.ndarray]): The highest score, float32 (words,), 0 where nothing
        is near, and the place of its y.
    """
    along = X @ direction.astype(np.float32)  # (words,)
    best = np.zeros(len(X), dtype=np.float32)
    partners = np.zeros(len(X), dtype=np.intp)
    for i in range(0, len(X), BLOCK):
        for j in range(i, len(X), BLOCK):
            squares = X[i : i + BLOCK] @ X[j : j + BLOCK].T
            squares *= -2
            squares += 2
            is_far = (squares > delta * delta) | (squares < SAME)
            scores = along[i : i + BLOCK, None] - along[None, j : j + BLOCK]
            np.sqrt(np.maximum(squares, SAME, out=squares), out=squares)
            scores /= squares
            scores[is_far] = 0
            rows = np.arange(len(scores))
            top = scores.argmax(axis=1)
            _keep(best, partners, i, scores[rows, top], top + j)
            if j > i:
                columns = np.arange(scores.shape[1])
                top = scores.argmin(axis=0)
                _keep(best, partners, j, -scores[top, columns], top + i)
    return best, partners


def _keep(
    best: np.ndarray, partners: np.ndarray, first: int, scores: np.ndarray, places: np.ndarray
) -> None:
    """Keep what is higher than the best so far, in place, from the first word of a block on."""
    part = slice(first, first + len(scores))
    is_higher = scores > best[part]
    best[part] = np.where(is_higher, scores, best[part])
    partners[part] = np.where(is_higher, places, partners[part])
