"""Training config files: the config, the line of each of its values, and what overrides it."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    ParsingError,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

SECTION = re.compile(r"^\[([^\]]+)\]")
KEY = re.compile(r"^([^\s=:#;\[][^=:]*?)\s*[=:]")
VARIABLE = re.compile(r"\$\{([^}]*)\}")

# Where a value stands: its section's parts, then its key.
Place = tuple[str, ...]


@dataclass
class ConfigFile:
    """A config as its file has it, variables not filled in, overrides applied.

    path (Path): The file.
    text (str): What is in it.
    values (Dict[str, Dict[str, str]]): The raw text of each value, by section (`"a.b"`) and key.
    lines (Dict[Tuple[str, str], int]): The line of each (section, key), and of each (section, "").
    overrides (Dict[str, Any]): Values from the command line, by `"section.key"`.
    """

    path: Path
    text: str
    values: dict[str, dict[str, str]]
    lines: dict[tuple[str, str], int]
    overrides: dict[str, Any] = field(default_factory=dict)

    def fault(self, place: Place, message: str, *, value: Any = ...) -> str:
        """Say in one line what is wrong at a place.

        place (Tuple[str]): Section parts and key.
        message (str): What was expected there.
        value (Any): The value found, if there is one.
        RETURNS (str): File, line, section, key, value and the message.
        """
        shown = "" if value is ... else f" = {show_value(value)}"
        for cut in range(len(place), 0, -1):
            dotted = ".".join(place[:cut])
            if dotted in self.overrides:
                given = show_value(self.overrides[dotted])
                return f"{self.path}: --{dotted} {given}: {message}"
        section, key = ".".join(place[:-1]), place[-1]
        is_section = not section or (".".join(place), "") in self.lines
        where = f"[{'.'.join(place)}]" if is_section else f"[{section}] {key}"
        line = self._line_of(place)
        at = "" if line is None else f", line {line}"
        return f"{self.path}{at}: {where}{shown}: {message}"

    def _line_of(self, place: Place) -> int | None:
        """Find the line of a value, else of the innermost block around it that the file has."""
        for cut in range(len(place), 0, -1):
            inner = place[:cut]
            for entry in ((".".join(inner[:-1]), inner[-1]), (".".join(inner), "")):
                if entry in self.lines:
                    return self.lines[entry]
        return None

    def variables(self) -> Iterable[tuple[Place, str]]:
        """YIELDS (Tuple[Place, str]): Each `${section.key}`: where it stands, and "section.key"."""
        for section, keys in self.values.items():
            for key, value in keys.items():
                for name in VARIABLE.findall(value):
                    yield (*section.split("."), key), name.replace(":", ".")


def read_config_file(path: str | Path, overrides: Mapping[str, Any] | None = None) -> ConfigFile:
    """Read a config file, and see that its lines are sections, keys and values.

    path: The file.
    overrides (Dict[str, Any]): Values that take the place of the file's, by `"section.key"`.
    RETURNS (ConfigFile): The file's raw values and their lines.
    RAISES (InputError): If it is missing, no UTF-8 or no config, or if an override names a section
        that it has not.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such config file", path=path)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8", path=path, line=line) from None
    values = _parse(text, path)
    file = ConfigFile(path, text, values, _number_lines(text))
    for key, value in (overrides or {}).items():
        _apply_override(file, key, value)
    return file


def parse_overrides(arguments: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
    """Take `--section.key value` and `--section.key=value` out of a command line.

    arguments (Iterable[str]): The words of the command line.
    RETURNS (Tuple[List[str], Dict[str, Any]]): The other words, and JSON values, or else strings,
        by `"section.key"`.
    RAISES (InputError): If a word is an option with no section.
    """
    words = list(arguments)
    rest: list[str] = []
    result: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        name, is_joined, value = word.partition("=")
        if not word.startswith("--"):
            rest.append(word)
            continue
        if "." not in name:
            raise InputError(f"{word}: no such option; a config value is --section.key VALUE")
        if not is_joined:
            # A flag with no value is true, as in spaCy.
            has_value = words and not words[0].startswith("--")
            value = words.pop(0) if has_value else "true"
        result[name.removeprefix("--")] = read_value(value)
    return rest, result


def read_value(text: str) -> Any:
    """RETURNS (Any): What a value of a config is in JSON, or the string itself.

    text (str): As the config writes it.
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def show_value(value: Any) -> str:
    """RETURNS (str): The value as a config would write it, cut to about sixty characters.

    value (Any): Of a config.
    """
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say what was probably meant, or else what there is.

    name (str): The name that is not known.
    allowed (Iterable[str]): Those that are.
    RETURNS (str): "did you mean ...?" or "expected one of ...".
    """
    names = sorted(set(allowed))
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not names:
        return "nothing is expected here"
    more = f", ... ({len(names)} in all)" if len(names) > 25 else ""
    return f"expected one of {', '.join(names[:25])}{more}"


def _parse(text: str, path: Path) -> dict[str, dict[str, str]]:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except DuplicateSectionError as error:
        message = f"[{error.section}] stands in the file twice"
        raise InputError(message, path=path, line=error.lineno) from None
    except DuplicateOptionError as error:
        message = f"[{error.section}] {error.option}: stands in its section twice"
        raise InputError(message, path=path, line=error.lineno) from None
    except ParsingError as error:
        # A line above the first section is an error of its own kind, with no list.
        line = getattr(error, "lineno", None) or error.errors[0][0]
        found = text.splitlines()[line - 1].strip()
        message = f'"{found}": expected "[section]" or "key = value" in a section'
        raise InputError(message, path=path, line=line) from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _number_lines(text: str) -> dict[tuple[str, str], int]:
    lines: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = SECTION.match(line), KEY.match(line)
        if header:
            section = header[1]
            lines[section, ""] = number
        elif key:
            lines[section, key[1]] = number
    return lines


def _apply_override(file: ConfigFile, name: str, value: Any) -> None:
    section, _, key = name.rpartition(".")
    if section not in file.values:
        known = [f"{name}.{key}" for name, keys in file.values.items() for key in keys]
        hint = nearest(name, known)
        if not hint.startswith("did you mean"):
            hint = "an option can change only the sections that the file has"
        raise InputError(f"--{name}: the file has no [{section}], {hint}", path=file.path)
    file.values[section][key] = value if isinstance(value, str) else json.dumps(value)
    file.overrides[name] = value
