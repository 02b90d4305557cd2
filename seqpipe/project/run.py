"""Runs a command or workflow of a project and skips what has not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seqpipe.files import InputError
from seqpipe.project.load import Command, Project, Text, load_project
from seqpipe.project.lock import (
    Entry,
    definition_digest,
    dep_digests,
    output_digests,
    read_lock,
    write_lock,
)
from seqpipe.project.script import check_line, run_line, signal_name


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    kind: "again" (text: why it runs again), "script" (text: the line that starts), "skipped" or
        "done".
    command (str): The command's name.
    seconds (float): How long the command took, when done.
    """

    kind: Literal["again", "script", "skipped", "done"]
    command: str
    text: str = ""
    seconds: float = 0.0


class CommandError(OSError):
    """A command did not do what it says.

    message (str): Which, where and how.
    exit_code (int): What to exit with.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def project_run(
    path: str | os.PathLike[str],
    name: str = "all",
    *,
    overrides: Mapping[str, str] | None = None,
    force: bool = False,
    report: Callable[[Event], None] = lambda event: None,
) -> None:
    """Run a command, or the commands of a workflow in their order.

    path: A project.yml, or the folder that holds it.
    name (str): The command or workflow.
    overrides (Optional[Mapping[str, str]]): Values for the project's variables, by name.
    force (bool): Run also what has not changed.
    report (Callable[[Event], None]): Told what happens, as it happens. Raises InputError for a
        fault in the project, CommandError for a command that fails.
    """
    project = load_project(path, overrides)
    commands = select(project, name)
    for command in commands:
        for line in command.script:
            check_line(line, path=project.path, at=command.line)
    project.make_directories()
    for command in commands:
        _run_command(project, command, force, report)


def select(project: Project, name: str) -> list[Command]:
    """The commands that a name stands for.

    project (Project): The project.
    name (str): A command or workflow.
    RETURNS (List[Command]): In the order to run. Raises InputError for an unknown name.
    """
    if name in project.workflows:
        return [project.commands[step] for step in project.workflows[name]]
    if name in project.commands:
        return [project.commands[name]]
    known = "; ".join(
        f"{what}: {', '.join(names) or 'none'}"
        for what, names in (("workflows", project.workflows), ("commands", project.commands))
    )
    raise InputError(f"no command or workflow '{name}'; {known}", path=project.path)


def stale_reason(
    command: Command, entry: Entry, deps: Mapping[str, str], folder: Path
) -> str | None:
    """Why a command that succeeded before has to run again.

    command (Command): The command.
    entry (Entry): The state in which it last succeeded.
    deps (Mapping[str, str]): Digests of its dependencies as they are now.
    folder (Path): The project's folder.
    RETURNS (Optional[str]): The reason, or None where nothing has changed.
    """
    for output in command.outputs:
        if not (folder / output.value).exists():
            return f"{output.shown} is missing"
    if entry.definition != definition_digest(command):
        return "its definition changed"
    for now, before in ((deps, entry.deps), (output_digests(command, folder), entry.outputs)):
        changed = [path for path in now if now[path] != before.get(path)]
        if changed:
            return f"{', '.join(changed)} changed"
    return None


def _run_command(
    project: Project, command: Command, force: bool, report: Callable[[Event], None]
) -> None:
    _check_deps(project, command)
    # Before it runs: what it read is what counts, not what someone edits meanwhile.
    deps = dep_digests(command, project.folder)
    lock = read_lock(project.folder)
    entry = lock.pop(command.name, None)
    if entry is not None:
        reason = "forced" if force else stale_reason(command, entry, deps, project.folder)
        if reason is None:
            report(Event("skipped", command.name))
            return
        report(Event("again", command.name, reason))
        # From here on it may fail with its outputs half written: the old entry is no more.
        write_lock(project.folder, lock)
    began = time.perf_counter()
    for line in command.script:
        report(Event("script", command.name, " ".join(line.shown.split())))
        _run_line(project, command, line)
    _check_outputs(project, command)
    if command.outputs and not command.no_skip:
        _remember(project, command, deps)
    report(Event("done", command.name, seconds=time.perf_counter() - began))


def _remember(project: Project, command: Command, deps: dict[str, str]) -> None:
    outputs = output_digests(command, project.folder)
    # Read afresh: another run may have written meanwhile.
    lock = read_lock(project.folder)
    lock[command.name] = Entry(definition_digest(command), deps, outputs)
    write_lock(project.folder, lock)


def _run_line(project: Project, command: Command, line: Text) -> None:
    shown = " ".join(line.shown.split())
    try:
        code = run_line(line.value, project.folder)
    except FileNotFoundError:
        fault = f"program not found: {shown.split()[0]}"
        raise _failure(project, command, f"{fault} in: {shown}", 127) from None
    except PermissionError:
        fault = f"not a program that can be run: {shown.split()[0]}"
        raise _failure(project, command, f"{fault} in: {shown}", 126) from None
    if code < 0:
        raise _failure(project, command, f"killed by {signal_name(-code)}: {shown}", 1)
    if code:
        raise _failure(project, command, f"exit code {code}: {shown}", code)


def _check_deps(project: Project, command: Command) -> None:
    for dep in command.deps:
        if not (project.folder / dep.value).exists():
            message = f"command '{command.name}' needs {dep.shown}, which does not exist"
            hint = _who_makes(project, command, dep)
            raise InputError(f"{message}; {hint}", path=project.path, line=command.line)


def _who_makes(project: Project, command: Command, dep: Text) -> str:
    for asset in project.assets:
        if _covers(project.folder, asset.dest, dep):
            extra = " --extra" if asset.extra else ""
            return f"fetch it: seqpipe assets {project.path}{extra}"
    for maker in project.commands.values():
        if maker is not command and any(
            _covers(project.folder, output, dep) for output in maker.outputs
        ):
            return f"the command '{maker.name}' makes it: seqpipe run {project.path} {maker.name}"
    return f"no command makes it and no asset is it (paths start at {project.folder.resolve()})"


def _covers(folder: Path, made: Text, needed: Text) -> bool:
    """Whether one path is the other, lies in it, or holds it."""
    a, b = (Path(os.path.abspath(folder / text.value)) for text in (made, needed))
    return a == b or a in b.parents or b in a.parents


def _check_outputs(project: Project, command: Command) -> None:
    missing = [o.shown for o in command.outputs if not (project.folder / o.value).exists()]
    if missing:
        fault = f"it ended well but did not write {', '.join(missing)}"
        raise _failure(project, command, fault, 1)


def _failure(project: Project, command: Command, fault: str, code: int) -> CommandError:
    where = f"{project.path}, line {command.line}: command '{command.name}'"
    return CommandError(f"{where}: {fault}", code)
