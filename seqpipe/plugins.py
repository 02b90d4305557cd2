"""Finds plugins, loads them and sets aside those that fail; the built-in ones go the same way."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

import pluggy

from seqpipe import __version__, hookspecs

GROUP = "seqpipe"
# Each is the module that an entry point would name; the plugin's name is the concept's.
BUILT_IN = (
    "seqpipe.tagging.commands",
    "seqpipe.classification.commands",
    "seqpipe.embeddings.commands",
    "seqpipe.lm.commands",
    "seqpipe.translation.commands",
    "seqpipe.debiasing.commands",
    "seqpipe.evaluation.commands",
)
# What a plugin may do to us: KeyboardInterrupt stays the user's.
FAULTS = (Exception, SystemExit)


@dataclass
class Plugin:
    """One plugin, as found and as it went.

    name (str): The entry point's name.
    module (str): The module that it names.
    distribution (str): The installed package that it comes from.
    version (str): That package's version.
    hooks (Tuple[str, ...]): The hooks that it implements.
    error (Optional[str]): Why it was set aside, or None.
    """

    name: str
    module: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    error: str | None = None

    def set_aside(self, fault: BaseException | str) -> None:
        """Record why this plugin takes no part.

        fault: What it raised, or a sentence.
        """
        if isinstance(fault, BaseException):
            words = " ".join(str(fault).split())
            fault = f"{type(fault).__name__}: {words}" if words else type(fault).__name__
        self.error = fault


@dataclass
class Plugins:
    """The plugins of this process and the hooks of those that work.

    found (List[Plugin]): Every plugin, also those set aside.
    manager (pluggy.PluginManager): Holds those that loaded.
    """

    found: list[Plugin] = field(default_factory=list)
    manager: pluggy.PluginManager = field(
        default_factory=lambda: pluggy.PluginManager(hookspecs.PROJECT)
    )

    def implementing(self, hook: str) -> Iterator[tuple[Plugin, pluggy.HookCaller]]:
        """The working plugins that implement a hook, each with a caller of its own.

        A caller reaches one plugin only, so that the one that raises can be set aside alone.

        hook (str): The hook's name.
        YIELDS (Tuple[Plugin, pluggy.HookCaller]): In the order of loading.
        """
        for plugin in self.found:
            if plugin.error is None and hook in plugin.hooks:
                module = self.manager.get_plugin(plugin.name)
                others = [other for other in self.manager.get_plugins() if other is not module]
                yield plugin, self.manager.subset_hook_caller(hook, others)

    @property
    def set_aside(self) -> list[Plugin]:
        """RETURNS (List[Plugin]): Those that failed."""
        return [plugin for plugin in self.found if plugin.error is not None]


def load_plugins() -> Plugins:
    """Load the built-in plugins and every installed one; a failure is recorded, never raised.

    RETURNS (Plugins): All of them.
    """
    plugins = Plugins()
    plugins.manager.add_hookspecs(hookspecs)
    for entry in (*_built_in(), *entry_points(group=GROUP)):
        plugin = _describe(entry)
        plugins.found.append(plugin)
        try:
            _register(plugins.manager, plugin, entry)
        except FAULTS as fault:
            plugin.set_aside(fault)
    return plugins


def _built_in() -> Iterator[EntryPoint]:
    for module in BUILT_IN:
        yield EntryPoint(name=module.split(".")[1], value=module, group=GROUP)


def _describe(entry: EntryPoint) -> Plugin:
    if entry.dist is None:
        return Plugin(entry.name, entry.value, "seqpipe", __version__)
    return Plugin(entry.name, entry.value, entry.dist.name, entry.dist.version)


def _register(manager: pluggy.PluginManager, plugin: Plugin, entry: EntryPoint) -> None:
    """Import a plugin and register it, or raise and leave the manager as it was."""
    if manager.has_plugin(plugin.name):
        raise ValueError(f"a plugin named '{plugin.name}' is there already")
    module = entry.load()
    try:
        manager.register(module, name=plugin.name)
        _check_hook_names(manager, module)
    except FAULTS:
        if manager.has_plugin(plugin.name):
            manager.unregister(name=plugin.name)
        raise
    plugin.hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))


def _check_hook_names(manager: pluggy.PluginManager, module: object) -> None:
    known = [name for name in vars(hookspecs) if name.startswith(f"{hookspecs.PROJECT}_")]
    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec():
            near = difflib.get_close_matches(caller.name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"no hook is named {caller.name}; {hint}")
