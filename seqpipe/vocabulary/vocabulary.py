"""The vocabulary: which words have a number of their own, and <UNK> for all the others."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from spacy.util import registry

from seqpipe.files import InputError

from .json_file import JsonFile

FORMAT = "seqpipe.Vocabulary.v1"
SETTINGS = ("max_size", "min_count", "lower", "zero_digits")
_DIGIT = re.compile(r"\d")


class Vocabulary(JsonFile):
    """Words and their ids. It never changes: `build` and `from_disk` make new ones.

    So one vocabulary can be shared, by a tokenizer and the components that adopt it. Ids 0 to 3
    are `<PAD>`, `<UNK>`, `<BOS>` and `<EOS>`; the ordinary words follow, the most frequent first.
    A special's name in a text means that special: the word "<UNK>" has the id UNK_ID.
    """

    called = "a vocabulary"
    PAD: ClassVar[str] = "<PAD>"
    UNK: ClassVar[str] = "<UNK>"
    BOS: ClassVar[str] = "<BOS>"
    EOS: ClassVar[str] = "<EOS>"
    SPECIALS: ClassVar[tuple[str, ...]] = (PAD, UNK, BOS, EOS)
    PAD_ID: ClassVar[int] = 0
    UNK_ID: ClassVar[int] = 1
    BOS_ID: ClassVar[int] = 2
    EOS_ID: ClassVar[int] = 3

    counts: np.ndarray
    """int64 (len(self),), read-only: how often each was counted; at UNK_ID, what was dropped."""

    def __init__(
        self,
        *,
        max_size: int | None = 10_000,
        min_count: int = 1,
        lower: bool = False,
        zero_digits: bool = False,
    ) -> None:
        """Make an empty vocabulary, which holds the specials and the settings for `build`.

        max_size (int | None): Ordinary words kept, beside the specials. None for no limit.
        min_count (int): A word counted less often than this is dropped.
        lower (bool): Words are lower-cased.
        zero_digits (bool): Every decimal digit becomes 0: numbers of one shape are one word.
        """
        if max_size is not None and max_size < 1:
            raise InputError(
                f"max_size = {max_size}: expected at least 1 word, or null for no limit"
            )
        if min_count < 1:
            raise InputError(f"min_count = {min_count}: expected at least 1")
        self.max_size = max_size
        self.min_count = min_count
        self.lower = lower
        self.zero_digits = zero_digits
        self._fill(list(self.SPECIALS), [0] * len(self.SPECIALS))

    def _fill(self, words: list[str], counts: list[int]) -> None:
        self._words = words
        self._ids = {word: i for i, word in enumerate(words)}
        self.counts = np.array(counts, dtype=np.int64)
        self.counts.setflags(write=False)

    @property
    def settings(self) -> dict[str, Any]:
        """RETURNS (dict): The settings by name, as `Vocabulary(**settings)` takes them."""
        return {name: getattr(self, name) for name in SETTINGS}

    def build(self, counts: Mapping[str, int]) -> Vocabulary:
        """Make the vocabulary of counted words, with these settings.

        Words that become equal when normalised are counted together. Ties are broken by the words
        themselves, so that the same counts always give the same ids.

        counts (Mapping[str, int]): How often each word was seen.
        RETURNS (Vocabulary): A new vocabulary; this one stays as it is.
        """
        merged: Counter[str] = Counter()
        for word, count in counts.items():
            merged[self.normalise(word)] += count
        special_counts = [merged.pop(word, 0) for word in self.SPECIALS]
        ranked = sorted(
            (word for word, count in merged.items() if count >= self.min_count),
            key=lambda word: (-merged[word], word),
        )[: self.max_size]
        kept = [merged[word] for word in ranked]
        special_counts[self.UNK_ID] += sum(merged.values()) - sum(kept)
        built = Vocabulary(**self.settings)
        built._fill([*self.SPECIALS, *ranked], special_counts + kept)
        return built

    def normalise(self, word: str) -> str:
        """Give the form under which a word is looked up. A special stays as it is.

        word (str): A word as written.
        RETURNS (str): The word, lower-cased and with zeros for digits as the settings say.
        """
        if word in self.SPECIALS:
            return word
        if self.lower:
            word = word.lower()
        if self.zero_digits:
            word = _DIGIT.sub("0", word)
        return word

    def __len__(self) -> int:
        """RETURNS (int): The number of ids, specials included."""
        return len(self._words)

    def __contains__(self, word: str) -> bool:
        """RETURNS (bool): Whether the word has an id of its own. True for a special."""
        return word in self._ids or self.normalise(word) in self._ids

    def __iter__(self) -> Iterator[str]:
        """YIELDS (str): The words in order of id, specials first."""
        return iter(self._words)

    def __eq__(self, other: object) -> bool:
        """RETURNS (bool): Whether settings, words, ids and counts are the same."""
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (
            self.settings == other.settings
            and self._words == other._words
            and np.array_equal(self.counts, other.counts)
        )

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"<Vocabulary of {len(self)} ({settings})>"

    def id(self, word: str) -> int:
        """Look a word up.

        word (str): A word as written.
        RETURNS (int): Its id, or UNK_ID if it has none.
        """
        # What the table holds is its own normal form, so a word found as written needs no more.
        found = self._ids.get(word)
        return self._ids.get(self.normalise(word), self.UNK_ID) if found is None else found

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """Look words up.

        words (Iterable[str]): Words as written.
        RETURNS (np.ndarray): int64 (n,), UNK_ID where a word has no id.
        """
        return np.array([self.id(word) for word in words], dtype=np.int64)

    def encode(self, words: Iterable[str], *, bos: bool = False, eos: bool = False) -> np.ndarray:
        """Look up the words of a sequence, and mark its ends.

        words (Iterable[str]): Words as written.
        bos (bool): Put BOS_ID before them.
        eos (bool): Put EOS_ID after them.
        RETURNS (np.ndarray): int64 (n + bos + eos,).
        """
        ends = np.array([self.BOS_ID, self.EOS_ID], dtype=np.int64)
        return np.concatenate([ends[: int(bos)], self.ids(words), ends[1 : 1 + int(eos)]])

    def word(self, id: int) -> str:
        """Give the word of an id. Raises KeyError if no word has it.

        id (int): From 0 to len(self) - 1.
        RETURNS (str): The word, in its normal form.
        """
        if not 0 <= id < len(self):
            raise KeyError(f"no word has id {id}: the vocabulary's {len(self)} ids start at 0")
        return self._words[id]

    def words(self, ids: Iterable[int]) -> list[str]:
        """Give the words of ids. Raises KeyError for an id that no word has.

        ids (Iterable[int]): Each from 0 to len(self) - 1.
        RETURNS (list[str]): The words, in their normal forms.
        """
        return [self.word(int(id)) for id in ids]

    def one_hot(self, ids: Iterable[int], dtype: str = "float32") -> np.ndarray:
        """Give the one-hot vectors o_w of ids. Raises KeyError for an id that no word has.

        ids (Iterable[int]): n ids, each from 0 to len(self) - 1.
        dtype (str): The type of the result.
        RETURNS (np.ndarray): (n, len(self)), each row 1 at its id and 0 elsewhere.
        """
        columns = np.array(list(ids), dtype=np.int64)
        for id in columns[(columns < 0) | (columns >= len(self))]:
            self.word(int(id))  # raises
        vectors = np.zeros((len(columns), len(self)), dtype=dtype)
        vectors[np.arange(len(columns)), columns] = 1
        return vectors

    def coverage(self, counts: Mapping[str, int]) -> float:
        """Measure how much of a text is known.

        counts (Mapping[str, int]): How often each word stands in the text.
        RETURNS (float): The share of its tokens whose id is not UNK_ID; 1.0 if there are no tokens.
        """
        total = sum(counts.values())
        known = sum(count for word, count in counts.items() if self.id(word) != self.UNK_ID)
        return known / total if total else 1.0

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): Settings, and each word with its count in order of id."""
        words = dict(zip(self._words, self.counts.tolist(), strict=True))
        return {"format": FORMAT, **self.settings, "size": len(self), "words": words}

    @classmethod
    def from_dict(cls, data: object) -> Vocabulary:
        """Make the vocabulary that `to_dict` described. Raises InputError where it is malformed.

        data (object): The dictionary.
        RETURNS (Vocabulary): A new vocabulary.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InputError(f'not a vocabulary: expected "format": "{FORMAT}"')
        vocabulary = cls(**_checked_settings(data))
        words = _checked_words(data, vocabulary)
        vocabulary._fill(list(words), list(words.values()))
        return vocabulary

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The JSON that `to_disk` writes."""
        return (json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _checked_settings(data: dict[str, Any]) -> dict[str, Any]:
    for name in SETTINGS:
        expected: tuple[type, ...] = (int,)
        if name in ("lower", "zero_digits"):
            expected = (bool,)
        elif name == "max_size":
            expected = (int, type(None))
        if type(data.get(name, ...)) not in expected:
            kinds = " or ".join(kind.__name__ for kind in expected)
            found = repr(data[name]) if name in data else "missing"
            raise InputError(f'not a vocabulary: "{name}" is {found}, expected {kinds}')
    return {name: data[name] for name in SETTINGS}


def _checked_words(data: dict[str, Any], vocabulary: Vocabulary) -> dict[str, int]:
    words, size = data.get("words"), data.get("size")
    if not isinstance(words, dict) or tuple(words)[:4] != Vocabulary.SPECIALS:
        specials = " ".join(Vocabulary.SPECIALS)
        raise InputError(f'not a vocabulary: expected "words", of which the first are {specials}')
    # JSON readers drop all but one of equal keys, and every later id would move.
    if size != len(words):
        raise InputError(f'{len(words)} different words, expected {size!r} as "size" says')
    for word, count in words.items():
        if type(count) is not int or not 0 <= count < 2**63:
            raise InputError(f"word {word!r} has the count {count!r}, expected 0 or more")
        normal = vocabulary.normalise(word)
        if normal != word:
            raise InputError(f"word {word!r} is never found: the settings make it {normal!r}")
    return words


@registry.misc("seqpipe.Vocabulary.v1")
def create_vocabulary(
    max_size: int | None = 10_000,
    min_count: int = 1,
    lower: bool = False,
    zero_digits: bool = False,
) -> Vocabulary:
    """Make an empty vocabulary from a config, for a component to build its own with.

    max_size (int | None): Ordinary words kept, beside the specials. None for no limit.
    min_count (int): A word counted less often than this is dropped.
    lower (bool): Words are lower-cased.
    zero_digits (bool): Every decimal digit becomes 0.
    RETURNS (Vocabulary): It holds the specials and the settings.
    """
    return Vocabulary(max_size=max_size, min_count=min_count, lower=lower, zero_digits=zero_digits)
