"""Words and their vectors as plain arrays, from spaCy's table or from a file, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.vector_files import read_vectors
from seqpipe.files import InputError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.vocab import Vocab

# Rows worked on together, so that what is made on the way stays small: 20 MB at width 300.
ROWS = 8192


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and one row for each. Nothing here changes the matrix, which may be another's.

    words (Tuple[str, ...]): The words, the most frequent first where the source says which those
        are.
    matrix (np.ndarray): float32 or float64 (words, width).
    RAISES (InputError): If a word comes twice, or the shapes differ.
    """

    words: tuple[str, ...]
    matrix: np.ndarray

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.matrix) != len(self.words):
            shape = " × ".join(map(str, self.matrix.shape))
            raise InputError(f"{len(self.words)} words and {shape} values, expected a row a word")
        if len(self.index) < len(self.words):
            twice = next(word for row, word in enumerate(self.words) if self.index[word] != row)
            raise InputError(f"the word {twice!r} is there twice")

    @classmethod
    def from_embeddings(cls, embeddings: Embeddings) -> WordVectors:
        """Take those of `seqpipe.embeddings`.

        embeddings (Embeddings): Not floret's.
        RETURNS (WordVectors): They share their memory with these.
        RAISES (InputError): If they are floret's, which have no row for a word.
        """
        if embeddings.floret is not None:
            raise InputError(
                "floret vectors: a word's vector is the mean of rows that other words share, so "
                "that it cannot be changed alone; expected a table with a row for each word"
            )
        return cls(tuple(embeddings.words), embeddings.E)

    @classmethod
    def from_vocab(cls, vocab: Vocab) -> WordVectors:
        """Take the vectors of a spaCy vocabulary, one row for each key: keys that share a row in
        spaCy's table have equal ones here.

        vocab (Vocab): With a table of vectors.
        RETURNS (WordVectors): They may share their memory with the table.
        RAISES (InputError): If there are no vectors, or no table of words.
        """
        return cls.from_embeddings(Embeddings.from_vocab(vocab))

    @classmethod
    def from_nlp(cls, nlp: Language) -> WordVectors:
        """Take the vectors of a pipeline, as `from_vocab` does.

        nlp (Language): The pipeline.
        RETURNS (WordVectors): A copy.
        """
        return cls.from_vocab(nlp.vocab)

    @classmethod
    def load(cls, path: str | Path) -> WordVectors:
        """Read vectors.

        path: A pipeline's folder, the name of an installed one, or a file of vectors, plain or
            gzipped, as `seqpipe embeddings` reads them.
        RETURNS (WordVectors): In the file's order.
        RAISES (InputError): If it is damaged, or holds floret vectors.
        """
        embeddings = read_vectors(path)
        try:
            return cls.from_embeddings(embeddings)
        except InputError as error:
            raise InputError(str(error), path=path) from error

    def to_vocab(self, vocab: Vocab) -> None:
        """Put these vectors into a spaCy vocabulary as a new table.

        The old table stays as it is, for whatever else holds it. The new one has its name, so that
        models that ask for it by name find it, and looks words up by the same attribute.

        vocab (Vocab): Its `vectors` are replaced.
        """
        from spacy.vectors import Vectors
        from thinc.api import get_current_ops

        before = vocab.vectors
        keys = [vocab.strings.add(word) for word in self.words]
        data = get_current_ops().xp.array(self.matrix, dtype="float32")
        vocab.vectors = Vectors(
            strings=vocab.strings,
            data=data,
            keys=keys,
            name=before.name,
            attr=getattr(before, "attr", "ORTH"),
        )

    def to_nlp(self, nlp: Language) -> None:
        """Put these vectors into a pipeline as a new table, as `to_vocab` does.

        nlp (Language): The pipeline.
        """
        self.to_vocab(nlp.vocab)

    def to_embeddings(self) -> Embeddings:
        """RETURNS (Embeddings): For similarity, analogies and files; float32."""
        return Embeddings(self.words, self.matrix)

    @property
    def width(self) -> int:
        """RETURNS (int): The dimension of the vectors."""
        return int(self.matrix.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """RETURNS (Dict[str, int]): The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def lengths(self) -> np.ndarray:
        """RETURNS (np.ndarray): float64 (words,), the length of each vector."""
        lengths = np.empty(len(self.words))
        for start in range(0, len(lengths), ROWS):
            rows = self.matrix[start : start + ROWS].astype(np.float64)
            lengths[start : start + ROWS] = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return lengths

    @cached_property
    def unit(self) -> np.ndarray:
        """RETURNS (np.ndarray): (words, width) of the matrix's type, the vectors at length 1;
        those of `empty` are zeros. As large as the matrix."""
        unit = np.empty_like(self.matrix, order="C")
        for start in range(0, len(unit), ROWS):
            unit[start : start + ROWS] = self.unit_rows(slice(start, start + ROWS))
        return unit

    @cached_property
    def empty(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): Words whose vectors are zero: they have no direction."""
        return tuple(self.words[row] for row in np.flatnonzero(self.lengths == 0))

    def unit_rows(self, rows: slice | np.ndarray) -> np.ndarray:
        """Take some vectors at length 1, exact to the last digits.

        rows: Which.
        RETURNS (np.ndarray): float64 (rows, width); zero vectors stay zero.
        """
        lengths = self.lengths[rows]
        return self.matrix[rows].astype(np.float64) / np.where(lengths > 0, lengths, 1)[:, None]

    def of(self, words: Iterable[str]) -> tuple[np.ndarray, tuple[str, ...]]:
        """Look words up.

        words (Iterable[str]): A word that comes twice counts once.
        RETURNS (Tuple[np.ndarray, Tuple[str, ...]]): intp (found,), the rows of those found, in the
            order given, and the words that have no vector or one of zeros.
        """
        rows, missing = [], []
        for word in dict.fromkeys(words):
            row = self.index.get(word)
            if row is None or self.lengths[row] == 0:
                missing.append(word)
            else:
                rows.append(row)
        return np.array(rows, dtype=np.intp), tuple(missing)
