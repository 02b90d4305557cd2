"""`seqpipe run`: a command or workflow of a project.yml."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.cli.completion import command_names, names_to_run
from seqpipe.cli.overrides import overrides_of
from seqpipe.cli.termination import exit_on_sigterm


def run(
    ctx: typer.Context,
    project: asked.ProjectPath = Path("."),
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A command or a workflow in it.  [default: all]",
            autocompletion=names_to_run,
        ),
    ] = None,
    force: asked.Force = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--dry", "-D", help="Only say what would run, and why.")
    ] = False,
    jobs: asked.Jobs = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COMMAND",
            help="Of the plan only this; can be repeated.",
            autocompletion=command_names,
        ),
    ] = None,
    start_at: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="COMMAND",
            help="Of the plan this and what follows.",
            autocompletion=command_names,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write events to stdout, a JSON object a line.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Fail where another run holds the project.")
    ] = False,
) -> None:
    """Run a command or workflow of a project.yml, skipping what has not changed.

    Variables of the project can be set here: --vars.name value. Paths in project.yml, and in
    variables, are relative to the project's folder.
    """
    from seqpipe.cli.run_display import choose_display
    from seqpipe.cli.run_hooks import CommandHooks
    from seqpipe.project.load import FILE
    from seqpipe.project.run import CommandError, project_plan, project_run

    options: dict[str, Any] = {
        "overrides": overrides_of(ctx),
        "force": force,
        "only": only or (),
        "start_at": start_at,
    }
    display = choose_display(name or "all", as_json=as_json, jobs=jobs)
    file = project / FILE if project.is_dir() else project
    hooks = CommandHooks(ctx.obj, file, display.report, is_quiet=as_json)
    with _names_listed(project, name, options["overrides"]):
        if dry_run:
            display.plan(project_plan(project, name or "all", **options))
            return
        try:
            with exit_on_sigterm(), display, hooks:
                summary = project_run(
                    project,
                    name or "all",
                    jobs=jobs,
                    wait=not no_wait,
                    captured=as_json,
                    report=hooks.report,
                    tick=display.tick,
                    **options,
                )
        except CommandError as fault:
            if fault.summary is None:
                raise
            display.summary(fault.summary, fault.exit_code)
            raise typer.Exit(fault.exit_code) from None
        display.summary(summary, 0)


@contextmanager
def _names_listed(path: Path, name: str | None, overrides: dict[str, str]) -> Iterator[None]:
    """Where no name is given and the project has no 'all', say what there is."""
    from seqpipe.files import InputError
    from seqpipe.project.load import load_project

    try:
        yield
    except InputError:
        if name is not None:
            raise
        project = load_project(path, overrides)
        if "all" in {*project.commands, *project.workflows}:
            raise
        rows = [("workflow", flow, ", ".join(parts)) for flow, parts in project.workflows.items()]
        rows += [("command", command.name, command.help) for command in project.commands.values()]
        wide = max((len(row[1]) for row in rows), default=0)
        lines = [f"  {kind:8}  {known:{wide}}  {what}".rstrip() for kind, known, what in rows]
        message = f"no workflow 'all'; name what to run: seqpipe run {path} NAME"
        raise InputError("\n".join([message, *lines]), path=project.path) from None
