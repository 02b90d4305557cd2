"""How often words stand near each other in a text (Pennington, Socher & Manning 2014, section 3),
counted within a memory bound, and kept in a file that is read in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .encoded import EncodedText

RECORD = np.dtype([("pair", np.int64), ("units", np.int64)])
BLOCK = 2**16  # cells, or records
# What counting takes of the memory; both are gone when the counts are merged.
TABLE_SHARE, KEYS_SHARE = 0.25, 0.5
# For each record while it is sorted, merged and made a cell, with all copies.
BYTES_TO_MERGE = 160
LARGEST_SCALE = 2**32
CELL = 3  # int32s


@dataclass(frozen=True)
class Nearness:
    """Which words count as near, and how much.

    window (int): Up to how many places away.
    is_symmetric (bool): Both sides count; else only what stands before a word is its context.
    by_distance (bool): A word d places away counts 1/d; else 1.
    """

    window: int
    is_symmetric: bool
    by_distance: bool

    @property
    def scale(self) -> int:
        """RETURNS (int): How many units make 1. All of 1/d are whole units up to a window of 22;
        beyond that they are rounded, to 2^-32."""
        if not self.by_distance:
            return 1
        return min(math.lcm(*range(1, self.window + 1)), LARGEST_SCALE)

    @property
    def units(self) -> np.ndarray:
        """RETURNS (np.ndarray): int64 (window,), the weight of each distance, in units."""
        distances = range(1, self.window + 1)
        return np.array([round(self.scale / d) if self.by_distance else 1 for d in distances])


class PairCounts:
    """The weight of each pair of a text's words.

    A pair is the number word * words + context. Where nearness is symmetric the word is the one
    with the greater id, and the pair stands for both orders.

    text (EncodedText): The text.
    nearness (Nearness): What counts.
    memory (int): Bytes that counting may take, in all.
    room (Path): A folder for the file of counts that did not fit.
    """

    def __init__(self, text: EncodedText, nearness: Nearness, *, memory: int, room: Path) -> None:
        self._text, self._units = text, nearness.units
        self._size = len(text.words)
        self._is_symmetric = nearness.is_symmetric
        self._memory, self._path = memory, room / "pairs"
        self._ends = [0]  # of the sorted runs of records in that file

    def count(self, report: Callable[[str, float], None]) -> Iterator[np.ndarray]:
        """Count, then give what was counted.

        report (Callable): Takes what is being done, and the share of it that is.
        YIELDS (np.ndarray): RECORD (n,): pairs ascending, each once in all, and their units.
        """
        self._path.write_bytes(b"")
        self._count_text(report)
        yield from self._merged(report)
        self._path.unlink()

    def _count_text(self, report: Callable[[str, float], None]) -> None:
        from seqpipe.kernels.cooccurrence import count_pairs

        window, starts = len(self._units), self._row_starts()
        table = np.zeros(starts[-1], np.int64)
        most = 2 * window * self._text.tokens  # pairs that the whole text can have
        keys = np.empty(max(window, min(most, int(KEYS_SHARE * self._memory / 8))), np.int64)
        before, filled = np.zeros(0, np.int32), 0
        for part in range(self._text.parts):
            ids = np.concatenate((before, self._text.part(part)))
            place = len(before)
            while place < len(ids):
                place, filled = count_pairs(
                    ids,
                    place,
                    self._size,
                    self._units,
                    self._is_symmetric,
                    starts,
                    table,
                    keys,
                    filled,
                )
                if place < len(ids):
                    filled = self._empty(keys[:filled])
            before = ids[-window:]
            report("counting co-occurrences", (part + 1) / self._text.parts)
        self._empty(keys[:filled])
        self._write_table(table, starts)

    def _row_starts(self) -> np.ndarray:
        """Where the rows of the table begin that counts the most frequent words among themselves:
        a triangle where pairs have no order, else a square."""
        room = int(TABLE_SHARE * self._memory / 8)
        if self._is_symmetric:
            rows = min(self._size, (math.isqrt(8 * room + 1) - 1) // 2)
            return np.arange(rows + 1) * np.arange(1, rows + 2) // 2
        rows = min(self._size, math.isqrt(room))
        return np.arange(rows + 1) * rows

    def _empty(self, keys: np.ndarray) -> int:
        """Write what the keys say as a sorted run. RETURNS: 0, how many are left."""
        from seqpipe.kernels.cooccurrence import add_up

        keys.sort()
        records = np.empty(min(len(keys), BLOCK), RECORD)
        place, written = 0, 0
        with open(self._path, "ab") as stream:
            while place < len(keys):
                place, count = add_up(keys, place, self._units, records["pair"], records["units"])
                records[:count].tofile(stream)
                written += count
        self._end_run(written)
        return 0

    def _write_table(self, table: np.ndarray, starts: np.ndarray) -> None:
        """Write the table as a sorted run, some of it at a time."""
        written = 0
        with open(self._path, "ab") as stream:
            for first in range(0, len(table), BLOCK):
                places = first + np.flatnonzero(table[first : first + BLOCK])
                rows = np.searchsorted(starts, places, side="right") - 1
                records = np.empty(len(places), RECORD)
                records["pair"] = rows * self._size + places - starts[rows]
                records["units"] = table[places]
                records.tofile(stream)
                written += len(places)
        self._end_run(written)

    def _end_run(self, written: int) -> None:
        if written:
            self._ends.append(self._ends[-1] + written)

    def _merged(self, report: Callable[[str, float], None]) -> Iterator[np.ndarray]:
        """The runs as one: a piece of each is held, and what no later piece can add to is given."""
        share = self._memory // BYTES_TO_MERGE // max(1, len(self._ends) - 1)
        runs = [
            _Run(self._path, start, end, max(1, share))
            for start, end in zip(self._ends, self._ends[1:], strict=False)
        ]
        merged = 0
        while runs := [run for run in runs if run.has_more()]:
            limit = min(run.sure_up_to() for run in runs)
            records = np.concatenate([run.take(limit) for run in runs])
            records = records[np.argsort(records["pair"])]
            first = np.flatnonzero(np.diff(records["pair"], prepend=-1))
            pairs = records[first]
            pairs["units"] = np.add.reduceat(records["units"], first)
            yield pairs
            merged += len(records)
            report("merging the counts", merged / self._ends[-1])


@dataclass
class _Run:
    """Sorted records in a file, from a place to an end, read some at a time."""

    path: Path
    place: int
    end: int
    share: int

    def __post_init__(self) -> None:
        self._held = np.empty(0, RECORD)

    def has_more(self) -> bool:
        """Read on where all was taken. RETURNS: Whether there is something."""
        if not len(self._held) and self.place < self.end:
            count = min(self.share, self.end - self.place)
            offset = self.place * RECORD.itemsize
            self._held = np.fromfile(self.path, RECORD, count, offset=offset)
            self.place += count
        return len(self._held) > 0

    def sure_up_to(self) -> int:
        """RETURNS: The pair that what is not yet read lies beyond."""
        return int(self._held["pair"][-1]) if self.place < self.end else np.iinfo(np.int64).max

    def take(self, limit: int) -> np.ndarray:
        """RETURNS: What is held up to a pair."""
        count = np.searchsorted(self._held["pair"], limit, side="right")
        taken, self._held = self._held[:count], self._held[count:]
        return taken


@dataclass(frozen=True)
class Cells:
    """The cells of a co-occurrence table, in a file, in random order.

    path (Path): The file: int32 (cells, 3) of word, context and the bits of log X, a float32.
    starts (List[int]): Where its pieces begin, each shuffled by itself, and its end, in cells.
    """

    path: Path
    starts: list[int]

    @property
    def blocks(self) -> int:
        """RETURNS (int): How many blocks there are."""
        return -(-self.starts[-1] // BLOCK)

    def block(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Read a block, which has the same share of each piece. Threads may do so side by side.

        number (int): From 0 to blocks - 1.
        RETURNS (Tuple[np.ndarray, np.ndarray]): int32 (n, 3), whose first columns are word and
            context, and float32 (n,), log X.
        """
        slices = []
        with open(self.path, "rb", buffering=0) as stream:
            for piece, (start, end) in enumerate(zip(self.starts, self.starts[1:], strict=False)):
                # What a division leaves over does not always go to the same block.
                slot, size = (number + piece) % self.blocks, end - start
                first, last = slot * size // self.blocks, (slot + 1) * size // self.blocks
                stream.seek((start + first) * CELL * 4)
                slices.append(np.fromfile(stream, np.int32, (last - first) * CELL))
        cells = np.concatenate(slices).reshape(-1, CELL)
        return cells, np.ascontiguousarray(cells[:, 2]).view(np.float32)


