"""What makes a project's script as polite as a command: a fault is one message, exit code 1."""

# No future import of annotations: Typer reads these.
from collections.abc import Callable
from typing import Any

import typer


def run_script(main: Callable[..., Any]) -> None:
    """Run a function as a command line of its own.

    main (Callable): Its parameters are the arguments and options, as Typer reads them.
    """
    from seqpipe.cli import guarded

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(main)
    guarded(app)
