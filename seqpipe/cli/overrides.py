"""Variables of project.yml given on the command line: `--vars.name value`, anywhere on the line."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

PREFIX = "--vars."
META = "seqpipe.overrides"


class OverrideCommand(TyperCommand):
    """A command that takes `--vars.name value` before it reads its other arguments.

    Without this the value would be read as the command's next positional argument.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args, ctx.meta[META] = split_overrides(args)
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
    words = iter(args)
    for word in words:
        if not word.startswith(PREFIX):
            rest.append(word)
            continue
        name, equals, value = word.removeprefix(PREFIX).partition("=")
        if not equals:
            following = next(words, None)
            if following is None:
                raise typer.BadParameter(f"{word}: expected a value after it")
            value = following
        overrides[name] = value
    return rest, overrides
