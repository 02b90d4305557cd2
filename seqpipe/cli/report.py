"""`seqpipe report`: one page from the files that a project's commands wrote."""

# No future import of annotations: Typer reads these.
from pathlib import Path
from typing import Annotated

import typer

from seqpipe.command_output import check_page, say_where, working, write_page


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
    from seqpipe.reporting.report import render_report

    check_page(output, read=[source])
    with working(f"reading {source}") as say:
        loaded = load_report(source, say=say)
        check_page(output, read=loaded.files)
        say(f"writing {output}")
        write_page(output, render_report(loaded.report))
    say_where(("The report is", output))
