"""How a group of commands shows itself: like a table of contents, with nothing cut off."""

import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any

from typer.core import TyperGroup

from seqpipe.cli import exit_interrupted, exit_unread
from seqpipe.cli.narrow import fit_help

# The headings of `seqpipe --help`, in the order in which one comes to need them.
BEGIN, PROJECTS, TRAIN, USE = "Begin", "Projects", "Train", "Use a model"
CONCEPTS, PLUGINS = "Concepts", "Plugins"
SECTIONS = (BEGIN, PROJECTS, TRAIN, USE, CONCEPTS, PLUGINS)
OTHERS = "Commands"
WHOLE = 1000  # characters of a help line, of which none is cut off


class CommandGroup(TyperGroup):
    """A group whose help has its commands by sections, `rich_help_panel` of each of them."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections; in all of them the help begins in the same column.

        ctx (click.Context): Of the group.
        formatter (click.HelpFormatter): Is written to.
        """
        shown = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        found = {name: one for name, one in shown.items() if one is not None and not one.hidden}
        width = max(map(len, found), default=0)
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in SECTIONS}
        for name, command in found.items():
            row = (name.ljust(width), command.get_short_help_str(WHOLE))
            sections.setdefault(section_of(command), []).append(row)
        for heading, rows in sections.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


class LateGroup(CommandGroup):
    """A group whose commands are built when they are asked for: `seqpipe --help` needs none.

    build (Callable[[], Dict[str, click.Command]]): Makes them, by name.
    """

    build: Callable[[], dict[str, Any]]

    def __init__(self, **settings: Any) -> None:
        """Make a group; `build` is set later.

        settings (Any): Of TyperGroup.
        """
        super().__init__(**settings)
        del self.__dict__["commands"]

    @cached_property
    def commands(self) -> dict[str, Any]:  # type: ignore[override]
        """RETURNS (Dict[str, click.Command]): The commands of the group, by name."""
        built = self.build()
        for command in built.values():
            fit_help(command)
        return built


class RootGroup(CommandGroup):
    """The root of the command line, which ends as shells expect it."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what it has printed is out when it ends."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except KeyboardInterrupt:
            # Typer would exit without a word.
            exit_interrupted()
        except BrokenPipeError:
            # Typer would say that the command failed.
            exit_unread()


def section_of(command: Any) -> str:
    """RETURNS (str): The heading under which a command stands.

    command (click.Command): The command or group.
    """
    panel = getattr(command, "rich_help_panel", None)
    return panel if isinstance(panel, str) else OTHERS
