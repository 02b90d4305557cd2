"""`seqpipe plugins`: what is installed, what it adds and what failed."""

# No future import of annotations: Typer reads these.
import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seqpipe.plugins import Plugin
    from seqpipe.spacy_entry_points import BrokenEntry


def plugins(
    context: typer.Context,
    hook: Annotated[
        str | None,
        typer.Option(help="Only the plugins that implement this hook.", show_default=False),
    ] = None,
    as_json: asked.AsJson = False,
) -> None:
    """List the plugins: name, version, hooks, where from, state.

    Says too which installed packages break spaCy.
    """
    from seqpipe.spacy_entry_points import find_broken_factories

    _check_hook(hook)
    found = [one for one in context.obj.found if hook is None or hook in one.hooks]
    broken = find_broken_factories() if hook is None else []
    if as_json:
        _print_json(found, broken)
        return
    _print_table(found)
    for entry in broken:
        typer.echo(f"warning: {entry}", err=True)


def _check_hook(hook: str | None) -> None:
    from seqpipe.files import InputError
    from seqpipe.plugins import HOOKS, nearest

    if hook is not None and hook not in HOOKS:
        raise InputError(f"--hook {hook}: no hook is named so; {nearest(hook, HOOKS)}")


def _print_table(found: "Sequence[Plugin]") -> None:
    rows = [("name", "version", "from", "hooks", "state")]
    for plugin in found:
        hooks = ", ".join(plugin.hooks) or "-"
        reason = plugin.error or plugin.left_out
        state = f"{plugin.state}: {reason}" if reason else plugin.state
        rows.append((plugin.name, plugin.version, _source(plugin), hooks, state))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    columns = shutil.get_terminal_size((0, 0)).columns  # 0: a pipe or a file
    if 0 < columns < max(sum(widths) + 8 + len(row[4]) for row in rows):
        _print_folded(rows)
        return
    for *cells, state in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        typer.echo("  ".join([*padded, state]))


def _print_folded(rows: "Sequence[Sequence[str]]") -> None:
    """Print the table where the terminal is too narrow for it."""
    from seqpipe.reporting.tables import print_table

    print_table(console(), "plugins", rows[0], rows[1:])


def _source(plugin: "Plugin") -> str:
    from seqpipe.plugins import OURS

    return "built in" if plugin.distribution == OURS else plugin.distribution


def _print_json(found: "Sequence[Plugin]", broken: "Sequence[BrokenEntry]") -> None:
    from dataclasses import asdict

    record = {
        "plugins": [{**asdict(plugin), "state": plugin.state} for plugin in found],
        "broken_factories": [asdict(entry) for entry in broken],
    }
    print_json(record)
