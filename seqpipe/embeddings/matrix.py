"""The embedding matrix E: one row for each word, lookup, and the one-hot product that it stands
for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from seqpipe.files import InputError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.vectors import Vectors
    from spacy.vocab import Vocab

# Rows looked at together, so that what is made on the way stays small.
ROWS = 8192
# A near spelling shares so much with what was typed, as difflib counts it.
NEAR = 0.7


class UnknownWordError(InputError, KeyError):
    """A word that has no vector.

    word (str): The word.
    near (Sequence[str]): Words that are spelt much like it.
    """

    # KeyError's would put the sentence in quotation marks.
    __str__ = InputError.__str__

    def __init__(self, word: str, near: Sequence[str] = ()) -> None:
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        super().__init__(f"no vector for {word!r}{hint}")
        self.word, self.near = word, near


class Embeddings:
    """Words and their vectors: e_w = E · o_w with o_w the one-hot vector of w, by lookup.

    The lecture's E has a column for each word. Here it has a row, so that a word's numbers lie
    beside each other in memory: `E.T @ o_w` is the lecture's product.

    words (Iterable[str]): The words, the most frequent first where the source says which those are.
    E (np.ndarray): (words, width), one row for each word; kept as float32.
    floret (Vectors): spaCy's floret vectors, which have a vector for any other word too.
    RAISES (InputError): If a word comes twice, or a value is no finite number.
    """

    def __init__(
        self, words: Iterable[str], E: np.ndarray, *, floret: Vectors | None = None
    ) -> None:
        self.words = list(words)
        self.E = np.ascontiguousarray(E, dtype=np.float32)
        self.floret = floret
        if self.E.ndim != 2 or len(self.E) != len(self.words):
            shape = " × ".join(map(str, self.E.shape))
            raise InputError(f"{len(self.words)} words and {shape} values, expected a row a word")
        self.index = {word: row for row, word in enumerate(self.words)}
        if len(self.index) < len(self.words):
            twice = next(word for row, word in enumerate(self.words) if self.index[word] != row)
            raise InputError(f"the word {twice!r} is there twice")
        row = first_not_finite(self.E)
        if row is not None:
            word, value = self.words[row], self.E[row][~np.isfinite(self.E[row])][0]
            raise InputError(f"the vector of {word!r} has the value {value}, expected numbers")

    @classmethod
    def from_vocab(cls, vocab: Vocab, *, words: Iterable[str] | None = None) -> Embeddings:
        """Take the vectors of a spaCy vocabulary.

        The order is that in which they were added. It is the order of the rows, unless spaCy
        merged equal rows, which sorts them by value.

        vocab (Vocab): With vectors, default or floret.
        words (Iterable[str]): These words only, those without a vector left out. Floret vectors
            have no words of their own: without this there are none to look for neighbours among.
        RETURNS (Embeddings): The words and vectors; several words may have equal ones.
        RAISES (InputError): If there are no vectors, or of an unknown kind.
        """
        from spacy.vectors import Vectors
        from thinc.api import get_current_ops

        vectors = vocab.vectors
        if not isinstance(vectors, Vectors):
            kind = type(vectors).__name__
            raise InputError(f"vectors of the kind {kind}, expected spaCy's Vectors")
        if 0 in vectors.shape:
            raise InputError("this vocabulary has no word vectors")
        if vectors.mode == "floret":
            none = np.zeros((0, vectors.shape[1]), dtype=np.float32)
            found = cls([], none, floret=vectors)
        else:
            keys, rows = list(vectors.key2row), list(vectors.key2row.values())
            data = get_current_ops().to_numpy(vectors.data)
            in_order = rows == list(range(len(data)))
            found = cls(_strings(vocab, keys), data if in_order else data[rows])
        return found if words is None else found.subset(words)

    @classmethod
    def from_pipeline(cls, nlp: Language, *, words: Iterable[str] | None = None) -> Embeddings:
        """Take the vectors of a pipeline, as `from_vocab` does.

        nlp (Language): With vectors.
        words (Iterable[str]): See `from_vocab`; those that an `embedding_learner` learned, if
            none are given and the pipeline has one.
        RETURNS (Embeddings): The words and vectors.
        """
        from .embedding_learner import EmbeddingLearner

        if words is None and nlp.vocab.vectors.mode == "floret":
            learned = [p.words for _, p in nlp.components if isinstance(p, EmbeddingLearner)]
            words = learned[0] if learned else None
        return cls.from_vocab(nlp.vocab, words=words)

    def to_vocab(self, vocab: Vocab) -> None:
        """Put these vectors into a spaCy vocabulary, in the place of those that it has.

        vocab (Vocab): Where other components will find them.
        """
        from spacy.vectors import Vectors
        from thinc.api import get_current_ops

        for word in self.words:
            vocab.strings.add(word)
        if self.floret is not None:
            settings = floret_settings(self.floret)
            vectors = Vectors(
                strings=vocab.strings, data=self.floret.data, mode="floret", **settings
            )
        else:
            data: Any = get_current_ops().xp.asarray(self.E)
            vectors = Vectors(strings=vocab.strings, data=data, keys=self.words)
        vectors.name = "seqpipe.vectors"
        vocab.vectors = vectors

    @property
    def width(self) -> int:
        """RETURNS (int): The dimension of the vectors."""
        return self.E.shape[1]

    @cached_property
    def norms(self) -> np.ndarray:
        """RETURNS (np.ndarray): (words,), the length of each vector, 1 in place of 0."""
        norms = np.sqrt(np.einsum("ij,ij->i", self.E, self.E, dtype=np.float32))
        return np.where(norms > 0, norms, np.float32(1))

    @cached_property
    def unit(self) -> np.ndarray:
        """RETURNS (np.ndarray): (words, width), the vectors at length 1; as large as E."""
        return self.E / self.norms[:, None]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index or (self.floret is not None and bool(word))

    def __getitem__(
        self, query: str | int | Sequence[str] | Sequence[int] | np.ndarray
    ) -> np.ndarray:
        """Look up vectors.

        query: A word or a row, or several of one kind.
        RETURNS (np.ndarray): (width,) for one, (n, width) for several.
        RAISES (UnknownWordError): If a word has no vector.
        """
        if isinstance(query, str):
            return self._rows([query])[0]
        if isinstance(query, Sequence) and len(query) and isinstance(query[0], str):
            return self._rows([str(word) for word in query])
        return self.E[np.asarray(query, dtype=np.intp)]

    def one_hot(self, query: str | Sequence[str]) -> np.ndarray:
        """Make the vectors o_w, which are 1 at the word's place and 0 elsewhere.

        query: A word, or several.
        RETURNS (np.ndarray): float32, (words,) for one, (n, words) for several.
        RAISES (UnknownWordError): If a word is none of `words`.
        """
        words = [query] if isinstance(query, str) else list(query)
        o = np.zeros((len(words), len(self.words)), dtype=np.float32)
        o[np.arange(len(words)), [self.row(word) for word in words]] = 1
        return o[0] if isinstance(query, str) else o

    def row(self, word: str) -> int:
        """Find a word's place.

        word (str): One of `words`.
        RETURNS (int): Its row in E.
        RAISES (UnknownWordError): If it is none of them; says which are spelt much like it.
        """
        row = self.index.get(word)
        if row is None:
            raise UnknownWordError(word, near_spellings(word, self.index))
        return row

    def first(self, n: int | None) -> Embeddings:
        """Take the first words only, which are the most frequent.

        n (int): How many; None for all.
        RETURNS (Embeddings): They share their memory with these.
        """
        if n is None or n >= len(self.words):
            return self
        return Embeddings(self.words[:n], self.E[:n], floret=self.floret)

    def subset(self, words: Iterable[str]) -> Embeddings:
        """Take some words only, in the order given; those without a vector are left out.

        words (Iterable[str]): Which, each once. With floret vectors all have one.
        RETURNS (Embeddings): Those words and a copy of their vectors.
        """
        chosen = [word for word in dict.fromkeys(words) if word in self]
        return Embeddings(chosen, self._rows(chosen), floret=self.floret)

    def _rows(self, words: list[str]) -> np.ndarray:
        """RETURNS (np.ndarray): (n, width), from E or, for other words, from floret's n-grams."""
        if self.floret is None or all(word in self.index for word in words):
            return self.E[np.array([self.row(word) for word in words], dtype=np.intp)]
        if not all(words):
            raise UnknownWordError("")
        return _floret_vectors(self.floret, words)


