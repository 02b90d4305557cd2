"""`seqpipe graph`: a workflow of a project.yml as a picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe.cli.overrides import overrides_of

if TYPE_CHECKING:
    from seqpipe.project.load import Project
    from seqpipe.project.plan import Planned
    from seqpipe.reporting.workflow_graph import CommandNode, WorkflowGraph

PICTURES = (".svg", ".html")


def graph(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Argument(help="A project.yml or the folder that holds it.")
    ] = Path("."),
    name: Annotated[str, typer.Argument(help="A command or a workflow in it.")] = "all",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write, .svg or .html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw a workflow: its commands, and the files that flow from one to the next.

    Once the project was run, each command is marked with what a run would do, and why. Without
    --output the commands are listed, what comes to each after "←", what it writes after "→".
    """
    from seqpipe.files import InputError, atomic_write, check_writable
    from seqpipe.project.load import load_project

    if output is not None and output.suffix.lower() not in PICTURES:
        raise InputError(f"expected a name that ends in {' or '.join(PICTURES)}", path=output)
    check_writable(output, "picture")
    workflow = _graph(load_project(project, overrides_of(ctx)), name)
    if output is not None:
        from seqpipe.reporting.workflow_page import render_workflow

        with atomic_write(output) as stream:
            stream.write(render_workflow(workflow, page=output.suffix.lower() == ".html"))
    if as_json:
        typer.echo(_as_json(workflow))
    elif output is not None:
        typer.echo(f"Wrote {output}")
    else:
        from rich.console import Console

        from seqpipe.reporting.workflow_lines import print_workflow

        print_workflow(Console(highlight=False), workflow)


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


def _as_json(workflow: "WorkflowGraph") -> str:
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
    return json.dumps({"name": workflow.name, "commands": commands}, indent=2, ensure_ascii=False)
