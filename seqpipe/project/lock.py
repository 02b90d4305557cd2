"""seqpipe.lock: what each command that can be skipped read and wrote when it last succeeded."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from seqpipe.files import InputError, atomic_write, content_digest
from seqpipe.project.load import Command, Text

FILE = "seqpipe.lock"
VERSION = 1


@dataclass(frozen=True)
class Entry:
    """The state in which a command last succeeded.

    definition (str): A digest of its script and paths, values of `env` included: the lock shows
        none of them.
    deps (Dict[str, str]): Content digests, by path as shown.
    outputs (Dict[str, str]): The same for what it wrote.
    """

    definition: str
    deps: dict[str, str]
    outputs: dict[str, str]


def read_lock(folder: Path) -> dict[str, Entry]:
    """Read a project's lock.

    folder (Path): The project's folder.
    RETURNS (Dict[str, Entry]): Entries by command; empty where there is no lock.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        data = json.loads(path.read_bytes())
        version, commands = data["version"], data["commands"]
        if version == VERSION:
            return {name: Entry(**entry) for name, entry in commands.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        message = "not a lock file; delete it, and every command runs again"
        raise InputError(message, path=path) from None
    message = f"lock version {version!r}, expected {VERSION}; it is from another seqpipe"
    raise InputError(message, path=path)


def write_lock(folder: Path, entries: dict[str, Entry]) -> None:
    """Write a project's lock, whole or not at all.

    folder (Path): The project's folder.
    entries (Dict[str, Entry]): Entries by command.
    """
    commands = {name: asdict(entry) for name, entry in sorted(entries.items())}
    with atomic_write(folder / FILE) as stream:
        json.dump({"version": VERSION, "commands": commands}, stream, indent=1, ensure_ascii=False)
        stream.write("\n")


def definition_digest(command: Command) -> str:
    """A digest of all that defines a command.

    command (Command): The command.
    RETURNS (str): SHA-256.
    """
    parts = [[text.value for text in texts] for texts in _texts(command)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def dep_digests(command: Command, folder: Path) -> dict[str, str]:
    """Content digests of what a command reads, without what it writes into the same place.

    command (Command): The command.
    folder (Path): The project's folder.
    RETURNS (Dict[str, str]): Digests by path as shown; a path that is missing is left out.
    """
    own = {os.path.abspath(folder / output.value) for output in command.outputs}
    # What is worked on in place is an output; as a dependency it would never be the same again.
    deps = [dep for dep in command.deps if os.path.abspath(folder / dep.value) not in own]
    return dict(_digests(deps, folder, own))


def output_digests(command: Command, folder: Path) -> dict[str, str]:
    """Content digests of what a command writes.

    command (Command): The command.
    folder (Path): The project's folder.
    RETURNS (Dict[str, str]): Digests by path as shown; a path that is missing is left out.
    """
    return dict(_digests(command.outputs, folder))


def _texts(command: Command) -> Iterable[tuple[Text, ...]]:
    return command.script, command.deps, command.outputs


def _digests(
    paths: Iterable[Text], folder: Path, leave_out: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    for path in paths:
        if (folder / path.value).exists():
            yield path.shown, content_digest(folder / path.value, leave_out)
