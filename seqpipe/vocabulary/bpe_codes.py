"""The file of merges that subword-nmt writes and reads: a version, then a pair of symbols on each
line."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from seqpipe.files import InputError, atomic_write

from .learn_bpe import Merge
from .text_lines import read_lines

END_MARK = "</w>"
"""Ends a symbol that ends its word."""
VERSIONS = {True: "#version: 0.1", False: "#version: 0.2"}
"""The first line, by whether the end mark is a symbol of its own."""


def write_codes(path: str | PathLike[str], merges: Iterable[Merge], *, mark_apart: bool) -> None:
    """Write merges. Raises InputError for one that the format cannot express.

    path: The file to write; an old one is replaced.
    merges (Iterable[Merge]): The merges in their order.
    mark_apart (bool): The end mark is a symbol of its own.
    """
    lines = [VERSIONS[mark_apart], *map(_line, merges)]
    with atomic_write(path) as file:
        file.writelines(f"{line}\n" for line in lines)


def _line(merge: Merge) -> str:
    parts = merge.left, merge.right + END_MARK * merge.ends
    has_inner_mark = not merge.ends and merge.right.endswith(END_MARK)
    if has_inner_mark or any(space in part for part in parts for space in " \r\n"):
        raise InputError(
            f"the merge of {merge.left!r} and {merge.right!r}: a file of codes can hold neither "
            f"white space nor {END_MARK} within a word; expected to_disk, which can"
        )
    return " ".join(parts)


def read_codes(path: str | PathLike[str]) -> tuple[list[int], list[Merge], bool]:
    """Read merges. Raises InputError where a line is none.

    path: The file, plain or gzipped; one without a version is of version 0.1.
    RETURNS (Tuple[List[int], List[Merge], bool]): The number of each merge's line, the merges, and
        whether the end mark is a symbol of its own.
    """
    numbers, merges, mark_apart = [], [], True
    try:
        for number, line in read_lines(Path(path)):
            if number == 1 and line.startswith("#version:"):
                mark_apart = _mark_apart(line, path)
            elif line:
                merges.append(_merge(line, path, number))
                numbers.append(number)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror}): expected a file of codes", path=path
        ) from None
    return numbers, merges, mark_apart


def _mark_apart(version: str, path: str | PathLike[str]) -> bool:
    for apart, line in VERSIONS.items():
        if line == version:
            return apart
    raise InputError(f"{version!r}, expected {' or '.join(VERSIONS.values())}", path=path, line=1)


def _merge(line: str, path: str | PathLike[str], number: int) -> Merge:
    parts = line.split(" ")
    if len(parts) != 2 or not all(parts):
        raise InputError(
            f"{line!r}, expected two symbols with a space between", path=path, line=number
        )
    left, right = parts
    return Merge(left, right.removesuffix(END_MARK), right.endswith(END_MARK))
