"""The Typer app: the commands that belong to no concept, then those of the plugins."""

import os
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

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

NAME = r"\w[\w-]*"  # a command's: what a shell takes for one word, and never for an option


class Group(TyperGroup):
    """The root of the command line."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Typer would exit without a word.
            exit_interrupted()


def group_with(commands: dict[str, Any]) -> type[Group]:
    """Make a root that has commands which are built already: to build them takes time.

    commands (Dict[str, click.Command]): By name; it may be filled later.
    RETURNS (Type[Group]): The class of the root.
    """

    class Root(Group):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands.update(commands)

    return Root


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
    of_plugins: dict[str, Any] = {}
    root_class = group_with(of_plugins)
    app = _new_app(obj=plugins, name="seqpipe", cls=root_class, no_args_is_help=True)
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
    own = {info.name for info in app.registered_commands}
    own |= {info.name for info in app.registered_groups}
    for plugin, hook in plugins.implementing("seqpipe_commands"):
        with plugins.isolated(plugin), printing_aside():
            of_plugins |= _commands_by(hook, own.union(of_plugins))
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


def _commands_by(hook: Any, taken: Collection[str | None]) -> dict[str, Any]:
    """Let one plugin add its commands to an app of its own.

    RETURNS (Dict[str, click.Command]): By name. Raises ValueError unless they all hold.
    """
    app = _new_app()
    hook(app=app)
    found: dict[str, Any] = {}
    for name, command in _commands_of(app):
        _check_command(name, command)
        if name in taken or name in found:
            raise ValueError(f"the command '{name}' is there already")
        found[name] = command
    return found


def _commands_of(app: typer.Typer) -> Iterator[tuple[Any, Any]]:
    """Build an app's commands, each under the name that Typer finds for it.

    One at a time: Typer keeps the last one of a name. A group without a name gives its commands.
    """
    for command in app.registered_commands:
        alone = _new_app()
        alone.registered_commands = [command]
        yield from get_group(alone).commands.items()
    for group in app.registered_groups:
        alone = _new_app()
        alone.registered_groups = [group]
        yield from get_group(alone).commands.items()


def _check_command(name: Any, command: Any) -> None:
    """Refuse a name that cannot be typed, and a command that `seqpipe --help` cannot show."""
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise ValueError(f"the command {name!r}, expected a name of letters, digits, - and _")
    command.get_short_help_str().encode()
