"""The plan of a run: which commands, in which order, and which of them have something to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from seqpipe.files import InputError
from seqpipe.project.check import nearest
from seqpipe.project.graph import Step, Writers, expand, graph, is_barrier
from seqpipe.project.load import Asset, Command, Project, Text
from seqpipe.project.lock import Records
from seqpipe.project.script_lines import check_script

State = Literal["run", "maybe", "skip"]
# What a shell would fill in.
SHELL_PATH = re.compile(r"^~|[*?]|\$\w")


@dataclass(frozen=True)
class Planned:
    """A step of a plan and what is to be expected of it.

    state (str): "run", "skip", or "maybe" where only a step that runs first can tell.
    reason (str): Why: which file or setting.
    step (Step): The command in its place.
    """

    step: Step
    state: State
    reason: str


def plan(
    project: Project,
    name: str = "all",
    *,
    records: Records,
    force: bool = False,
    only: Collection[str] = (),
    start_at: str | None = None,
) -> list[Planned]:
    """Plan a run; nothing runs and nothing is written but the cache of digests.

    project (Project): The project.
    name (str): A command or workflow.
    records (Records): What is known of earlier runs.
    force (bool): Run also what has not changed.
    only (Collection[str]): Commands to keep of the plan; all, where it is empty.
    start_at (Optional[str]): The command that the plan starts from.
    RETURNS (List[Planned]): In an order to run them one by one. Raises InputError for whatever is
        known to go wrong.
    """
    steps = _part(project, name, graph(project, expand(project, name)), only, start_at)
    for command in {step.command.name: step.command for step in steps}.values():
        check_script(project, command)
    _check_all_deps(project, steps)
    planned = states(steps, records, force=force)
    records.hashes.save()
    return planned


def check_deps(project: Project, command: Command) -> None:
    """Refuse a command whose dependencies do not all exist now.

    project (Project): The project.
    command (Command): The command. Raises InputError that says who makes the missing one.
    """
    for dep in command.deps:
        if not (project.folder / dep.value).exists():
            raise _missing(project, command, dep)


def _part(
    project: Project, name: str, steps: list[Step], only: Collection[str], start_at: str | None
) -> list[Step]:
    """The steps that are asked for."""
    names = [step.command.name for step in steps]
    for option, wanted in [*(("--only", one) for one in only), ("--from", start_at)]:
        if wanted is not None and wanted not in names:
            message = f"{option} {wanted}: no such command in the plan of '{name}'"
            raise InputError(f"{message}; {nearest(wanted, set(names))}", path=project.path)
    start = 0 if start_at is None else names.index(start_at)
    kept = [i for i in range(start, len(steps)) if not only or names[i] in only]
    if not kept:
        message = f"nothing is left of the plan of '{name}' from '{start_at}' on"
        raise InputError(f"{message} with --only {', '.join(sorted(only))}", path=project.path)
    return _keep(steps, kept)


def _keep(steps: Sequence[Step], kept: Sequence[int]) -> list[Step]:
    """Take steps out of a plan; those left keep the order that the others gave them."""
    place = {index: at for at, index in enumerate(kept)}
    through: list[dict[int, tuple[str, ...]]] = []
    for step in steps:
        needs: dict[int, tuple[str, ...]] = {}
        for need, paths in step.needs.items():
            if need in place:
                needs[need] = paths
            else:
                needs |= {far: needs.get(far, ()) for far in through[need]}
        through.append(needs)
    return [
        Step(steps[i].command, {place[j]: through[i][j] for j in sorted(through[i])}) for i in kept
    ]


def _check_all_deps(project: Project, steps: Sequence[Step]) -> None:
    """Refuse a dependency that neither exists nor comes into being before it is needed."""
    for at, step in enumerate(steps):
        made = {path for paths in step.needs.values() for path in paths}
        # Such a command may make anything; what it did not make is said when it has run.
        unknown = any(is_barrier(earlier.command) for earlier in steps[:at])
        for dep in step.command.deps:
            there = dep.shown in made or (project.folder / dep.value).exists()
            if not there and not unknown:
                raise _missing(project, step.command, dep)


def states(steps: Sequence[Step], records: Records, *, force: bool = False) -> list[Planned]:
    """What is to be expected of each step of a plan.

    steps (Sequence[Step]): The steps.
    records (Records): What is known of earlier runs.
    force (bool): Run also what has not changed.
    RETURNS (List[Planned]): In the order of the steps.
    """
    records.follow(steps)
    planned: list[Planned] = []
    for step in steps:
        unsure = {
            need: paths
            for need, paths in step.needs.items()
            if planned[need].state != "skip" and (paths or is_barrier(steps[need].command))
        }
        tied = {path for paths in unsure.values() for path in paths}
        reason = "forced" if force else records.reason(step.command, leave_out=tied)
        if reason is not None:
            planned.append(Planned(step, "run", reason))
        elif unsure:
            planned.append(Planned(step, "maybe", _who_can_tell(planned, unsure)))
        else:
            planned.append(Planned(step, "skip", "nothing changed"))
    return planned


def _who_can_tell(planned: Sequence[Planned], unsure: dict[int, tuple[str, ...]]) -> str:
    need, paths = next(iter(unsure.items()))
    maker = planned[need]
    may = "may run" if maker.state == "maybe" else "runs"
    what = f"makes {', '.join(paths)}" if paths else "does not say what it changes"
    return f"'{maker.step.command.name}' {may} first and {what}"


def _missing(project: Project, command: Command, dep: Text) -> InputError:
    message = f"command '{command.name}' needs {dep.shown}, which does not exist"
    hint = _who_makes(project, command, dep)
    if SHELL_PATH.search(dep.shown):
        hint += "; a path is read as it stands: no shell fills in ~, $NAME, * or ?"
    return InputError(f"{message}; {hint}", path=project.path, line=dep.line or command.line)


def _who_makes(project: Project, command: Command, dep: Text) -> str:
    asset = _asset_of(project, dep)
    if asset is not None:
        extra = " --extra" if asset.extra else ""
        return f"fetch it: seqpipe assets {_quoted(project)}{extra}"
    writers = Writers(project.folder)
    commands = [other for other in project.commands.values() if other is not command]
    for index, other in enumerate(commands):
        for output in other.outputs:
            writers.add(index, output)
    for index, _ in writers.touching(dep):
        maker = commands[index].name
        return (
            f"the command '{maker}' makes it: seqpipe run {_quoted(project)} {shlex.quote(maker)}"
        )
    return f"no command makes it and no asset is it (paths start at {project.folder.resolve()})"


def _quoted(project: Project) -> str:
    return shlex.quote(str(project.path))


def _asset_of(project: Project, dep: Text) -> Asset | None:
    writers = Writers(project.folder)
    for index, asset in enumerate(project.assets):
        writers.add(index, asset.dest)
        if asset.extract is not None:
            writers.add(index, asset.extract)
    return next((project.assets[index] for index, _ in writers.touching(dep)), None)
