"""Runs the steps of a plan, side by side where nothing ties them, in one thread."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from seqpipe.files import InputError
from seqpipe.project.children import wait
from seqpipe.project.events import CommandError, Event
from seqpipe.project.launch import Launcher
from seqpipe.project.load import Project
from seqpipe.project.lock import Records
from seqpipe.project.plan import Planned, check_deps
from seqpipe.project.step import Working

# Seconds that children have to end by themselves after Ctrl-C or a SIGTERM to us.
GRACE = 10.0
# Seconds between two ticks.
TICK = 0.5
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
Report = Callable[[Event], None]
Tick = Callable[[Mapping[str, str]], None]


class Schedule:
    """The steps of a plan and how far they are.

    It stays in one thread: on Linux a child ends with the thread that started it.

    project (Project): The project.
    planned (Sequence[Planned]): The plan.
    records (Records): What is known of earlier runs.
    launcher (Launcher): Starts the lines of scripts.
    force (bool): Run also what has not changed.
    jobs (int): How many commands may run at a time.
    captured (bool): Whether to take what commands write.
    report (Callable[[Event], None]): Told what happens.
    tick (Callable[[Mapping[str, str]], None]): Called about twice a second with the names of the
        commands at work, and what each has written of a line that is not complete.
    """

    def __init__(
        self,
        project: Project,
        planned: Sequence[Planned],
        records: Records,
        launcher: Launcher,
        *,
        force: bool,
        jobs: int,
        captured: bool,
        report: Report,
        tick: Tick,
    ) -> None:
        self._project, self._records, self._launcher = project, records, launcher
        self._force, self._jobs, self._captured = force, jobs, captured
        self._report, self._tick = report, tick
        self._steps = [one.step for one in planned]
        self._working: dict[int, Working] = {}
        self._began: dict[int, float] = {}
        self._ends: dict[int, Event] = {}
        self.fault: CommandError | None = None

    @property
    def ends(self) -> list[Event]:
        """RETURNS (List[Event]): How each step ended, in the order of the plan."""
        return [self._ends[index] for index in sorted(self._ends)]

    def run(self) -> None:
        """Run all steps; `fault` is the first failure."""
        try:
            while self._begin_ready():
                self._wait(TICK)
                for index in list(self._working):
                    self._advance(index)
                self._tick({w.command.name: w.unfinished for w in self._working.values()})
        except KeyboardInterrupt:
            # A second one would break off what a child does to end well, such as saving.
            self._end_children(None if _terminal_tells_children() else signal.SIGINT)
            raise
        except BaseException:
            self._end_children(signal.SIGTERM)
            raise

    def _begin_ready(self) -> bool:
        """Begin what can begin. RETURNS (bool): Whether something is at work."""
        # What is skipped ends here, and what needs it stands further down the plan.
        for index, step in enumerate(self._steps):
            if len(self._working) >= self._jobs:
                break
            begun = index in self._working or index in self._ends
            if not begun and all(need in self._ends for need in step.needs):
                self._begin(index)
        return bool(self._working)

    def _begin(self, index: int) -> None:
        """What comes before a command: whether it runs at all."""
        command = self._steps[index].command
        stopped = self._why_not(index)
        if stopped is not None:
            self._end(index, Event("not_run", command.name, stopped))
            return
        self._began[index] = time.perf_counter()
        try:
            check_deps(self._project, command)
            reason = "forced" if self._force else self._records.reason(command)
            if reason is not None:
                self._records.begin(command)
        except (InputError, OSError) as fault:
            self._fail(index, CommandError(str(fault)), None)
            return
        if reason is None:
            self._end(index, Event("skipped", command.name, "nothing changed"))
            return
        self._report(Event("started", command.name, reason))
        self._working[index] = Working(
            self._project,
            command,
            self._launcher,
            self._report,
            captured=self._captured,
            with_input=self._jobs == 1,
        )
        self._advance(index)

    def _why_not(self, index: int) -> str | None:
        for need in self._steps[index].needs:
            name, kind = self._steps[need].command.name, self._ends[need].kind
            if kind in ("failed", "not_run"):
                return f"needs '{name}', which {'failed' if kind == 'failed' else 'did not run'}"
        return None

    def _advance(self, index: int) -> None:
        working = self._working[index]
        try:
            if working.advance():
                self._finish(index, working)
        except CommandError as fault:
            self._fail(index, fault, working.memory)

    def _finish(self, index: int, working: Working) -> None:
        """What comes after a command: whether it has done what it says."""
        command = working.command
        folder = self._project.folder
        missing = [out.shown for out in command.outputs if not (folder / out.value).exists()]
        if missing:
            raise working.failure(f"it ended well but did not write {', '.join(missing)}")
        try:
            self._records.succeed(command)
        except OSError as fault:
            raise working.failure(f"what it wrote cannot be read: {fault}") from None
        took = time.perf_counter() - self._began[index]
        self._end(index, Event("done", command.name, seconds=took, memory=working.memory))

    def _fail(self, index: int, fault: CommandError, memory: int | None) -> None:
        if self.fault is None:
            self.fault = fault
        took = time.perf_counter() - self._began[index]
        name = self._steps[index].command.name
        code = fault.exit_code
        self._end(index, Event("failed", name, str(fault), None, took, memory, code))

    def _end(self, index: int, event: Event) -> None:
        working = self._working.pop(index, None)
        if working is not None:
            working.close()
        self._ends[index] = event
        self._report(event)

    def _wait(self, seconds: float) -> None:
        children = [work.child for work in self._working.values() if work.child is not None]
        outputs = [work.output for work in self._working.values() if work.output is not None]
        wait(children, outputs, seconds)

    def _end_children(self, number: int | None) -> None:
        """See children to their end: let them finish, then terminate, then kill them.

        number (Optional[int]): What to send them first. A second Ctrl-C ends the waiting.
        """
        for following in (number, signal.SIGTERM, KILL):
            for working in self._working.values():
                if working.child is not None and following is not None:
                    working.child.send(following)
            try:
                if self._all_end_by(time.perf_counter() + GRACE):
                    break
            except KeyboardInterrupt:
                continue
        for working in self._working.values():
            working.close()

    def _all_end_by(self, time_limit: float) -> bool:
        while time.perf_counter() < time_limit:
            self._working = {
                index: working
                for index, working in self._working.items()
                if working.poll() is None and working.child is not None
            }
            if not self._working:
                return True
            self._wait(min(TICK, max(0.0, time_limit - time.perf_counter())))
        return False


def _terminal_tells_children() -> bool:
    """Whether Ctrl-C comes from a terminal, which sends it to all programs in its foreground."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
