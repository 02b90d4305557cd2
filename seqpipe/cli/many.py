"""What `seqpipe train` says of many runs: their lines, a table of settings, the best of all."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seqpipe.command_output import console, print_json

if TYPE_CHECKING:
    from seqpipe.training.config_file import ConfigFile
    from seqpipe.training.many import Outcome


def train_side_by_side(
    file: ConfigFile,
    output: Path,
    *,
    sweeps: Sequence[str],
    seeds: int | None,
    jobs: int,
    resume: bool,
    options: Sequence[str],
    as_json: bool = False,
) -> None:
    """Train each setting with each seed, and show what came of it.

    file (ConfigFile): The training config, with the overrides of all runs.
    output (Path): The folder that gets a folder for each run.
    sweeps (Sequence[str]): Such as "training.dropout=0.1,0.3".
    seeds (int): How many seeds, or None for the config's own alone.
    jobs (int): How many runs at a time.
    resume (bool): Go on with what was begun.
    options (Sequence[str]): Other options for each run.
    as_json (bool): Whether all figures come as JSON in the end, and what is said before on stderr.
    RAISES (InputError): If one of them, or the config of a setting, is at fault.
    """
    from seqpipe.reporting.long_work import stopping
    from seqpipe.training.grid import plan_runs
    from seqpipe.training.many import RUNS, train_many

    runs = plan_runs(file, output, sweeps=sweeps, seeds=seeds)
    typer.echo(f"{len(runs)} runs, {min(jobs, len(runs))} at a time", err=as_json)
    with stopping(sys.stderr) as is_stopped:
        outcomes = train_many(
            file,
            runs,
            output,
            options=options,
            resume=resume,
            jobs=jobs,
            report=lambda name, line: typer.echo(f"[{name}] {line}", err=as_json),
            is_stopped=is_stopped,
        )
    if len(outcomes) < len(runs):
        _name_failed(outcomes)
        ended = f"{len(outcomes)} of {len(runs)} runs have come to their end"
        typer.echo(f"stopped, {ended}; the same with --resume goes on", err=True)
        raise KeyboardInterrupt
    if as_json:
        print_json(json.loads((output / RUNS).read_text(encoding="utf-8")))
    else:
        _show(file, outcomes, output)
    if any(outcome.fault is not None for outcome in outcomes):
        _name_failed(outcomes)
        raise typer.Exit(1)


def _show(file: ConfigFile, outcomes: Sequence[Outcome], output: Path) -> None:
    """Print the table, and which run is the best."""
    from seqpipe.reporting.tables import figures, print_table
    from seqpipe.training.many import BEST, RUNS, best_outcome, group_outcomes

    screen, groups = console(), group_outcomes(outcomes)
    rows = [
        [
            group.name or file.path.stem,
            figures(screen, group.score),
            figures(screen, group.seconds),
            str(group.finished),
        ]
        for group in groups
    ]
    spread = ", mean and standard deviation" if any(group.planned > 1 for group in groups) else ""
    failed = sum(outcome.fault is not None for outcome in outcomes)
    without = f"; without {failed} that failed" if failed else ""
    title = f"development score{spread}{without}"
    print_table(screen, title, ["", "score", "seconds", "runs"], rows)
    best = best_outcome(outcomes)
    if best is not None:
        typer.echo(f"The best run is {best.run.name}: {best.score:.4f} at step {best.step}")
        typer.echo(f"The best model is in {output / BEST}, all figures in {output / RUNS}")


def _name_failed(outcomes: Sequence[Outcome]) -> None:
    from seqpipe.cli import report_fault
    from seqpipe.training.many import LOG

    for outcome in outcomes:
        if outcome.fault is not None:
            report_fault(f"{outcome.run.name}: {outcome.fault} ({outcome.run.folder / LOG})")
