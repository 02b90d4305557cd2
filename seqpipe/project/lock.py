"""seqpipe.lock: what each command that can be skipped read and wrote when it last succeeded."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from seqpipe.files import InputError, atomic_write
from seqpipe.project.graph import Step, Writers
from seqpipe.project.hashes import Hashes, make_room
from seqpipe.project.load import Command, Project, Text
from seqpipe.project.places import LOCK
from seqpipe.project.seals import Seals

FILE = LOCK
VERSION = 2
# What the runner itself writes is no state of a folder.
OWN_FILES = (FILE, "project.lock")
# In `.seqpipe`: a run within a run writes records too, and two must not do so at once.
ALONE = "records.lock"


@dataclass(frozen=True)
class Record:
    """The state in which a command last succeeded.

    script (List[str]): Its lines as shown.
    vars (Dict[str, str]): The variables that it used, as defined.
    env (Dict[str, str]): The values of `env` that it used, sealed.
    deps (Dict[str, Optional[str]]): Content digests, by path as shown; None for what it works on in
        place, which is an output.
    outputs (Dict[str, str]): The same for what it wrote.
    worked_on (Dict[str, List[str]]): For outputs of other commands that it reads and writes: their
        content digests before and after, by path as shown there.
    """

    script: list[str]
    vars: dict[str, str]
    env: dict[str, str]
    deps: dict[str, str | None]
    outputs: dict[str, str]
    worked_on: dict[str, list[str]] = field(default_factory=dict)


class Records:
    """What is known of earlier runs; for one thread of the one run that holds the project.

    project (Project): The project. Raises InputError where its lock cannot be read.
    hashes (Optional[Hashes]): Where digests come from.
    """

    def __init__(self, project: Project, hashes: Hashes | None = None) -> None:
        self.hashes = Hashes(project.folder) if hashes is None else hashes
        self._project = project
        self._folder = project.folder
        self._top = os.path.abspath(project.folder)
        self._own_files = {os.path.join(self._top, name) for name in OWN_FILES}
        self._stamp = _stamp(project.folder)
        self._records, self._older = read_records(project.folder)
        self._begun: dict[str, dict[str, str | None]] = {}
        self._found: dict[str, dict[str, str]] = {}
        self._makers: dict[str, set[str]] | None = None
        self._asked: set[str] = set()
        self._seals = Seals(
            seal for record in self._records.values() for seal in record.env.values()
        )

    @property
    def commands(self) -> list[str]:
        """RETURNS (List[str]): The commands that have a record, also those no longer there."""
        return list(self._records)

    def follow(self, steps: Sequence[Step]) -> None:
        """Say which commands run together: what others do to an output matters only if they run.

        steps (Sequence[Step]): The plan.
        """
        self._makers = {
            step.command.name: {steps[i].command.name for i, paths in step.needs.items() if paths}
            for step in steps
        }

    def reason(self, command: Command, leave_out: Collection[str] = ()) -> str | None:
        """Why a command has to run now.

        command (Command): The command.
        leave_out (Collection[str]): Dependencies, as shown, whose content does not count, because
            they may still change.
        RETURNS (Optional[str]): The file or setting that changed, or None where nothing did.
        """
        self._asked = {command.name}
        self._refresh()
        return self._reason(command, leave_out)

    def _reason(self, command: Command, leave_out: Collection[str] = ()) -> str | None:
        if command.no_skip:
            return "runs always (no_skip)"
        if not command.outputs:
            return "runs always (no outputs)"
        record = self._records.get(command.name)
        if record is None:
            older = command.name in self._older
            return "the lock is from an older seqpipe" if older else "never run"
        return (
            self._missing(command.outputs)
            or self._changed_setting(command, record)
            or self._changed_deps(command, record, leave_out)
            or self._changed_outputs(command, record)
        )

    def begin(self, command: Command) -> None:
        """Note what a command is about to read, and forget what it made before.

        command (Command): The command; its dependencies exist.
        """
        # Before it runs: what it read is what counts, not what someone edits meanwhile.
        own = self._outputs(command)
        self._begun[command.name] = {d.shown: self._dep_digest(d, own) for d in command.deps}
        self._found[command.name] = self._others(command)
        self._older.discard(command.name)
        self._refresh()
        if command.name in self._records:
            # From here on it may fail with its outputs half written.
            self._write(command.name, None)

    def succeed(self, command: Command) -> None:
        """Note what a command has made, if it can be skipped next time.

        command (Command): A command that has begun, and whose outputs exist.
        """
        deps, found = self._begun.pop(command.name), self._found.pop(command.name)
        if command.no_skip or not command.outputs or self._missing(command.outputs):
            return
        record = Record(
            script=[line.shown for line in command.script],
            vars=dict(sorted(command.variables.items())),
            env={name: self._seals.seal(name, v) for name, v in sorted(command.env.items())},
            deps=deps,
            outputs={output.shown: self._digest(output) for output in command.outputs},
            worked_on={path: [found[path], now] for path, now in self._others(command).items()},
        )
        self._write(command.name, record)
        self.hashes.save()

    def _refresh(self) -> None:
        """Read what a run that one of the commands started has written."""
        stamp = _stamp(self._folder)
        if stamp != self._stamp:
            self._records, _ = read_records(self._folder)
            self._stamp = stamp

    def _write(self, name: str, record: Record | None) -> None:
        """Write the record of one command, or that it has none; all others stay as they are."""
        try:
            self._replace(name, record)
        except OSError as fault:
            raise InputError(f"{FILE} cannot be written: {fault.strerror}") from None
        records = self._records.values()
        digests = [d for r in records for d in (*r.deps.values(), *r.outputs.values()) if d]
        self.hashes.keep(digests)

    def _replace(self, name: str, record: Record | None) -> None:
        from filelock import FileLock

        with FileLock(make_room(self._folder) / ALONE):
            self._refresh()
            self._records.pop(name, None)
            if record is not None:
                self._records[name] = record
            write_records(self._folder, self._records)
            self._stamp = _stamp(self._folder)

    def _missing(self, paths: Iterable[Text]) -> str | None:
        for path in paths:
            if not os.path.exists(self._path(path)):
                return f"{path.shown} is missing"
        return None

    def _changed_setting(self, command: Command, record: Record) -> str | None:
        for name, before in record.vars.items():
            now = command.variables.get(name, before)
            if now != before:
                return f"{name} is {_short(now)}, was {_short(before)}"
        for name, seal in record.env.items():
            if name in command.env and not self._seals.holds(seal, name, command.env[name]):
                return f"the value of {name} changed"
        return _changed_script([line.shown for line in command.script], record.script) or (
            _changed_list("deps", [dep.shown for dep in command.deps], record.deps)
            or _changed_list("outputs", [out.shown for out in command.outputs], record.outputs)
        )

    def _changed_deps(
        self, command: Command, record: Record, leave_out: Collection[str]
    ) -> str | None:
        own = self._outputs(command)
        for dep in command.deps:
            if dep.shown in leave_out:
                continue
            if not os.path.exists(self._path(dep)):
                return f"{dep.shown} is missing"
            now, before = self._dep_digest(dep, own), record.deps[dep.shown]
            if now != before:
                return self._difference(dep, before, now)
        return None

    def _changed_outputs(self, command: Command, record: Record) -> str | None:
        for output in command.outputs:
            now, before = self._digest(output), record.outputs[output.shown]
            reason = self._changed_output(command, output, before, now)
            if reason is not None:
                return reason
        return None

    def _changed_output(self, command: Command, output: Text, before: str, now: str) -> str | None:
        """Why an output is neither as it was nor what others have since made of it in place."""
        made = {
            record.worked_on[output.shown][1]: (name, record.worked_on[output.shown][0])
            for name, record in self._records.items()
            if output.shown in record.worked_on
        }
        digest, workers = now, []
        while digest != before:
            if digest not in made:
                return self._difference(output, before, now) + self._written_by(output, now)
            name, digest = made.pop(digest)
            workers.append(name)
        for name in workers:
            # It must not work on its own result a second time.
            if self._may_run(name):
                return f"'{name}' has to work on {output.shown} again"
        return None

    def _may_run(self, name: str) -> bool:
        """Whether a command, or one that makes what it reads, has a reason to run."""
        waiting = [name]
        while waiting:
            name = waiting.pop()
            runs = name in (self._project.commands if self._makers is None else self._makers)
            if runs and name not in self._asked:
                self._asked.add(name)
                if self._reason(self._project.commands[name]) is not None:
                    return True
                waiting += (self._makers or {}).get(name, ())
        return False

    def _written_by(self, output: Text, now: str) -> str:
        """Which other command left an output as it is, in words."""
        path = os.path.normpath(output.shown)
        for name, record in self._records.items():
            if any(d == now and os.path.normpath(p) == path for p, d in record.outputs.items()):
                return f" ('{name}' wrote it)"
        return ""

    def _others(self, command: Command) -> dict[str, str]:
        """The digests of what other commands write, of what a command reads and writes."""
        read = {found for dep in command.deps for found in self._writers.touching(dep)}
        written = [found for out in command.outputs for found in self._writers.touching(out)]
        names = list(self._project.commands)
        return {
            path.shown: self._digest(path)
            for index, path in written
            if (index, path) in read and names[index] != command.name
        }

    @cached_property
    def _writers(self) -> Writers:
        writers = Writers(self._folder)
        for index, command in enumerate(self._project.commands.values()):
            for output in command.outputs:
                writers.add(index, output)
        return writers

    def _difference(self, path: Text, before: str | None, now: str | None) -> str:
        found = self.hashes.difference(before or "", now or "")
        shown = path.shown.rstrip("/")
        return f"{shown} changed" if found is None else f"{shown}/{found[0]} {found[1]}"

    def _dep_digest(self, dep: Text, own: Collection[str]) -> str | None:
        """The digest of what a command reads, without what it writes into the same place."""
        path = self._path(dep)
        # What is worked on in place is an output; as a dependency it would never be the same again.
        return None if path in own else self.hashes.digest(path, own)

    def _outputs(self, command: Command) -> set[str]:
        """The absolute paths of what a command writes, and of what the runner does."""
        return {*map(self._path, command.outputs), *self._own_files}

    def _digest(self, path: Text) -> str:
        return self.hashes.digest(self._path(path), self._own_files)

    def _path(self, path: Text) -> str:
        return os.path.normpath(os.path.join(self._top, path.value))


def _stamp(folder: Path) -> tuple[int, int, int] | None:
    """What tells one state of a lock from another: each is a file of its own."""
    try:
        found = os.stat(folder / FILE)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_records(folder: Path) -> tuple[dict[str, Record], set[str]]:
    """Read a project's lock.

    folder (Path): The project's folder.
    RETURNS (Tuple[Dict[str, Record], Set[str]]): Records by command; and the commands of a lock
        that an older version wrote. Raises InputError for a lock that cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return {}, set()
    try:
        data = json.loads(path.read_bytes())
        version = data["version"]
        if not isinstance(version, int):
            raise TypeError
        if version == VERSION:
            return {name: _record(fields) for name, fields in data["commands"].items()}, set()
        if version < VERSION:
            return {}, set(data["commands"])
    except (ValueError, KeyError, TypeError, AttributeError):
        message = "not a lock file; delete it, and every command runs again"
        raise InputError(message, path=path) from None
    message = f"lock version {version!r}, from a newer seqpipe than this one, which knows {VERSION}"
    way_out = "upgrade seqpipe, or delete the file, and every command runs again"
    raise InputError(f"{message}; {way_out}", path=path)


