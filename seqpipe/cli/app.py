"""The Typer app: the commands that belong to no concept, then those of the plugins."""

import os
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from seqpipe import __version__
from seqpipe.cli import exit_interrupted
from seqpipe.cli.apply import apply
from seqpipe.cli.assets import assets
from seqpipe.cli.curves import curves
from seqpipe.cli.diagnose import add_diagnose
from seqpipe.cli.document import document
from seqpipe.cli.evaluate import evaluate
from seqpipe.cli.graph import graph
from seqpipe.cli.init import init
from seqpipe.cli.labels import labels
from seqpipe.cli.lock import lock
from seqpipe.cli.new import add_new
from seqpipe.cli.overrides import OverrideCommand
from seqpipe.cli.plugin_choice import PluginOptions, read_choice
from seqpipe.cli.plugins import plugins as list_plugins
from seqpipe.cli.run import run
from seqpipe.cli.train import train
from seqpipe.plugins import Choice, Plugins, load_plugins, printing_aside


class Group(TyperGroup):
    """The root of the command line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Typer would exit without a word.
            exit_interrupted()


@cache
def command_line(options: PluginOptions) -> tuple[Any, Plugins]:
    """Make the command line once for a process and for those that are forked from it.

    options (PluginOptions): Which plugins are loaded.
    RETURNS (Tuple[click.Command, Plugins]): The root command, and the plugins.
    """
    app, plugins = build_app(options.choice, trace=options.is_traced)
    return get_command(app), plugins


def prepare() -> None:
    """Make the command line of this environment ahead of time, for what is forked from here."""
    command_line(read_choice((), os.environ))


def build_app(choice: Choice | None = None, *, trace: bool = False) -> tuple[typer.Typer, Plugins]:
    """Make the app with every command of this installation.

    choice (Optional[Choice]): Which of the plugins are loaded; None for all.
    trace (bool): Whether to write each call of a plugin's hook to stderr.
    RETURNS (Tuple[typer.Typer, Plugins]): The app, and the plugins that it was made from, which
        its commands find in their context, as `obj`.
    """
    plugins = load_plugins(choice, trace=trace)
    app = _new_app(obj=plugins, name="seqpipe", cls=Group, no_args_is_help=True)
    app.callback()(root)
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("init")(init)
    app.command("run", cls=OverrideCommand)(run)
    app.command("assets", cls=OverrideCommand)(assets)
    app.command("lock", cls=OverrideCommand)(lock)
    app.command("document")(document)
    app.command("graph", cls=OverrideCommand)(graph)
    app.command("train", context_settings=passing)(train)
    app.command("labels", context_settings=passing)(labels)
    app.command("evaluate")(evaluate)
    app.command("apply")(apply)
    app.command("curves")(curves)
    add_diagnose(app)
    app.command("plugins")(list_plugins)
    add_new(app)
    for plugin, hook in plugins.implementing("seqpipe_commands"):
        with plugins.isolated(plugin), printing_aside():
            _take_over(app, hook)
    return app, plugins


def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda on: _show_version(on),
            help="Show the version.",
        ),
    ] = False,
    no_plugin: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Leave a plugin out; can be repeated."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop where a plugin fails.")] = False,
) -> None:
    """Sequence models for spaCy, from config files and project.yml."""
    # What the options of plugins say is read before there is an app: `plugin_choice`.


def _show_version(on: bool) -> None:
    if on:
        typer.echo(f"seqpipe {__version__}")
        raise typer.Exit()


def _new_app(obj: Plugins | None = None, **settings: Any) -> typer.Typer:
    # Plain help: rich costs a tenth of a second at each call.
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "obj": obj},
        **settings,
    )


def _take_over(app: typer.Typer, hook: Any) -> None:
    """Let one plugin add its commands to an app of its own; take them over if they all hold."""
    trial = _new_app()
    hook(app=trial)
    taken = _names(app)
    for name in _names(trial):
        if name in taken:
            raise ValueError(f"the command '{name}' is there already")
    if trial.registered_commands or trial.registered_groups:
        # Typer reads a command's annotations only here: a bad one must not reach the real app.
        get_command(trial)
    app.registered_commands.extend(trial.registered_commands)
    app.registered_groups.extend(trial.registered_groups)


def _names(app: typer.Typer) -> list[str]:
    commands = [
        info.name or getattr(info.callback, "__name__", "").lower().replace("_", "-")
        for info in app.registered_commands
    ]
    return commands + [str(info.name) for info in app.registered_groups]
