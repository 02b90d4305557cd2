"""Writes a long text that is no language: words about as frequent as their rank says (Zipf 1949),
half of which follow from the word before, so that there is something to learn."""

from collections.abc import Iterator
from pathlib import Path

import numpy

WORDS, FOLLOWERS = 50_000, 8
SENTENCES, LENGTH = 1_000, 25  # that are drawn side by side
SHARE = 0.5  # of the words that follow from the one before


def blocks(seed: int = 0) -> Iterator[numpy.ndarray]:
    """YIELDS (ndarray): The words of some sentences, by rank, `(SENTENCES, LENGTH)`; for ever."""
    rng = numpy.random.default_rng(seed)
    shares = numpy.cumsum(1.0 / numpy.arange(1, WORDS + 1))
    shares /= shares[-1]

    def draw(*shape: int) -> numpy.ndarray:
        return numpy.searchsorted(shares, rng.random(shape))

    followers = draw(WORDS, FOLLOWERS)
    while True:
        words = draw(SENTENCES, LENGTH)
        follows = rng.random((SENTENCES, LENGTH)) < SHARE
        choice = rng.integers(FOLLOWERS, size=(SENTENCES, LENGTH))
        for i in range(1, LENGTH):
            following = followers[words[:, i - 1], choice[:, i]]
            words[:, i] = numpy.where(follows[:, i], following, words[:, i])
        yield words


def write_text(path: Path, size: int) -> None:
    """Write a text, a sentence a line.

    path (Path): The file.
    size (int): Bytes, nearly.
    """
    names = [f"w{number}" for number in range(WORDS)]
    with path.open("w", encoding="ascii") as stream:
        for words in blocks():
            for sentence in words.tolist():
                stream.write(" ".join([names[word] for word in sentence]) + "\n")
            if stream.tell() >= size:
                break
