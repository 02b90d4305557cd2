"""`seqpipe plugins`: what is installed, what it adds and what failed."""

# No future import of annotations: Typer reads these.
from typing import TYPE_CHECKING, Annotated

import typer

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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
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
    for *cells, state in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        typer.echo("  ".join([*padded, state]))


def _source(plugin: "Plugin") -> str:
    from seqpipe.plugins import OURS

    return "built in" if plugin.distribution == OURS else plugin.distribution


def _print_json(found: "Sequence[Plugin]", broken: "Sequence[BrokenEntry]") -> None:
    import json
    from dataclasses import asdict

    record = {
        "plugins": [{**asdict(plugin), "state": plugin.state} for plugin in found],
        "broken_factories": [asdict(entry) for entry in broken],
    }
    typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
