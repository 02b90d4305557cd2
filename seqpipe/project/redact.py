"""Keeps values of `env` out of what other programs and libraries say."""

from __future__ import annotations

import re

from seqpipe.project.variables import Text

SECRET = re.compile(r"(\$\{env\.[^}]*\})")


def redact(said: str, text: Text) -> str:
    """Put `${env.NAME}` again where a value was filled in.

    said (str): What a program or library said.
    text (Text): What it was told, with values filled in.
    RETURNS (str): What can be shown.
    """
    said = said.replace(text.value, text.shown)
    names = SECRET.findall(text.shown)
    pattern = "".join(
        "(.*)" if SECRET.fullmatch(part) else re.escape(part) for part in SECRET.split(text.shown)
    )
    values = re.fullmatch(pattern, text.value, re.DOTALL)
    for name, value in zip(names, values.groups() if values else (), strict=False):
        said = said.replace(value, name) if value else said
    return said
