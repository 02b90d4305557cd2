"""All that a plugin can add at project level, one documented hook each.

A plugin is a module named by an entry point of the group `seqpipe`; it marks its functions with
`hookimpl`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import typer

PROJECT = "seqpipe"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class Starter:
    """A project that `seqpipe init` writes for a new user.

    name (str): What the user asks for, and the folder's name if none is given.
    help (str): One line for the list of starters.
    folder (Path): What is copied: `project.yml` with a workflow `all` that runs as it stands,
        offline, and all that it needs. Where a file says `{{lang}}`, the code of the user's
        language is put in.
    """

    name: str
    help: str
    folder: Path


@hookspec
def seqpipe_commands(app: typer.Typer) -> None:
    """Add commands, or a group of them, to the command line.

    Called once for each run of the command line, `--help` included: import what is heavy inside the
    command's body. Each plugin gets an app of its own, whose commands are then taken over; a name
    that is there already sets the plugin aside.

    app (typer.Typer): Where to add, with `app.command("name")(function)` or
        `app.add_typer(group, name="name")`.
    """


@hookspec
def seqpipe_starters() -> list[Starter]:  # type: ignore[empty-body]
    """Offer projects for `seqpipe init NAME`.

    Called only by `seqpipe init`. Each starter has a name of its own; a name that is there already,
    or a folder without a `project.yml`, sets the plugin aside. The files have to be installed with
    the package (setuptools: `package-data`).

    RETURNS (List[Starter]): The starters.
    """
