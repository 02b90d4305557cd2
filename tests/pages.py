"""The pages of the documentation, as tests read them: their fenced blocks and config blocks."""

import re
from pathlib import Path

from thinc.api import Config

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name):
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name, language):
    """The fenced blocks of a page in one language."""
    return [body for tag, body in FENCE.findall(page(name)) if tag == language]


def parsed(body):
    """A config block of a page, with the sections around it that a whole config has."""
    sections = re.findall(r"^\[(.+)\]$", body, flags=re.MULTILINE)
    parts = [section.split(".") for section in sections]
    around = {".".join(names[:cut]) for names in parts for cut in range(1, len(names))}
    missing = sorted(around.difference(sections))
    return Config().from_str("".join(f"[{section}]\n" for section in missing) + body)
