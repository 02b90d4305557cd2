"""A word's vector as the mean of the vectors of its character n-grams, so that unseen words have
one too (Bojanowski et al. 2017, section 3.2), in one small table that n-grams are hashed to: what
spaCy's floret vectors are."""

from dataclasses import dataclass

import numpy as np
from spacy.util import registry
from spacy.vectors import Vectors
from thinc.api import NumpyOps

from seqpipe.files import InputError

BLOCK = 1024  # words whose rows are gathered at a time, to bound memory


@dataclass(frozen=True)
class Subwords:
    """How words are cut into n-grams and hashed. The words themselves are hashed as well.

    minn (int): Characters of the shortest n-grams. The marks of begin and end count.
    maxn (int): Characters of the longest.
    rows (int): Rows of the table.
    hash_count (int): How many rows each n-gram has, 1 to 4. With two a table of 50,000 rows tells
        apart nearly all that a table of millions does.
    hash_seed (int): Seed of the hash. The default is fastText's and floret's.
    bow (str): Put before each word.
    eow (str): Put after each word.
    """

    minn: int = 4
    maxn: int = 5
    rows: int = 50_000
    hash_count: int = 2
    hash_seed: int = 2166136261
    bow: str = "<"
    eow: str = ">"

    def __post_init__(self) -> None:
        _expect(self.minn >= 1, f"minn = {self.minn}: expected at least 1")
        _expect(
            self.maxn >= self.minn,
            f"maxn = {self.maxn}: expected at least minn, which is {self.minn}",
        )
        _expect(
            1 <= self.rows < 2**31, f"rows = {self.rows}: expected at least 1 and less than 2^31"
        )
        _expect(1 <= self.hash_count <= 4, f"hash_count = {self.hash_count}: expected 1 to 4")
        _expect(
            0 <= self.hash_seed < 2**32,
            f"hash_seed = {self.hash_seed}: expected at least 0 and less than 2^32",
        )
        for name, mark in (("bow", self.bow), ("eow", self.eow)):
            _expect(
                not any(character.isspace() for character in mark),
                f"{name} = {mark!r}: expected no white space, which floret's files part marks by",
            )


@registry.misc("seqpipe.Subwords.v1")
def make_subwords(
    minn: int = 4,
    maxn: int = 5,
    rows: int = 50_000,
    hash_count: int = 2,
    hash_seed: int = 2166136261,
    bow: str = "<",
    eow: str = ">",
) -> Subwords:
    """Settings of subwords from a config. Sizes and hashes default to those of floret's own
    example; fastText's n-grams are of 3 to 6 characters.

    minn (int): Characters of the shortest n-grams. The marks of begin and end count.
    maxn (int): Characters of the longest.
    rows (int): Rows of the table (floret's bucket).
    hash_count (int): How many rows each n-gram has, 1 to 4.
    hash_seed (int): Seed of the hash.
    bow (str): Put before each word.
    eow (str): Put after each word.
    RETURNS (Subwords): The settings.
    RAISES (InputError): If one is out of its range.
    """
    return Subwords(minn, maxn, rows, hash_count, hash_seed, bow, eow)


def subword_rows(words: list[str], subwords: Subwords) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the table whose mean is a word's vector, for many words.

    A row stands as often as spaCy counts it: n-grams that a word repeats are repeated, and so is
    the padded word if it is no longer than maxn.

    words (List[str]): Words without the marks. An empty one has no rows.
    subwords (Subwords): How they are cut and hashed.
    RETURNS (Tuple[np.ndarray, np.ndarray]): Offsets, int64 (words + 1,), and rows, int32
        (offsets[-1],): those of word i are rows[offsets[i] : offsets[i + 1]].
    """
    from seqpipe.kernels.ngrams import ngram_rows

    padded = [subwords.bow + word + subwords.eow if word else "" for word in words]
    characters = np.fromiter(map(len, padded), np.int64, len(padded))
    encoded = [word.encode("utf-8") for word in padded]
    starts = _running_sum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
    ngrams = (characters > 0).astype(np.int64)
    for n in range(subwords.minn, min(subwords.maxn, characters.max(initial=0)) + 1):
        ngrams += np.maximum(characters - n + 1, 0)
    offsets = _running_sum(ngrams * subwords.hash_count)
    rows = np.empty(offsets[-1], dtype=np.int32)
    if len(rows):
        ngram_rows(
            np.frombuffer(b"".join(encoded), dtype=np.uint8),
            starts,
            subwords.minn,
            subwords.maxn,
            subwords.hash_seed,
            subwords.hash_count,
            subwords.rows,
            rows,
        )
    return offsets, rows


def subword_means(table: np.ndarray, offsets: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The vectors of words, by the arithmetic of spaCy's floret vectors.

    table (np.ndarray): float32 (rows of the table, width).
    offsets (np.ndarray): int64 (words + 1,), as `subword_rows` gives them.
    rows (np.ndarray): int32 (offsets[-1],).
    RETURNS (np.ndarray): float32 (words, width); a word without rows has zeros.
    """
    ops, words = NumpyOps(), len(offsets) - 1
    lengths = np.diff(offsets).astype(np.int32)
    means = np.zeros((words, table.shape[1]), dtype=np.float32)
    for start in range(0, words, BLOCK):
        end = min(start + BLOCK, words)
        gathered = table[rows[offsets[start] : offsets[end]]]  # (rows of the block, width)
        if len(gathered):
            means[start:end] = ops.reduce_mean(gathered, lengths[start:end])
    return means


def floret_vectors(
    table: np.ndarray,
    subwords: Subwords,
    *,
    name: str | None = None,
    attr: str = "ORTH",
) -> Vectors:
    """spaCy vectors of a trained table, to set as `nlp.vocab.vectors`: every word has a vector.

    table (np.ndarray): float32 (subwords.rows, width). It is not copied.
    subwords (Subwords): The settings that it was trained with.
    name (str): Name of the vectors; pipelines that share a process need different ones.
    attr (str): Which form of a token is looked up: "ORTH", or "LOWER" if the text was lower-cased.
    RETURNS (Vectors): In floret mode.
    RAISES (ValueError): If the table has another number of rows.
    """
    if table.ndim != 2 or len(table) != subwords.rows:
        raise ValueError(
            f"a table of shape {table.shape}: expected ({subwords.rows}, width), as rows says"
        )
    return Vectors(
        data=table,
        name=name,
        mode="floret",
        minn=subwords.minn,
        maxn=subwords.maxn,
        hash_count=subwords.hash_count,
        hash_seed=subwords.hash_seed,
        bow=subwords.bow,
        eow=subwords.eow,
        attr=attr,
    )


def _running_sum(lengths: np.ndarray) -> np.ndarray:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise InputError(message)
