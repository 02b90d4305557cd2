"""Keeps values of `env`, and what a terminal would obey, out of what other programs say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from seqpipe.project.variables import Text

REFERENCE = re.compile(r"\$\{env\.([^}]*)\}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SHORTEST_PART = 4  # characters; a shorter one is found in too much that is no secret


class Redaction:
    """Makes words of others fit to be shown.

    texts (Iterable[Text]): What they were told: only the values in it can come back.
    secrets (Mapping[str, str]): The values of `env`, by name.
    """

    def __init__(self, texts: Iterable[Text], secrets: Mapping[str, str]) -> None:
        names = {name for text in texts for name in REFERENCE.findall(text.shown)}
        self._forms = {form: name for name in sorted(names) for form in _forms(secrets[name])}
        longest_first = sorted(self._forms, key=len, reverse=True)
        # A reference stays one, whatever the values are.
        self._found = re.compile("|".join([REFERENCE.pattern, *map(re.escape, longest_first)]))

    def __call__(self, said: str) -> str:
        """Put `${env.NAME}` again where a value is, and escape control characters.

        said (str): What a program or library said.
        RETURNS (str): What can be shown.
        """
        hidden = self._found.sub(self._shown, said)
        return CONTROL.sub(lambda found: repr(found.group())[1:-1], hidden)

    def _shown(self, found: re.Match[str]) -> str:
        name = self._forms.get(found.group())
        return found.group() if name is None else f"${{env.{name}}}"


def _forms(value: str) -> Iterator[str]:
    """A value as it may be met: whole or, as after a parser of URLs, in parts, and encoded."""
    parts = re.split(r"[@:/?#]", value)
    derived = [part for part in (*parts, unquote(value)) if len(part) >= SHORTEST_PART]
    for form in filter(None, (value, *derived)):
        yield from (form, quote(form), quote(form, safe=""), quote_plus(form), repr(form)[1:-1])