def write_records(folder: Path, records: dict[str, Record]) -> None:
    """Write a project's lock, whole or not at all.

    folder (Path): The project's folder.
    records (Dict[str, Record]): Entries by command.
    """
    commands = {name: asdict(record) for name, record in sorted(records.items())}
    with atomic_write(folder / FILE) as stream:
        json.dump({"version": VERSION, "commands": commands}, stream, indent=1, ensure_ascii=False)
        stream.write("\n")


def _record(fields: dict[str, Any]) -> Record:
    record = Record(**fields)
    texts = [*record.script, *record.vars.values(), *record.env.values(), *record.outputs.values()]
    texts += [digest for digest in record.deps.values() if digest is not None]
    texts += [digest for digests in record.worked_on.values() for digest in digests]
    pairs = all(len(digests) == 2 for digests in record.worked_on.values())
    if (
        not pairs
        or not isinstance(record.script, list)
        or not all(isinstance(text, str) for text in texts)
    ):
        raise TypeError
    return record


def _changed_script(now: list[str], before: list[str]) -> str | None:
    for number, (new, old) in enumerate(zip(now, before, strict=False), start=1):
        if new != old:
            return f"script line {number} changed"
    if len(now) > len(before):
        return f"script line {len(before) + 1} added"
    return f"script line {len(now) + 1} removed" if len(now) < len(before) else None


def _changed_list(what: str, now: Collection[str], before: Collection[str]) -> str | None:
    for path in now:
        if path not in before:
            return f"{what}: {path} added"
    for path in before:
        if path not in now:
            return f"{what}: {path} removed"
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:37]}..." if len(line) > 40 else line
