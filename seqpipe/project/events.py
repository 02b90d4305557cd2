"""What is told of a run: events as they happen, and the summary at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "planned",
    "waiting",
    "started",
    "script",
    "output",
    "done",
    "skipped",
    "failed",
    "not_run",
    "ending",
]


@dataclass(frozen=True)
class Event:
    """Something that happened in a run.

    kind (str): "planned" (one for each command before anything runs; state: "run", "maybe" or
        "skip"; text: why), "waiting" (text: for which other run), "started" (text: why it runs),
        "script" (text: the line that starts), "output" (text: a line that the command wrote,
        unless it writes to our own streams), and how a command ended: "done", "skipped" (text:
        why), "failed" (text: the fault, with its place in project.yml; code) or "not_run" (text:
        why); "ending" (text: which commands are waited for once the run is broken off).
    command (str): The command's name; "" for what concerns all.
    text (str): See above. Values of `env` stay `${env.NAME}`.
    state (Optional[str]): For "planned".
    seconds (Optional[float]): How long the command took, when done or failed.
    memory (Optional[int]): The most memory that one of its processes held, in bytes; None where
        that is not known, or is less than what `seqpipe run` itself holds.
    code (Optional[int]): For "failed": the exit code of the run, if this failure is the first.
    index (Optional[int]): Where the command stands in the plan, from 0: it can stand there twice.
    """

    kind: Kind
    command: str = ""
    text: str = ""
    state: str | None = None
    seconds: float | None = None
    memory: int | None = None
    code: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class RunSummary:
    """How a run went.

    name (str): The command or workflow.
    ends (Tuple[Event, ...]): How each command ended, in the order of the plan.
    seconds (float): How long it took.
    """

    name: str
    ends: tuple[Event, ...]
    seconds: float

    def count(self, kind: str) -> int:
        """RETURNS (int): How many commands ended in a way.

        kind (str): "done", "skipped", "failed" or "not_run".
        """
        return sum(end.kind == kind for end in self.ends)


class CommandError(OSError):
    """A command did not do what it says.

    message (str): Which, where and how.
    exit_code (int): What to exit with.
    summary (Optional[RunSummary]): How the whole run went, once it is over.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.summary: RunSummary | None = None
