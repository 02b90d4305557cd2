"""A workflow as a graph of commands and of the files that flow between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

STATES = {"run": "would run", "maybe": "may run", "skip": "up to date"}


@dataclass(frozen=True)
class CommandNode:
    """A command of a workflow.

    needs (Mapping[int, Sequence[str]]): Which earlier commands it needs, and the files that tie
        them; none where only the order does.
    inputs (Sequence[str]): Files that it reads and none of the others makes.
    outputs (Sequence[str]): What it writes.
    state (Optional[str]): A key of STATES; None where it is not known.
    reason (str): Why.
    name (str): The command's.
    help (str): One line; may be empty.
    """

    name: str
    help: str = ""
    needs: Mapping[int, Sequence[str]] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    state: str | None = None
    reason: str = ""

    @property
    def standing(self) -> str:
        """RETURNS (str): Its state and why, in words; empty where it is not known."""
        if self.state is None:
            return ""
        said = STATES[self.state]
        return said if self.state == "skip" or not self.reason else f"{said}: {self.reason}"


@dataclass(frozen=True)
class WorkflowGraph:
    """A workflow.

    commands (Sequence[CommandNode]): In an order in which they can run.
    name (str): The workflow's, or that of its one command.
    """

    name: str
    commands: Sequence[CommandNode]

    @property
    def about(self) -> str:
        """RETURNS (str): The size and state of it, in words."""
        count = len(self.commands)
        known = [command.state for command in self.commands if command.state is not None]
        parts = [f"{known.count(key)} {words}" for key, words in STATES.items() if key in known]
        text = f"{count} command{'s' * (count != 1)}"
        return f"{text}: {', '.join(parts)}" if parts else text


@dataclass(frozen=True)
class FileNode:
    """A file that flows.

    makers, readers (Tuple[int, ...]): Commands, by their place; no readers: a result.
    path (str): As project.yml has it.
    """

    path: str
    makers: tuple[int, ...]
    readers: tuple[int, ...]


def file_nodes(graph: WorkflowGraph) -> list[FileNode]:
    """The files of a workflow that one command makes and another reads, then the results.

    graph (WorkflowGraph): The workflow.
    RETURNS (List[FileNode]): A file that is written at two places is two of them.
    """
    readers: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for place, command in enumerate(graph.commands):
        paths = dict.fromkeys(path for tied in command.needs.values() for path in tied)
        for path in paths:
            makers = tuple(sorted(i for i, tied in command.needs.items() if path in tied))
            readers.setdefault((path, makers), []).append(place)
    found = [FileNode(path, makers, tuple(who)) for (path, makers), who in readers.items()]
    taken = {(maker, path) for path, makers in readers for maker in makers}
    for place, command in enumerate(graph.commands):
        results = (path for path in dict.fromkeys(command.outputs) if (place, path) not in taken)
        found += [FileNode(path, (place,), ()) for path in results]
    return found


def order_edges(graph: WorkflowGraph) -> Iterator[tuple[int, int]]:
    """Pairs of commands that only their order ties, without those that others imply.

    graph (WorkflowGraph): The workflow.
    YIELDS (Tuple[int, int]): The earlier and the later command.
    """
    before: list[set[int]] = []
    for place, command in enumerate(graph.commands):
        through = set().union(*(before[need] for need in command.needs)) if command.needs else set()
        for need, paths in command.needs.items():
            if not paths and need not in through:
                yield need, place
        before.append(through | set(command.needs))
