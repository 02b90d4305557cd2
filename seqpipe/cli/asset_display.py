"""What `seqpipe assets` shows: bars on a terminal, plain lines elsewhere, or JSON at the end."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import typer

from seqpipe.cli import is_utf8

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from seqpipe.project.assets import AssetEvent

FIRST_BAR = 0.2  # seconds: what is quicker needs none


class AssetDisplay:
    """Collects what happens to the assets, and says what is worth a line.

    bars (Optional[Bars]): Bars on a terminal.
    as_json (bool): Say nothing until the end.
    """

    def __init__(self, bars: Bars | None, as_json: bool) -> None:
        self._bars, self._as_json = bars, as_json
        self._ended: list[AssetEvent] = []
        self._notes: list[AssetEvent] = []
        self._began = time.perf_counter()
        self._marks = ("✔", "✘") if is_utf8(sys.stdout) else ("ok", "failed")

    def __call__(self, event: AssetEvent) -> None:
        if self._bars is not None:
            self._bars.show(event)
        if event.kind == "note":
            self._notes.append(event)
            self._say(f"{event.dest}  {event.text}")
        elif event.kind == "ready":
            self._ended.append(event)
            self._say(f"{self._marks[0]} {event.dest}  {event.text}{_speed(event)}")
        elif event.kind == "failed":
            # What was wrong is said at the end, on stderr.
            self._ended.append(event)
            self._say(f"{self._marks[1]} {event.dest}")

    def _say(self, line: str) -> None:
        if self._as_json:
            return
        if self._bars is not None:
            self._bars.say(line)
        else:
            typer.echo(line)

    def end(self) -> None:
        """Say what there was in all."""
        if self._as_json:
            typer.echo(json.dumps(self._listing(), indent=2, ensure_ascii=False))
        elif len(self._ended) > 1:
            typer.echo(self._summary())

    def _listing(self) -> dict[str, Any]:
        notes = {
            event.dest: [note.text for note in self._notes if note.dest == event.dest]
            for event in self._ended
        }
        listed = [
            {
                "dest": event.dest,
                "ready": event.kind == "ready",
                "text": event.text,
                "notes": notes[event.dest],
                "bytes": event.received or 0,
                "seconds": round(event.seconds, 3),
            }
            for event in self._ended
        ]
        return {
            "assets": listed,
            "failed": sum(not one["ready"] for one in listed),
            "bytes": sum(one["bytes"] for one in listed),
            "seconds": round(time.perf_counter() - self._began, 3),
        }

    def _summary(self) -> str:
        ready = [event for event in self._ended if event.kind == "ready"]
        kinds = Counter(
            "there" if event.text.startswith("is there") else "fetched" for event in ready
        )
        failed = len(self._ended) - len(ready)
        counts = [f"{count} {kind}" for kind, count in sorted(kinds.items())]
        counts += [f"{failed} failed"] * bool(failed)
        received = sum(event.received or 0 for event in ready)
        seconds = time.perf_counter() - self._began
        return f"{len(self._ended)} assets: {', '.join(counts)}; {size(received)}, {seconds:.1f} s"


class Bars:
    """A bar for each asset that is on its way.

    progress (Progress): rich's, which is shown by whoever made it.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}

    def show(self, event: AssetEvent) -> None:
        """Draw what an event says.

        event (AssetEvent): What happened.
        """
        if event.kind == "began":
            self._began[event.dest] = time.perf_counter()
        elif event.kind in ("ready", "failed"):
            task = self._tasks.pop(event.dest, None)
            if task is not None:
                self._progress.remove_task(task)
        elif event.kind == "bytes" and time.perf_counter() - self._began[event.dest] > FIRST_BAR:
            self._move(event)

    def say(self, line: str) -> None:
        """Print a line above the bars.

        line (str): Plain text.
        """
        from rich.text import Text

        self._progress.console.print(Text(line), soft_wrap=True)

    def _move(self, event: AssetEvent) -> None:
        from rich.markup import escape

        if event.dest not in self._tasks:
            name = escape(event.dest)
            # What came in an earlier run says nothing of the speed of this one.
            self._tasks[event.dest] = self._progress.add_task(
                name, completed=event.received or 0, total=event.total
            )
        self._progress.update(self._tasks[event.dest], completed=event.received, total=event.total)


@contextmanager
def asset_display(*, as_json: bool) -> Iterator[Callable[[AssetEvent], None]]:
    """Show what happens while assets are fetched.

    as_json (bool): Print one JSON object at the end, and nothing else, on stdout.
    YIELDS (Callable): To be told of each event.
    """
    is_terminal = (sys.stderr if as_json else sys.stdout).isatty()
    progress = _progress(stderr=as_json) if is_terminal else None
    display = AssetDisplay(Bars(progress) if progress else None, as_json)
    with progress or nullcontext():
        try:
            yield display
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            if progress is not None:
                progress.stop()
            display.end()
            raise
    display.end()


def _progress(*, stderr: bool) -> Progress | None:
    """Bars with bytes, speed and time left; a terminal that can draw none has none."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.table import Column

    console = Console(stderr=stderr, highlight=False)
    if console.is_dumb_terminal:
        return None
    name = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True))
    columns = [name, DownloadColumn()]
    if console.width >= 70:
        columns = [name, BarColumn(24), DownloadColumn(), TransferSpeedColumn()]
        columns.append(TimeRemainingColumn(compact=True))
    return Progress(*columns, console=console, transient=True, expand=True)


def size(count: int) -> str:
    """RETURNS (str): A number of bytes as people read it, such as "12.3 MB".

    count (int): Bytes.
    """
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _speed(event: AssetEvent) -> str:
    if not event.received:
        return ""
    return f", {size(event.received)} in {event.seconds:.1f} s"
