"""A command at work: one line of its script after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from seqpipe.project.children import Child, Ended, signals_held_back
from seqpipe.project.events import CommandError, Event
from seqpipe.project.fork_client import Streams
from seqpipe.project.launch import Launcher
from seqpipe.project.load import Command, Project, Text
from seqpipe.project.output import Lines
from seqpipe.project.script import signal_name

PIECE = 64 * 1024


class Working:
    """A command at work.

    project (Project): The project.
    command (Command): The command.
    launcher (Launcher): Starts the lines of its script.
    report (Callable[[Event], None]): Told which line starts and, if captured, what it writes.
    captured (bool): Whether to take what it writes, instead of letting it write where we do.
    with_input (bool): Whether it can read our standard input.
    """

    def __init__(
        self,
        project: Project,
        command: Command,
        launcher: Launcher,
        report: Callable[[Event], None],
        *,
        captured: bool,
        with_input: bool,
    ) -> None:
        self.command = command
        self.child: Child | None = None
        self.memory: int | None = None
        self._project, self._launcher, self._report = project, launcher, report
        self._script = iter(command.script)
        self._line: Text | None = None
        self._lines = Lines()
        self._open = ExitStack()
        self.output: int | None = None
        self._streams = self._open_streams(captured, with_input)

    def _open_streams(self, captured: bool, with_input: bool) -> Streams:
        nothing = os.open(os.devnull, os.O_RDWR)
        self._open.callback(os.close, nothing)
        read, out, error = (number if _is_open(number) else nothing for number in range(3))
        if captured:
            # Ours stays open, too: a command is over when it ends, not when the last thing that
            # it left in the background closes this.
            self.output, out = os.pipe()
            error = out
            os.set_blocking(self.output, False)
            self._open.callback(os.close, self.output)
            self._open.callback(os.close, out)
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
            self._report(Event("script", self.command.name, _shown(self._line)))
            self._start(self._line)

    def poll(self) -> Ended | None:
        """RETURNS (Optional[Ended]): How the line that was running has ended, told once."""
        ended = None if self.child is None else self.child.poll()
        self._read()
        if self.child is not None and ended is not None:
            self.child.close()
            self.child = None
            for line in self._lines.end():
                self._report(Event("output", self.command.name, line))
            if ended.memory is not None:
                self.memory = max(ended.memory, self.memory or 0)
        return ended

    @property
    def unfinished(self) -> str:
        """RETURNS (str): What it has written of a line, such as a progress bar."""
        return self._lines.unfinished

    def close(self) -> None:
        """Let go of its streams."""
        self._open.close()

    def _start(self, line: Text) -> None:
        shown = _shown(line)
        try:
            with signals_held_back():
                self.child = self._launcher.start(line.value, self._streams)
        except FileNotFoundError:
            raise self.failure(f"program not found: {shown.split()[0]} in: {shown}", 127) from None
        except OSError as fault:
            why = "" if isinstance(fault, PermissionError) else f" ({fault.strerror})"
            what = f"not a program that can be run{why}: {shown.split()[0]}"
            raise self.failure(f"{what} in: {shown}", 126) from None

    def _check(self, ended: Ended) -> None:
        shown = _shown(self._line) if self._line else ""
        if ended.code < 0:
            raise self.failure(f"killed by {signal_name(-ended.code)}: {shown}")
        if ended.code:
            raise self.failure(f"exit code {ended.code}: {shown}", ended.code)

    def _read(self) -> None:
        for piece in self._pieces():
            for line in self._lines.feed(piece):
                self._report(Event("output", self.command.name, line))

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
        where = f"{self._project.path}, line {self.command.line}: command '{self.command.name}'"
        return CommandError(f"{where}: {fault}", code)


def _shown(line: Text) -> str:
    return " ".join(line.shown.split())


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
