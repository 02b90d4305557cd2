"""Checks a project.yml: its keys, weasel's schema, its names; each fault with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, TypeAdapter, ValidationError

from seqpipe.files import InputError
from seqpipe.project.source import Lines, Place
from seqpipe.project.weasel_schemas import (
    ProjectConfigAssetGit,
    ProjectConfigAssetGitItem,
    ProjectConfigAssetURL,
    ProjectConfigCommand,
    ProjectConfigSchema,
)

# Keys that weasel reads, or once read, beside those of its schema.
LEGACY_KEYS = frozenset({"spacy_version", "check_requirements"})
TOP_KEYS = frozenset({*ProjectConfigSchema.model_fields, "description", "directories", "remotes"})
COMMAND_KEYS = frozenset(ProjectConfigCommand.model_fields)
# `extract` is ours: weasel reads past it and leaves the archive packed.
ASSET_KEYS = frozenset({*ProjectConfigAssetURL.model_fields, "git", "extra", "extract"})
GIT_KEYS = frozenset(ProjectConfigAssetGitItem.model_fields)
# What would move a terminal's cursor, or end the line that a name is shown in.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MD5 = re.compile(r"[0-9a-fA-F]{32}")
# That a workflow comes to, those of the workflows in it counted; a few lines can come to billions.
MOST_COMMANDS = 10_000


def check_project(data: Any, lines: Lines, path: Path) -> None:
    """Check what a project.yml says, before its variables are filled in.

    data: The parsed file.
    lines (Lines): Where things stand in it.
    path (Path): The file, for messages. Raises InputError at the first fault.
    """
    if not isinstance(data, dict):
        expected = "a mapping with keys such as commands: and workflows:"
        raise InputError(f"{_kind(data)}, expected {expected}", path=path, line=1)
    check = _Check(lines, path)
    check.keys(data, TOP_KEYS | LEGACY_KEYS, (), "project")
    rest = {k: v for k, v in data.items() if k not in LEGACY_KEYS and k != "assets"}
    for index, command in enumerate(_items(data, "commands")):
        check.keys(command, COMMAND_KEYS, ("commands", index), "command")
    check.schema(ProjectConfigSchema, rest, ())
    _check_assets(data, check)
    for index, folder in enumerate(check.strings(data, "directories")):
        if not folder:
            fault = f"directories.{index}: an empty path, expected a folder"
            check.fail(fault, ("directories", index))
    for name, variable in data.get("env", {}).items():
        if not isinstance(variable, str):
            expected = "expected the name of an environment variable"
            check.fail(f"env.{name}: {_short(variable)}, {expected}", ("env", name))


def check_names(
    commands: Sequence[str], workflows: Mapping[str, Sequence[str]], lines: Lines, path: Path
) -> None:
    """Check that one name is one thing, and that workflows name what there is.

    commands (Sequence[str]): The commands' names.
    workflows (Mapping[str, Sequence[str]]): What each workflow names.
    lines (Lines): Where things stand in the file.
    path (Path): The file, for messages. Raises InputError at the first fault.
    """
    check = _Check(lines, path)
    names: set[str] = set()
    for index, name in enumerate(commands):
        check.name("command", name, ("commands", index, "name"))
        if name in names:
            check.fail(f"two commands are named '{name}'", ("commands", index, "name"))
        names.add(name)
    for workflow, parts in workflows.items():
        place = ("workflows", workflow)
        check.name("workflow", workflow, place)
        if workflow in names:
            check.fail(f"'{workflow}' is the name of a command and of a workflow", place)
        if not parts:
            check.fail(f"'{workflow}' is a workflow that names nothing; list commands", place)
        for index, part in enumerate(parts):
            if part not in names and part not in workflows:
                known = nearest(part, names | workflows.keys() - {workflow})
                fault = f"workflow '{workflow}' names '{part}', no command and no workflow; {known}"
                check.fail(fault, (*place, index))
    _check_sizes(workflows, check)


class _Check:
    """The file under check."""

    def __init__(self, lines: Lines, path: Path) -> None:
        self.lines, self.path = lines, path

    def fail(self, message: str, place: Place) -> NoReturn:
        raise InputError(message, path=self.path, line=self.lines.at(place))

    def keys(self, block: Any, known: frozenset[str], place: Place, what: str) -> None:
        """Refuse a key that nothing reads, and name the nearest that something does."""
        if not isinstance(block, dict):
            self.fail(f"{_kind(block)}, expected a {what} with its keys", place)
        for key, value in block.items():
            if key not in known:
                self.fail(
                    f"unknown {what} key '{key}' (value: {_short(value)}); {nearest(key, known)}",
                    (*place, key),
                )

    def schema(self, schema: type[BaseModel], block: Any, place: Place) -> None:
        """Hold a block to one of weasel's models; report its first fault."""
        try:
            schema.model_validate(block)
        except ValidationError as fault:
            first = fault.errors()[0]
            where = (*place, *first["loc"])
            name = ".".join(str(part) for part in where) or "project"
            value = "" if first["type"] == "missing" else f" (value: {_short(first['input'])})"
            self.fail(f"{name}: {_lower(first['msg'])}{value}", where)

    def name(self, what: str, name: str, place: Place) -> None:
        """Refuse a name that cannot be shown or typed."""
        if not name.strip():
            self.fail(f"a {what} without a name: {name!r}", place)
        if CONTROL.search(name):
            self.fail(f"the name of a {what} has a control character: {_short(name)}", place)

    def strings(self, data: dict, key: str) -> list[str]:
        values = data.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.fail(f"{key}: {_short(values)}, expected a list of strings", (key,))
        return values


