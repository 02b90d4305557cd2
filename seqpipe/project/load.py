"""Loads a project.yml: finds it, checks it, fills in its variables."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from seqpipe.files import InputError
from seqpipe.project.check import check_names, check_project, flag, nearest
from seqpipe.project.parsed import read_parsed
from seqpipe.project.places import Places
from seqpipe.project.source import Lines, Place
from seqpipe.project.variables import Text, Variables, references

FILE = "project.yml"


@dataclass(frozen=True)
class Command:
    """A named command. Its paths are relative to the project's folder.

    help (str): One line on what it does; may be empty.
    outputs (Tuple[Text, ...]): Also those of `outputs_no_cache`, which differ only for remotes.
    line (Optional[int]): Where it stands in project.yml.
    variables (Dict[str, str]): What it uses of `vars:`, by name, as defined there.
    env (Dict[str, str]): The values of `env` that it uses, by name; for no eye and no file.
    name (str): As workflows name it.
    script (Tuple[Text, ...]): Its lines, one process each.
    deps (Tuple[Text, ...]): What it reads.
    no_skip (bool): It runs even if nothing has changed.
    """

    name: str
    help: str
    script: tuple[Text, ...]
    deps: tuple[Text, ...]
    outputs: tuple[Text, ...]
    no_skip: bool
    line: int | None
    variables: dict[str, str] = field(default_factory=dict, hash=False)
    env: dict[str, str] = field(default_factory=dict, hash=False, repr=False)


@dataclass(frozen=True)
class GitSource:
    """Where an asset lies in a git repository.

    repo (Text): The repository's address.
    path (Text): The file or folder in it; "" for all of it.
    branch (Optional[Text]): The branch or tag; None for the repository's own default.
    """

    repo: Text
    path: Text
    branch: Text | None


@dataclass(frozen=True)
class Asset:
    """A file, or from git a folder, that the project needs and does not hold.

    url (Optional[Text]): Where to fetch it; None where the user has to bring it.
    checksum (Optional[str]): Its MD5 in lower case.
    git (Optional[GitSource]): The git repository that it comes from, instead of a URL.
    extract (Optional[Text]): The folder to unpack it into: it is an archive.
    dest (Text): Where it stands, relative to the project's folder.
    description (str): One line; may be empty.
    extra (bool): It is fetched only when it is asked for.
    line (Optional[int]): Where it stands in project.yml.
    """

    dest: Text
    url: Text | None
    checksum: str | None
    description: str
    extra: bool
    git: GitSource | None
    extract: Text | None
    line: int | None


@dataclass(frozen=True)
class Project:
    """A project.yml, checked and filled in.

    path (Path): The file.
    secrets (Dict[str, str]): The values of `env`, by name; for no eye and no file.
    title, description (str): May be empty.
    commands (Dict[str, Command]): By name, in the order of the file.
    workflows (Dict[str, Tuple[str, ...]]): The commands' names of each.
    assets (Tuple[Asset, ...]): In the order of the file.
    directories (Tuple[Text, ...]): Folders to make.
    """

    path: Path
    title: str
    description: str
    commands: dict[str, Command]
    workflows: dict[str, tuple[str, ...]]
    assets: tuple[Asset, ...]
    directories: tuple[Text, ...]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """RETURNS (Path): Where commands run and where paths start."""
        return self.path.parent

    def make_directories(self) -> None:
        """Make the folders listed under `directories:`.

        RAISES (InputError): If one cannot be made.
        """
        for directory in self.directories:
            try:
                (self.folder / directory.value).mkdir(parents=True, exist_ok=True)
            except OSError as fault:
                message = f"directories: {directory.shown} cannot be made: {fault.strerror}"
                raise InputError(message, path=self.path, line=directory.line) from None


def load_project(
    path: str | os.PathLike[str], overrides: Mapping[str, str] | None = None
) -> Project:
    """Load a project.

    path: A project.yml, or the folder that holds it.
    overrides (Optional[Mapping[str, str]]): Values for variables, by name.
    RETURNS (Project): The project. Raises InputError for whatever is wrong with it.
    """
    file = _find(Path(path))
    data, lines = read_parsed(file)
    check_project(data, lines, file)
    return _Loader(file, data, lines, overrides or {}).project()


def _find(path: Path) -> Path:
    file = path / FILE if path.is_dir() else path
    if file.is_file():
        return file
    if path.is_dir():
        others = " or ".join(other.name for other in _yaml_files(path))
        hint = f"; is it {others}? Then give that file" if others else ""
        raise InputError(f"no {FILE} in this folder{hint}", path=path)
    # `seqpipe run train`, typed in the project's folder, is an easy slip.
    here = [Path()] if Path(FILE).is_file() else _yaml_files(Path())
    hint = ""
    if here and path.name == str(path):
        ways = " or ".join(shlex.join(["seqpipe", "run", str(other), str(path)]) for other in here)
        hint = f"; for the command or workflow '{path}' of the project here: {ways}"
    raise InputError(f"no such file or folder, expected a {FILE} or its folder{hint}", path=path)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in (".yml", ".yaml") and p.is_file())


class _Loader:
    """Turns checked data into a Project."""

    def __init__(
        self, file: Path, data: dict[str, Any], lines: Lines, overrides: Mapping[str, str]
    ) -> None:
        self.file, self.data, self.lines = file, data, lines
        self.places = Places(file)
        self.env = {name: os.environ.get(str(key), "") for name, key in data.get("env", {}).items()}
        self.variables = Variables(data.get("vars", {}), self.env, _settings(data))
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
        workflows = {
            name: tuple(text.shown for text in self._texts(blocks, name, ("workflows",)))
            for blocks in [self.data.get("workflows", {})]
            for name in blocks
        }
        check_names([command.name for command in commands], workflows, self.lines, self.file)
        return Project(
            path=self.file,
            title=self._shown("title"),
            description=self._shown("description"),
            commands={command.name: command for command in commands},
            workflows=workflows,
            assets=tuple(self._asset(i, block) for i, block in self._blocks("assets")),
            directories=self._checked(
                self.places.check_folder, self._texts(self.data, "directories", ())
            ),
            secrets=self.env,
        )

    def _blocks(self, key: str) -> list[tuple[int, dict[str, Any]]]:
        return list(enumerate(self.data.get(key, [])))

    def _command(self, index: int, block: dict[str, Any]) -> Command:
        place = ("commands", index)
        keys = ("script", "deps", "outputs", "outputs_no_cache")
        script, deps, outputs, more = (self._texts(block, key, place) for key in keys)
        texts = [text for key in keys for text in block.get(key, [])]
        variables, env = self.variables.used(texts)
        return Command(
            name=self._text(block["name"], (*place, "name")).shown,
            help=self._text(block.get("help") or "", (*place, "help")).shown,
            script=script,
            deps=self._checked(lambda dep: self.places.check_read("deps", dep), deps),
            outputs=self._written("outputs", outputs + more),
            no_skip=flag(block.get("no_skip")),
            line=self.lines.at(place),
            variables=variables,
            env=env,
        )

    def _asset(self, index: int, block: dict[str, Any]) -> Asset:
        place = ("assets", index)
        checksum, url, extract = (block.get(key) for key in ("checksum", "url", "extract"))
        (dest,) = self._written("dest", [self._text(block["dest"], (*place, "dest"))])
        into = [] if extract is None else [self._text(extract, (*place, "extract"))]
        return Asset(
            dest=dest,
            url=self._url(self._text(url, (*place, "url"))) if url else None,
            checksum=checksum.lower() if checksum else None,
            description=self._text(block.get("description") or "", place).shown,
            extra=flag(block.get("extra")),
            git=self._git(block["git"], (*place, "git")) if block.get("git") else None,
            extract=next(iter(self._written("extract", into)), None),
            line=self.lines.at(place),
        )

    def _git(self, block: dict[str, Any], place: Place) -> GitSource:
        branch = block.get("branch")
        return GitSource(
            repo=self._text(block["repo"], (*place, "repo")),
            path=self._text(block["path"], (*place, "path")),
            branch=self._text(branch, (*place, "branch")) if branch else None,
        )

    def _shown(self, key: str) -> str:
        return self._text(str(self.data.get(key) or ""), (key,)).shown

    def _texts(self, block: dict[str, Any], key: str, place: Place) -> tuple[Text, ...]:
        texts = enumerate(block.get(key, []))
        return tuple(self._text(text, (*place, key, index)) for index, text in texts)

    def _url(self, url: Text) -> Text:
        """Refuse an address that no program could make anything of."""
        expected = "expected one such as https://example.org/file"
        try:
            parts = urlsplit(url.value)
            _ = parts.port  # reading it checks it
        except ValueError:  # its words may show a value of `env`
            fault = f"url: {url.shown}: the host or the port cannot be read"
            self._fail(f"{fault}, {expected}", url.line)
        if parts.scheme in ("http", "https") and not parts.hostname:
            self._fail(f"url: {url.shown}: no host, {expected}", url.line)
        return url

    def _written(self, what: str, paths: Iterable[Text]) -> tuple[Text, ...]:
        return self._checked(lambda path: self.places.check_written(what, path), paths)

    def _checked(self, check: Callable[[Text], None], paths: Iterable[Text]) -> tuple[Text, ...]:
        """The same paths. Raises InputError where the check raises ValueError."""
        found = tuple(paths)
        for path in found:
            try:
                check(path)
            except ValueError as fault:
                self._fail(str(fault), path.line)
        return found

    def _text(self, text: str, place: Place) -> Text:
        line = self.lines.at(place)
        try:
            filled = self.variables.fill(text, line)
            text.encode()
        except UnicodeEncodeError:
            self._fail(f"{_dotted(place)}: half of a character that takes two", line)
        except ValueError as fault:
            self._fail(str(fault), line)
        if "\0" in filled.value:
            self._fail(f"{_dotted(place)}: a NUL character, which no program can be given", line)
        return filled

    def _fail(self, message: str, line: int | None) -> NoReturn:
        raise InputError(message, path=self.file, line=line) from None


def _dotted(place: Place) -> str:
    return ".".join(str(part) for part in place)


def _settings(data: dict[str, Any]) -> dict[str, Any]:
    """What weasel lets strings refer to as `${project.name}`."""
    return {k: v for k, v in data.items() if k not in ("assets", "commands", "vars", "env")}
