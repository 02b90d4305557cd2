"""`seqpipe graph`: a workflow of a project.yml as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqpipe import command_options as asked
from seqpipe.cli.completion import names_to_run
from seqpipe.cli.overrides import overrides_of
from seqpipe.command_output import console, print_json, write_page

if TYPE_CHECKING:
    from seqpipe.project.load import Project
    from seqpipe.project.plan import Planned
    from seqpipe.reporting.workflow_graph import CommandNode, WorkflowGraph

PICTURES = (".svg", ".html")


def graph(
    ctx: typer.Context,
    project: asked.ProjectPath = Path("."),
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A command or a workflow in it.", autocompletion=names_to_run
        ),
    ] = "all",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write, .svg or .html.")
    ] = None,
    as_json: asked.AsJson = False,
) -> None:
    """Draw a workflow: its commands, and the files that flow from one to the next.

    Once the project was run, each command is marked with what a run would do, and why. Without
    --output the commands are listed, what comes to each after "←", what it writes after "→".
    """
    from seqpipe.files import InputError, check_writable
    from seqpipe.project.load import load_project

    if output is not None and output.suffix.lower() not in PICTURES:
        raise InputError(f"expected a name that ends in {' or '.join(PICTURES)}", path=output)
    check_writable(output, "picture")
    workflow = _graph(load_project(project, overrides_of(ctx)), name)
    if output is not None:
        from seqpipe.reporting.workflow_page import render_workflow

        write_page(output, render_workflow(workflow, page=output.suffix.lower() == ".html"))
    if as_json:
        print_json(_as_data(workflow))
    elif output is not None:
        typer.echo(f"The picture is in {output}")
    else:
        from seqpipe.reporting.workflow_lines import print_workflow

        print_workflow(console(), workflow)


def _graph(project: "Project", name: str) -> "WorkflowGraph":
    from seqpipe.project.graph import expand
    from seqpipe.project.graph import graph as tie
    from seqpipe.project.plan import Planned
    from seqpipe.reporting.workflow_graph import WorkflowGraph

    # First: what has no order cannot be drawn, and is not to be said twice.
    steps = tie(project, expand(project, name))
    planned = _planned(project, name)
    if planned:
        return WorkflowGraph(name, [_node(one) for one in planned])
    bare = [_node(Planned(step, "run", ""), known=False) for step in steps]
    return WorkflowGraph(name, bare)


def _planned(project: "Project", name: str) -> "Sequence[Planned]":
    """What a run would do; nothing where there was no run yet, or could be none."""
    from seqpipe.files import InputError
    from seqpipe.project.lock import FILE, Records
    from seqpipe.project.plan import plan

    if not (project.folder / FILE).exists():
        return []
    try:
        return plan(project, name, records=Records(project))
    except InputError as fault:
        typer.echo(f"what a run would do is not known: {fault}", err=True)
        return []


def _node(planned: "Planned", *, known: bool = True) -> "CommandNode":
    from seqpipe.reporting.workflow_graph import CommandNode

    step = planned.step
    tied = {path for paths in step.needs.values() for path in paths}
    return CommandNode(
        name=step.command.name,
        help=step.command.help,
        needs=step.needs,
        inputs=[dep.shown for dep in step.command.deps if dep.shown not in tied],
        outputs=[output.shown for output in step.command.outputs],
        state=planned.state if known else None,
        reason=planned.reason if known else "",
    )


def _as_data(workflow: "WorkflowGraph") -> dict[str, Any]:
    commands = [
        {
            "name": command.name,
            "help": command.help,
            "state": command.state,
            "reason": command.reason,
            "needs": [
                {"command": workflow.commands[i].name, "index": i, "paths": list(paths)}
                for i, paths in command.needs.items()
            ],
            "inputs": list(command.inputs),
            "outputs": list(command.outputs),
        }
        for command in workflow.commands
    ]
    return {"name": workflow.name, "commands": commands}
