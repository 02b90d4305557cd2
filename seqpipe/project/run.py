"""Runs a command or workflow of a project and skips what has not changed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from seqpipe.files import InputError
from seqpipe.project.events import CommandError, Event, RunSummary
from seqpipe.project.exclusive import environment, only_run
from seqpipe.project.graph import expand
from seqpipe.project.launch import Launcher
from seqpipe.project.load import Project, load_project
from seqpipe.project.lock import Records
from seqpipe.project.plan import Planned, plan
from seqpipe.project.schedule import Report, Schedule, Tick

__all__ = ["CommandError", "Event", "RunSummary", "project_plan", "project_run"]


def project_run(
    path: str | os.PathLike[str],
    name: str = "all",
    *,
    overrides: Mapping[str, str] | None = None,
    force: bool = False,
    only: Collection[str] = (),
    start_at: str | None = None,
    jobs: int = 1,
    wait: bool = True,
    captured: bool = False,
    report: Report = lambda event: None,
    tick: Tick = lambda unfinished: None,
) -> RunSummary:
    """Run a command, or the commands of a workflow, each after what it needs.

    path: A project.yml, or the folder that holds it.
    name (str): The command or workflow.
    overrides (Optional[Mapping[str, str]]): Values for the project's variables, by name.
    force (bool): Run also what has not changed.
    only (Collection[str]): Commands to keep of the plan; all, where it is empty.
    start_at (Optional[str]): The command that the plan starts from.
    jobs (int): How many commands may run at a time. With more than one, no command can read our
        standard input, and what they write is captured.
    wait (bool): Whether to wait for another run of the project.
    captured (bool): Report what commands write as events, instead of letting them write to our own
        standard streams.
    report (Callable[[Event], None]): Told what happens, as it happens.
    tick (Callable[[Mapping[str, str]], None]): Called about twice a second while commands run, with
        their names and, if captured, what each has written of a line that is not complete.
    RETURNS (RunSummary): How it went. Raises InputError for a fault in the project and, when all is
        over that could run, CommandError for the first command that failed.
    """
    began = time.perf_counter()
    captured = captured or jobs > 1
    if captured and sys.platform == "win32":
        raise InputError("on Windows commands run one by one, and write to the terminal itself")
    project = load_project(path, overrides)
    expand(project, name)  # an unknown name should not wait for another run

    def waiting(holder: str) -> None:
        report(Event("waiting", text=holder))

    hold = only_run(project.folder, name, wait=wait, report=waiting)
    with standard_streams(), hold as held:
        records = Records(project)
        planned = plan(project, name, records=records, force=force, only=only, start_at=start_at)
        for index, one in enumerate(planned):
            command = one.step.command.name
            report(Event("planned", command, one.reason, one.state, index=index))
        project.make_directories()
        launcher = _launcher(project, planned, held)
        schedule = Schedule(
            project,
            planned,
            records,
            launcher,
            force=force,
            jobs=jobs,
            captured=captured,
            report=report,
            tick=tick,
        )
        try:
            schedule.run()
        finally:
            launcher.close()
    summary = RunSummary(name, tuple(schedule.ends), time.perf_counter() - began)
    if schedule.fault is not None:
        schedule.fault.summary = summary
        raise schedule.fault
    return summary


@contextmanager
def standard_streams() -> Iterator[None]:
    """Put nothing in the place of standard streams that are closed.

    Else a file of ours could get such a number, and commands would write into it.

    YIELDS (None): Once, for the code inside.
    """
    filled = [os.open(os.devnull, os.O_RDWR)]
    while filled[-1] <= 2:
        filled.append(os.open(os.devnull, os.O_RDWR))
    os.close(filled.pop())
    try:
        yield
    finally:
        for number in filled:
            os.close(number)


def project_plan(
    path: str | os.PathLike[str],
    name: str = "all",
    *,
    overrides: Mapping[str, str] | None = None,
    force: bool = False,
    only: Collection[str] = (),
    start_at: str | None = None,
) -> list[Planned]:
    """Plan what `project_run` would do; nothing runs. Arguments as for `project_run`.

    RETURNS (List[Planned]): The commands in their order, with what is to be expected of them.
    """
    project = load_project(path, overrides)
    records = Records(project)
    return plan(project, name, records=records, force=force, only=only, start_at=start_at)


def _launcher(project: Project, planned: Collection[Planned], held: int | None) -> Launcher:
    lines = [
        line.value for one in planned if one.state != "skip" for line in one.step.command.script
    ]
    kept = () if held is None else (held,)
    return Launcher(project.folder, environment(project.folder), kept=kept, lines=lines)
