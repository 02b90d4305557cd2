"""Finds plugins, loads them and sets aside those that fail; the built-in ones go the same way."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, TypeVar

import pluggy

from seqpipe import __version__, hookspecs

GROUP = "seqpipe"
OURS = "seqpipe"  # the distribution of the built-in plugins
# Each is the module that an entry point would name; the plugin's name is the concept's.
BUILT_IN = (
    "seqpipe.tagging.commands",
    "seqpipe.classification.commands",
    "seqpipe.embeddings.commands",
    "seqpipe.lm.commands",
    "seqpipe.translation.commands",
    "seqpipe.debiasing.commands",
    "seqpipe.evaluation.commands",
    "seqpipe.reporting.formats",
    "seqpipe.project.fetchers",
)
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith(f"{hookspecs.PROJECT}_"))
Offer = TypeVar("Offer")


class PluginError(ValueError):
    """A plugin failed where that cannot be passed over, or there is none of a name."""


@dataclass
class Plugin:
    """One plugin, as found and as it went.

    name (str): The entry point's name.
    module (str): The module that it names.
    distribution (str): The installed package that it comes from.
    version (str): That package's version.
    hooks (Tuple[str, ...]): The hooks that it implements.
    error (Optional[str]): Why it was set aside, or None.
    left_out (Optional[str]): What the user said that keeps it from being loaded, or None.
    """

    name: str
    module: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    error: str | None = None
    left_out: str | None = None

    @property
    def state(self) -> str:
        """RETURNS (str): "ok", "set aside" or "left out"."""
        if self.error is not None:
            return "set aside"
        return "ok" if self.left_out is None else "left out"

    def set_aside(self, fault: BaseException | str) -> None:
        """Record why this plugin takes no part.

        fault: What it raised, or a sentence.
        """
        self.error = fault if isinstance(fault, str) else words_of(fault)


@dataclass(frozen=True)
class Choice:
    """Which of the plugins are loaded.

    only (Optional[Tuple[str, ...]]): Names of the installed ones that are; None for all. The
        built-in ones are not concerned.
    only_by (str): Who said so.
    without (Tuple[str, ...]): Names of those that are not, built in or installed.
    without_by (str): Who said so.
    """

    only: tuple[str, ...] | None = None
    only_by: str = ""
    without: tuple[str, ...] = ()
    without_by: str = ""

    def refuses(self, plugin: Plugin) -> str | None:
        """RETURNS (Optional[str]): Who keeps a plugin from being loaded, or None.

        plugin (Plugin): One that was found.
        """
        if plugin.name in self.without:
            return self.without_by
        if self.only is None or plugin.name in self.only or plugin.distribution == OURS:
            return None
        return self.only_by


@dataclass
class Plugins:
    """The plugins of this process and the hooks of those that work.

    found (List[Plugin]): Every plugin, also those set aside and left out.
    manager (pluggy.PluginManager): Holds those that loaded.
    on_failure (Callable[[Plugin], None]): Told of each that is set aside.
    """

    found: list[Plugin] = field(default_factory=list)
    manager: pluggy.PluginManager = field(
        default_factory=lambda: pluggy.PluginManager(hookspecs.PROJECT)
    )
    on_failure: Callable[[Plugin], None] = lambda plugin: None

    def implementing(self, hook: str) -> Iterator[tuple[Plugin, pluggy.HookCaller]]:
        """The working plugins that implement a hook, each with a caller of its own.

        A caller reaches one plugin only, so that the one that raises can be set aside alone.

        hook (str): The hook's name.
        YIELDS (Tuple[Plugin, pluggy.HookCaller]): In the order of loading.
        """
        for plugin in self.found:
            if plugin.state == "ok" and hook in plugin.hooks:
                module = self.manager.get_plugin(plugin.name)
                others = [other for other in self.manager.get_plugins() if other is not module]
                yield plugin, self.manager.subset_hook_caller(hook, others)

    @contextmanager
    def isolated(self, plugin: Plugin) -> Iterator[None]:
        """Set a plugin aside for whatever it raises inside, and go on behind it.

        KeyboardInterrupt stays the user's.

        plugin (Plugin): Whose code runs.
        YIELDS (None): Once, for the code inside.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as fault:
            # SystemExit, and those that testing and asynchronous libraries derive themselves.
            plugin.set_aside(fault)
            self.on_failure(plugin)

    def collect(
        self,
        hook: str,
        kind: type[Offer],
        *,
        by: str,
        check: Callable[[Offer], None] = lambda offer: None,
    ) -> dict[str, tuple[Plugin, Offer]]:
        """Ask for what plugins offer; of one that fails nothing is taken.

        hook (str): A hook that gives a list.
        kind (Type): Of what.
        by (str): The attribute that tells the offers apart: "name", "suffix".
        check (Callable): Raises for an offer that cannot be used.
        RETURNS (Dict[str, Tuple[Plugin, Offer]]): By that attribute, the built-in ones first.
        """
        found: dict[str, tuple[Plugin, Offer]] = {}
        for plugin, caller in self.implementing(hook):
            with self.isolated(plugin):
                both = dict(found)
                with printing_aside():
                    # A hook's caller gives a list with what each plugin gave, but for None.
                    given = next(iter(caller()), None)
                expected = f"expected a list of seqpipe.{kind.__name__}"
                if not isinstance(given, list | tuple):
                    raise TypeError(f"{hook} gave {given!r}, {expected}")
                for offer in given:
                    if not isinstance(offer, kind):
                        raise TypeError(f"{hook} gave {offer!r}, {expected}")
                    key = getattr(offer, by)
                    if key in both:
                        raise ValueError(f"the {_called(kind, by)} '{key}' is there already")
                    check(offer)
                    both[key] = plugin, offer
                found = both
        return found

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell all plugins that listen; one that raises is set aside, and is told no more.

        hook (str): A hook that gives nothing.
        arguments: What it is told.
        """
        for plugin, caller in self.implementing(hook):
            with self.isolated(plugin):
                caller(**arguments)

    def listens(self, hook: str) -> bool:
        """RETURNS (bool): Whether any working plugin implements a hook.

        hook (str): Its name.
        """
        return any(True for _ in self.implementing(hook))

    @property
    def set_aside(self) -> list[Plugin]:
        """RETURNS (List[Plugin]): Those that failed."""
        return [plugin for plugin in self.found if plugin.error is not None]


def load_plugins(choice: Choice | None = None, *, trace: bool = False) -> Plugins:
    """Load the built-in plugins and every installed one; a failure is recorded, never raised.

    choice (Optional[Choice]): Which of them; None for all.
    trace (bool): Whether to write each call of a hook to stderr.
    RETURNS (Plugins): All of them.
    """
    plugins = Plugins()
    if trace:
        plugins.manager.trace.root.setwriter(lambda text: sys.stderr.write(text))
        plugins.manager.enable_tracing()
    plugins.manager.add_hookspecs(hookspecs)
    # Distributions come in the order of a folder's files, which is another on each machine.
    installed = sorted(_installed(), key=lambda found: found[0].distribution)
    for plugin, entry in (*_built_in(), *installed):
        plugins.found.append(plugin)
        plugin.left_out = (choice or Choice()).refuses(plugin)
        if entry is not None and plugin.left_out is None:
            with plugins.isolated(plugin), printing_aside():
                _register(plugins.manager, plugin, entry)
    return plugins


def nearest(name: str, known: Iterable[str]) -> str:
    """RETURNS (str): A hint for a name that is not known: the nearest one, or all.

    name (str): What was given.
    known (Iterable[str]): What it might have been.
    """
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def words_of(fault: BaseException) -> str:
    """RETURNS (str): The type of a fault and its message, on one line.

    fault (BaseException): Whatever was raised, by anybody's code.
    """
    kind = type(fault).__name__
    try:
        words = " ".join(str(fault).split())
    except KeyboardInterrupt:
        raise
    except BaseException:
        words = ""  # its own `__str__` is at fault
    return f"{kind}: {words}" if words else kind


@contextmanager
def printing_aside() -> Iterator[None]:
    """Let what a plugin prints while it loads go to stderr: stdout may be read by a program.

    YIELDS (None): Once, for the code inside.
    """
    with redirect_stdout(sys.stderr):
        yield


def _called(kind: type, by: str) -> str:
    return kind.__name__.lower() if by == "name" else by


def _built_in() -> Iterator[tuple[Plugin, EntryPoint | None]]:
    for module in BUILT_IN:
        name = module.split(".")[1]
        entry = EntryPoint(name=name, value=module, group=GROUP)
        yield Plugin(name, module, OURS, __version__), entry


def _installed() -> Iterator[tuple[Plugin, EntryPoint | None]]:
    """The entry points of every installed distribution; no entry point for a broken one.

    `importlib.metadata.entry_points` raises if a single distribution cannot be read.
    """
    seen = set()
    for distribution in distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
        except Exception as fault:
            name, version = _identity(distribution)
            error = (
                f"its entry_points.txt cannot be read ({words_of(fault)}), and spaCy reads all of "
                f"them; install the package again, or: pip uninstall {name}"
            )
            yield Plugin(name, "", name, version, error=error), None
            continue
        if not entries:
            continue
        name, version = _identity(distribution)
        # As for imports, the first one on the path counts.
        if _canonical(name) not in seen and not _is_hidden(distribution, name):
            seen.add(_canonical(name))
            for entry in entries:
                yield Plugin(entry.name, entry.value, name, version), entry


def _is_hidden(distribution: Distribution, name: str) -> bool:
    """Tell whether another version of a distribution comes earlier on the path.

    To read the names of all those without plugins would take longer than all the rest.
    """
    for first in Distribution.discover(name=name):
        return first.locate_file("") != distribution.locate_file("")
    return False


def _canonical(name: str) -> str:
    """RETURNS (str): A distribution's name as installers compare it."""
    return re.sub("[-_.]+", "-", name).lower()


