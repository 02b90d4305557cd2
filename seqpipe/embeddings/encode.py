"""The making of an encoded text: one pass over the tokens, without an object for each of them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import IO

import numpy as np

from seqpipe.files import InputError

from .encoded import LINE_END, PART_SIZE, EncodedText
from .phrases import JoinedText, Phrases, join_phrases_in_file
from .text import Pieces

NO_WORD = LINE_END - 1
BLOCK = 1 << 20  # tokens that are held before they are written
# Above so many types the rarest are forgotten, as word2vec.c does, so that memory has a bound.
MAX_TYPES = 10_000_000


class TypeNumbers:
    """The types of a text: a number for each from the moment it is first seen, and its count.

    max_types (int): When there are more, those that were seen least are forgotten; one that comes
        again is a new type, and what was counted is lost.
    """

    def __init__(self, max_types: int = MAX_TYPES) -> None:
        self.max_types = max_types
        self.numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self.counts = np.zeros(0, dtype=np.int64)
        self._least = 1

    def add(self, types: np.ndarray) -> None:
        """Count some tokens.

        types (np.ndarray): int32 (n,), their numbers, and marks of line ends.
        """
        found = np.bincount(types[types >= 0], minlength=len(self.counts))
        found[: len(self.counts)] += self.counts
        self.counts = found
        while len(self.numbers) > self.max_types:
            self._forget()

    def words(self) -> list[str]:
        """RETURNS (List[str]): The types by number, "" for those that were forgotten."""
        words = [""] * len(self.counts)
        for word, number in self.numbers.items():
            words[number] = word
        return words

    def _forget(self) -> None:
        kept = {
            word: number
            for word, number in self.numbers.items()
            if number >= len(self.counts) or self.counts[number] > self._least
        }
        self._least += 1
        next_number = self.numbers.default_factory
        self.numbers = defaultdict(next_number, kept)


class Encoder:
    """Writes a text as numbers.

    path (Path): The file to write.
    """

    def __init__(self, path: Path, max_types: int = MAX_TYPES) -> None:
        self.path = path
        self.types = TypeNumbers(max_types)
        self.tokens = 0
        self.starts = [0]
        self._written = 0
        self._digest = sha256()

    def digest(self) -> str:
        """RETURNS (str): What tells the text that was written from another one."""
        words = "\n".join(self.types.words()).encode("utf-8")
        return f"{self._digest.hexdigest()}-{sha256(words).hexdigest()}"

    def write(self, pieces: Pieces) -> None:
        """Read all pieces of a text.

        pieces (Iterator): The tokens of each, and whether a line ends with it.
        """
        held = array("i")
        with open(self.path, "wb", buffering=0) as stream:
            for tokens, ends in pieces:
                held.extend(map(self.types.numbers.__getitem__, tokens))
                if ends:
                    held.append(LINE_END)
                self._part(len(held), ends)
                if len(held) >= BLOCK:
                    self._flush(held, stream)
            self._flush(held, stream)
        if self._written > self.starts[-1]:
            self.starts.append(self._written)

    def _part(self, held: int, ends: bool) -> None:
        """Note where parts end: with a line, or in it if it is long."""
        place = self._written + held
        while place - self.starts[-1] > 2 * PART_SIZE:
            self.starts.append(self.starts[-1] + PART_SIZE)
        if ends and place - self.starts[-1] >= PART_SIZE:
            self.starts.append(place)

    def _flush(self, held: array[int], stream: IO[bytes]) -> None:
        types = np.array(held, dtype=np.int32)
        try:
            types.tofile(stream)
        except OSError as error:
            raise InputError(
                f"the encoded text could not be written ({error})", path=self.path
            ) from error
        self._digest.update(types.tobytes())
        self.types.add(types)
        self._written += len(types)
        self.tokens += int((types >= 0).sum())
        del held[:]

    def text(
        self,
        *,
        min_count: int,
        max_vocabulary: int | None,
        earlier: Mapping[str, int],
        phrases: Phrases | None,
        report: Callable[[str, float], None],
    ) -> EncodedText:
        """Join phrases, and cut the vocabulary.

        min_count (int): Types that stand less often than this are no words.
        max_vocabulary (Optional[int]): How many words there are at most.
        earlier (Mapping[str, int]): Words of a text that was learned from before, with their
            counts, which are added; they stay words.
        phrases (Optional[Phrases]): What is joined to one word.
        report (Callable): Takes what is being done and the share of it that is.
        RETURNS (EncodedText): The text.
        RAISES (InputError): If there is no word.
        """
        joined = JoinedText(
            np.array(self.starts, dtype=np.int64), self.types.words(), self.types.counts
        )
        if phrases is not None and self.tokens:
            joined = join_phrases_in_file(self.path, *joined, settings=phrases, report=report)
        often = np.flatnonzero(joined.counts >= min_count).tolist()
        numbers = {joined.types[i]: i for i in often if joined.types[i]}
        if earlier:
            numbers |= {word: i for i, word in enumerate(joined.types) if word in earlier}
        counts = {word: int(joined.counts[i]) for word, i in numbers.items() if joined.counts[i]}
        if not counts:
            raise InputError(_no_words(joined, min_count, earlier))
        ranked = _ranked(counts, earlier, max_vocabulary)
        ids = np.full(max(1, len(joined.types)), NO_WORD, dtype=np.int32)
        for i, word in enumerate(ranked):
            if word in numbers:
                ids[numbers[word]] = i
        total = [counts.get(word, 0) + earlier.get(word, 0) for word in ranked]
        return EncodedText(
            self.path,
            joined.starts,
            ranked,
            np.array(total, dtype=np.int64),
            ids,
            int(joined.counts.sum()),
        )


def _no_words(text: JoinedText, min_count: int, earlier: Mapping[str, int]) -> str:
    """Why a text has no words."""
    if not text.counts.any():
        return "the text is empty, expected some words"
    if earlier:
        return "no word of the vocabulary stands in the text, expected some"
    most = int(text.counts.argmax())
    return (
        f"min_count = {min_count}: no word stands so often; the most frequent one, "
        f"{text.types[most]!r}, stands {text.counts[most]} times"
    )


def _ranked(
    counts: Mapping[str, int], earlier: Mapping[str, int], max_vocabulary: int | None
) -> list[str]:
    """The words, the most frequent first, ties by the word; earlier ones are never cut."""
    if max_vocabulary is not None and max_vocabulary < len(earlier):
        raise InputError(
            f"max_vocabulary = {max_vocabulary}: expected at least {len(earlier)}, the words of "
            "the vectors that text is added to"
        )

    def rank(word: str) -> tuple[int, str]:
        return -counts.get(word, 0) - earlier.get(word, 0), word

    new = sorted((word for word in counts if word not in earlier), key=rank)
    if max_vocabulary is not None:
        new = new[: max_vocabulary - len(earlier)]
    return sorted([*earlier, *new], key=rank)
