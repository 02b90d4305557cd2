"""Fills `${vars.name}` and `${env.NAME}` into the strings of a project.yml, as weasel does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from seqpipe.project.check import nearest

REFERENCE = re.compile(r"\$\{([^}]*)\}")
UNCLOSED = re.compile(r"\$\{(?:vars|env|project)[.:][^}]*$")
# Variables that refer to each other can go on for ever, or come to far more than they look.
DEEPEST = 100
LONGEST = 1_000_000


@dataclass(frozen=True)
class Text:
    """A filled-in string, in two forms.

    value (str): What a command gets.
    shown (str): What people and files may see: values of `env` stay `${env.NAME}`.
    line (Optional[int]): Where it stands in project.yml.
    """

    value: str
    shown: str
    line: int | None = field(default=None, compare=False)


class Variables:
    """The variables of a project.

    variables (Mapping[str, Any]): The `vars:` section, which may be nested; its strings may refer
        to other variables.
    env (Mapping[str, str]): The values of the `env:` section.
    project (Optional[Mapping[str, Any]]): Other settings that can be referred to, such as the
        title.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        env: Mapping[str, str],
        project: Mapping[str, Any] | None = None,
    ) -> None:
        self._vars = dict(_flatten(project or {}, "project") + _flatten(variables, "vars"))
        self._env = {f"env.{name}": value for name, value in env.items()}
        self._values: dict[tuple[str, bool], str] = {}  # filled in

    def override(self, name: str, value: str) -> None:
        """Set a variable from the command line.

        name (str): Its name, without `vars.`; dots reach into nested variables.
        value (str): Its value.
        """
        self._vars[f"vars.{name}"] = value
        self._values.clear()

    @property
    def names(self) -> list[str]:
        """RETURNS (List[str]): All that can be referred to: `vars.name`, `env.name`."""
        own = [name for name in self._vars if not name.startswith("project.")]
        return [*own, *self._env]

    def fill(self, text: str, line: int | None = None) -> Text:
        """Replace the references in a string.

        text (str): A string of project.yml.
        line (Optional[int]): Where it stands there.
        RETURNS (Text): The string, filled in. Raises ValueError for a variable that is not defined
            or is defined by itself.
        """
        return Text(self._fill(text, True, ()), self._fill(text, False, ()), line)

    def used(self, texts: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
        """What some strings take in, directly or through another variable.

        texts (Iterable[str]): Strings of project.yml that can be filled in.
        RETURNS (Tuple[Dict[str, str], Dict[str, str]]): By name, the variables as they are defined,
            their own references not filled in; and the values of `env`.
        """
        variables: dict[str, str] = {}
        env: dict[str, str] = {}
        waiting = sorted(references(list(texts)), reverse=True)
        while waiting:
            name = waiting.pop()
            if name in self._env:
                env[name] = self._env[name]
            elif name not in variables:
                variables[name] = _as_text(self._vars[name])
                waiting += references(variables[name])
        return variables, env

    def _fill(self, text: str, reveal: bool, within: tuple[str, ...]) -> str:
        unclosed = UNCLOSED.search(text)
        if unclosed is not None:
            raise ValueError(f"{unclosed.group()}: a reference without its closing }}")

        def value_of(match: re.Match[str]) -> str:
            # confection also takes a colon before the last name.
            name = match.group(1).replace(":", ".")
            if name in within:
                raise ValueError(f"${{{name}}} is defined by itself")
            if name in self._env:
                return self._env[name] if reveal else f"${{{name}}}"
            if name not in self._vars:
                hint = nearest(name, self.names)
                raise ValueError(f"{match.group()}: no such variable; {hint}")
            return self._value(name, reveal, within)

        return REFERENCE.sub(value_of, text)

    def _value(self, name: str, reveal: bool, within: tuple[str, ...]) -> str:
        if (name, reveal) not in self._values:
            if len(within) == DEEPEST:
                raise ValueError(f"${{{within[0]}}} is defined by more than {DEEPEST} others")
            value = self._fill(_as_text(self._vars[name]), reveal, (*within, name))
            if len(value) > LONGEST:
                raise ValueError(f"${{{name}}} is longer than {LONGEST:,} characters")
            self._values[name, reveal] = value
        return self._values[name, reveal]


def references(data: Any) -> set[str]:
    """The names of all variables that some data refers to.

    data: Parsed YAML.
    RETURNS (Set[str]): Such as `vars.name`.
    """
    if isinstance(data, str):
        return {name.replace(":", ".") for name in REFERENCE.findall(data)}
    if isinstance(data, dict):
        data = list(data.values())
    return set().union(*map(references, data)) if isinstance(data, list) else set()


def _flatten(section: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in section.items():
        key = f"{prefix}.{name}"
        found += _flatten(value, key) if isinstance(value, dict) else [(key, value)]
    return found


def _as_text(value: Any) -> str:
    # As confection writes it: strings bare, everything else as JSON.
    if isinstance(value, str | date):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
