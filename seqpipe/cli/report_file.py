"""The grammar of a REPORT.yml: its keys and what each takes, each fault with its line."""

from __future__ import annotations

from collections.abc import Callable
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

# What tells one sort of part from another.
KINDS = ("table", "page", "picture", "lines")
# Begins what pydantic puts between the keys of a place to name one of several sorts.
SORT = "="


def _not_empty(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("empty", "expected a text, found none")
    return text


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


Words = Annotated[str, AfterValidator(_not_empty)]


class Share(Block):
    """Where a share stands that is shown in percent."""

    percent: Words


Value = Annotated[
    Annotated[Words, Tag("=text")] | Annotated[Share, Tag("=mapping")],
    _one_of(_sort_of_value, "expected a path such as scores.ents_f, or {percent: PATH}"),
]
Columns = Annotated[dict[Words, Value], Field(min_length=1)]
Files = Annotated[dict[Words, Words], Field(min_length=1)]


class TablePart(Block):
    """A table: of several files, a row each, or of one."""

    table: Annotated[
        Annotated[Words, Tag("=text")] | Annotated[Files, Tag("=mapping")],
        _one_of(_sort_of_value, "expected a file, or {LABEL: FILE, ...}"),
    ]
    each: Words | None = None
    columns: Columns
    caption: str = ""


class PagePart(Block):
    """A page that another command wrote."""

    page: Words
    title: Words


class PicturePart(Block):
    """A picture."""

    picture: Words
    alt: Words
    caption: str = ""


class LinesPart(Block):
    """A text as it is, or lines of JSON as a table."""

    lines: Words
    columns: Columns | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    caption: str = ""


AnyPart = Annotated[
    Annotated[TablePart, Tag("=table")]
    | Annotated[PagePart, Tag("=page")]
    | Annotated[PicturePart, Tag("=picture")]
    | Annotated[LinesPart, Tag("=lines")],
    _one_of(_sort_of_part, f"expected one of the keys {', '.join(KINDS)}"),
]


class SectionBlock(Block):
    """A section."""

    title: Words
    text: str = ""
    parts: list[AnyPart] = []


class ReportBlock(Block):
    """All of a REPORT.yml."""

    title: Words
    text: str = ""
    sections: Annotated[list[SectionBlock], Field(min_length=1)]


def read_report_file(path: Path) -> tuple[ReportBlock, Lines]:
    """Read a REPORT.yml and check it.

    path (Path): The file.
    RETURNS (Tuple[ReportBlock, Lines]): What it says, and the lines where it does.
    RAISES (InputError): If it is missing, no YAML, or has a key or a value that is not known.
    """
    if not path.is_file():
        raise InputError("no such file, expected a REPORT.yml", path=path)
    data, lines = read_yaml(path)
    try:
        return ReportBlock.model_validate(data), lines
    except ValidationError as fault:
        # A key that is misspelt is missing too.
        faults = sorted(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
        _fail(dict(faults[0]), lines, path)


def _fail(fault: dict[str, Any], lines: Lines, path: Path) -> NoReturn:
    """Raise one of pydantic's faults as one of ours."""
    place: Place = tuple(part for part in fault["loc"] if not str(part).startswith((SORT, "[key]")))
    name = ".".join(map(str, place)) or "the file"
    value = repr(fault["input"])
    shown = value if len(value) <= 60 else f"{value[:57]}..."
    if fault["type"] == "extra_forbidden":
        hint = nearest(place[-1], _keys_around(fault["loc"]))
        raise InputError(f"unknown key '{name}'; {hint}", path=path, line=lines.at(place))
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    found = "" if fault["type"] == "missing" else f" (value: {shown})"
    raise InputError(f"{name}: {message}{found}", path=path, line=lines.at(place) or 1)


def _keys_around(place: tuple[str | int, ...]) -> list[str]:
    """RETURNS (List[str]): The keys that are known where one is not."""
    blocks: dict[str, type[Block]] = {
        "=table": TablePart,
        "=page": PagePart,
        "=picture": PicturePart,
        "=lines": LinesPart,
        "=mapping": Share,
    }
    sorts = [str(part) for part in place if str(part) in blocks]
    block: type[Block] = SectionBlock if "sections" in place[:-1] else ReportBlock
    return list((blocks[sorts[-1]] if sorts else block).model_fields)
