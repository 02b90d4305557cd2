"""The grammar of a REPORT.yml: its keys and what each takes, each fault with its line."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from seqpipe.files import InputError
from seqpipe.project.check import nearest
from seqpipe.project.source import Lines, Place, read_yaml
from seqpipe.reporting.report_tables import said

# What tells one sort of part from another.
KINDS = ("table", "page", "picture", "lines")
# What is expected, by the names of pydantic's faults; our own faults say it themselves.
EXPECTED = {
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping with its keys",
    "int_type": "a whole number",
    "greater_than_equal": "1 or more",
    "too_short": "at least one",
}
UNKNOWN = ("extra_forbidden", "invalid_key")  # pydantic's faults of keys that there are not
KEY = "[key]"  # ends the place of a fault in a key
# Begins what pydantic puts between the keys of a place to name one of several sorts.
SORT = "="


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("half", "whole characters") from None
    return text


def _not_empty(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "a text")
    return text


def _file_name(name: str) -> str:
    if "\0" in name:
        raise PydanticCustomError("name", "the name of a file")
    return name


def _sort_of_part(block: Any) -> str | None:
    found = [kind for kind in KINDS if isinstance(block, dict) and kind in block]
    return SORT + found[0] if len(found) == 1 else None


def _sort_of_value(value: Any) -> str | None:
    sorts: dict[type, str] = {str: "=text", dict: "=mapping"}
    return sorts.get(type(value))


def _one_of(sort: Callable[[Any], str | None], expected: str) -> Discriminator:
    return Discriminator(sort, custom_error_type="sort", custom_error_message=expected)


class Block(BaseModel):
    """A mapping of a REPORT.yml: it has these keys and no other."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Text = Annotated[str, AfterValidator(_whole)]
Words = Annotated[Text, AfterValidator(_not_empty)]
FileName = Annotated[Words, AfterValidator(_file_name)]


class Share(Block):
    """Where a share stands that is shown in percent."""

    percent: Words


Value = Annotated[
    Annotated[Words, Tag("=text")] | Annotated[Share, Tag("=mapping")],
    _one_of(_sort_of_value, "a path such as scores.ents_f, or {percent: PATH}"),
]
Columns = Annotated[dict[Words, Value], Field(min_length=1)]
Files = Annotated[dict[Words, FileName], Field(min_length=1)]


class TablePart(Block):
    """A table: of several files, a row each, or of one."""

    table: Annotated[
        Annotated[FileName, Tag("=text")] | Annotated[Files, Tag("=mapping")],
        _one_of(_sort_of_value, "a file, or {LABEL: FILE, ...}"),
    ]
    each: Words | None = None
    columns: Columns
    caption: Text = ""


class PagePart(Block):
    """A page that another command wrote."""

    page: FileName
    title: Words


class PicturePart(Block):
    """A picture."""

    picture: FileName
    alt: Words
    caption: Text = ""


class LinesPart(Block):
    """A text as it is, or lines of JSON as a table."""

    lines: FileName
    columns: Columns | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    caption: Text = ""


AnyPart = Annotated[
    Annotated[TablePart, Tag("=table")]
    | Annotated[PagePart, Tag("=page")]
    | Annotated[PicturePart, Tag("=picture")]
    | Annotated[LinesPart, Tag("=lines")],
    _one_of(_sort_of_part, f"exactly one of the keys {', '.join(KINDS)}"),
]


class SectionBlock(Block):
    """A section."""

    title: Words
    text: Text = ""
    parts: list[AnyPart] = []


class ReportBlock(Block):
    """All of a REPORT.yml."""

    title: Words
    text: Text = ""
    sections: Annotated[list[SectionBlock], Field(min_length=1)]


# By the names in the place of a fault.
BLOCKS: dict[str, type[Block]] = {
    "=table": TablePart,
    "=page": PagePart,
    "=picture": PicturePart,
    "=lines": LinesPart,
    "=mapping": Share,
}
TAGS = {"=text", *BLOCKS}
PART_KEYS = {key for kind in KINDS for key in BLOCKS[SORT + kind].model_fields}


def read_report_file(path: Path) -> tuple[ReportBlock, Lines]:
    """Read a REPORT.yml and check it.

    path (Path): The file.
    RETURNS (Tuple[ReportBlock, Lines]): What it says, and the lines where it does.
    RAISES (InputError): If it is missing, no YAML, or has a key or a value that is not known.
    """
    if path.is_dir():
        raise InputError("a folder, expected a REPORT.yml", path=path)
    if not path.exists():
        raise InputError("no such file, expected a REPORT.yml", path=path)
    data, lines = read_yaml(path)
    try:
        return ReportBlock.model_validate(data), lines
    except ValidationError as fault:
        # A key that is misspelt is missing too.
        faults = sorted(fault.errors(), key=lambda one: one["type"] not in UNKNOWN)
        _fail(dict(faults[0]), lines, path)


def _fail(fault: dict[str, Any], lines: Lines, path: Path) -> NoReturn:
    """Raise one of pydantic's faults as one of ours."""
    place: Place = tuple(part for part in fault["loc"] if part not in TAGS and part != KEY)
    if KEY in fault["loc"]:
        # pydantic has some keys there as Python writes them.
        place = (*place[:-1], _found(fault["input"]))
    misspelt = _misspelt_kind(fault)
    if misspelt is not None:
        place = (*place, misspelt)
        message = f"unknown key '{_name(place)}'; {nearest(misspelt, KINDS)}"
    elif fault["type"] in UNKNOWN:
        message = f"unknown key '{_name(place)}'; {nearest(place[-1], _keys_around(fault['loc']))}"
    elif fault["type"] == "missing":
        message = f"{_name(place[:-1])}: no key '{place[-1]}', expected one"
    else:
        message = f"{_name(place)}: {_said_of(fault)}"
    raise InputError(message, path=path, line=lines.at(place) or 1)


def _name(place: Place) -> str:
    return ".".join(map(str, place)) or "the file"


def _said_of(fault: dict[str, Any]) -> str:
    """RETURNS (str): What was found, and what would be right."""
    found, kind = fault["input"], fault["type"]
    expected = EXPECTED.get(kind, fault["msg"])
    is_bare = kind == "string_type" and isinstance(found, bool | int | float | date)
    what = "the key " if KEY in fault["loc"] else ""
    hint = f'; put it in quotes: "{_found(found)}"' if is_bare else ""
    return f"{what}{_found(found)}, expected {expected}{hint}"


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    return str(value) if isinstance(value, date) else said(value)


def _misspelt_kind(fault: dict[str, Any]) -> str | None:
    """RETURNS (Optional[str]): The key of a part that was meant to say of which sort it is."""
    block, place = fault["input"], fault["loc"]
    if "parts" not in place[-2:-1] or not isinstance(block, dict) or set(KINDS) & set(block):
        return None
    unknown = [str(key) for key in block if key not in PART_KEYS]
    return next((key for key in unknown if difflib.get_close_matches(key, KINDS, n=1)), None)


def _keys_around(place: tuple[str | int, ...]) -> list[str]:
    """RETURNS (List[str]): The keys that are known where one is not."""
    tags = [str(part) for part in place if part in BLOCKS]
    block: type[Block] = SectionBlock if "sections" in place[:-1] else ReportBlock
    return list((BLOCKS[tags[-1]] if tags else block).model_fields)
