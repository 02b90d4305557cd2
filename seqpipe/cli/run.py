"""`seqpipe run`: a command or workflow of a project.yml."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe.cli.overrides import overrides_of

if TYPE_CHECKING:
    from seqpipe.project.run import Event


def run(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Argument(help="A project.yml or the folder that holds it.")
    ] = Path("."),
    name: Annotated[str, typer.Argument(help="A command or a workflow in it.")] = "all",
    force: Annotated[
        bool, typer.Option("--force", "-F", help="Run also what has not changed.")
    ] = False,
) -> None:
    """Run a command or workflow of a project.yml, skipping what has not changed.

    Variables of the project can be set here: --vars.name value. Paths in project.yml, and in
    variables, are relative to the project's folder.
    """
    from seqpipe.cli import report_fault
    from seqpipe.project.run import CommandError, project_run

    began = time.perf_counter()
    counts = {"done": 0, "skipped": 0}

    def report(event: "Event") -> None:
        if event.kind in counts:
            counts[event.kind] += 1
        line = _words(event)
        if line:
            typer.echo(line)

    try:
        with _exit_on_sigterm():
            project_run(project, name, overrides=overrides_of(ctx), force=force, report=report)
    except CommandError as fault:
        report_fault(str(fault))
        raise typer.Exit(fault.exit_code) from None
    if sum(counts.values()) > 1:
        seconds = time.perf_counter() - began
        typer.echo(f"{name}: {counts['done']} run, {counts['skipped']} skipped, {seconds:.1f} s")


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit with 143 that passes through whoever waits for a child."""

    def end(number: int, frame: Any) -> None:
        # Another one must not break off the ending of the child.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except SystemExit:
        typer.echo("terminated", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _words(event: "Event") -> str:
    import sys

    from seqpipe.cli import is_utf8

    rule, tick = ("──", "✔") if is_utf8(sys.stdout) else ("--", "ok")
    heading = f"{rule} {event.command} {rule}"
    if event.kind == "script":
        return f"{heading}  {event.text}"
    if event.kind == "again":
        return f"{heading}  again: {event.text}"
    if event.kind == "skipped":
        return f"{heading}  skipped (nothing changed)"
    return f"{tick} {event.command}  {event.seconds:.1f} s"
