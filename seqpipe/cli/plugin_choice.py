"""What the command line and the environment say of plugins. They decide which commands there are,
so this is read before the app is made."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seqpipe.plugins import Choice, Plugin, PluginError, Plugins, nearest

ONLY, TRACE = "SEQPIPE_PLUGINS", "SEQPIPE_TRACE_PLUGINS"
WITHOUT, STRICT = "--no-plugin", "--strict"


@dataclass(frozen=True)
class PluginOptions:
    """What a user said.

    choice (Choice): Which plugins to load.
    is_strict (bool): Whether one that fails is fatal.
    is_traced (bool): Whether the calls of hooks are shown.
    """

    choice: Choice
    is_strict: bool
    is_traced: bool


def read_choice(arguments: Sequence[str], environment: Mapping[str, str]) -> PluginOptions:
    """Read the options before the command's name, and the environment.

    arguments (Sequence[str]): The command line, without the program.
    environment (Mapping[str, str]): SEQPIPE_PLUGINS names the installed plugins to load, separated
        by commas; empty means none. SEQPIPE_TRACE_PLUGINS=1 shows the calls of hooks.
    RETURNS (PluginOptions): Both together.
    """
    words = list(_global_options(arguments))
    without = [value for name, value in words if name == WITHOUT]
    listed = environment.get(ONLY)
    only = None if listed is None else tuple(filter(None, map(str.strip, listed.split(","))))
    return PluginOptions(
        Choice(only=only, only_by=ONLY, without=tuple(without), without_by=WITHOUT),
        is_strict=any(name == STRICT for name, _ in words),
        is_traced=environment.get(TRACE, "") not in ("", "0"),
    )


def watch(plugins: Plugins, options: PluginOptions) -> None:
    """Say on stderr which plugins are set aside, and from now on of each that fails.

    plugins (Plugins): Those that were loaded.
    options (PluginOptions): What they were loaded by.
    RAISES (PluginError): If a plugin to leave out is not there, or one failed and that is fatal.
    """
    known = [plugin.name for plugin in plugins.found]
    for name in options.choice.without:
        if name not in known:
            raise PluginError(f"{WITHOUT} {name}: no plugin is named so; {nearest(name, known)}")
    for name in options.choice.only or ():
        if name not in known:
            # It stands for many calls, in environments of many kinds.
            hint = nearest(name, known)
            print(f"warning: {ONLY}: no plugin is named {name}; {hint}", file=sys.stderr)
    failed = plugins.set_aside
    for plugin in failed:
        warn_set_aside(plugin)
    if failed and options.is_strict:
        raise _fatal(failed)
    plugins.on_failure = _stop if options.is_strict else warn_set_aside


def warn_set_aside(plugin: Plugin) -> None:
    """Say on stderr that a plugin takes no part, and why.

    plugin (Plugin): One that failed.
    """
    source = f"{plugin.distribution} {plugin.version}"
    print(f"warning: plugin {plugin.name} ({source}) is set aside: {plugin.error}", file=sys.stderr)


def _stop(plugin: Plugin) -> None:
    warn_set_aside(plugin)
    raise _fatal([plugin])


def _fatal(failed: Sequence[Plugin]) -> PluginError:
    names = ", ".join(plugin.name for plugin in failed)
    left = " ".join(f"{WITHOUT} {plugin.name}" for plugin in failed)
    return PluginError(f"{STRICT}: a failing plugin is fatal: {names}; to go on: {left}")


def _global_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options before the first word that is none, which is the command's name."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return
        name, equals, value = word.partition("=")
        if name == WITHOUT and not equals:
            value = next(words, "")
        yield name, value