def _identity(distribution: Distribution) -> tuple[str, str]:
    """The name and version of a distribution, of which the metadata may be lost."""
    try:
        name, version = distribution.name, distribution.version
    except Exception:
        name = version = ""
    return name or f"without metadata in {distribution.locate_file('')}", version or "?"


def _register(manager: pluggy.PluginManager, plugin: Plugin, entry: EntryPoint) -> None:
    """Import a plugin and register it, or raise and leave the manager as it was."""
    if manager.has_plugin(plugin.name):
        raise ValueError(f"a plugin named '{plugin.name}' is there already")
    module = entry.load()
    if manager.is_registered(module):
        raise ValueError(f"{plugin.module} is the plugin '{manager.get_name(module)}' already")
    _check_marked(module)
    try:
        manager.register(module, name=plugin.name)
        callers = manager.get_hookcallers(module) or []
        _check_hook_names(module, callers)
        for caller in callers:
            _check_plain(module, caller)
    except BaseException:
        if manager.has_plugin(plugin.name):
            manager.unregister(name=plugin.name)
        raise
    plugin.hooks = tuple(sorted(caller.name for caller in callers if caller.has_spec()))


def _check_marked(module: object) -> None:
    """Refuse a module that forgot to mark a hook, which would do nothing, without a word."""
    for name in HOOKS:
        function = getattr(module, name, None)
        if callable(function) and not hasattr(function, f"{hookspecs.PROJECT}_impl"):
            raise ValueError(f"{name} is not marked with @seqpipe.hookimpl")


def _check_hook_names(module: object, callers: Collection[pluggy.HookCaller]) -> None:
    """Refuse hooks that are not there, but for those marked with `optionalhook`.

    pluggy's `check_pending` does the same, and knows neither the nearest name nor whom to spare.
    """
    if not callers:
        raise ValueError("implements no hook, expected a function marked with @seqpipe.hookimpl")
    for caller in callers:
        ours = [one for one in caller.get_hookimpls() if one.plugin is module]
        if not caller.has_spec() and not all(one.optionalhook for one in ours):
            raise ValueError(f"no hook is named {caller.name}; {nearest(caller.name, HOOKS)}")


def _check_plain(module: object, caller: pluggy.HookCaller) -> None:
    """Refuse hooks of which a call runs nothing, and those around the hooks of others."""
    for one in caller.get_hookimpls():
        if one.plugin is not module:
            continue
        generates = inspect.isgeneratorfunction(one.function)
        if generates or inspect.isasyncgenfunction(one.function):
            raise ValueError(f"{caller.name} is a generator, expected a plain function")
        if inspect.iscoroutinefunction(one.function):
            raise ValueError(f"{caller.name} is a coroutine, expected a plain function")
