"""A command at work: one line of its script after the other."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from seqpipe.project.children import Child, Ended, signals_held_back
from seqpipe.project.events import CommandError, Event, Kind
from seqpipe.project.fork_client import Streams
from seqpipe.project.launch import Launcher
from seqpipe.project.load import Command, Project, Text
from seqpipe.project.output import Lines
from seqpipe.project.script import signal_name
from seqpipe.project.script_lines import shell_hint

PIECE = 64 * 1024
# What the system says of a file that is no program for us.
NO_PROGRAM = (errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP)


class Working:
    """A command at work.

    project (Project): The project.
    command (Command): The command.
    launcher (Launcher): Starts the lines of its script.
    report (Callable[[Event], None]): Told which line starts and, if captured, what it writes.
    index (int): Where it stands in the plan.
    captured (bool): Whether to take what it writes, instead of letting it write where we do.
    with_input (bool): Whether it can read our standard input. Raises CommandError where the system
        has no room for it.
    """

    def __init__(
        self,
        project: Project,
        command: Command,
        launcher: Launcher,
        report: Callable[[Event], None],
        *,
        index: int,
        captured: bool,
        with_input: bool,
    ) -> None:
        self.command = command
        self.child: Child | None = None
        self.memory: int | None = None
        self._project, self._launcher, self._report = project, launcher, report
        self._index = index
        self._script = iter(command.script)
        self._line: Text | None = None
        self._lines = Lines(project.secrets)
        self._open = ExitStack()
        self.output: int | None = None
        try:
            self._streams = self._open_streams(captured, with_input)
        except OSError as fault:
            self.close()
            raise self.failure(f"cannot be started ({fault.strerror})") from None

    def _open_streams(self, captured: bool, with_input: bool) -> Streams:
        nothing = os.open(os.devnull, os.O_RDWR)
        self._open.callback(os.close, nothing)
        read, out, error = range(3)
        if captured:
            # Ours stays open, too: a command is over when it ends, not when the last thing that
            # it left in the background closes this.
            self.output, out = os.pipe()
            error = out
            self._open.callback(os.close, self.output)
            self._open.callback(os.close, out)
            os.set_blocking(self.output, False)
        return read if with_input else nothing, out, error

    def advance(self) -> bool:
        """Go on as far as it goes without waiting.

        RETURNS (bool): Whether all lines have ended well. Raises CommandError where one did not.
        """
        while True:
            ended = self.poll()
            if ended is not None:
                self._check(ended)
            if self.child is not None:
                return False
            self._line = next(self._script, None)
            if self._line is None:
                return True
            self._tell("script", _shown(self._line))
            self._start(self._line)

    def poll(self) -> Ended | None:
        """How the line that was running has ended, told once.

        RETURNS (Optional[Ended]): None while it runs. Raises CommandError where the fork server did
            not want it and it could not be started otherwise.
        """
        ended = self._poll_child()
        self._read()
        if self.child is not None and ended is not None:
            self.child.close()
            self.child = None
            for line in self._lines.end():
                self._tell("output", line)
            if ended.memory is not None:
                self.memory = max(ended.memory, self.memory or 0)
        return ended

    def _poll_child(self) -> Ended | None:
        if self.child is None or self._line is None:
            return None
        try:
            return self.child.poll()
        except OSError as fault:
            self.child.close()
            self.child = None
            raise self._not_started(self._line, fault) from None

    @property
    def unfinished(self) -> str:
        """RETURNS (str): What it has written of a line, such as a progress bar."""
        return self._lines.unfinished

    def _tell(self, kind: Kind, text: str) -> None:
        self._report(Event(kind, self.command.name, text, index=self._index))

    def mute(self) -> None:
        """Report nothing from here on."""
        self._report = lambda event: None

    def close(self) -> None:
        """Let go of its streams."""
        self._open.close()

    def _start(self, line: Text) -> None:
        try:
            with signals_held_back():
                self.child = self._launcher.start(line.value, self._streams)
        except OSError as fault:
            raise self._not_started(line, fault) from None

    def _not_started(self, line: Text, fault: OSError) -> CommandError:
        shown = _shown(line)
        program = shown.split()[0]
        if isinstance(fault, FileNotFoundError):
            what = f"program not found: {program} in: {shown}{shell_hint(line)}"
            return self.failure(what, 127)
        if fault.errno in NO_PROGRAM:
            why = "" if isinstance(fault, PermissionError) else f" ({fault.strerror})"
            what = f"not a program that can be run{why}: {program} in: {shown}"
            return self.failure(what, 126)
        return self.failure(f"cannot be started ({fault.strerror}): {shown}")

    def _check(self, ended: Ended) -> None:
        if self._line is None:
            return
        shown = _shown(self._line)
        if ended.code < 0:
            fault = f"killed by {signal_name(-ended.code)}: {shown}"
            raise self.failure(fault, 128 - ended.code)
        if ended.code:
            raise self.failure(
                f"exit code {ended.code}: {shown}{shell_hint(self._line)}", ended.code
            )

    def _read(self) -> None:
        for piece in self._pieces():
            for line in self._lines.feed(piece):
                self._tell("output", line)

    def _pieces(self) -> Iterator[bytes]:
        # Not more than a moment's worth: others wait.
        for _ in range(16):
            try:
                piece = b"" if self.output is None else os.read(self.output, PIECE)
            except BlockingIOError:
                return
            if not piece:
                return
            yield piece

    def failure(self, fault: str, code: int = 1) -> CommandError:
        """RETURNS (CommandError): That this command did not do what it says.

        fault (str): What went wrong.
        code (int): What to exit with.
        """
        return failure(self._project, self.command, fault, code)


def failure(project: Project, command: Command, fault: str, code: int = 1) -> CommandError:
    """RETURNS (CommandError): That a command of a project did not do what it says.

    project (Project): The project.
    command (Command): The command.
    fault (str): What went wrong.
    code (int): What to exit with.
    """
    where = f"{project.path}, line {command.line}: command '{command.name}'"
    return CommandError(f"{where}: {fault}", code)


def _shown(line: Text) -> str:
    return " ".join(line.shown.split())
