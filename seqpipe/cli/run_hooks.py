"""Tells plugins which commands of a project start, and how they went."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seqpipe.cli.plugin_choice import warn_set_aside
from seqpipe.hookspecs import Outcome
from seqpipe.plugins import Plugins, printing_aside

if TYPE_CHECKING:
    from seqpipe.project.events import Event

BEFORE, AFTER = "seqpipe_before_command", "seqpipe_after_command"
MB = 1_000_000
INTERRUPTED = 130  # as shells say it of Ctrl-C


class CommandHooks:
    """Passes the events of a run on; to be entered while it goes on.

    plugins (Plugins): Who is told.
    project (Path): The project.yml.
    report (Callable[[Event], None]): Who gets the events.
    is_quiet (bool): Whether what plugins print has to go to stderr.
    """

    def __init__(
        self,
        plugins: Plugins,
        project: Path,
        report: Callable[[Event], None],
        *,
        is_quiet: bool = False,
    ) -> None:
        self._plugins, self._report = plugins, report
        # A plugin may change folders; a project.yml that is a link lies in the link's folder.
        self._project = project.parent.resolve() / project.name
        self._is_quiet = is_quiet
        self._began: dict[str, float] = {}

    def report(self, event: Event) -> None:
        """Pass an event on, and tell the plugins if a command starts or has ended."""
        self._report(event)
        if event.kind == "started":
            self._began[event.command] = time.perf_counter()
            self._notify(BEFORE, event.command)
        elif event.command in self._began and event.kind in ("done", "failed"):
            self._began.pop(event.command)
            memory = None if event.memory is None else event.memory / MB
            outcome = Outcome(event.kind, event.code or 0, event.seconds or 0.0, memory)
            self._notify(AFTER, event.command, outcome=outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Whatever has no end by now was interrupted.

        That ends the run already: a hook that fails is only named, also with --strict.
        """
        if self._began:
            self._plugins.on_failure = warn_set_aside
        now = time.perf_counter()
        code = fault.code if isinstance(fault, SystemExit) else None
        for command, began in self._began.items():
            outcome = Outcome(
                "interrupted", code if isinstance(code, int) else INTERRUPTED, now - began
            )
            self._notify(AFTER, command, outcome=outcome)

    def _notify(self, hook: str, command: str, **more: Outcome) -> None:
        with printing_aside() if self._is_quiet else nullcontext():
            self._plugins.notify(hook, project=self._project, command=command, **more)
