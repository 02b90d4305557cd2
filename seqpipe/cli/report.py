"""`seqpipe report`: one page from the files that a project's commands wrote."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import Annotated

import typer


def report(
    source: Annotated[
        Path, typer.Argument(metavar="REPORT.yml", help="What it shows.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Page to write, .html.", show_default=False)
    ],
) -> None:
    """Put tables, pictures, texts and pages that commands wrote into one page of HTML.

    The page needs no other file and no network.
    """
    from seqpipe.cli.report_parts import load_report
    from seqpipe.files import InputError, atomic_write, check_writable
    from seqpipe.reporting.report import render_report

    if output.suffix.lower() != ".html":
        raise InputError("expected a name that ends in .html", path=output)
    loaded = load_report(source)
    check_writable(output, "report", read=[source, *loaded.files])
    with atomic_write(output) as stream:
        stream.write(render_report(loaded.report))
    typer.echo(f"The report is in {output}")
