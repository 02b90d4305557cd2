"""The sentences of a text as ids: through a temporary file, so that its length does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces
from seqpipe.vocabulary.type_numbers import LINE_END, TypeNumbers
from seqpipe.vocabulary.vocabulary import Vocabulary

END = LINE_END  # of a sentence, in the file
BLOCK = 1 << 16  # tokens that are held before they are written
PIECE = 1 << 21  # tokens that are counted at a time
NO_LIMIT = 2**31 - 1
# Within a sentence these are unknown words: what ARPA files and the vocabulary call their marks.
MARKS = frozenset({"<s>", "</s>", "<unk>", *Vocabulary.SPECIALS})


@dataclass(frozen=True)
class NumberedText:
    """A text of sentences, each word a number in the order in which the text brings them.

    path (Path): int32 numbers, END after each sentence; none is empty.
    words (TypeNumbers): The word of each number.
    """

    path: Path
    words: TypeNumbers

    @property
    def size(self) -> int:
        """RETURNS (int): Numbers in the file."""
        return self.path.stat().st_size // 4

    def numbers(self, start: int, end: int, block: int) -> Iterator[int]:
        """A part of the numbers in their order.

        start, end (int): Places in the file.
        block (int): How many are held at a time.
        YIELDS (int): Each number.
        """
        for first in range(start, end, block):
            # Opened anew each time: many parts are read side by side.
            count = min(block, end - first)
            yield from np.fromfile(self.path, np.int32, count, offset=4 * first).tolist()

    def vocabulary(self, settings: Vocabulary) -> Vocabulary:
        """RETURNS (Vocabulary): Of the words that its settings keep; marks are unknown words.

        settings (Vocabulary): An empty one.
        """
        counts = dict(zip(self.words, self.words.counts.tolist(), strict=True))
        unknown = sum(counts.pop(mark, 0) for mark in MARKS)
        return settings.build({**counts, Vocabulary.UNK: unknown})

    def pieces(self, vocabulary: Vocabulary, size: int = PIECE) -> Iterator[np.ndarray]:
        """The ids of whole sentences.

        vocabulary (Vocabulary): Gives the ids.
        size (int): Numbers that are read at a time; one sentence may have more.
        YIELDS (np.ndarray): int32 (n,), BOS_ID and EOS_ID around each sentence.
        """
        # The last is that of END, which is -1.
        ids = np.append(known_ids(vocabulary, list(self.words)), vocabulary.EOS_ID).astype(np.int32)
        rest = np.zeros(0, dtype=np.int32)
        with open(self.path, "rb") as stream:
            while found := stream.read(4 * size):
                numbers = np.concatenate([rest, np.frombuffer(found, dtype=np.int32)])
                ends = np.flatnonzero(numbers == END) + 1
                cut = int(ends[-1]) if len(ends) else 0
                if cut:
                    starts = np.append(0, ends[:-1])
                    yield np.insert(ids[numbers[:cut]], starts, vocabulary.BOS_ID)
                rest = numbers[cut:]


def known_ids(vocabulary: Vocabulary, words: list[str]) -> np.ndarray:
    """RETURNS (np.ndarray): int64 (n,), the id of each word; marks are unknown words.

    vocabulary (Vocabulary): Gives the ids.
    words (List[str]): As written.
    """
    unknown = vocabulary.UNK_ID
    ids = [unknown if word in MARKS else vocabulary.id(word) for word in words]
    return np.array(ids, dtype=np.int64)


def number_text(path: Path, pieces: Pieces) -> NumberedText:
    """Read a text once; sentences without words are left out.

    path (Path): The file to write.
    pieces (Iterator): The tokens of each piece, and whether a sentence ends with it.
    RETURNS (NumberedText): The text.
    RAISES (InputError): If the file cannot be written, or for an empty word.
    """
    words = TypeNumbers(NO_LIMIT)
    held: list[str] = []
    is_open = False
    with open(path, "wb", buffering=0) as stream:
        for tokens, ends in pieces:
            before = len(held)
            held += tokens
            if "" in held[before:]:
                raise InputError("an empty word among those of the text, expected none")
            is_open = is_open or len(held) > before
            if ends and is_open:
                held.append("")
                is_open = False
            if len(held) >= BLOCK:
                _write(words.number(held), stream)
                del held[:]
        if is_open:
            held.append("")
        _write(words.number(held), stream)
    return NumberedText(path, words)


def _write(numbers: np.ndarray, stream: IO[bytes]) -> None:
    try:
        numbers.tofile(stream)
    except OSError as error:
        raise InputError(f"the text could not be kept ({error})", path=stream.name) from error
