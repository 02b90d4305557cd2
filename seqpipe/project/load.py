"""Loads a project.yml: finds it, checks it, fills in its variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqpipe.files import InputError
from seqpipe.project.check import check_project, nearest
from seqpipe.project.source import Lines, Place, read_yaml
from seqpipe.project.variables import Text, Variables, references

FILE = "project.yml"


@dataclass(frozen=True)
class Command:
    """A named command. Its paths are relative to the project's folder.

    outputs (Tuple[Text, ...]): Also those of `outputs_no_cache`, which differ only for remotes.
    line (Optional[int]): Where it stands in project.yml.
    """

    name: str
    script: tuple[Text, ...]
    deps: tuple[Text, ...]
    outputs: tuple[Text, ...]
    no_skip: bool
    line: int | None


@dataclass(frozen=True)
class Asset:
    """A file that the project needs and does not hold.

    url (Optional[Text]): Where to fetch it; None where the user has to bring it.
    checksum (Optional[str]): Its MD5 in lower case.
    git (bool): It is to come from a git repository.
    """

    dest: Text
    url: Text | None
    checksum: str | None
    description: str
    extra: bool
    git: bool
    line: int | None


@dataclass(frozen=True)
class Project:
    """A project.yml, checked and filled in.

    path (Path): The file.
    """

    path: Path
    commands: dict[str, Command]
    workflows: dict[str, tuple[str, ...]]
    assets: tuple[Asset, ...]
    directories: tuple[Text, ...]

    @property
    def folder(self) -> Path:
        """RETURNS (Path): Where commands run and where paths start."""
        return self.path.parent

    def make_directories(self) -> None:
        """Make the folders listed under `directories:`."""
        for directory in self.directories:
            (self.folder / directory.value).mkdir(parents=True, exist_ok=True)


def load_project(
    path: str | os.PathLike[str], overrides: Mapping[str, str] | None = None
) -> Project:
    """Load a project.

    path: A project.yml, or the folder that holds it.
    overrides (Optional[Mapping[str, str]]): Values for variables, by name.
    RETURNS (Project): The project. Raises InputError for whatever is wrong with it.
    """
    file = _find(Path(path))
    data, lines = read_yaml(file)
    check_project(data, lines, file)
    return _Loader(file, data, lines, overrides or {}).project()


def _find(path: Path) -> Path:
    file = path / FILE if path.is_dir() else path
    if file.is_file():
        return file
    if path.is_dir():
        raise InputError(f"no {FILE} in this folder", path=path)
    # `seqpipe run train`, typed in the project's folder, is an easy slip.
    hint = f"; for the command or workflow '{path}' of {FILE}: seqpipe run . {path}"
    known = Path(FILE).is_file() and path.name == str(path)
    raise InputError(
        f"no such file or folder, expected a {FILE} or its folder" + hint * known, path=path
    )


class _Loader:
    """Turns checked data into a Project."""

    def __init__(
        self, file: Path, data: dict[str, Any], lines: Lines, overrides: Mapping[str, str]
    ) -> None:
        self.file, self.data, self.lines = file, data, lines
        env = {name: os.environ.get(str(key), "") for name, key in data.get("env", {}).items()}
        self.variables = Variables(data.get("vars", {}), env)
        self._override(overrides)

    def _override(self, overrides: Mapping[str, str]) -> None:
        # A variable without a default is one that something refers to.
        known = {*self.variables.names, *references(self.data)}
        for name, value in overrides.items():
            if f"vars.{name}" not in known:
                names = [key.removeprefix("vars.") for key in known if key.startswith("vars.")]
                hint = nearest(name, names)
                raise InputError(f"--vars.{name}: no such variable; {hint}", path=self.file)
            self.variables.override(name, value)

    def project(self) -> Project:
        commands = [self._command(i, block) for i, block in self._blocks("commands")]
        return Project(
            path=self.file,
            commands={command.name: command for command in commands},
            workflows={k: tuple(v) for k, v in self.data.get("workflows", {}).items()},
            assets=tuple(self._asset(i, block) for i, block in self._blocks("assets")),
            directories=self._texts(self.data, "directories", ()),
        )

    def _blocks(self, key: str) -> list[tuple[int, dict[str, Any]]]:
        return list(enumerate(self.data.get(key, [])))

    def _command(self, index: int, block: dict[str, Any]) -> Command:
        place = ("commands", index)
        outputs = self._texts(block, "outputs", place)
        return Command(
            name=block["name"],
            script=self._texts(block, "script", place),
            deps=self._texts(block, "deps", place),
            outputs=outputs + self._texts(block, "outputs_no_cache", place),
            no_skip=block.get("no_skip", False),
            line=self.lines.at(place),
        )

    def _asset(self, index: int, block: dict[str, Any]) -> Asset:
        place = ("assets", index)
        checksum, url = block.get("checksum"), block.get("url")
        return Asset(
            dest=self._text(block["dest"], (*place, "dest")),
            url=self._text(url, (*place, "url")) if url else None,
            checksum=checksum.lower() if checksum else None,
            description=self._text(block.get("description") or "", place).shown,
            extra=block.get("extra", False),
            git="git" in block,
            line=self.lines.at(place),
        )

    def _texts(self, block: dict[str, Any], key: str, place: Place) -> tuple[Text, ...]:
        texts = enumerate(block.get(key, []))
        return tuple(self._text(text, (*place, key, index)) for index, text in texts)

    def _text(self, text: str, place: Place) -> Text:
        try:
            return self.variables.fill(text)
        except ValueError as fault:
            raise InputError(str(fault), path=self.file, line=self.lines.at(place)) from None
