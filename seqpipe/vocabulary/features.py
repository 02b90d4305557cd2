"""What a model knows of a token's text: word, shape, first and last letters, characters.

All of it depends on the text alone, so it is worked out once for each distinct text and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.attrs import ORTH
from spacy.lang.lex_attrs import word_shape
from spacy.tokens import Doc

from seqpipe.files import InputError

from .vocabulary import Vocabulary


def _prefix(n: int) -> Callable[[str], str]:
    return lambda text: text[:n].lower()


def _suffix(n: int) -> Callable[[str], str]:
    return lambda text: text[-n:].lower()


EXTRACTORS: dict[str, Callable[[str], str]] = {
    "shape": word_shape,
    **{f"prefix{n}": _prefix(n) for n in (1, 2, 3, 4)},
    **{f"suffix{n}": _suffix(n) for n in (1, 2, 3, 4)},
}
MAX_CHARACTERS = 40  # of a longer word, the first and the last half of that
CACHE_SIZE = 200_000  # distinct texts that are remembered


@dataclass
class EncodedTokens:
    """The tokens of a batch of docs by their types (distinct texts).

    types (ndarray): For each token, its type's index, `(tokens,)`.
    ids (ndarray): For each type, its id as a word, then as each feature, `(types, 1 + features)`.
    characters (list): For each type, the ids of its characters between <BOS> and <EOS>.
    lengths (list): Tokens of each doc.
    texts (list): The text of each type.
    """

    types: np.ndarray
    ids: np.ndarray
    characters: list[np.ndarray]
    lengths: list[int]
    texts: list[str]


class TokenVocabulary:
    """Vocabularies of words, of features and of characters, and docs turned to ids by them."""

    def __init__(self, words: Vocabulary, features: Sequence[str] = ()) -> None:
        """words (Vocabulary): Its settings are used to build the words' vocabulary.
        features (Sequence[str]): Names among EXTRACTORS: "shape", "prefix2", "suffix3", ...
        """
        unknown = [name for name in features if name not in EXTRACTORS]
        if unknown:
            raise InputError(f"unknown feature {unknown[0]!r}, expected one of {list(EXTRACTORS)}")
        if len(set(features)) < len(features):
            raise InputError(f"features = {list(features)}: expected each once")
        rare = Vocabulary(max_size=None, min_count=2)
        self.features = tuple(features)
        self.vocabularies = {"word": words, **dict.fromkeys(features, rare), "character": rare}
        self._cache: dict[int, tuple[str, list[int], np.ndarray]] = {}

    @property
    def words(self) -> Vocabulary:
        """The vocabulary of words."""
        return self.vocabularies["word"]

    def build(
        self, counts: Mapping[str, int], *, words: Vocabulary | None = None
    ) -> TokenVocabulary:
        """The vocabularies of a text.

        A feature or character that was seen once is <UNK>, so that <UNK> is learned.

        counts (Mapping[str, int]): How often each token's text was seen.
        words (Vocabulary): A vocabulary of words to adopt instead of building one.
        """
        built = TokenVocabulary(self.words, self.features)
        for name in self.features:
            seen: Counter[str] = Counter()
            for text, count in counts.items():
                seen[EXTRACTORS[name](text)] += count
            built.vocabularies[name] = self.vocabularies[name].build(seen)
        characters: Counter[str] = Counter()
        for text, count in counts.items():
            for character in text:
                characters[character] += count
        built.vocabularies["character"] = self.vocabularies["character"].build(characters)
        built.vocabularies["word"] = words if words is not None else self.words.build(counts)
        return built

    def encode(self, docs: Sequence[Doc]) -> EncodedTokens:
        """Turn docs to ids.

        docs (Sequence[Doc]): A batch.
        RETURNS (EncodedTokens): Each distinct text once, and which of them every token has.
        """
        orths = [doc.to_array(ORTH) for doc in docs]
        flat = np.concatenate(orths) if orths else np.zeros(0, dtype="uint64")
        types, inverse = np.unique(flat, return_inverse=True)
        if len(self._cache) > CACHE_SIZE:
            self._cache = {}
        rows = [self._type(orth, docs) for orth in types.tolist()]
        ids = np.array([ids for _, ids, _ in rows], dtype=np.int64)
        return EncodedTokens(
            types=inverse,
            ids=ids.reshape(len(rows), 1 + len(self.features)),
            characters=[characters for _, _, characters in rows],
            lengths=[len(doc) for doc in docs],
            texts=[text for text, _, _ in rows],
        )

    def _type(self, orth: int, docs: Sequence[Doc]) -> tuple[str, list[int], np.ndarray]:
        """A text, its ids as word and features, and those of its characters."""
        # Other threads may be here too: an entry is whole before it is put in.
        found = self._cache.get(orth)
        if found is None:
            text = _text(orth, docs)
            ids = [self.vocabularies[name].id(EXTRACTORS[name](text)) for name in self.features]
            half = MAX_CHARACTERS // 2
            kept = text if len(text) <= MAX_CHARACTERS else text[:half] + text[-half:]
            characters = self.vocabularies["character"].encode(kept, bos=True, eos=True)
            found = self._cache[orth] = (text, [self.words.id(text), *ids], characters)
        return found

    def to_dict(self) -> dict[str, Any]:
        """All vocabularies as plain values, by name."""
        return {name: vocabulary.to_dict() for name, vocabulary in self.vocabularies.items()}

    def from_dict(self, data: Any) -> TokenVocabulary:
        """The vocabularies that `to_dict` gave, for the same features.

        data (Any): Read from a file.
        RAISES (InputError): If it is of other features.
        """
        if not isinstance(data, dict) or set(data) != set(self.vocabularies):
            found = list(data) if isinstance(data, dict) else type(data).__name__
            raise InputError(f"vocabularies of {found}, expected {list(self.vocabularies)}")
        loaded = TokenVocabulary(self.words, self.features)
        loaded.vocabularies = {name: Vocabulary.from_dict(data[name]) for name in self.vocabularies}
        return loaded


def _text(orth: int, docs: Sequence[Doc]) -> str:
    """The text of a hash. The docs of a batch may have different vocabs."""
    stores: Iterator[Any] = (doc.vocab.strings for doc in docs)
    return next(strings[orth] for strings in stores if orth in strings)
