"""What `seqpipe run` shows: lines, a region of running commands at the bottom, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import typer

from seqpipe.cli import exit_unread, is_utf8, report_fault

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console, Group

    from seqpipe.project.events import Event, RunSummary
    from seqpipe.project.plan import Planned

MB = 1_000_000
COLOURLESS = ("dumb", "unknown")  # terminals, by TERM
# Reasons that say no more than that a command runs.
USUAL = ("never run", "runs always")
ENDS = {"done": "done", "failed": "failed", "not_run": "not run"}
COUNTED = ("done", "skipped", "failed", "not_run")
STATES = {"run": "would run", "maybe": "may run", "skip": "would skip"}
INTERRUPTED = 130  # as shells say it of Ctrl-C
LATEST = 0.1  # seconds that a line of a command may wait for others
encode = json.JSONEncoder(ensure_ascii=False).encode


class Display(Protocol):
    """Shows a plan or a run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None: ...

    def plan(self, planned: Sequence[Planned]) -> None:
        """Show a plan that is not run.

        planned (Sequence[Planned]): The commands in order.
        """

    def report(self, event: Event) -> None:
        """Show what happened.

        event (Event): As it happens.
        """

    def tick(self, unfinished: Mapping[str, str]) -> None:
        """Show what goes on.

        unfinished (Mapping[str, str]): The commands that run, each with the line that it has begun.
        """

    def summary(self, summary: RunSummary, code: int) -> None:
        """Show how a run went.

        summary (RunSummary): Of the whole run.
        code (int): The exit code.
        """


def choose_display(name: str, *, as_json: bool, jobs: int) -> Display:
    """Choose by what stdout is.

    name (str): The command or workflow.
    as_json (bool): Whether it is to be read by a program.
    jobs (int): How many commands may run at a time.
    RETURNS (Display): To be entered while a run goes on.
    """
    if as_json:
        return JsonDisplay(name)
    return LiveDisplay() if jobs > 1 and _is_terminal(sys.stdout) else LineDisplay()


class _Batch:
    """Lines of commands that are written together: one by one takes much longer.

    write (Callable[[str], None]): Writes them.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._lines = write, list[str]()
        self._written = 0.0

    def add(self, line: str) -> None:
        self._lines.append(line)
        if time.perf_counter() - self._written > LATEST:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            text = "\n".join(self._lines)
            self._lines.clear()
            self._write(text)
        self._written = time.perf_counter()


class LineDisplay:
    """A line for each thing that happens; the commands write between them."""

    def __init__(self) -> None:
        plain = ("--", "ok", "failed")
        self._rule, self._tick, self._cross = ("──", "✔", "✘") if is_utf8(sys.stdout) else plain
        self._batch = _Batch(self.say)
        self._planned = self._ended = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self._batch.flush()

    def say(self, line: str, *, color: str | None = None, bold: bool = False) -> None:
        """Write a line; to a terminal in color, unless NO_COLOR is set.

        line (str): Without its end.
        color (Optional[str]): One that click knows.
        bold (bool): To a terminal.
        """
        styled = typer.style(line, fg=color, bold=bold) if color or bold else line
        is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in COLOURLESS
        _write(f"{styled}\n", color=False if is_plain else None)

    def plan(self, planned: Sequence[Planned]) -> None:
        wide = max(len(one.step.command.name) for one in planned)
        for one in planned:
            state, name = STATES[one.state], one.step.command.name
            color = {"run": "green", "maybe": "yellow"}.get(one.state)
            self.say(f"{state:10}  {name:{wide}}  {one.reason}", color=color)

    def report(self, event: Event) -> None:
        if event.kind == "output":
            self._batch.add(f"{event.command} | {event.text}")
            return
        self._batch.flush()
        self._show(event)
        self._planned += event.kind == "planned"
        self._ended += event.kind in COUNTED

    def _show(self, event: Event) -> None:
        heading = f"{self._rule} {self._place()}{event.command} {self._rule}"
        if event.kind == "waiting":
            self.say(event.text, color="yellow")
        elif event.kind == "started" and not event.text.startswith(USUAL):
            self.say(f"{heading}  again: {event.text}", bold=True)
        elif event.kind == "script":
            self.say(f"{heading}  {event.text}", bold=True)
        elif event.kind == "skipped":
            self.say(f"{heading}  skipped ({event.text})")
        elif event.kind == "not_run":
            self.say(f"{heading}  not run: {event.text}", color="yellow")
        elif event.kind == "done":
            self.say(f"{self._tick} {event.command}  {_cost(event)}", color="green")
        elif event.kind == "failed":
            self.say(f"{self._cross} {event.command}  {_cost(event)}", color="red")
            _fault(event.text)
        elif event.kind == "ending":
            _say_ending(event)

    def _place(self) -> str:
        """Where on the way a command is, for those who watch."""
        watched = self._planned > 1 and _is_terminal(sys.stdout)
        return f"{self._ended + 1}/{self._planned} " if watched else ""

    def tick(self, unfinished: Mapping[str, str]) -> None:
        self._batch.flush()

    def summary(self, summary: RunSummary, code: int) -> None:
        ran = [end for end in summary.ends if end.kind in ENDS]
        if len(summary.ends) == 1 and not code:
            return
        if ran:
            self._table(summary.name, ran)
        counts = [f"{summary.count('done')} run", f"{summary.count('skipped')} skipped"]
        counts += [
            f"{summary.count(kind)} {words}"
            for kind, words in (("failed", "failed"), ("not_run", "not run"))
            if summary.count(kind)
        ]
        self.say(f"{summary.name}: {', '.join(counts)}, {summary.seconds:.1f} s")

    def _table(self, name: str, ends: Sequence[Event]) -> None:
        from rich.console import Console

        from seqpipe.reporting.tables import print_table

        rows = []
        for end in ends:
            seconds = "" if end.seconds is None else f"{end.seconds:.1f}"
            memory = "" if end.memory is None else f"{end.memory / MB:.0f}"
            rows.append([end.command, ENDS[end.kind], seconds, memory])
        console = Console()
        with console.capture() as table:
            print_table(console, name, ["command", "", "seconds", "peak MB"], rows)
        _write(table.get(), color=True)  # the console leaves colors out where they have no place


class LiveDisplay(LineDisplay):
    """Lines above, and at the bottom of the terminal what runs now."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self._console: Console = Console()
        # Shown when something happens: a thread that does it would be in the way of forks.
        # It may take over stderr only where that is the terminal, too.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stderr=_is_terminal(sys.stderr),
        )
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *fault: object) -> None:
        super().__exit__(*fault)
        self._live.stop()

    def say(self, line: str, *, color: str | None = None, bold: bool = False) -> None:
        from rich.text import Text

        style = " ".join(part for part in (color, "bold" if bold else None) if part)
        self._console.print(Text(line, style=style), soft_wrap=True)

    def report(self, event: Event) -> None:
        if event.kind == "started":
            self._began[event.command] = time.perf_counter()
        elif event.kind in ENDS:
            self._began.pop(event.command, None)
        super().report(event)

    def _place(self) -> str:
        return ""  # side by side there is none

    def tick(self, unfinished: Mapping[str, str]) -> None:
        super().tick(unfinished)
        self._live.update(self._running(unfinished), refresh=True)

    def _running(self, unfinished: Mapping[str, str]) -> Group:
        from rich.console import Group
        from rich.text import Text

        now = time.perf_counter()
        lines = []
        for name, began in self._began.items():
            seconds = f"{now - began:.0f} s"
            text = f"{self._rule} {name}  {seconds}  {unfinished.get(name, '')}".rstrip()
            lines.append(Text(text, style="bold", no_wrap=True, overflow="ellipsis"))
        return Group(*lines)


