"""All that a plugin can add at project level, one documented hook each.

A plugin is a module named by an entry point of the group `seqpipe`; it marks its functions with
`hookimpl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

PROJECT = "seqpipe"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def seqpipe_commands(app: typer.Typer) -> None:
    """Add commands, or a group of them, to the command line.

    Called once for each run of the command line, `--help` included: import what is heavy inside the
    command's body. Each plugin gets an app of its own, whose commands are then taken over; a name
    that is there already sets the plugin aside.

    app (typer.Typer): Where to add, with `app.command("name")(function)` or
        `app.add_typer(group, name="name")`.
    """
