"""Small vectors whose bias is known: words lie along the first axis as far as they are told."""

from itertools import islice, product
from string import ascii_lowercase

import numpy as np

from seqpipe.debiasing.words import WordVectors

WIDTH = 12


def random_vectors(words, seed=0, width=WIDTH):
    rng = np.random.default_rng(seed)
    return WordVectors(tuple(words), rng.normal(size=(len(words), width)))


def along_first_axis(components, seed=0, width=WIDTH):
    """Vectors of length 1 with a given cosine with the first axis, the rest at random."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(size=(len(components), width - 1))
    rest /= np.linalg.norm(rest, axis=1, keepdims=True)
    first = np.array(list(components.values()))[:, None]
    return WordVectors(tuple(components), np.hstack([first, np.sqrt(1 - first**2) * rest]))


def first_axis(width=WIDTH):
    return np.eye(width)[0]


def without_first_axis(vectors, words=None):
    """The same vectors with nothing along the first axis, or only those of some words so."""
    matrix = vectors.matrix.copy()
    rows = slice(None) if words is None else [vectors.index[word] for word in words]
    matrix[rows, 0] = 0
    return WordVectors(vectors.words, matrix)


def cosine(vectors, a, b):
    """By the formula, of two words or of a word and a vector."""
    u = vectors.matrix[vectors.index[a]]
    v = vectors.matrix[vectors.index[b]] if isinstance(b, str) else b
    return float(np.dot(u, v) / (np.sqrt(np.dot(u, u)) * np.sqrt(np.dot(v, v))))


def letters(n):
    """Different words of letters alone."""
    words = ("".join(three) for three in product(ascii_lowercase, repeat=3))
    return list(islice(words, n))
