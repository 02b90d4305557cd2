"""The sentences of a text as ids: through a temporary file, so that its length does not matter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from seqpipe.files import InputError
from seqpipe.vocabulary.text import Pieces
from seqpipe.vocabulary.vocabulary import Vocabulary

BEGIN, END = 0, 1  # numbers in the file; words follow
BLOCK = 1 << 16  # tokens that are held before they are written
PIECE = 1 << 21  # tokens that are counted at a time
# Within a sentence these are unknown words: what ARPA files and the vocabulary call their marks.
MARKS = frozenset({"<s>", "</s>", "<unk>", *Vocabulary.SPECIALS})


@dataclass(frozen=True)
class NumberedText:
    """A text of sentences, each word a number in the order in which the text brings them.

    path (Path): int32 numbers, BEGIN and END around each sentence.
    words (List[str]): The words, from number 2.
    counts (np.ndarray): int64 (2 + words,), how often each number stands in it.
    """

    path: Path
    words: list[str]
    counts: np.ndarray

    @property
    def size(self) -> int:
        """RETURNS (int): Numbers in the file."""
        return int(self.counts.sum())

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
        counts = dict(zip(self.words, self.counts[2:].tolist(), strict=True))
        unknown = sum(counts.pop(mark, 0) for mark in MARKS)
        return settings.build({**counts, Vocabulary.UNK: unknown})

    def pieces(self, vocabulary: Vocabulary, size: int = PIECE) -> Iterator[np.ndarray]:
        """The ids of whole sentences.

        vocabulary (Vocabulary): Gives the ids.
        size (int): Numbers that are read at a time; one sentence may have more.
        YIELDS (np.ndarray): int32 (n,), BOS_ID and EOS_ID around each sentence.
        """
        ids = np.concatenate(
            [
                np.array([vocabulary.BOS_ID, vocabulary.EOS_ID], dtype=np.int32),
                known_ids(vocabulary, self.words).astype(np.int32),
            ]
        )
        rest = np.zeros(0, dtype=np.int32)
        with open(self.path, "rb") as stream:
            while found := stream.read(4 * size):
                numbers = np.concatenate([rest, np.frombuffer(found, dtype=np.int32)])
                ends = np.flatnonzero(numbers == END)
                cut = int(ends[-1]) + 1 if len(ends) else 0
                if cut:
                    yield ids[numbers[:cut]]
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
    RAISES (InputError): If the file cannot be written.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = lambda: 2 + len(numbers)
    held: list[int] = []
    counts = np.zeros(2, dtype=np.int64)
    is_open = False
    with open(path, "wb", buffering=0) as stream:
        for tokens, ends in pieces:
            found = [numbers[token] for token in tokens]
            if found and not is_open:
                held.append(BEGIN)
                is_open = True
            held += found
            if ends and is_open:
                held.append(END)
                is_open = False
            if len(held) >= BLOCK:
                counts = _flush(held, stream, counts, 2 + len(numbers))
        if is_open:
            held.append(END)
        counts = _flush(held, stream, counts, 2 + len(numbers))
    return NumberedText(path, list(numbers), counts)


def _flush(held: list[int], stream: IO[bytes], counts: np.ndarray, size: int) -> np.ndarray:
    """Write what is held. RETURNS: The counts with it."""
    numbers = np.array(held, dtype=np.int32)
    try:
        numbers.tofile(stream)
    except OSError as error:
        raise InputError(f"the text could not be kept ({error})", path=stream.name) from error
    del held[:]
    found = np.bincount(numbers, minlength=size)
    found[: len(counts)] += counts
    return found
