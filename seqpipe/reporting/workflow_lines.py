"""A workflow on the terminal: its commands in order, what comes to each, and what goes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqpipe.reporting.pieces import kept_in_place
from seqpipe.reporting.text_page import plain
from seqpipe.reporting.workflow_graph import CommandNode, WorkflowGraph

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {"run": "●", "maybe": "◐", "skip": "✔", None: "○"}
PLAIN_SIGNS = {"run": "*", "maybe": "?", "skip": "=", None: "o"}
STYLES = {"run": "bold", "maybe": "", "skip": "green", None: ""}


def print_workflow(console: Console, graph: WorkflowGraph) -> None:
    """Print a workflow.

    console (Console): Where to; in one that knows only some letters arrows are "<-" and "->".
        What is longer than a line of it is left to it to break, so that a path stays whole.
    graph (WorkflowGraph): The workflow.
    """
    from rich.text import Text

    utf8 = (console.encoding or "").lower().replace("-", "") == "utf8"
    console.print(Text(f"{plain(graph.name)}: {graph.about}"), soft_wrap=True)
    for command in graph.commands:
        sign = (SIGNS if utf8 else PLAIN_SIGNS)[command.state]
        console.print()
        heading = Text(f"{sign} ", style=STYLES[command.state])
        heading.append(kept_in_place(plain(command.name)), style="bold")
        console.print(heading, soft_wrap=True)
        for line in _lines(graph, command, utf8):
            console.print(Text(f"  {line}"), soft_wrap=True)


def _lines(graph: WorkflowGraph, command: CommandNode, utf8: bool) -> Iterator[str]:
    comes, goes = ("←", "→") if utf8 else ("<-", "->")
    if command.help:
        yield " ".join(plain(command.help).split())
    if command.standing:
        yield plain(command.standing)
    for need, paths in command.needs.items():
        maker = kept_in_place(plain(graph.commands[need].name))
        for path in paths:
            yield f"{comes} {plain(path)} ({maker})"
        if not paths:
            yield f"{comes} after {maker}"
    for path in command.inputs:
        yield f"{comes} {plain(path)}"
    for path in command.outputs:
        yield f"{goes} {plain(path)}"