def near_spellings(word: str, words: Iterable[str], *, n: int = 3) -> list[str]:
    """Find words that are spelt much like one.

    word (str): What was typed.
    words (Iterable[str]): What there is; a hundred thousand take a tenth of a second.
    n (int): How many at most.
    RETURNS (List[str]): Other cases of the word first, then by likeness.
    """
    lower, letters = word.lower(), set(word)
    same = [other for other in words if other.lower() == lower][:n]
    # difflib compares letter by letter: only what shares enough letters is worth it.
    fewest, most = NEAR / (2 - NEAR) * len(word), (2 - NEAR) / NEAR * len(word)
    enough = NEAR * len(letters)
    likely = [
        other
        for other in words
        if fewest <= len(other) <= most and len(letters.intersection(other)) >= enough
    ]
    close = difflib.get_close_matches(word, likely, n=n, cutoff=NEAR)
    return list(dict.fromkeys([*same, *close]))[:n]


def first_not_finite(E: np.ndarray) -> int | None:
    """Find NaN or infinity.

    E (np.ndarray): (rows, width).
    RETURNS (int): The first row that has it, or None.
    """
    for start in range(0, len(E), ROWS):
        sound = np.isfinite(E[start : start + ROWS]).all(axis=1)
        if not sound.all():
            return start + int(np.argmin(sound))
    return None


def floret_settings(vectors: Vectors) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): How floret vectors hash n-grams, as spaCy's Vectors takes it.

    vectors (Vectors): Of mode floret.
    """
    names = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow", "attr")
    return {name: getattr(vectors, name) for name in names}


def _floret_vectors(vectors: Vectors, words: list[str]) -> np.ndarray:
    """RETURNS (np.ndarray): float32 (n, width), each the mean of the rows of its n-grams."""
    from thinc.api import get_current_ops

    E = np.empty((len(words), vectors.shape[1]), dtype=np.float32)
    for start in range(0, len(words), ROWS):
        part = words[start : start + ROWS]
        E[start : start + len(part)] = get_current_ops().to_numpy(vectors.get_batch(part))
    return E


def _strings(vocab: Vocab, keys: list[int]) -> list[str]:
    """RETURNS (List[str]): The words that keys stand for."""
    try:
        return [vocab.strings[key] for key in keys]
    except KeyError as error:
        message = "a vector belongs to a word that the vocabulary's strings lack"
        raise InputError(message) from error
