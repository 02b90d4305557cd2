"""A report: one HTML page that holds all it shows, from tables, pictures, texts and other pages."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from seqpipe.reporting.metrics import environment
from seqpipe.reporting.report_page import FRAMED, STYLE, TEMPLATE
from seqpipe.reporting.report_pictures import KINDS
from seqpipe.reporting.report_tables import Table
from seqpipe.reporting.text_page import plain

NAMES = {
    "seqpipe": "seqpipe",
    "python": "Python",
    "spacy": "spaCy",
    "thinc": "Thinc",
    "numpy": "NumPy",
}


@dataclass(frozen=True)
class Page:
    """A page of HTML that is shown in a frame.

    title (str): The frame's name.
    html (str): The whole page.
    """

    title: str
    html: str


@dataclass(frozen=True)
class Picture:
    """A picture.

    content (bytes): What its file holds.
    suffix (str): One of KINDS.
    alt (str): What there is to see, in words.
    caption (str): What stands below it; may be empty.
    """

    content: bytes
    suffix: str
    alt: str
    caption: str = ""

    @property
    def is_vector(self) -> bool:
        """RETURNS (bool): Whether it has no ground of its own, and follows light and dark."""
        return self.suffix == ".svg"


@dataclass(frozen=True)
class Lines:
    """A text that is shown as it is.

    text (str): The text.
    name (str): Where it comes from.
    caption (str): What stands below it; may be empty.
    """

    text: str
    name: str
    caption: str = ""


Part = Table | Page | Picture | Lines


@dataclass(frozen=True)
class Section:
    """A section of a report: a title, Markdown below it, and what it shows.

    title (str): Its heading.
    text (str): Markdown; may be empty.
    parts (Sequence[Part]): In the order in which they stand.
    """

    title: str
    text: str = ""
    parts: Sequence[Part] = field(default_factory=tuple)


@dataclass(frozen=True)
class Report:
    """A report: a title, Markdown below it, and its sections.

    title (str): Of the page.
    text (str): Markdown; may be empty.
    sections (Sequence[Section]): In the order in which they stand.
    """

    title: str
    text: str = ""
    sections: Sequence[Section] = field(default_factory=tuple)


def render_report(report: Report, *, made: datetime | None = None) -> str:
    """Write a report as one page that needs nothing else.

    report (Report): What it shows.
    made (Optional[datetime]): When it is made; by default now.
    RETURNS (str): The HTML. It loads nothing, and its frames cannot either; the foot says when it
        was made, with which versions, from which commit and on which machine.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    jinja = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    jinja.filters["markdown"] = lambda text: Markup(as_html(text))
    jinja.filters["address"] = picture_address
    jinja.filters["framed"] = lambda page: page.html + FRAMED
    jinja.filters["plain"] = plain
    jinja.tests["of"] = lambda part, kind: type(part).__name__ == kind
    names = anchors([section.title for section in report.sections])
    return jinja.from_string(TEMPLATE).render(
        report=report,
        sections=list(zip(names, report.sections, strict=True)),
        foot=foot(environment(), made or datetime.now(UTC)),
        style=Markup(STYLE),
    )


def as_html(text: str) -> str:
    """Turn Markdown into HTML.

    text (str): CommonMark. Its HTML, its headings and its pictures are taken for plain text: a
        report has its own headings, and loads nothing.
    RETURNS (str): The HTML.
    """
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False})
    return str(markdown.disable(["heading", "lheading", "image"]).render(plain(text)))


def anchors(titles: Sequence[str]) -> list[str]:
    """Names for sections, as addresses have them.

    titles (Sequence[str]): The sections' titles.
    RETURNS (List[str]): A name for each, no two the same.
    """
    taken: dict[str, None] = {}
    for title in titles:
        letters = unicodedata.normalize("NFKC", title).casefold()
        first = re.sub(r"[\W_]+", "-", letters).strip("-") or "section"
        name, number = first, 1
        while name in taken:
            number += 1
            name = f"{first}-{number}"
        taken[name] = None
    return list(taken)


def picture_address(picture: Picture) -> str:
    """RETURNS (str): A picture as an address that holds it.

    picture (Picture): Of a kind that browsers know.
    """
    return f"data:{KINDS[picture.suffix]};base64,{base64.b64encode(picture.content).decode()}"


def foot(made_by: Mapping[str, Any], made: datetime) -> str:
    """Say where a report comes from.

    made_by (Mapping[str, Any]): See `seqpipe.reporting.metrics.environment`.
    made (datetime): When.
    RETURNS (str): One sentence.
    """
    found = made_by["versions"]
    versions = [f"{NAMES[name]} {found[name]}" for name in NAMES if name in found]
    machine = made_by["machine"]
    system = machine["platform"].partition("-")[0]
    parts = [f"Made on {made:%Y-%m-%d} at {made:%H:%M} UTC with {', '.join(versions)}"]
    if made_by["commit"]:
        commit, _, dirty = made_by["commit"].partition("-")
        parts.append(f"commit {commit[:12]}{' with changes' if dirty else ''}")
    parts.append(f"{machine['cpu'] or 'unknown processor'}, {machine['cores']} cores, {system}")
    return "; ".join(parts) + "."
