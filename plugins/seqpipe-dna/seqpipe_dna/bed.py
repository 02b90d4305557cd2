"""Regions of a genome as a BED file: record, start and end, parted by tabs, from 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from seqpipe.files import InputError, atomic_write

Region = tuple[str, int, int]


def read_bed(path: str | Path, lengths: Mapping[str, int]) -> list[Region]:
    """Read regions. Raises InputError where one is not in the records, or two share a base.

    path: The file. Columns after the third are not read, nor are comments.
    lengths (Mapping[str, int]): The bases of each record.
    RETURNS (List[Region]): Record, start and end of each.
    """
    regions: dict[int, Region] = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(f"cannot be read ({reason}), expected a BED file", path=path) from error
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(("#", "track", "browser")):
            regions[number] = _region(line, path, number, lengths)
    if not regions:
        raise InputError("no region in it, expected record, start and end a line", path=path)
    _check_apart(regions, path)
    return list(regions.values())


def _region(line: str, path: str | Path, number: int, lengths: Mapping[str, int]) -> Region:
    columns = line.split("\t")
    if len(columns) < 3 or not (columns[1].isdecimal() and columns[2].strip().isdecimal()):
        message = f"{line[:60]!r}, expected record, start and end, parted by tabs"
        raise InputError(message, path=path, line=number)
    name, start, end = columns[0], int(columns[1]), int(columns[2])
    if name not in lengths:
        known = ", ".join(list(lengths)[:5])
        raise InputError(f"record {name!r}, expected one of {known}", path=path, line=number)
    if not start < end <= lengths[name]:
        message = f"bases {start} to {end}, expected some of the {lengths[name]} of {name}"
        raise InputError(message, path=path, line=number)
    return name, start, end


def _check_apart(regions: Mapping[int, Region], path: str | Path) -> None:
    """Refuse a base in two regions: it would be learned and scored twice. regions: By line."""
    for (line, left), (other, right) in pairwise(sorted(regions.items(), key=itemgetter(1))):
        if left[0] == right[0] and right[1] < left[2]:
            message = (
                f"bases {right[1]} to {right[2]} of {right[0]} overlap those of line {line}, "
                "expected each base once"
            )
            raise InputError(message, path=path, line=other)


def write_bed(path: str | Path, regions: Iterable[Region]) -> None:
    """Write regions.

    path: The file.
    regions (Iterable[Region]): Record, start and end of each.
    """
    with atomic_write(path) as file:
        for name, start, end in regions:
            file.write(f"{name}\t{start}\t{end}\n")
