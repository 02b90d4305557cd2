"""Extension of Griffe: reads spaCy's style of docstrings, which seqpipe's are written in.

`name (Type): ...` and `name: ...` for what a function takes or a class has, `RETURNS (Type): ...`,
`YIELDS (Type): ...` and `RAISES (Type): ...` become the sections of Google's style, which Griffe
knows. What stands in angle brackets, as <UNK> and a<t>, is text and no HTML.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import griffe

ENTRY = re.compile(r"^(?P<name>\*{0,2}\w+)(?: \((?P<type>.+?)\))?: (?P<text>\S.*)$")
TAG_OUTSIDE_CODE = re.compile(r"<(?=[^`]*(?:`[^`]*`[^`]*)*$)")
OUTCOMES = {"RETURNS": "Returns:", "YIELDS": "Yields:", "RAISES": "Raises:"}


class SpacyStyle(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **settings: Any) -> None:
        """Rewrite an object's docstring."""
        if obj.docstring is None:
            return
        if isinstance(obj, griffe.Function):
            names, heading = {parameter.name for parameter in obj.parameters}, "Args:"
        else:
            names, heading = set(obj.members), "Attributes:"
        text = TAG_OUTSIDE_CODE.sub("&lt;", obj.docstring.value)
        obj.docstring.value = "\n".join(in_sections(text, heading, names))


def in_sections(docstring: str, heading: str, names: Collection[str]) -> Iterator[str]:
    """Rewrite a docstring line by line.

    docstring (str): In spaCy's style.
    heading (str): What its entries are: "Args:" or "Attributes:".
    names (Collection[str]): What can have an entry; other lines with a colon are prose.
    YIELDS (str): The lines of one in Google's style.
    """
    section = ""
    for line in docstring.splitlines():
        entry = ENTRY.match(line)
        if entry and entry["name"].lstrip("*") not in {*names, *OUTCOMES}:
            entry = None
        if entry:
            wanted = OUTCOMES.get(entry["name"], heading)
            if wanted != section:
                yield from ("", wanted)
            yield f"    {written(entry, wanted)}"
            section = wanted
        elif line and not line.startswith(" "):
            if section:
                yield ""
            section = ""
            yield line
        else:
            yield f"    {line}" if section and line else line


def written(entry: re.Match[str], section: str) -> str:
    """One entry as Google's style has it."""
    if section in OUTCOMES.values():
        return f"{entry['type']}: {entry['text']}" if entry["type"] else entry["text"]
    of_type = f" ({entry['type']})" if entry["type"] else ""
    return f"{entry['name']}{of_type}: {entry['text']}"