def count_cells(
    text: EncodedText,
    nearness: Nearness,
    *,
    memory: int,
    seed: int,
    room: Path,
    report: Callable[[str, float], None],
) -> Cells:
    """Count a text's co-occurrences.

    text (EncodedText): The text.
    nearness (Nearness): What counts. Where it is symmetric a cell stands for the one across the
        diagonal, too.
    memory (int): Bytes that it may take.
    seed (int): For the order of the cells.
    room (Path): A folder for files; the one of the cells is needed as long as they are.
    report (Callable): Takes what is being done, and the share of it that is.
    RETURNS (Cells): All cells that are not 0.
    """
    rng, starts = np.random.default_rng(seed), [0]
    pairs = PairCounts(text, nearness, memory=memory, room=room)
    with open(room / "cells", "wb") as stream:
        for records in pairs.count(report):
            words, contexts = np.divmod(records["pair"], len(text.words))
            # A word beside itself is in the context of both.
            twice = 1 + (nearness.is_symmetric & (words == contexts))
            counts = records["units"] * twice / nearness.scale
            cells = np.empty((len(records), CELL), np.int32)
            cells[:, 0], cells[:, 1] = words, contexts
            cells[:, 2] = np.log(counts).astype(np.float32).view(np.int32)
            cells[rng.permutation(len(cells))].tofile(stream)
            starts.append(starts[-1] + len(cells))
    return Cells(room / "cells", starts)
