"""Loads what a REPORT.yml names: metrics, pages, pictures and texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from seqpipe.cli.report_file import (
    Block,
    LinesPart,
    PagePart,
    PicturePart,
    Share,
    TablePart,
    read_report_file,
)
from seqpipe.cli.report_source import lines_of, parse_json, read_content, read_text
from seqpipe.files import InputError
from seqpipe.project.source import Lines as YamlLines
from seqpipe.project.source import Place
from seqpipe.reporting.report import Lines, Page, Part, Picture, Report, Section
from seqpipe.reporting.report_pictures import KINDS, is_picture
from seqpipe.reporting.report_tables import Column, Table, items_at, lists_beside, table_of

PAGES = (".html",)
PICTURES = {".svg": "an SVG", ".png": "a PNG", ".jpg": "a JPEG"}
JSON_LINES = ".jsonl"


@dataclass(frozen=True)
class Loaded:
    """A report, and the files that it is made from.

    report (Report): With all that it shows.
    files (Tuple[Path, ...]): Each once.
    """

    report: Report
    files: tuple[Path, ...]


def load_report(path: Path, *, say: Callable[[str], None] = lambda what: None) -> Loaded:
    """Load all that a REPORT.yml shows.

    path (Path): The file.
    say (Callable): Takes what is done now.
    RETURNS (Loaded): The report, and the files that it is made from.
    RAISES (InputError): If something in it, or a file that it names, is not as it should be.
    """
    block, lines = read_report_file(path)
    loader = _Loader(path, lines, say)
    sections = [
        Section(
            section.title,
            section.text,
            [
                loader.part(part, ("sections", i, "parts", j))
                for j, part in enumerate(section.parts)
            ],
        )
        for i, section in enumerate(block.sections)
    ]
    return Loaded(Report(block.title, block.text, sections), tuple(loader.files))


class _Loader:
    """Reads the files that parts name, and says of each fault where it stands in the REPORT.yml.

    path (Path): The REPORT.yml.
    lines (Lines): Where things stand in it.
    say (Callable): Takes what is done now.
    """

    def __init__(self, path: Path, lines: YamlLines, say: Callable[[str], None]) -> None:
        self.path, self.lines, self.say = path, lines, say
        self.files: list[Path] = []

    def part(self, block: Block, place: Place) -> Part:
        """Load a part.

        block (Block): What the REPORT.yml says of it.
        place (Place): Where.
        RETURNS (Part): What is shown.
        """
        return self._load(block, place)

    @singledispatchmethod
    def _load(self, block: Block, place: Place) -> Part:
        raise TypeError(f"no part: {block!r}")

    @_load.register
    def _(self, block: PagePart, place: Place) -> Page:
        where = (*place, "page")
        with self._blaming(where):
            _check_suffix(block.page, PAGES)
        return Page(block.title, self._text(block.page, where))

    @_load.register
    def _(self, block: PicturePart, place: Place) -> Picture:
        where = (*place, "picture")
        with self._blaming(where):
            _check_suffix(block.picture, KINDS)
        suffix = Path(block.picture).suffix.lower()
        with self._blaming(where):
            content = read_content(self._file(block.picture), block.picture)
            if not is_picture(content, suffix):
                raise InputError(f"{block.picture}: not {PICTURES[suffix]} picture")
        return Picture(content, suffix, block.alt, block.caption)

    @_load.register
    def _(self, block: LinesPart, place: Place) -> Part:
        where = (*place, "lines")
        is_json = Path(block.lines).suffix.lower() == JSON_LINES
        if is_json != (block.columns is not None):
            with self._blaming(where):
                raise InputError(f"{block.lines}: columns belong to a {JSON_LINES} file")
        shown = lines_of(self._text(block.lines, where), block.limit)
        if block.columns is None:
            return Lines("\n".join(shown), block.lines, block.caption)
        items = [
            (None, self._json(line, block.lines, where, number))
            for number, line in enumerate(shown, start=1)
            if line.strip()
        ]
        with self._blaming((*place, "columns"), block.lines):
            return table_of(items, _columns(block.columns), caption=block.caption)

    @_load.register
    def _(self, block: TablePart, place: Place) -> Table:
        columns = _columns(block.columns)
        where = (*place, "table")
        if not isinstance(block.table, str):
            return self._table_of_files(block, block.table, place)
        data = self._json(self._text(block.table, where), block.table, where)
        if block.each is None:
            with self._blaming((*place, "columns"), block.table):
                items = lists_beside(data, columns)
            # A row holds its columns' values in their order.
            at = [Column(c.heading, str(i), c.percent) for i, c in enumerate(columns)]
            return table_of(items, at, caption=block.caption)
        with self._blaming((*place, "each"), block.table):
            items = items_at(data, block.each)
        with self._blaming((*place, "columns"), f"{block.table}, in each of '{block.each}'"):
            return table_of(items, columns, caption=block.caption)

    def _table_of_files(self, block: TablePart, files: Mapping[str, str], place: Place) -> Table:
        if block.each is not None:
            with self._blaming((*place, "each")):
                raise InputError("each: expected with the table of one file")
        items = [
            (label, self._json(self._text(name, where), name, where))
            for label, name in files.items()
            for where in [(*place, "table", label)]
        ]
        with self._blaming((*place, "columns"), ", ".join(files.values())):
            return table_of(items, _columns(block.columns), caption=block.caption)

    def _json(self, text: str, name: str, place: Place, line: int | None = None) -> Any:
        with self._blaming(place):
            return parse_json(text, name, line)

    def _text(self, name: str, place: Place) -> str:
        with self._blaming(place):
            return read_text(self._file(name), name)

    def _file(self, name: str) -> Path:
        """Note a file, and say that it is read."""
        self.say(f"reading {name}")
        file = self.path.parent / name
        self.files.append(file)
        return file

    @contextmanager
    def _blaming(self, place: Place, name: str = "") -> Iterator[None]:
        """Put the place in the REPORT.yml, and a file's name, before what is said of a fault."""
        try:
            yield
        except InputError as fault:
            message = f"{name}: {fault}" if name else str(fault)
            raise InputError(message, path=self.path, line=self.lines.at(place)) from None


def _columns(columns: Mapping[str, str | Share]) -> list[Column]:
    return [
        Column(heading, value.percent, percent=True)
        if isinstance(value, Share)
        else Column(heading, value)
        for heading, value in columns.items()
    ]


def _check_suffix(name: str, suffixes: Collection[str]) -> None:
    if Path(name).suffix.lower() not in suffixes:
        raise InputError(f"{name}: expected a file that ends in {' or '.join(suffixes)}")
