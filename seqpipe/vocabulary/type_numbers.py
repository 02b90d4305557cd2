"""The types of a text while it is read: their numbers, spellings and counts, and no object for any
of them, so that hundreds of thousands that are no words in the end leave no gaps in the memory."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from seqpipe.kernels.pages import own_pages

LINE_END = -1
SEPARATOR = "\udcff"  # encoded as the byte 0xFF, which no text in UTF-8 has


class TypeNumbers:
    """The types of a text: a number for each from the moment it is first seen, and its count.

    Its items are their spellings, "" for those that were forgotten.

    max_types (int): When there are more, those that were seen least are forgotten; one that comes
        again is a new type, and what was counted is lost.
    """

    def __init__(self, max_types: int) -> None:
        from seqpipe.kernels.type_numbers import Table

        self.max_types = max_types
        self._size = self._known = 0
        self._least = 1
        self._table = Table(
            slots=np.zeros(0, np.int32),
            hashes=np.zeros(0, np.uint32),
            counts=np.zeros(0, np.int64),
            starts=np.zeros(1, np.int64),
            spellings=np.zeros(0, np.uint8),
        )

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        return map(self.__getitem__, range(self._size))

    def __getitem__(self, number: int) -> str:
        start, end = self._table.starts[number : number + 2].tolist()
        return self._table.spellings[start:end].tobytes().decode("utf-8")

    @property
    def counts(self) -> np.ndarray:
        """RETURNS (np.ndarray): int64 (types,), how often each stands in the text."""
        return self._table.counts[: self._size]

    def digest(self) -> str:
        """RETURNS (str): What tells these types from others."""
        starts = self._table.starts[: self._size + 1]
        spellings = self._table.spellings[: starts[-1]]
        digest = sha256(starts.data)
        digest.update(spellings.data)
        return digest.hexdigest()

    def number(self, tokens: list[str]) -> np.ndarray:
        """Find the numbers of some tokens, and count them.

        tokens (List[str]): Those of some lines, and "" at the end of each line.
        RETURNS (np.ndarray): int32 (tokens,), LINE_END at the end of a line.
        """
        from seqpipe.kernels.type_numbers import number_tokens

        joined = SEPARATOR.join([*tokens, ""] if tokens else [])
        text = np.frombuffer(joined.encode("utf-8", "surrogateescape"), dtype=np.uint8)
        self._make_room(len(tokens), len(text))
        numbers = np.empty(len(tokens), dtype=np.int32)
        size = number_tokens(text, self._table, self._size, numbers)
        self._known += size - self._size
        self._size = size
        while self._known > self.max_types:
            self._forget()
        return numbers

    def _make_room(self, types: int, size: int) -> None:
        """Make room for so many more types of so many bytes."""
        table, ends = self._table, int(self._table.starts[self._size])
        self._table = table._replace(
            hashes=_with_room(table.hashes, self._size + types),
            counts=_with_room(table.counts, self._size + types),
            starts=_with_room(table.starts, self._size + types + 1),
            spellings=_with_room(table.spellings, ends + size),
        )
        if 2 * (self._known + types) > len(table.slots):
            self._fill_slots(2 * (self._known + types))

    def _fill_slots(self, least: int) -> None:
        """Sort the types into slots anew, at least so many of them."""
        from seqpipe.kernels.type_numbers import NO_TYPE, fill_slots

        slots = own_pages(1 << (least - 1).bit_length(), np.int32)
        slots[:] = NO_TYPE
        self._table = self._table._replace(slots=slots)
        fill_slots(self._table, self._size)

    def _forget(self) -> None:
        """Forget the spellings of the types that were seen least."""
        starts = self._table.starts[: self._size + 1]
        sizes = np.where(self.counts > self._least, np.diff(starts), 0)
        kept = np.repeat(sizes > 0, np.diff(starts))
        spellings = self._table.spellings[: starts[-1]][kept]
        self._table.spellings[: len(spellings)] = spellings
        starts[1:] = np.cumsum(sizes)
        self._known = int((sizes > 0).sum())
        self._least += 1
        self._fill_slots(len(self._table.slots))


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """The array, or a longer one with the same beginning."""
    if size <= len(array):
        return array
    longer = own_pages(2 * size, array.dtype)
    longer[: len(array)] = array
    return longer
