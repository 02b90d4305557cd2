"""Variables of project.yml given on the command line: `--vars.name value`, anywhere on the line."""

from __future__ import annotations

import os
import shlex
from typing import Any

import typer
from typer.core import TyperCommand

PREFIX = "--vars."
META = "seqpipe.overrides"
# weasel's own; a command line that says otherwise counts more.
VARIABLE = "WEASEL_CONFIG_OVERRIDES"


class OverrideCommand(TyperCommand):
    """A command that takes `--vars.name value` before it reads its other arguments.

    Without this the value would be read as the command's next positional argument.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the overrides aside, then read the other options as click does.

        ctx (click.Context): Its `meta` holds the overrides then.
        args (List[str]): The words of the line after the command.
        RETURNS (List[str]): Words that nothing took.
        """
        args, overrides = split_overrides(args)
        ctx.meta[META] = {**environment_overrides(), **overrides}
        return super().parse_args(ctx, args)


def overrides_of(ctx: typer.Context) -> dict[str, str]:
    """The overrides that an OverrideCommand was given.

    ctx (typer.Context): The command's context.
    RETURNS (Dict[str, str]): Variable names, without `vars.`, and their values.
    """
    return ctx.meta[META]


def split_overrides(args: list[str]) -> tuple[list[str], dict[str, str]]:
    """Take the overrides out of a command line.

    args (List[str]): The arguments after the command's name.
    RETURNS (Tuple[List[str], Dict[str, str]]): The other arguments, and the overrides by name.
    """
    rest: list[str] = []
    overrides: dict[str, str] = {}
    left = args[::-1]
    while left:
        word = left.pop()
        if not word.startswith(PREFIX):
            rest.append(word)
            continue
        name, equals, value = word.removeprefix(PREFIX).partition("=")
        if not equals:
            # As in weasel, a name alone switches something on.
            value = left.pop() if left and not left[-1].startswith("--") else "true"
        overrides[name] = value
    return rest, overrides


def environment_overrides() -> dict[str, str]:
    """The overrides that the environment gives.

    RETURNS (Dict[str, str]): Variable names, without `vars.`, and their values.
    RAISES (typer.BadParameter): If the variable holds anything else.
    """
    try:
        rest, overrides = split_overrides(shlex.split(os.environ.get(VARIABLE, "")))
    except ValueError as fault:
        raise typer.BadParameter(f"{VARIABLE}: {str(fault).lower()}") from None
    if rest:
        raise typer.BadParameter(f"{VARIABLE}: {rest[0]}, expected --vars.name value")
    return overrides