def nearest(word: object, known: Iterable[str]) -> str:
    """A hint at what was meant.

    word: What was written.
    known (Iterable[str]): What there is.
    word (object): What was written.
    RETURNS (str): "did you mean ...?" or a list of all there is.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(word), names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"expected one of: {', '.join(names)}" if names else "there are none"


def flag(value: Any) -> bool:
    """A yes or a no, in any of the spellings that weasel's schema takes.

    value: Such as True, "yes" or 0; None for no.
    RETURNS (bool): What it says. Raises pydantic's ValidationError where it says neither.
    """
    return False if value is None else TypeAdapter(bool).validate_python(value)


def _check_assets(data: dict, check: _Check) -> None:
    assets = data.get("assets", [])
    if not isinstance(assets, list):
        check.fail(f"assets: {_kind(assets)}, expected a list", ("assets",))
    for index, asset in enumerate(assets):
        place = ("assets", index)
        check.keys(asset, ASSET_KEYS, place, "asset")
        _check_checksum(asset.get("checksum"), check, (*place, "checksum"))
        if asset.get("git") is not None and asset.get("url"):
            check.fail("an asset with url and git, expected one of them", (*place, "url"))
        if asset.get("git") is not None:
            check.keys(asset["git"], GIT_KEYS, (*place, "git"), "git asset")
            check.schema(ProjectConfigAssetGit, asset, place)
            asset = {key: v for key, v in asset.items() if key != "git" and v is not None}
        # weasel's schema for git assets leaves out `dest`, which weasel needs all the same.
        check.schema(ProjectConfigAssetURL, asset, place)
        if not isinstance(asset.get("extract", ""), str):
            expected = "expected the folder to unpack into"
            check.fail(f"extract: {_short(asset['extract'])}, {expected}", (*place, "extract"))
        try:
            flag(asset.get("extra"))
        except ValidationError:
            expected = "expected true or false"
            check.fail(f"extra: {_short(asset['extra'])}, {expected}", (*place, "extra"))


def _check_checksum(checksum: Any, check: _Check, place: Place) -> None:
    # weasel's schema takes anything that begins like one, such as a SHA-256.
    if checksum is not None and not (isinstance(checksum, str) and MD5.fullmatch(checksum)):
        expected = "expected 32 hexadecimal digits (MD5)"
        check.fail(f"{'.'.join(map(str, place))}: {_short(checksum)}, {expected}", place)


def _check_sizes(workflows: Mapping[str, Sequence[str]], check: _Check) -> None:
    """Refuse a workflow that comes to itself, or to more commands than anyone means."""
    inner = {
        name: [part for part in parts if part in workflows] for name, parts in workflows.items()
    }
    counts: dict[str, int] = {}
    try:
        for name in TopologicalSorter(inner).static_order():
            counts[name] = sum(counts.get(part, 1) for part in workflows[name])
            if counts[name] > MOST_COMMANDS:
                fault = f"the workflow '{name}' comes to {counts[name]:,} commands"
                check.fail(f"{fault}, expected at most {MOST_COMMANDS:,}", ("workflows", name))
    except CycleError as fault:
        _fail_for_ring(fault.args[1][:0:-1], list(workflows), check)


def _fail_for_ring(ring: list[str], workflows: list[str], check: _Check) -> NoReturn:
    first = ring.index(min(ring, key=workflows.index))
    name, *rest = ring[first:] + ring[:first]
    shown = " -> ".join([name, *rest, name])
    check.fail(f"the workflow '{name}' names itself: {shown}", ("workflows", name))


def _items(data: dict, key: str) -> list:
    values = data.get(key)
    return values if isinstance(values, list) else []


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    names: dict[type, str] = {dict: "a mapping", list: "a list", str: "a string"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
