"""The graph of a plan: which command needs which, by the paths that they read and write."""

from __future__ import annotations

import difflib
import heapq
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from seqpipe.files import InputError
from seqpipe.project.load import Command, Project, Text


@dataclass(frozen=True)
class Step:
    """A command in its place in a plan.

    needs (Dict[int, Tuple[str, ...]]): The earlier steps that have to end first, by their index in
        the plan, and the paths that tie them; no paths where only the listed order does.
    command (Command): What runs.
    """

    command: Command
    needs: dict[int, tuple[str, ...]]


def expand(project: Project, name: str) -> list[Command]:
    """The commands that a name stands for.

    project (Project): The project.
    name (str): A command or a workflow; a workflow may name workflows.
    RETURNS (List[Command]): As listed. Raises InputError for an unknown name.
    """
    if name in project.commands or name in project.workflows:
        return _expand(project, name)
    known = "; ".join(
        f"{what}: {', '.join(names) or 'none'}"
        for what, names in (("workflows", project.workflows), ("commands", project.commands))
    )
    near = difflib.get_close_matches(name, [*project.workflows, *project.commands], n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise InputError(f"no command or workflow '{name}'; {hint}{known}", path=project.path)


def _expand(project: Project, name: str) -> list[Command]:
    found = []
    waiting = [name]
    while waiting:
        name = waiting.pop()
        if name in project.commands:
            found.append(project.commands[name])
        else:
            waiting += reversed(project.workflows[name])
    return found


def is_barrier(command: Command) -> bool:
    """Whether nothing says what a command reads and writes, so that it keeps its place.

    command (Command): The command.
    RETURNS (bool): True where it has neither deps nor outputs.
    """
    return not command.deps and not command.outputs


def graph(project: Project, commands: Sequence[Command]) -> list[Step]:
    """Tie commands to each other.

    A command needs those that write what it reads: the same path, one in it or one around it.
    A barrier needs all that is listed before it, and all that is listed after it needs the barrier,
    directly or through another. It runs each time it is listed; any other command at its first
    place.

    project (Project): The project.
    commands (Sequence[Command]): The commands as listed.
    RETURNS (List[Step]): In an order to run them one by one, which is the listed one where nothing
        speaks against it. Raises InputError for a ring, and for two that write one path where the
        second does not read it.
    """
    listed = _once(commands)
    writers = Writers(project.folder)
    for index, command in enumerate(listed):
        for output in command.outputs:
            writers.add(index, output)
    needs = _needs(listed, writers)
    order = _sort(project, listed, needs)
    place = {index: at for at, index in enumerate(order)}
    steps = [
        Step(listed[i], {place[j]: needs[i][j] for j in sorted(needs[i], key=place.__getitem__)})
        for i in order
    ]
    _check_writers(project, steps, [place[i] for i in range(len(listed))], writers)
    return steps


class Writers:
    """Who writes which path, found without comparing every path with every other.

    folder (Path): The project's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.path.abspath(folder)
        self._real: dict[str, str] = {}
        self._at: dict[str, dict[tuple[int, Text], None]] = defaultdict(dict)
        self._below: dict[str, dict[tuple[int, Text], None]] = defaultdict(dict)

    def add(self, index: int, output: Text) -> None:
        """Note a path that a command writes.

        index (int): The command's.
        output (Text): The path.
        """
        for path in self._spellings(output):
            self._at[path][index, output] = None
            for above in _above(path):
                self._below[above][index, output] = None

    def touching(self, path: Text) -> list[tuple[int, Text]]:
        """Who writes a path, in it, or around it.

        path (Text): The path.
        RETURNS (List[Tuple[int, Text]]): Indices of commands and what they write.
        """
        found: dict[tuple[int, Text], None] = {}
        for spelled in self._spellings(path):
            for part in (spelled, *_above(spelled)):
                found |= self._at.get(part, {})
            found |= self._below.get(spelled, {})
        return list(found)

    def _spellings(self, path: Text) -> set[str]:
        """A path as it is written and, where that differs, where links lead."""
        whole = os.path.abspath(os.path.join(self._folder, path.value))
        return {os.path.normcase(whole), os.path.normcase(self._follow(whole))}

    def _follow(self, path: str) -> str:
        """`os.path.realpath`, which looks at each folder once."""
        if path not in self._real:
            above, name = os.path.split(path)
            if not name:
                self._real[path] = path
            elif os.path.islink(path):
                self._real[path] = os.path.realpath(path)
            else:
                self._real[path] = os.path.join(self._follow(above), name)
        return self._real[path]


def _above(path: str) -> list[str]:
    found = []
    while (parent := os.path.dirname(path)) != path:
        found.append(parent)
        path = parent
    return found


def _once(commands: Sequence[Command]) -> list[Command]:
    seen: set[str] = set()
    listed = []
    for command in commands:
        if is_barrier(command) or command.name not in seen:
            listed.append(command)
        seen.add(command.name)
    return listed


def _needs(listed: Sequence[Command], writers: Writers) -> list[dict[int, tuple[str, ...]]]:
    """By index: the indices that have to come first, and the paths."""
    touched = [{dep: writers.touching(dep) for dep in command.deps} for command in listed]
    # What a command works on in place: what it writes of what it reads.
    in_place = {
        (index, output)
        for index, deps in enumerate(touched)
        for found in deps.values()
        for maker, output in found
        if maker == index
    }
    needs: list[dict[int, tuple[str, ...]]] = [{} for _ in listed]
    firm: set[tuple[int, int]] = set()
    for index, deps in enumerate(touched):
        for dep, found in deps.items():
            works_on = any(maker == index for maker, _ in found)
            for maker, output in found:
                if maker == index:
                    continue
                paths = needs[index].get(maker, ())
                needs[index][maker] = paths if dep.shown in paths else (*paths, dep.shown)
                if not (works_on and (maker, output) in in_place):
                    firm.add((index, maker))
    _let_the_list_decide(needs, firm)
    _add_barriers(listed, needs)
    return needs


def _let_the_list_decide(
    needs: list[dict[int, tuple[str, ...]]], firm: set[tuple[int, int]]
) -> None:
    """Where two commands work on the same path in place, the one listed first comes first."""
    for index, makers in enumerate(needs):
        for maker in [maker for maker in makers if maker > index and index in needs[maker]]:
            if (index, maker) not in firm:
                del makers[maker]


def _add_barriers(listed: Sequence[Command], needs: list[dict[int, tuple[str, ...]]]) -> None:
    last = -1
    for index, command in enumerate(listed):
        before = (
            range(max(last, 0), index) if is_barrier(command) else range(max(last, 0), last + 1)
        )
        for earlier in before:
            needs[index].setdefault(earlier, ())
        if is_barrier(command):
            last = index


def _sort(
    project: Project, listed: Sequence[Command], needs: Sequence[dict[int, tuple[str, ...]]]
) -> list[int]:
    """An order in which each comes after what it needs, and else as listed."""
    users: list[list[int]] = [[] for _ in listed]
    for index, makers in enumerate(needs):
        for maker in makers:
            users[maker].append(index)
    waits = [len(makers) for makers in needs]
    ready = [index for index, count in enumerate(waits) if not count]
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for user in users[index]:
            waits[user] -= 1
            if not waits[user]:
                heapq.heappush(ready, user)
    if len(order) < len(listed):
        _fail_for_ring(project, listed, needs, set(range(len(listed))) - set(order))
    return order


def _fail_for_ring(
    project: Project,
    listed: Sequence[Command],
    needs: Sequence[dict[int, tuple[str, ...]]],
    stuck: set[int],
) -> NoReturn:
    # Whoever is stuck needs someone who is stuck: following that comes round.
    walk = [min(stuck)]
    while (following := min(i for i in needs[walk[-1]] if i in stuck)) not in walk:
        walk.append(following)
    ring = walk[walk.index(following) :]
    first = ring.index(min(ring))
    ring = [*ring[first:], *ring[:first]]
    links = []
    for index, maker in zip(ring, [*ring[1:], ring[0]], strict=True):
        user, other, paths = listed[index].name, listed[maker].name, needs[index][maker]
        if paths:
            links.append(f"'{user}' needs {', '.join(paths)} from '{other}'")
        else:
            links.append(f"'{user}' stays after '{other}' (no deps and outputs say otherwise)")
    message = f"a ring of commands, none of which can be first: {'; '.join(links)}"
    raise InputError(message, path=project.path, line=listed[ring[0]].line)


def _check_writers(
    project: Project, steps: Sequence[Step], place: Sequence[int], writers: Writers
) -> None:
    """Refuse two steps that write one path, or one in the other, and not to work on it in place.

    Each would find its output changed by the other, and run again for ever.
    """
    for at, step in enumerate(steps):
        read = {found for dep in step.command.deps for found in writers.touching(dep)}
        for output in step.command.outputs:
            for maker, other in writers.touching(output):
                if place[maker] < at and (maker, other) not in read:
                    first = steps[place[maker]].command
                    _fail_for_writers(project, first, other, step.command, output)


def _fail_for_writers(
    project: Project, one: Command, path: Text, two: Command, other: Text
) -> NoReturn:
    if os.path.normpath(path.value) == os.path.normpath(other.value):
        fault = f"the commands '{one.name}' and '{two.name}' both write {other.shown}"
    else:
        fault = f"'{one.name}' writes {path.shown} and '{two.name}' writes {other.shown}, which"
        fault += " is one inside the other"
    hint = "give them paths of their own, or list it in the deps of the one that comes second"
    raise InputError(f"{fault}; {hint}", path=project.path, line=other.line or two.line)