class JsonDisplay:
    """Each event as a JSON object in a line of its own; faults go to stderr as ever.

    name (str): The command or workflow.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._batch = _Batch(lambda lines: _write(f"{lines}\n", color=True))
        self._counts = dict.fromkeys(COUNTED, 0)
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Say it where a run is broken off; how others ended `summary` says."""
        code = fault.code if isinstance(fault, SystemExit) else INTERRUPTED
        if isinstance(fault, SystemExit | KeyboardInterrupt):
            seconds = time.perf_counter() - self._began
            self._end(self._counts, seconds=seconds, code=code, state="interrupted")
        self._batch.flush()

    def plan(self, planned: Sequence[Planned]) -> None:
        for index, one in enumerate(planned):
            fields = {"text": one.reason, "state": one.state, "index": index}
            self._add("planned", command=one.step.command.name, **fields)
        self._batch.flush()

    def report(self, event: Event) -> None:
        if event.kind == "output":
            self._batch.add(self._output(event))
            return
        fields = {name: value for name, value in vars(event).items() if value not in (None, "")}
        self._add(fields.pop("kind"), **fields)
        self._batch.flush()
        if event.kind in COUNTED:
            self._counts[event.kind] += 1
        if event.kind == "failed":
            _fault(event.text)
        elif event.kind == "ending":
            _say_ending(event)

    def _output(self, event: Event) -> str:
        # There can be a great many: as `_add` does it, it takes three times as long.
        text = f', "text": {encode(event.text)}' if event.text else ""
        place = "" if event.index is None else f', "index": {event.index}'
        return f'{{"event": "output", "command": {encode(event.command)}{text}{place}}}'

    def tick(self, unfinished: Mapping[str, str]) -> None:
        self._batch.flush()

    def summary(self, summary: RunSummary, code: int) -> None:
        counts = {kind: summary.count(kind) for kind in COUNTED}
        self._end(counts, seconds=summary.seconds, code=code)

    def _end(self, counts: Mapping[str, int], **fields: Any) -> None:
        self._add("end", name=self._name, **counts, **fields)
        self._batch.flush()

    def _add(self, event: str, **fields: Any) -> None:
        rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in fields.items()}
        self._batch.add(encode({"event": event, **rounded}))


def _write(text: str, *, color: bool | None) -> None:
    """Write to stdout, if there is one; where nobody reads it any more, end as SIGPIPE would."""
    try:
        typer.echo(text, nl=False, color=color)
    except BrokenPipeError:
        exit_unread()


def _fault(message: str) -> None:
    if sys.stderr is not None:
        report_fault(message)


def _say_ending(event: Event) -> None:
    typer.echo(f"{event.text}; Ctrl-C again to stop waiting", err=True)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _cost(event: Event) -> str:
    memory = "" if event.memory is None else f", {event.memory / MB:.0f} MB"
    return f"{event.seconds or 0.0:.1f} s{memory}"
