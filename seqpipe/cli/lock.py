"""`seqpipe lock`: which commands of a project are up to date, and the same as weasel's lock."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.cli.overrides import overrides_of

if TYPE_CHECKING:
    from seqpipe.project.load import Project
    from seqpipe.project.lock import Records


def lock(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Argument(help="A project.yml or the folder that holds it.")
    ] = Path("."),
    weasel: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what is up to date as a lock of weasel's: project.lock."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which commands of a project.yml are up to date, and why the others are not.

    seqpipe.lock says what each command read and wrote when it last succeeded. With --weasel it is
    written so that weasel reads it, for those who run the project with weasel.
    """
    from seqpipe.project.load import load_project
    from seqpipe.project.lock import Records

    loaded = load_project(project, overrides_of(ctx))
    records = Records(loaded)
    if weasel is None:
        _show(loaded, records, as_json)
    else:
        _export(loaded, records, weasel, as_json)
    records.hashes.save()


def _show(project: "Project", records: "Records", as_json: bool) -> None:
    rows = []
    for command in project.commands.values():
        reason = records.reason(command)
        state = "up to date" if reason is None else "has to run"
        rows.append({"command": command.name, "state": state, "reason": reason})
    for name in records.commands:
        if name not in project.commands:
            rows.append({"command": name, "state": "locked", "reason": "not in project.yml"})
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console

    from seqpipe.reporting.tables import print_table

    cells = [[str(row[key] or "") for key in ("command", "state", "reason")] for row in rows]
    print_table(Console(highlight=False), str(project.path), ["command", "state", "reason"], cells)


def _export(project: "Project", records: "Records", path: Path, as_json: bool) -> None:
    from seqpipe.project.weasel_lock import export_weasel_lock

    written, left_out = export_weasel_lock(project, records, path)
    if as_json:
        typer.echo(json.dumps({"written": written, "left_out": left_out}, ensure_ascii=False))
        return
    for name, reason in left_out.items():
        typer.echo(f"left out: {name} ({reason})")
    count = f"{len(written)} command{'' if len(written) == 1 else 's'}"
    typer.echo(f"{path}: {count}, as weasel locks them")
