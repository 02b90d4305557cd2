"""The Typer app: the commands that belong to no concept, then those of the plugins."""

import os
import re
import shutil
from collections.abc import Collection, Iterator
from copy import copy
from functools import cache, partial
from typing import Annotated, Any

import typer
from typer.main import get_command, get_group

from seqpipe import __version__
from seqpipe.cli.apply import apply
from seqpipe.cli.assets import assets
from seqpipe.cli.curves import curves
from seqpipe.cli.diagnose import add_diagnose
from seqpipe.cli.document import document
from seqpipe.cli.evaluate import evaluate
from seqpipe.cli.graph import graph
from seqpipe.cli.groups import (
    BEGIN,
    CONCEPTS,
    OTHERS,
    PLUGINS,
    PROJECTS,
    TRAIN,
    USE,
    CommandGroup,
    LateGroup,
    RootGroup,
    section_of,
)
from seqpipe.cli.init import init
from seqpipe.cli.labels import labels
from seqpipe.cli.lock import lock
from seqpipe.cli.narrow import fit_help
from seqpipe.cli.new import add_new
from seqpipe.cli.overrides import OverrideCommand
from seqpipe.cli.plugin_choice import PluginOptions, read_choice
from seqpipe.cli.plugins import plugins as list_plugins
from seqpipe.cli.report import report
from seqpipe.cli.run import run
from seqpipe.cli.train import train
from seqpipe.plugins import OURS, Choice, Plugins, load_plugins, printing_aside

LEAST = 50  # columns of help
NAME = r"\w[\w-]*"  # a command's: what a shell takes for one word, and never for an option


def group_with(commands: dict[str, Any]) -> type[RootGroup]:
    """Make a root that has commands which are built already: to build them takes time.

    commands (Dict[str, click.Command]): By name; it may be filled later.
    RETURNS (Type[RootGroup]): The class of the root.
    """

    class Root(RootGroup):
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
    command = get_command(app)
    fit_help(command)
    return command, plugins


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
    app = _new_app(
        plugins, add_completion=True, name="seqpipe", cls=root_class, no_args_is_help=True
    )
    app.callback()(root)
    _add_own(app)
    own = {info.name for info in app.registered_commands}
    own |= {info.name for info in app.registered_groups}
    for plugin, hook in plugins.implementing("seqpipe_commands"):
        with plugins.isolated(plugin), printing_aside():
            if plugin.distribution == OURS:
                of_plugins |= _commands_of_concept(hook)
            else:
                of_plugins |= _commands_by(hook, own.union(of_plugins))
    return app, plugins


def _add_own(app: typer.Typer) -> None:
    """Add the commands that belong to no concept, each under its heading."""
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("init", rich_help_panel=BEGIN)(init)
    app.command("run", cls=OverrideCommand, rich_help_panel=PROJECTS)(run)
    app.command("assets", cls=OverrideCommand, rich_help_panel=PROJECTS)(assets)
    app.command("lock", cls=OverrideCommand, rich_help_panel=PROJECTS)(lock)
    app.command("graph", cls=OverrideCommand, rich_help_panel=PROJECTS)(graph)
    app.command("document", rich_help_panel=PROJECTS)(document)
    app.command("report", rich_help_panel=PROJECTS)(report)
    app.command("labels", context_settings=passing, rich_help_panel=TRAIN)(labels)
    app.command("train", context_settings=passing, rich_help_panel=TRAIN)(train)
    app.command("curves", rich_help_panel=TRAIN)(curves)
    app.command("evaluate", rich_help_panel=USE)(evaluate)
    app.command("apply", rich_help_panel=USE)(apply)
    app.command("plugins", rich_help_panel=PLUGINS)(list_plugins)
    add_diagnose(app)
    add_new(app)


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
    """Sequence models for spaCy, from config files and project.yml.

    To begin: `seqpipe init` lists projects, `seqpipe init ner` writes one that learns named
    entities, `seqpipe run ner` runs it. `seqpipe COMMAND --help` explains a command.
    """
    # What the options of plugins say is read before there is an app: `plugin_choice`.


def _show_version(on: bool) -> None:
    if on:
        typer.echo(f"seqpipe {__version__}")
        raise typer.Exit()


def _new_app(
    obj: Plugins | None = None, add_completion: bool = False, **settings: Any
) -> typer.Typer:
    # Plain help: rich costs a tenth of a second at each call.
    return typer.Typer(
        add_completion=add_completion,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "obj": obj, **_narrow()},
        **settings,
    )


def _narrow() -> dict[str, int]:
    """Settings for terminals that are narrower than what Typer takes for the least."""
    columns = shutil.get_terminal_size().columns
    return {"terminal_width": max(columns - 2, 20)} if columns < LEAST + 2 else {}


def _commands_of_concept(hook: Any) -> dict[str, Any]:
    """Let a plugin of this distribution add its commands; those in groups are built when used.

    RETURNS (Dict[str, click.Command]): By name.
    """
    app = _new_app()
    hook(app=app)
    groups = app.registered_groups
    app.registered_groups = [_without_commands(group) for group in groups]
    found: dict[str, Any] = dict(_commands_of(app))
    for command in found.values():
        command.rich_help_panel = CONCEPTS
    for group in groups:
        found[str(group.name)].build = partial(_commands_in, group)
    return found


def _without_commands(group: Any) -> Any:
    """RETURNS (TyperInfo): A group as it is, but for its commands."""
    shell, info = copy(group.typer_instance), copy(group)
    shell.registered_commands, shell.registered_groups = [], []
    info.typer_instance, info.cls = shell, LateGroup
    return info


def _commands_in(group: Any) -> dict[str, Any]:
    """RETURNS (Dict[str, click.Command]): The commands of a group, by name."""
    alone = _new_app()
    alone.registered_groups = [group]
    built: Any = get_group(alone).commands[group.name]
    return built.commands


def _commands_by(hook: Any, taken: Collection[str | None]) -> dict[str, Any]:
    """Let an installed plugin add its commands to an app of its own.

    RETURNS (Dict[str, click.Command]): By name. Raises ValueError unless they all hold.
    """
    app = _new_app()
    hook(app=app)
    found: dict[str, Any] = {}
    for name, command in _commands_of(app):
        _check_command(name, command)
        if name in taken or name in found:
            raise ValueError(f"the command '{name}' is there already")
        if section_of(command) == OTHERS:
            command.rich_help_panel = PLUGINS
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
        if not _has_class(group):
            group.cls = CommandGroup
        yield from get_group(alone).commands.items()


def _has_class(group: Any) -> bool:
    """RETURNS (bool): Whether a group says itself what class it has."""
    inner = group.typer_instance
    return isinstance(group.cls, type) or (inner is not None and isinstance(inner.info.cls, type))


def _check_command(name: Any, command: Any) -> None:
    """Refuse a name that cannot be typed, and a command that `seqpipe --help` cannot show."""
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise ValueError(f"the command {name!r}, expected a name of letters, digits, - and _")
    command.get_short_help_str().encode()
