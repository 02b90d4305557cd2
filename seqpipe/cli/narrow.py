"""Help on a narrow screen: what an option does stands below it, and no line is wider."""

# No future import of annotations: Typer reads the modules that use this.
import textwrap
from collections.abc import Iterable
from typing import Any

import typer

LEAST = 58  # columns of text; below, two columns side by side break words


_Formatter: Any = typer.Context.formatter_class


class NarrowFormatter(_Formatter):
    """Writes help for the width that there is."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called.

        prog (str): Its name.
        args (str): What follows.
        prefix (Optional[str]): What comes before; by default "Usage: ".
        """
        if self.width >= LEAST:
            super().write_usage(prog, args, prefix)
        else:
            self._write_wrapped(f"{prefix or 'Usage: '}{prog} {args}", 0, 4)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms with what they mean: beside them, or below where there is no room.

        rows (Iterable[Tuple[str, str]]): Terms and what they mean.
        col_max (int): Most columns of the terms.
        col_spacing (int): Columns between both.
        """
        if self.width >= LEAST:
            super().write_dl(rows, col_max, col_spacing)
            return
        for term, meaning in rows:
            # A list of choices may break behind each of them.
            self._write_wrapped(term.rstrip().replace("|", "| "), 0, 4)
            self._write_wrapped(meaning, 4, 4)

    def _write_wrapped(self, text: str, first: int, later: int) -> None:
        begin, inner = (" " * (self.current_indent + columns) for columns in (first, later))
        lines = textwrap.wrap(
            text, self.width, initial_indent=begin, subsequent_indent=inner, break_on_hyphens=False
        )
        for line in lines:
            self.write(line.replace("| ", "|") + "\n")


class NarrowContext(typer.Context):
    """A command's context, whose help is for the width that there is."""

    formatter_class = NarrowFormatter


def fit_help(command: Any) -> None:
    """Let a command, and all below it that is built, write help for the width that there is.

    command (click.Command): The command or group.
    """
    command.context_class = NarrowContext
    for inner in vars(command).get("commands", {}).values():
        fit_help(inner)
