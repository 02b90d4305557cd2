"""Neighbours and analogies by cosine: Mikolov, Yih & Zweig (2013), section 4; Levy & Goldberg
(2014), equations 3 (3CosAdd) and 4 (3CosMul)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqpipe.files import InputError

from .matrix import Embeddings

METHODS = ("3CosAdd", "3CosMul")
# Keeps 3CosMul from dividing by zero. The paper has 0.001; with gensim's value the scores compare.
EPSILON = np.float32(1e-6)
# A product of queries and words makes no more numbers than this at a time: 16 MB.
SCORES = 1 << 22


class Neighbour(NamedTuple):
    """A word and how near it is.

    word (str): The word.
    similarity (float): The cosine, from -1 to 1; of 3CosMul its own score, from 0.
    """

    word: str
    similarity: float


def most_similar(
    embeddings: Embeddings,
    query: str | Sequence[str] | np.ndarray,
    *,
    negative: str | Sequence[str] = (),
    n: int = 10,
) -> list[Neighbour]:
    """Find the words whose vectors have the highest cosine with a query.

    embeddings (Embeddings): The words to look among.
    query: A word; or several, for the mean of their vectors at length 1; or a vector (width,).
    negative: Words whose vectors are taken away from that sum.
    n (int): How many words.
    RETURNS (List[Neighbour]): The nearest first, of equals the more frequent; the words of the
        query are left out.
    RAISES (UnknownWordError): If a word has no vector.
    """
    if isinstance(query, np.ndarray):
        # The mean is over what is given: a vector counts as it is.
        words: list[str] = []
        direction = _check_width(embeddings, query[None])[0]
    else:
        words = [query] if isinstance(query, str) else list(query)
        direction = _unit(embeddings[words]).sum(axis=0) if words else np.zeros(embeddings.width)
    away = [negative] if isinstance(negative, str) else list(negative)
    if not len(words) + len(away) and not isinstance(query, np.ndarray):
        raise InputError("no word to look for")
    if away:
        direction = direction - _unit(embeddings[away]).sum(axis=0)
    rows = _known(embeddings, [*words, *away])
    return _neighbours(embeddings, _cosines(embeddings, direction[None])[0], n, leave_out=rows)


def most_similar_batch(
    embeddings: Embeddings, queries: Sequence[str] | np.ndarray, *, n: int = 10
) -> list[list[Neighbour]]:
    """Find the neighbours of many words or vectors, by matrix products.

    embeddings (Embeddings): The words to look among.
    queries: Words, each a query of its own; or vectors (queries, width).
    n (int): How many words for each.
    RETURNS (List[List[Neighbour]]): As `most_similar` gives them.
    RAISES (UnknownWordError): If a word has no vector.
    """
    left_out: list[list[int]]
    if isinstance(queries, np.ndarray):
        Q, left_out = _check_width(embeddings, queries), [[] for _ in queries]
    else:
        Q, left_out = embeddings[queries], [_known(embeddings, [word]) for word in queries]
    size = max(1, SCORES // max(1, len(embeddings)))
    found = []
    for start in range(0, len(Q), size):
        scores = _cosines(embeddings, Q[start : start + size])  # (queries, words)
        for own, rows in zip(scores, left_out[start : start + size], strict=True):
            found.append(_neighbours(embeddings, own, n, leave_out=rows))
    return found


def analogy(
    embeddings: Embeddings, a: str, b: str, c: str, *, method: str = "3CosAdd", n: int = 10
) -> list[Neighbour]:
    """Find what is to c as b is to a: man is to woman as king is to ... (a, b, c in this order).

    All vectors have length 1 first. "3CosAdd": argmax_w sim(e_w, e_b - e_a + e_c) (Mikolov et al.
    2013; Levy & Goldberg 2014, equations 1 and 3). "3CosMul": argmax_w sim(e_w, e_b) sim(e_w, e_c)
    / (sim(e_w, e_a) + ε) with sim = (cos + 1) / 2 (Levy & Goldberg 2014, equation 4, footnote 7).

    embeddings (Embeddings): The words to look among.
    a (str): As in man : woman = king : queen, "man".
    b (str): "woman".
    c (str): "king".
    method (str): "3CosAdd" or "3CosMul".
    n (int): How many words.
    RETURNS (List[Neighbour]): The best first; a, b and c are left out.
    RAISES (UnknownWordError): If a word has no vector.
    """
    check_method(method)
    if method == "3CosAdd":
        return most_similar(embeddings, [b, c], negative=[a], n=n)
    similar = (_cosines(embeddings, embeddings[[a, b, c]]) + 1) / 2  # (3, words)
    scores = similar[1] * similar[2] / (similar[0] + EPSILON)
    return _neighbours(embeddings, scores, n, leave_out=_known(embeddings, [a, b, c]))


def cosine(embeddings: Embeddings, a: str, b: str) -> float:
    """Compare two words: sim(u, v) = uᵀv / (‖u‖ ‖v‖).

    embeddings (Embeddings): Their vectors.
    a (str): A word.
    b (str): Another.
    RETURNS (float): From -1 to 1; 0 if a vector is zero.
    RAISES (UnknownWordError): If a word has no vector.
    """
    u, v = _unit(embeddings[[a, b]].astype(np.float64))
    return float(u @ v)


def check_method(method: str) -> None:
    """RAISES (InputError): If there is no such way to answer an analogy.

    method (str): Its name.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}, expected {' or '.join(METHODS)}")


def _cosines(embeddings: Embeddings, Q: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): float32 (queries, words), the cosine of each query with each word."""
    unit = _unit(np.asarray(Q, dtype=np.float32))
    # One vector by a matrix is faster than a matrix of one row by a matrix.
    scores = (embeddings.E @ unit[0])[None] if len(unit) == 1 else unit @ embeddings.E.T
    scores /= embeddings.norms
    return scores


def _neighbours(
    embeddings: Embeddings, scores: np.ndarray, n: int, *, leave_out: Sequence[int]
) -> list[Neighbour]:
    """RETURNS (List[Neighbour]): The n words that score highest, of equals the first rows.

    scores (np.ndarray): (words,), changed in place.
    """
    if n < 1:
        raise InputError(f"n is {n}, expected 1 or more")
    if not len(embeddings):
        raise InputError("no words to look among: floret vectors have none of their own, name some")
    scores[list(leave_out)] = -np.inf
    n = min(n, len(scores) - len(leave_out))
    if n == 0:
        return []
    # Not argpartition alone: which of several equals it takes is anybody's guess.
    least = np.partition(scores, -n)[-n]
    rows = np.flatnonzero(scores >= least)
    best = rows[np.argsort(-scores[rows], kind="stable")[:n]]
    return [Neighbour(embeddings.words[row], float(scores[row])) for row in best]


def _known(embeddings: Embeddings, words: Sequence[str]) -> list[int]:
    """RETURNS (List[int]): The rows of those that are words of the embeddings, each once."""
    rows = (embeddings.index.get(word) for word in words)
    return list(dict.fromkeys(row for row in rows if row is not None))


def _check_width(embeddings: Embeddings, Q: np.ndarray) -> np.ndarray:
    if Q.ndim != 2 or Q.shape[1] != embeddings.width:
        shape = " × ".join(map(str, Q.shape))
        raise InputError(f"a query of shape {shape}, expected vectors of width {embeddings.width}")
    return Q


def _unit(X: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): Each row at length 1, a row of zeros as it is."""
    norms = np.sqrt((X * X).sum(axis=-1, keepdims=True))
    return X / np.where(norms > 0, norms, 1)
