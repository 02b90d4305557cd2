"""The pages of the documentation, as tests read them: their fenced blocks and config blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from thinc.api import Config

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md")))]
FILE_NAME = re.compile(r"\*\*`([^`]+)`\*\*")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, what is in it, its line on the page, the file that it is."""

    language: str
    body: str
    line: int
    file: str | None = None


def page(name):
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def tokens(name):
    return MarkdownIt().enable("table").parse(page(name))


def fences(name):
    """The fenced blocks of a page, in order; one under a bold file name alone is that file."""
    found, before = [], ""
    for token in tokens(name):
        if token.type == "fence":
            file = FILE_NAME.fullmatch(before)
            found.append(
                Fence(token.info, token.content, token.map[0] + 1, file[1] if file else None)
            )
        if token.type in ("inline", "fence"):
            before = token.content if token.type == "inline" else ""
    return found


def indented_code(name):
    """The blocks of a page that are code by indentation alone."""
    return [token.content for token in tokens(name) if token.type == "code_block"]


def tags(name):
    """What of a page would be taken for HTML, and so not be shown."""
    found = [token for token in tokens(name) if token.type in ("html_block", "inline")]
    parts = [part for token in found for part in token.children or [token]]
    return [part.content for part in parts if part.type in ("html_block", "html_inline")]


def blocks(name, language):
    """The fenced blocks of a page in one language."""
    return [fence.body for fence in fences(name) if fence.language == language]


def parsed(body, *, interpolate=True):
    """A config block of a page, with the sections around it that a whole config has.

    With `interpolate` its variables are filled in.
    """
    sections = re.findall(r"^\[(.+)\]$", body, flags=re.MULTILINE)
    parts = [section.split(".") for section in sections]
    around = {".".join(names[:cut]) for names in parts for cut in range(1, len(names))}
    missing = sorted(around.difference(sections))
    text = "".join(f"[{section}]\n" for section in missing) + body
    return Config().from_str(text, interpolate=interpolate)
