"""`seqpipe curves`: draws and compares training runs, from what `seqpipe.RunLog.v1` wrote."""

# No future import of annotations: Typer reads these.
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import console, print_json, say_where


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
    x: Annotated[str, typer.Option("--x", help="Against steps, words or seconds.")] = "steps",
    as_json: asked.AsJson = False,
) -> None:
    """Draw the score and the losses of training runs, or list what they reached.

    A run is logged with @loggers = "seqpipe.RunLog.v1" in [training.logger] of its config.
    """
    from seqpipe.files import check_writable
    from seqpipe.reporting.curves import (
        AXES,
        PAGE,
        check_curves_file,
        metric_names,
        plot_curves,
        print_runs,
        run_record,
    )
    from seqpipe.reporting.run_logs import read_runs

    _check_choice("--x", x, list(AXES))
    if output is not None:
        check_curves_file(output)
        check_writable(output, "curves")
    found = read_runs(runs)
    _check_choice("--metric", metric, metric_names(found))
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


def _check_choice(option: str, value: str, allowed: Sequence[str]) -> None:
    from seqpipe.files import InputError
    from seqpipe.training.config_file import nearest

    if value not in allowed:
        raise InputError(f"{option} {value}: {nearest(value, allowed)}")
