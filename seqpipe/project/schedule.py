"""Runs the steps of a plan, side by side where nothing ties them, in one thread."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from seqpipe.files import InputError
from seqpipe.project.children import Below, all_below, wait
from seqpipe.project.events import CommandError, Event
from seqpipe.project.launch import Launcher
from seqpipe.project.load import Project
from seqpipe.project.lock import Records
from seqpipe.project.plan import Planned, check_deps
from seqpipe.project.step import Working, failure

# Seconds that children have to end by themselves after Ctrl-C or a SIGTERM to us.
GRACE = 10.0
# Seconds after which it is said that they have not.
SOON = 0.5
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
        self._below: dict[int, Below] = {}
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
        except InputError as fault:
            self._fail(index, CommandError(str(fault)), None)
            return
        except OSError as fault:
            what = f"what it reads cannot be read: {fault.strerror}"
            self._fail(index, failure(self._project, command, what), None)
            return
        if reason is None:
            self._end(index, Event("skipped", command.name, "nothing changed"))
            return
        self._tell(index, Event("started", command.name, reason))
        try:
            self._working[index] = Working(
                self._project,
                command,
                self._launcher,
                self._report,
                index=index,
                captured=self._captured,
                with_input=self._jobs == 1,
            )
        except CommandError as fault:
            self._fail(index, fault, None)
            return
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
        except InputError as fault:
            raise working.failure(str(fault)) from None
        except OSError as fault:
            raise working.failure(f"what it wrote cannot be read: {fault.strerror}") from None
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
        self._ends[index] = replace(event, index=index)
        self._tell(index, event)

    def _tell(self, index: int, event: Event) -> None:
        self._report(replace(event, index=index))

    def _wait(self, seconds: float, others: Sequence[Below] = ()) -> None:
        children = [work.child for work in self._working.values() if work.child is not None]
        outputs = [work.output for work in self._working.values() if work.output is not None]
        wait([*children, *others], outputs, seconds)

    def _end_children(self, number: int | None) -> None:
        """See children, and what they started, to their end: first let them finish, then terminate
        them, then kill them.

        number (Optional[int]): What to send them first. A second Ctrl-C ends the waiting.
        """
        all_working = list(self._working.values())
        for working in all_working:
            # Whoever is told may be what has failed.
            working.mute()
        for following in (number, signal.SIGTERM, KILL):
            try:
                self._send(following)
                # What a shell has put in the background does not hear Ctrl-C.
                is_asked = following in (None, signal.SIGINT)
                self._wait_for_ends(time.perf_counter() + SOON, with_below=not is_asked)
                self._report_ending()
                self._wait_for_ends(time.perf_counter() + GRACE, with_below=not is_asked)
            except KeyboardInterrupt:
                continue
            if not self._working and not self._below:
                break
        for working in all_working:
            working.close()
        for below in self._below.values():
            below.close()

    def _report_ending(self) -> None:
        names = ", ".join(f"'{working.command.name}'" for working in self._working.values())
        # Whoever is told may be what has failed.
        with suppress(Exception, SystemExit):
            if names:
                self._report(Event("ending", text=f"waiting for {names} to end"))

    def _send(self, number: int | None) -> None:
        children = [work.child for work in self._working.values() if work.child is not None]
        for child in children:
            for pid in () if child.pid is None else all_below(child.pid):
                if pid not in self._below:
                    # It may be gone by now, or the system know no such thing.
                    with suppress(OSError, AttributeError):
                        self._below[pid] = Below(pid)
        if number is not None:
            for each in (*children, *self._below.values()):
                each.send(number)

    def _wait_for_ends(self, time_limit: float, *, with_below: bool) -> None:
        while time.perf_counter() < time_limit:
            self._working = {i: work for i, work in self._working.items() if not _is_over(work)}
            for pid in [pid for pid, below in self._below.items() if below.poll()]:
                self._below.pop(pid).close()
            left = list(self._below.values()) if with_below else []
            if not self._working and not left:
                return
            self._wait(min(TICK, max(0.0, time_limit - time.perf_counter())), left)


def _is_over(working: Working) -> bool:
    try:
        return working.poll() is not None or working.child is None
    except CommandError:
        return True


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
