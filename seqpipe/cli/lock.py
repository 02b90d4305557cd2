"""`seqpipe lock`: which commands of a project are up to date, and the same as weasel's lock."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.cli.overrides import overrides_of
from seqpipe.command_output import console, print_json

if TYPE_CHECKING:
    from seqpipe.project.load import Project
    from seqpipe.project.lock import Records


def lock(
    ctx: typer.Context,
    project: asked.ProjectPath = Path("."),
    weasel: Annotated[
        bool,
        typer.Option("--weasel", help="Write what is up to date as weasel's lock, project.lock."),
    ] = False,
    as_json: asked.AsJson = False,
) -> None:
    """Show which commands of a project.yml are up to date, and why the others are not.

    seqpipe.lock says what each command read and wrote when it last succeeded; shown is what a run
    of all commands would do. With --weasel the lock is written beside project.yml as weasel reads
    it, for those who run the project with weasel.
    """
    from seqpipe.project.load import load_project
    from seqpipe.project.lock import Records

    loaded = load_project(project, overrides_of(ctx))
    records = Records(loaded)
    if weasel:
        _export(loaded, records, as_json)
    else:
        _show(loaded, records, as_json)
    records.hashes.save()


def _show(project: "Project", records: "Records", as_json: bool) -> None:
    known = _states(project, records)
    rows = [[name, *known[name]] for name in project.commands]
    rows += [
        [name, "locked", "not in project.yml"]
        for name in records.commands
        if name not in project.commands
    ]
    if as_json:
        keys = ("command", "state", "reason")
        found = [dict(zip(keys, row, strict=True)) for row in rows]
        print_json(found)
        return
    from seqpipe.reporting.tables import print_table
    from seqpipe.reporting.workflow_graph import STATES

    cells = [[name, STATES.get(state, state), reason] for name, state, reason in rows]
    print_table(console(), str(project.path), ["command", "state", "reason"], cells)


def _states(project: "Project", records: "Records") -> dict[str, tuple[str, str]]:
    """By command what a run of all would do, and why; or, where no plan has all, of each alone."""
    from seqpipe.files import InputError
    from seqpipe.project.graph import Step, graph
    from seqpipe.project.plan import states

    commands = list(project.commands.values())
    try:
        steps = graph(project, commands)
    except InputError as fault:
        message = f"each command as if run alone, since not all can be in one run: {fault}"
        typer.echo(message, err=True)
        steps = [Step(command, {}) for command in commands]
    planned = states(steps, records)
    return {one.step.command.name: (one.state, one.reason) for one in planned}


def _export(project: "Project", records: "Records", as_json: bool) -> None:
    from seqpipe.project.weasel_lock import export_weasel_lock

    path, written, left_out = export_weasel_lock(project, records)
    if as_json:
        found = {"path": str(path), "written": written, "left_out": left_out}
        print_json(found)
        return
    for name, reason in left_out.items():
        typer.echo(f"left out: {name} ({reason})")
    count = f"{len(written)} command{'' if len(written) == 1 else 's'}"
    typer.echo(f"{path}: {count}, as weasel locks them")
