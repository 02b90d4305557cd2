"""Vectors with a group direction that is known, and the lists that go with them."""

from __future__ import annotations

import itertools
import string

import numpy as np

from seqpipe.debiasing.word_lists import WordLists
from seqpipe.debiasing.words import WordVectors

PAIRS = (("she", "he"), ("woman", "man"), ("girl", "boy"), ("mother", "father"))
EQUAL = (("grandmother", "grandfather"), ("queen", "king"))
LISTS = WordLists(
    name="planted",
    pairs=PAIRS,
    equalise=EQUAL,
    definitional=("beard", "pregnant"),
    seed=("she", "he"),
)


def letters(n: int) -> tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): n words that are in no list: "aaaa", "aaab", ..."""
    made = itertools.product(string.ascii_lowercase, repeat=4)
    return tuple("".join(word) for word in itertools.islice(made, n))


def planted(n: int = 60, width: int = 12, *, seed: int = 0, dtype: str = "float32") -> WordVectors:
    """RETURNS (WordVectors): The words of LISTS, whose groups lie apart along the first axis, and n
    neutral ones in all directions, of various lengths."""
    rng = np.random.default_rng(seed)
    rows, words = [], []
    for one, other in (*PAIRS, *EQUAL, ("pregnant", "beard")):
        shared = rng.normal(size=width)
        for word, side in ((one, 2.0), (other, -2.0)):
            words.append(word)
            rows.append(shared + 0.1 * rng.normal(size=width) + side * np.eye(width)[0])
    rows += list(rng.normal(size=(n, width)) * rng.uniform(0.5, 3, size=(n, 1)))
    return WordVectors((*words, *letters(n)), np.array(rows).astype(dtype))


def without(vectors: WordVectors, *words: str) -> WordVectors:
    """RETURNS (WordVectors): The same, but these words have no vector."""
    kept = [row for row, word in enumerate(vectors.words) if word not in words]
    return WordVectors(tuple(vectors.words[row] for row in kept), vectors.matrix[kept])


def changed(vectors: WordVectors, **rows: np.ndarray) -> WordVectors:
    """RETURNS (WordVectors): The same, but these words have other vectors."""
    matrix = vectors.matrix.copy()
    for word, row in rows.items():
        matrix[vectors.index[word]] = row
    return WordVectors(vectors.words, matrix)
