"""The making of an encoded text: one pass over the tokens, without an object for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces
from seqpipe.vocabulary.type_numbers import LINE_END, TypeNumbers

from .encoded import PART_SIZE, EncodedText
from .phrases import JoinedText, Phrases, join_phrases_in_file

NO_WORD = LINE_END - 1
BLOCK = 1 << 14  # tokens that are held before they are written
# Above so many types the rarest are forgotten, as word2vec.c does, so that memory has a bound.
MAX_TYPES = 10_000_000


class Encoder:
    """Writes a text as numbers.

    path (Path): The file to write.
    max_types (int): Different words that are held at most; see `TypeNumbers`.
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
        return f"{self._digest.hexdigest()}-{self.types.digest()}"

    def write(self, pieces: Pieces) -> None:
        """Read all pieces of a text.

        pieces (Iterator): The tokens of each, and whether a line ends with it.
        """
        held: list[str] = []
        with open(self.path, "wb", buffering=0) as stream:
            for tokens, ends in pieces:
                held.extend(tokens)
                if ends:
                    held.append("")
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

    def _flush(self, held: list[str], stream: IO[bytes]) -> None:
        types = self.types.number(held)
        try:
            types.tofile(stream)
        except OSError as error:
            raise InputError(
                f"the encoded text could not be written ({error})", path=self.path
            ) from error
        self._digest.update(types.tobytes())
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
        starts = np.array(self.starts, dtype=np.int64)
        joined = JoinedText(starts, self.types, self.types.counts)
        if phrases is not None and self.tokens:
            joined = join_phrases_in_file(
                self.path,
                starts,
                list(self.types),
                self.types.counts,
                settings=phrases,
                report=report,
            )
        numbers = _candidates(joined, min_count, earlier)
        words = [joined.types[i] for i in numbers.tolist()]
        if not joined.counts[numbers].any():
            raise InputError(_no_words(joined, min_count, earlier))
        absent = sorted(earlier.keys() - set(words)) if earlier else []
        words += absent
        counts = np.append(joined.counts[numbers], np.zeros(len(absent), np.int64))
        if earlier:
            counts += [earlier.get(word, 0) for word in words]
        ranks = _ranked(words, counts, earlier, max_vocabulary)
        ids = np.full(max(1, len(joined.types)), NO_WORD, dtype=np.int32)
        is_here = ranks < len(numbers)
        ids[numbers[ranks[is_here]]] = np.flatnonzero(is_here)
        return EncodedText(
            self.path,
            joined.starts,
            [words[i] for i in ranks.tolist()],
            counts[ranks],
            ids,
            int(joined.counts.sum()),
        )


def _candidates(text: JoinedText, min_count: int, earlier: Mapping[str, int]) -> np.ndarray:
    """The types that stand often enough to be words, or were words before."""
    often = text.counts >= min_count
    if earlier:
        often |= np.array([word in earlier for word in text.types])
    numbers = np.flatnonzero(often)
    return numbers[[text.types[i] != "" for i in numbers.tolist()]]


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
    words: list[str], counts: np.ndarray, earlier: Mapping[str, int], max_vocabulary: int | None
) -> np.ndarray:
    """The places of words in the list, the most frequent first, ties by the word; earlier ones are
    never cut."""
    by_word = np.array(sorted(range(len(words)), key=words.__getitem__))
    ranks = by_word[np.argsort(-counts[by_word], kind="stable")]
    if max_vocabulary is None:
        return ranks
    room = max_vocabulary - len(earlier)
    if room < 0:
        raise InputError(
            f"max_vocabulary = {max_vocabulary}: expected at least {len(earlier)}, the words of "
            "the vectors that text is added to"
        )
    is_new = np.array([words[i] not in earlier for i in ranks.tolist()])
    return ranks[~is_new | (np.cumsum(is_new) <= room)]
