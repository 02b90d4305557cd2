"""Bias by neighbours: the share of a word's neighbours that lay on one side before, and how it
correlates with the word's own bias before (Gonen & Goldberg 2019, section 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from .biased_words import NeutralVocabulary
from .direct_bias import project
from .intervals import fisher, pearson
from .measure import Measure, look_up
from .words import WordVectors

NEIGHBOURS = 100
SCORES = 1 << 22  # cosines made at a time: 16 MB


@dataclass(frozen=True, kw_only=True)
class NeighbourBias(Measure):
    """How the bias that a word had shows in who its neighbours are.

    value (float): Pearson's correlation, over words, of the share of neighbours on the first side
        with the cosine of the word with the direction, both sides and cosines as they were before.
    side (str): The group whose share it is.
    neighbours (int): How many there are of each word.
    shares (Dict[str, float]): The share of each word.
    projections (Dict[str, float]): The cosine of each word with the direction, before.
    """

    side: str
    neighbours: int
    shares: dict[str, float]
    projections: dict[str, float]


def neighbour_bias(
    vectors: WordVectors,
    words: Iterable[str],
    before: WordVectors,
    direction: np.ndarray,
    vocabulary: NeutralVocabulary,
    *,
    name: str = "words",
    definitional: Collection[str] = (),
    n: int = NEIGHBOURS,
) -> NeighbourBias:
    """Look at the neighbours of words.

    vectors (WordVectors): Where neighbours are looked for.
    words (Iterable[str]): Whose neighbours.
    before (WordVectors): The vectors before debiasing.
    direction (np.ndarray): (width,), found in them.
    vocabulary (NeutralVocabulary): The words that can be neighbours, with their bias before.
    name (str): What the set is called.
    definitional (Collection[str]): Words that are left out.
    n (int): How many neighbours; the word itself is none. Fewer if there are not so many words.
    RETURNS (NeighbourBias): Without value if there are fewer than two words, or no neighbours, or
        all have the same share. The interval is Fisher's.
    """
    found, coverage = look_up(before, words, leave_out=definitional)
    n = min(n, len(vocabulary.words) - 1)
    side = vocabulary.sides[0]
    if len(found) < 2 or n < 1:
        reason = f"{len(found)} words and {max(n, 0)} neighbours, expected at least 2 and 1"
        return NeighbourBias(
            name=name,
            value=None,
            coverage=coverage,
            reason=reason,
            side=side,
            neighbours=max(n, 0),
            shares={},
            projections={},
        )
    own = project(before, found, direction)
    shares = np.empty(len(found))
    for start, rows in nearest(vectors, found, vocabulary.words, n):
        shares[start : start + len(rows)] = (vocabulary.bias[rows] > 0).mean(axis=1)
    value = pearson(own, shares)
    return NeighbourBias(
        name=name,
        value=value,
        interval=fisher(value, len(found)),
        coverage=coverage,
        reason="all words have the same bias, or the same share" if value is None else None,
        side=side,
        neighbours=n,
        shares=dict(zip(found, shares.tolist(), strict=True)),
        projections=dict(zip(found, own.tolist(), strict=True)),
    )


def nearest(
    vectors: WordVectors, words: list[str], candidates: tuple[str, ...], n: int
) -> Iterable[tuple[int, np.ndarray]]:
    """Find the nearest neighbours of words, some words at a time.

    vectors (WordVectors): They have all words.
    words (List[str]): Whose neighbours.
    candidates (Tuple[str, ...]): Which words can be neighbours, more than n.
    n (int): How many; no word is its own neighbour.
    YIELDS (Tuple[int, np.ndarray]): The place of the first word, and intp (some words, n), the
        places of the neighbours among the candidates, in no order.
    """
    index = vectors.index
    C = vectors.unit[[index[word] for word in candidates]].astype(np.float32, copy=False)
    Q = vectors.unit[[index[word] for word in words]].astype(np.float32, copy=False)
    place = {word: i for i, word in enumerate(candidates)}
    at_once = max(1, SCORES // len(candidates))
    for start in range(0, len(words), at_once):
        cosines = Q[start : start + at_once] @ C.T  # (some words, candidates)
        for i, word in enumerate(words[start : start + at_once]):
            if word in place:
                cosines[i, place[word]] = -np.inf
        yield start, np.argpartition(cosines, -n, axis=1)[:, -n:]
