"""Reads files of hypotheses and references that belong together line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

from seqpipe.files import InputError
from seqpipe.vocabulary.text_lines import decode, open_bytes

STANDARD_INPUT = "-"


def read_parallel(paths: Sequence[Path]) -> list[list[str]]:
    """Read files that have a sentence a line, the same one in each.

    paths (Sequence[Path]): UTF-8 files, plain or gzip; one may be "-", standard input.
    RETURNS (List[List[str]]): The lines of each.
    RAISES (InputError): If they have not equally many lines, one holds no text or a line that is
        not UTF-8, or standard input is closed or asked for twice.
    """
    if sum(str(path) == STANDARD_INPUT for path in paths) > 1:
        raise InputError("standard input (-) stands for several files, expected one at most")
    found = [list(_lines(path)) for path in paths]
    for path, lines in zip(paths, found, strict=True):
        if not any(line.strip() for line in lines):
            raise InputError("no text in it, expected a sentence a line", path=_name(path))
    if len({len(lines) for lines in found}) > 1:
        each = (f"{_name(p)} {len(lines):,}" for p, lines in zip(paths, found, strict=True))
        raise InputError(f"lines: {', '.join(each)}; expected equally many in each file")
    return found


def _lines(path: Path) -> Iterator[str]:
    """The lines as they stand there, a byte order mark too: the same files get the same scores as
    from sacreBLEU."""
    with _open(path) as stream:
        for number, data in enumerate(stream, start=1):
            yield decode(data, _name(path), number).rstrip("\r\n")


def _open(path: Path) -> AbstractContextManager[IO[bytes]]:
    if str(path) != STANDARD_INPUT:
        return open_bytes(path)
    if sys.stdin is None:
        raise InputError("standard input is closed, expected a sentence a line")
    return nullcontext(sys.stdin.buffer)


def _name(path: Path) -> str:
    return "standard input" if str(path) == STANDARD_INPUT else str(path)
