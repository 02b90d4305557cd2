"""`seqpipe curves`: draws and compares training runs, from what `seqpipe.RunLog.v1` wrote."""

# No future import of annotations: Typer reads these.
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import console, print_json, say_where


class Axis(StrEnum):
    """What the curves are drawn against: the keys of `seqpipe.reporting.curves.AXES`."""

    STEPS = "steps"
    WORDS = "words"
    SECONDS = "seconds"


def curves(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run logs (.jsonl), or folders that hold some.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .png, .svg, .pdf or .html."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", help="Score to show, such as ents_f.")
    ] = "score",
    x: Annotated[Axis, typer.Option("--x", help="What to draw against.")] = Axis.STEPS,
    as_json: asked.AsJson = False,
) -> None:
    """Draw the score and the losses of training runs, or list what they reached.

    A run is logged with @loggers = "seqpipe.RunLog.v1" in [training.logger] of its config.
    """
    from seqpipe.files import check_writable
    from seqpipe.reporting.curves import (
        PAGE,
        check_curves_file,
        metric_names,
        plot_curves,
        print_runs,
        run_record,
    )
    from seqpipe.reporting.run_logs import read_runs

    if output is not None:
        check_curves_file(output)
        check_writable(output, "curves")
    found = read_runs(runs)
    _check_metric(metric, metric_names(found))
    if as_json:
        print_json([run_record(run, metric) for run in found])
    elif output is None:
        print_runs(console(), found, metric=metric)
    if output is None:
        return
    if output.suffix.lower() == PAGE:
        from seqpipe.reporting.curves_page import write_page

        write_page(output, found, metric=metric, x=x)
    else:
        plot_curves(output, found, metric=metric, x=x)
    if not as_json:
        say_where(("The curves are", output))


def _check_metric(metric: str, known: Sequence[str]) -> None:
    from seqpipe.files import InputError
    from seqpipe.training.config_file import nearest

    if metric not in known:
        raise InputError(f"--metric {metric}: {nearest(metric, known)}")
