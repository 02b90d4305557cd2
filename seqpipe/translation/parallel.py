"""Pairs of a text and its translations: files that belong together line by line, and tables."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import open_bytes, read_lines

logger = logging.getLogger("seqpipe")

EMPTY = ("error", "skip")
_BLOCK = 1 << 20  # bytes that are read at a time to count lines


class Pair(NamedTuple):
    """A text and its translations, without white space around them.

    line (int): Its line, from 1; of pairs that were gathered the first.
    source (str): What is translated.
    references (Tuple[str, ...]): One translation or more.
    """

    line: int
    source: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """Which pairs of a corpus are read.

    empty (str): What a pair is of which a side is empty or white space: an "error", or one to
        "skip". Of several references an empty one alone is left out.
    max_length (int): The most words of a side, parted by white space; longer pairs are left out.
        Of several references a longer one alone is. 0 for no limit.
    limit (int): The most pairs to give, 0 for all.
    RAISES (InputError): If an option has no such value.
    """

    empty: str = "error"
    max_length: int = 0
    limit: int = 0

    def __post_init__(self) -> None:
        if self.empty not in EMPTY:
            raise InputError(f"unknown empty {self.empty!r}, expected one of {', '.join(EMPTY)}")
        for name in ("max_length", "limit"):
            if getattr(self, name) < 0:
                message = f"{name} {getattr(self, name)}, expected 0 for no limit, or more"
                raise InputError(message)

    def fault(self, source: str, reference: str) -> str:
        """RETURNS (str): Why a source with a reference is left out, "" if it is not.

        source, reference (str): Without white space around them.
        """
        if not source or not reference:
            return "with an empty side"
        if self.max_length and max(len(source.split()), len(reference.split())) > self.max_length:
            return f"with a side longer than max_length = {self.max_length:,}"
        return ""


class _Side(NamedTuple):
    """Where the texts of one side come from, for messages."""

    path: Path
    name: str


ALL = Selection()


def given_path(path: str | os.PathLike[str] | None, what: str) -> Path:
    """Refuse a path that was not given, such as a null in a config.

    path: What was given.
    what (str): What it is a path to.
    RETURNS (Path): The path; whether a file is there is seen when it is read.
    RAISES (InputError): If there is none.
    """
    if path is None or path == "":
        raise InputError(f"no path to {what}, expected a file (set [paths] or --paths)")
    return Path(path)


def given_paths(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None, what: str
) -> list[Path]:
    """As given_path, for one file or several.

    paths: A path or several; None where none was given.
    what (str): What the message calls them.
    RETURNS (List[Path]): At least one.
    RAISES (InputError): If there is none.
    """
    if paths is None or isinstance(paths, str | os.PathLike):
        return [given_path(paths, what)]
    if not paths:
        raise InputError(f"no path to {what}, expected a file or several")
    return [given_path(path, what) for path in paths]


def read_pairs(
    source: str | os.PathLike[str] | None,
    targets: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
    selection: Selection = ALL,
    *,
    hint: str = "",
) -> Iterator[Pair]:
    """Read files that belong together line by line: UTF-8, plain or gzip, split at "\\n" alone.

    The lines are counted first, so that files which do not belong together give no pair at all.

    source: The file of what is translated.
    targets: The file of its translations, or several, each with one reference a line.
    selection (Selection): Which pairs are read.
    hint (str): What to say too where a side is empty: how such pairs can be left out.
    YIELDS (Pair): The pairs, in their order.
    RAISES (InputError): If a file is not there or no UTF-8 text, the files have not equally many
        lines, a side is empty where that is an error, or there is no pair.
    """
    paths = [given_path(source, "the sources"), *given_paths(targets, "the references")]
    sides = [_Side(paths[0], "source"), *_reference_sides(paths[1:])]
    return _selected(_rows(paths), sides, selection, hint=hint)


def read_paired_texts(
    path: str | os.PathLike[str] | None,
    *,
    source: int = 0,
    targets: Sequence[int] = (1,),
    gather: bool = False,
    selection: Selection = ALL,
    hint: str = "",
) -> Iterator[Pair]:
    """Read a table with a pair a line, a tab between columns; a quote is a character like others.

    Lines without any character are passed over. All others must have equally many columns: a tab
    within a text would move what follows to another one.

    path: A file, UTF-8, plain or gzip, split at "\\n" alone.
    source (int): The column of what is translated, from 0, or from -1 for the last.
    targets (Sequence[int]): The columns of its translations.
    gather (bool): Pairs with the same source become one with several references, each once, where
        the first of them stands. All pairs are then held in memory.
    selection (Selection): Which pairs are read.
    hint (str): What to say too where a side is empty: how such pairs can be left out.
    YIELDS (Pair): The pairs, in their order.
    RAISES (InputError): If the file is not there or no UTF-8 text, a line lacks a column or has
        another number of columns than the first, a side is empty where that is an error, or there
        is no pair.
    """
    place = given_path(path, "the pairs")
    if not targets:
        raise InputError("no columns of references, expected at least one")
    sides = [
        _Side(place, f"{name} (column {column})")
        for name, column in [("source", source), *(("reference", column) for column in targets)]
    ]
    rows = _table_rows(place, [source, *targets])
    return _selected(rows, sides, selection, gather=gather, hint=hint)


def _reference_sides(paths: list[Path]) -> list[_Side]:
    if len(paths) == 1:
        return [_Side(paths[0], "reference")]
    return [_Side(path, f"reference {number}") for number, path in enumerate(paths, start=1)]


def _rows(paths: list[Path]) -> Iterator[Pair]:
    """All lines of parallel files."""
    _check_counts(paths)
    files = [_texts(path) for path in paths]
    for (number, source), *others in zip(*files, strict=True):
        yield Pair(number, source.strip(), tuple(text.strip() for _, text in others))


def _table_rows(path: Path, columns: list[int]) -> Iterator[Pair]:
    """All rows of a table."""
    width = first_line = 0
    for number, text in _texts(path):
        if not text:
            continue
        row = text.split("\t")
        if not width:
            width, first_line = len(row), number
            columns = _places(columns, width, path, number)
        elif len(row) != width:
            message = f"{_columns(len(row))}, expected {width} as in line {first_line}"
            raise InputError(message, path=path, line=number)
        source, *references = (row[column].strip() for column in columns)
        yield Pair(number, source, tuple(references))


def _places(columns: list[int], width: int, path: Path, line: int) -> list[int]:
    """The columns from 0 of those that may be counted from the last."""
    for column in columns:
        if not -width <= column < width:
            need = column + 1 if column >= 0 else -column
            message = f"{_columns(width)}, expected at least {need} to have column {column}"
            raise InputError(message, path=path, line=line)
    places = [column % width for column in columns]
    if len(set(places)) < len(places):
        listed = ", ".join(map(str, columns))
        message = f"of {_columns(width)}, {listed} are not all different, expected one a side"
        raise InputError(message, path=path, line=line)
    return places


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _selected(
    rows: Iterable[Pair],
    sides: Sequence[_Side],
    selection: Selection,
    *,
    gather: bool = False,
    hint: str,
) -> Iterator[Pair]:
    """The pairs that a selection takes, and a warning of how many it leaves out."""
    tally: Counter[str] = Counter()
    pairs = _sound(rows, sides, selection, tally, hint)
    count = 0
    for pair in islice(_gathered(pairs) if gather else pairs, selection.limit or None):
        count += 1
        yield pair
    reasons = ", ".join(f"{number:,} {fault}" for fault, number in sorted(tally.items()) if fault)
    if not count:
        because = f" (all are left out: {reasons})" if reasons else ""
        raise InputError(f"no pair to read{because}, expected at least one", path=sides[0].path)
    if reasons:
        _warn_once(f"{sides[0].path}: pairs left out of {tally.total():,}: {reasons}")


def _sound(
    rows: Iterable[Pair],
    sides: Sequence[_Side],
    selection: Selection,
    tally: Counter[str],
    hint: str,
) -> Iterator[Pair]:
    """The pairs with the references that a selection takes; those of each fault are counted."""
    for row in rows:
        if selection.empty == "error":
            _refuse_empty(row, sides, hint)
        faults = [selection.fault(row.source, reference) for reference in row.references]
        tally.update(faults)
        if not any(faults):
            yield row
        elif not all(faults):
            kept = (one for one, fault in zip(row.references, faults, strict=True) if not fault)
            yield row._replace(references=tuple(kept))


def _refuse_empty(row: Pair, sides: Sequence[_Side], hint: str) -> None:
    for text, side in zip((row.source, *row.references), sides, strict=True):
        if not text:
            message = f"an empty {side.name}, expected a text{hint and '; '}{hint}"
            raise InputError(message, path=side.path, line=row.line)


def _gathered(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """One pair for each different source, in the order of the first of each."""
    found: dict[str, tuple[int, dict[str, None]]] = {}
    for pair in pairs:
        _, references = found.setdefault(pair.source, (pair.line, {}))
        references.update(dict.fromkeys(pair.references))
    for source, (line, references) in found.items():
        yield Pair(line, source, tuple(references))


@cache
def _warn_once(message: str) -> None:
    """A corpus is read in every epoch, and what it leaves out is said once in a process."""
    logger.warning("%s", message)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that was checked to be one, and that holds no NUL."""
    _check_file(path)
    for number, text in read_lines(path):
        check_no_nul(text, path=path, line=number)
        yield number, text


def check_no_nul(text: str, *, path: str | Path | None = None, line: int | None = None) -> None:
    """Refuse a text that is none, such as a line of UTF-16.

    text (str): The text.
    path, line: Where it stands.
    RAISES (InputError): If it holds a NUL.
    """
    if "\0" in text:
        message = f"a NUL at character {text.index(chr(0)) + 1}, expected a text in UTF-8"
        raise InputError(message, path=path, line=line)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError("a folder, expected a file", path=path)
    if not path.is_file():
        raise InputError("no such file", path=path)


def _check_counts(paths: list[Path]) -> None:
    """Refuse files of which one ends before another."""
    for path in paths:
        _check_file(path)
    counts = {path: _count_lines(path) for path in paths}
    shortest = min(counts, key=lambda path: counts[path])
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{path} {count:,}" for path, count in counts.items())
        raise InputError(
            f"the file ends here, others go on. Lines: {each}; expected equally many in each file",
            path=shortest,
            line=counts[shortest] or None,
        )


def _count_lines(path: Path) -> int:
    count, last = 0, b"\n"
    with open_bytes(path) as stream:
        while block := stream.read(_BLOCK):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
