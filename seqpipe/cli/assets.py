"""`seqpipe assets`: the files that a project.yml lists under `assets:`."""

# No future import of annotations: Typer reads these.
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.cli.overrides import overrides_of
from seqpipe.cli.termination import exit_on_sigterm

if TYPE_CHECKING:
    from seqpipe.hookspecs import Fetcher
    from seqpipe.plugins import Plugin, Plugins


def assets(
    ctx: typer.Context,
    project: asked.ProjectPath = Path("."),
    extra: Annotated[
        bool, typer.Option("--extra", "-e", help="Fetch also assets marked `extra: true`.")
    ] = False,
    jobs: asked.Jobs = 4,
    force: asked.Force = False,
    as_json: asked.AsJson = False,
) -> None:
    """Fetch the files that a project.yml lists under `assets:`, check their MD5, unpack archives.

    A file that is there already is kept; a download that was broken off goes on. Where
    SEQPIPE_MIRROR names a folder, a file below it with the right MD5 (as it is, or after gunzip) is
    taken instead of the download.
    """
    from seqpipe.cli.asset_display import asset_display
    from seqpipe.plugins import printing_aside
    from seqpipe.project.assets import project_assets

    overrides = overrides_of(ctx)
    offers = find_fetchers(ctx.obj)
    aside = printing_aside() if as_json else nullcontext()
    with exit_on_sigterm(), asset_display(as_json=as_json) as display, aside:
        count = project_assets(
            project,
            overrides=overrides,
            extra=extra,
            force=force,
            jobs=jobs,
            fetchers={scheme: fetcher for scheme, (_, fetcher) in offers.items()},
            explain=_blaming(ctx, offers),
            report=display,
        )
    if not count and not as_json:
        typer.echo("nothing to fetch" + ("" if extra else " (assets marked extra need --extra)"))


def find_fetchers(plugins: "Plugins") -> "dict[str, tuple[Plugin, Fetcher]]":
    """Ask the plugins for their fetchers; one that fails is set aside.

    plugins (Plugins): Those of this process.
    RETURNS (Dict[str, Tuple[Plugin, Fetcher]]): By scheme, the built-in ones first.
    """
    from seqpipe.hookspecs import Fetcher

    return plugins.collect("seqpipe_fetchers", Fetcher, by="scheme", check=_check_scheme)


def _check_scheme(fetcher: "Fetcher") -> None:
    import re

    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", fetcher.scheme):
        raise ValueError(f"the scheme '{fetcher.scheme}', expected one such as 's3', in lower case")


def _blaming(
    ctx: typer.Context, offers: "dict[str, tuple[Plugin, Fetcher]]"
) -> Callable[[str, str], str]:
    """Names the plugin whose fetcher raised what it should not; with --strict that is the end."""

    def explain(scheme: str, words: str) -> str:
        plugin, _ = offers[scheme]
        if ctx.find_root().params["strict"]:
            plugin.set_aside(words)
            ctx.obj.on_failure(plugin)
        return f"plugin {plugin.name} ({plugin.distribution} {plugin.version}) failed: {words}"

    return explain
