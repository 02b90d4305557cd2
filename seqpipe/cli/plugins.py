"""`seqpipe plugins`: what is installed, what it adds and what failed."""

import typer


def plugins(ctx: typer.Context) -> None:
    """List the plugins: name, version, where from, hooks, state."""
    rows = [("name", "version", "from", "hooks", "state")]
    for plugin in ctx.obj.found:
        source = "built in" if plugin.distribution == "seqpipe" else plugin.distribution
        hooks = ", ".join(plugin.hooks) or "-"
        state = "ok" if plugin.error is None else f"set aside: {plugin.error}"
        rows.append((plugin.name, plugin.version, source, hooks, state))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for *cells, state in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        typer.echo("  ".join([*padded, state]))
