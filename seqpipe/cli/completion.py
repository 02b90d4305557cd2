"""What a shell is offered for values that only an installation or a project knows."""

# No future import of annotations: Typer reads these.
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seqpipe.cli.overrides import overrides_of

if TYPE_CHECKING:
    from seqpipe.project.load import Project


def starter_names(context: typer.Context, incomplete: str) -> list[str]:
    """RETURNS (List[str]): The projects that `seqpipe init` can write.

    context (typer.Context): Of the command.
    incomplete (str): What their names begin with.
    """
    from seqpipe.cli.init import find_starters

    return [name for name in find_starters(context.obj) if name.startswith(incomplete)]


def names_to_run(context: typer.Context, incomplete: str) -> list[str]:
    """RETURNS (List[str]): The workflows and commands of the project that stands on the line.

    context (typer.Context): Of the command.
    incomplete (str): What their names begin with.
    """
    project = _project_of(context)
    known = [] if project is None else [*project.workflows, *project.commands]
    return [name for name in known if name.startswith(incomplete)]


def command_names(context: typer.Context, incomplete: str) -> list[str]:
    """RETURNS (List[str]): The commands of the project that stands on the line.

    context (typer.Context): Of the command.
    incomplete (str): What their names begin with.
    """
    project = _project_of(context)
    known = () if project is None else project.commands
    return [name for name in known if name.startswith(incomplete)]


def _project_of(context: typer.Context) -> "Project | None":
    """RETURNS (Optional[Project]): None where it cannot be loaded: a shell wants no message."""
    from seqpipe.project.load import load_project

    # Behind an option that still lacks its value, arguments are left as words.
    words = [*context.args, context.params.get("project"), "."]
    with suppress(ValueError, KeyError, OSError):
        return load_project(Path(next(filter(None, words))), overrides_of(context))
    return None
