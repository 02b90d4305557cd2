"""Child processes that one thread can wait for side by side, and that end with their parent."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

# Seconds between two looks at a child whose end nothing tells.
LOOK = 0.02
PR_SET_PDEATHSIG = 1
HELD_BACK = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
# This one takes no descriptor, of which there may be none left.
Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)


@dataclass(frozen=True)
class Ended:
    """How a child ended.

    code (int): Its exit code; negative for the signal that killed it.
    memory (Optional[int]): The most memory that it held, in bytes; None where that cannot be told.
    """

    code: int
    memory: int | None


@dataclass(frozen=True)
class Surroundings:
    """What every child of a run has in common.

    folder (Path): The working folder.
    environment (Mapping[str, str]): The environment.
    kept (Tuple[int, ...]): Descriptors that children hold open besides the standard ones.
    """

    folder: Path
    environment: Mapping[str, str]
    kept: tuple[int, ...] = ()


class Child(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int | None:
        """RETURNS (Optional[int]): Its number; None while it is not known."""

    def descriptor(self) -> int | None:
        """RETURNS (Optional[int]): What becomes readable when `poll` has news; None: ask again."""

    def poll(self) -> Ended | None:
        """RETURNS (Optional[Ended]): How it ended, once it has."""

    def send(self, number: int) -> None:
        """Send it a signal, if it still runs.

        number (int): The signal's.
        """

    def close(self) -> None:
        """Let go of what waiting for it took."""


class PlainChild:
    """A program in a process of its own.

    words (Sequence[str]): The program and its arguments.
    surroundings (Surroundings): Where it runs.
    streams (Tuple[int, int, int]): Its standard input, output and error. Raises OSError where the
        program cannot be started.
    """

    def __init__(
        self, words: Sequence[str], surroundings: Surroundings, streams: tuple[int, int, int]
    ) -> None:
        # Until it becomes another program, a child is a copy of us, and counts as large.
        self._least = own_peak()
        self._process = subprocess.Popen(
            words,
            cwd=surroundings.folder,
            env=surroundings.environment,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            pass_fds=surroundings.kept,
            preexec_fn=ends_with_parent(),
        )
        self.pid: int | None = self._process.pid
        self._ended: Ended | None = None
        self._descriptor = _open_descriptor(self._process.pid)

    def descriptor(self) -> int | None:
        return self._descriptor

    def poll(self) -> Ended | None:
        if self._ended is None:
            self._ended = self._look()
        return self._ended

    def _look(self) -> Ended | None:
        if not hasattr(os, "wait4"):
            code = self._process.poll()
            return None if code is None else Ended(code, None)
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if not pid:
            return None
        # Popen has to know, or it would wait for whoever gets this number next.
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        memory = peak_bytes(usage)
        return Ended(code, memory if memory > self._least else None)

    def send(self, number: int) -> None:
        if self.poll() is None:
            self._process.send_signal(number)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Below:
    """A process that a child of ours, or one of its children, has started.

    pid (int): Its number. Raises OSError where it is gone, and AttributeError where the system has
        no such descriptors.
    """

    def __init__(self, pid: int) -> None:
        self.pid: int | None = pid
        # Unlike its number, this never comes to mean another process.
        self._descriptor = os.pidfd_open(pid)

    def descriptor(self) -> int | None:
        return self._descriptor

    def poll(self) -> Ended | None:
        return Ended(0, None) if wait([], [self._descriptor], 0) else None

    def send(self, number: int) -> None:
        with suppress(OSError):
            signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        os.close(self._descriptor)


def all_below(pid: int) -> list[int]:
    """RETURNS (List[int]): The processes below one, where the system tells them: Linux does.

    pid (int): The number of a process.
    """
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found + [lower for child in found for lower in all_below(child)]


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let the handlers of SIGINT, SIGTERM and SIGHUP wait until this is over.

    One that raised between the start of a process and its being known would leave it behind.

    YIELDS (None): Once, for the code inside.
    """
    caught: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in HELD_BACK}
    # What is ignored must stay so: a child inherits that.
    mine = {number: handler for number, handler in before.items() if callable(handler)}
    for number in mine:
        signal.signal(number, lambda number, frame: caught.append(number))
    try:
        yield
    finally:
        for number, handler in mine.items():
            signal.signal(number, handler)
        for number in caught:
            signal.raise_signal(number)


def wait(children: Iterable[Child], readable: Iterable[int], seconds: float) -> set[int]:
    """Wait until a child has news, a descriptor can be read, or time is up.

    children (Iterable[Child]): The children.
    readable (Iterable[int]): Other descriptors.
    seconds (float): How long at most.
    RETURNS (Set[int]): Those of the other descriptors that can be read.
    """
    ends = [child.descriptor() for child in children]
    others = set(readable)
    if None in ends:
        seconds = min(seconds, LOOK)
    watched = others.union(end for end in ends if end is not None)
    if not watched:
        time.sleep(seconds)
        return set()
    with Selector() as selector:
        for descriptor in watched:
            selector.register(descriptor, selectors.EVENT_READ)
        return {key.fd for key, _ in selector.select(seconds)} & others


def _open_descriptor(pid: int) -> int | None:
    with suppress(AttributeError, OSError):
        return os.pidfd_open(pid)
    return None


def own_peak() -> int:
    """RETURNS (int): The most memory that this process held so far, in bytes; 0 if not known."""
    if sys.platform == "win32":
        return 0
    import resource

    return peak_bytes(resource.getrusage(resource.RUSAGE_SELF))


def peak_bytes(usage: Any) -> int:
    """RETURNS (int): The most memory that a process held, in bytes.

    usage (resource.struct_rusage): What the system says of the process.
    """
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def ends_with_parent(number: int | None = None) -> Callable[[], None] | None:
    """What a child calls first, so that the system ends it when its parent is gone.

    A child of a killed run would go on writing while the next run begins. Linux does this when the
    thread that started the child ends; this one waits for it.

    number (Optional[int]): The signal that it gets; None for SIGKILL.
    RETURNS (Optional[Callable]): To be called in the child; None where the system cannot do it.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = _prctl(), os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, number or signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)

    return tie


@cache
def _prctl() -> Any:
    import ctypes

    return ctypes.CDLL(None).prctl
