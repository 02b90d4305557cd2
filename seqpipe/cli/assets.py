"""`seqpipe assets`: the files that a project.yml lists under `assets:`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.cli.overrides import overrides_of

if TYPE_CHECKING:
    from seqpipe.project.assets import Fetched


def assets(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Argument(help="A project.yml or the folder that holds it.")
    ] = Path("."),
    extra: Annotated[
        bool, typer.Option("--extra", "-e", help="Fetch also assets marked `extra: true`.")
    ] = False,
) -> None:
    """Fetch the files that a project.yml lists under `assets:`, and check their MD5.

    A file that is there already is kept. Where SEQPIPE_MIRROR names a folder, a file below it with
    the right MD5 (as it is, or after gunzip) is taken instead of the download.
    """
    from seqpipe.cli import is_utf8
    from seqpipe.project.assets import project_assets

    tick = "✔" if is_utf8(sys.stdout) else "ok"

    def report(asset: "Fetched") -> None:
        typer.echo(f"{tick} {asset.dest}  {asset.how}")

    count = project_assets(project, overrides=overrides_of(ctx), extra=extra, report=report)
    if not count:
        typer.echo("nothing to fetch" + ("" if extra else " (assets marked extra need --extra)"))
