"""What `seqpipe run` shows: lines, a region of running commands at the bottom, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import typer

from seqpipe.cli import is_utf8, report_fault

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.console import Console, Group

    from seqpipe.project.events import Event, RunSummary
    from seqpipe.project.plan import Planned

MB = 1_000_000
# Reasons that say no more than that a command runs.
USUAL = ("never run", "runs always")
ENDS = {"done": "done", "failed": "failed", "not_run": "not run"}
STATES = {"run": "would run", "maybe": "may run", "skip": "would skip"}


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
        """Show a plan that is not run."""

    def report(self, event: Event) -> None:
        """Show what happened."""

    def tick(self, unfinished: Mapping[str, str]) -> None:
        """Show what goes on."""

    def summary(self, summary: RunSummary, code: int) -> None:
        """Show how a run went."""


def choose_display(*, as_json: bool, jobs: int) -> Display:
    """Choose by what stdout is.

    as_json (bool): Whether it is to be read by a program.
    jobs (int): How many commands may run at a time.
    RETURNS (Display): To be entered while a run goes on.
    """
    if as_json:
        return JsonDisplay()
    return LiveDisplay() if jobs > 1 and sys.stdout.isatty() else LineDisplay()


class LineDisplay:
    """A line for each thing that happens; the commands write between them."""

    def __init__(self) -> None:
        self._rule, self._tick = ("──", "✔") if is_utf8(sys.stdout) else ("--", "ok")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        pass

    def say(self, line: str, *, color: str | None = None, bold: bool = False) -> None:
        """Write a line; to a terminal in color, unless NO_COLOR is set."""
        styled = typer.style(line, fg=color, bold=bold) if color or bold else line
        typer.echo(styled, color=False if os.environ.get("NO_COLOR") else None)

    def plan(self, planned: Sequence[Planned]) -> None:
        wide = max(len(one.step.command.name) for one in planned)
        for one in planned:
            state, name = STATES[one.state], one.step.command.name
            color = {"run": "green", "maybe": "yellow"}.get(one.state)
            self.say(f"{state:10}  {name:{wide}}  {one.reason}", color=color)

    def report(self, event: Event) -> None:
        heading = f"{self._rule} {event.command} {self._rule}"
        if event.kind == "waiting":
            self.say(event.text, color="yellow")
        elif event.kind == "started" and not event.text.startswith(USUAL):
            self.say(f"{heading}  again: {event.text}", bold=True)
        elif event.kind == "script":
            self.say(f"{heading}  {event.text}", bold=True)
        elif event.kind == "output":
            self.say(f"{event.command} | {event.text}")
        elif event.kind == "skipped":
            self.say(f"{heading}  skipped ({event.text})")
        elif event.kind == "not_run":
            self.say(f"{heading}  not run: {event.text}", color="yellow")
        elif event.kind == "done":
            self.say(f"{self._tick} {event.command}  {_cost(event)}", color="green")
        elif event.kind == "failed":
            report_fault(event.text)

    def tick(self, unfinished: Mapping[str, str]) -> None:
        pass

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
        print_table(Console(), name, ["command", "", "seconds", "peak MB"], rows)


class LiveDisplay(LineDisplay):
    """Lines above, and at the bottom of the terminal what runs now."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self._console: Console = Console()
        # Shown when something happens: a thread that does it would be in the way of forks.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *fault: object) -> None:
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

    def tick(self, unfinished: Mapping[str, str]) -> None:
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
    """Each event as a JSON object in a line of its own; faults go to stderr as ever."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        pass

    def plan(self, planned: Sequence[Planned]) -> None:
        for one in planned:
            self._write("planned", command=one.step.command.name, text=one.reason, state=one.state)

    def report(self, event: Event) -> None:
        fields = {name: value for name, value in asdict(event).items() if value not in (None, "")}
        self._write(fields.pop("kind"), **fields)
        if event.kind == "failed":
            report_fault(event.text)

    def tick(self, unfinished: Mapping[str, str]) -> None:
        pass

    def summary(self, summary: RunSummary, code: int) -> None:
        counts = {kind: summary.count(kind) for kind in ("done", "skipped", "failed", "not_run")}
        self._write("end", name=summary.name, **counts, seconds=summary.seconds, code=code)

    def _write(self, event: str, **fields: Any) -> None:
        rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in fields.items()}
        print(json.dumps({"event": event, **rounded}, ensure_ascii=False), flush=True)


def _cost(event: Event) -> str:
    memory = "" if event.memory is None else f", {event.memory / MB:.0f} MB"
    return f"{event.seconds or 0.0:.1f} s{memory}"
