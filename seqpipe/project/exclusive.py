"""One run of a project at a time: the second waits, or says who holds it."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from seqpipe.files import InputError
from seqpipe.project.hashes import make_room

FILE = "run.lock"
# The projects whose runs this process is a part of: such a run must not wait for itself.
HELD = "SEQPIPE_RUNNING"
# Seconds between two looks at whether the other run is over.
LOOK = 0.1
# How many of those to name that hold up the next run.
SHOWN = 5


@contextmanager
def only_run(
    folder: Path, name: str, *, wait: bool, report: Callable[[str], None]
) -> Iterator[int | None]:
    """Hold a project for one run; the system lets go of it when nobody has it open any more.

    What a run starts has it open too. So a run that was broken off holds the project until the last
    of its commands is gone, and the next one does not work on half of what they write.

    folder (Path): The project's folder.
    name (str): What is run, for those who wait.
    wait (bool): Whether to wait for another run.
    report (Callable[[str], None]): Told who holds the project, before waiting.
    YIELDS (Optional[int]): The descriptor that holds the project, to be inherited; None in a part
        of a run that holds it, and where the folder cannot be written. Raises InputError where
        another run holds the project and there is to be no waiting.
    """
    descriptor = None if str(folder.resolve()) in _held(os.environ) else _open(folder)
    if descriptor is None:
        yield None
        return
    try:
        _acquire(descriptor, folder, wait, report)
        _say_who(descriptor, name)
        yield descriptor
        _let_go(descriptor)
    finally:
        os.close(descriptor)


def environment(folder: Path) -> dict[str, str]:
    """The environment of what a run starts.

    folder (Path): The project's folder.
    RETURNS (Dict[str, str]): Ours, and that this project is held.
    """
    held = dict.fromkeys([*_held(os.environ), str(folder.resolve())])
    return {**os.environ, HELD: os.pathsep.join(held)}


def _held(environment: Mapping[str, str]) -> list[str]:
    return [path for path in environment.get(HELD, "").split(os.pathsep) if path]


def _open(folder: Path) -> int | None:
    try:
        return os.open(make_room(folder) / FILE, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        # Nothing of ours can be written there, so that two runs cannot harm each other by it.
        return None


def _acquire(descriptor: int, folder: Path, wait: bool, report: Callable[[str], None]) -> None:
    from filelock import lock_descriptor

    if lock_descriptor(descriptor, blocking=False):
        return
    holder = _holder(descriptor)
    if not wait:
        raise InputError(f"{holder}; without --no-wait this one waits for it", path=folder)
    report(f"waiting: {holder}")
    while not lock_descriptor(descriptor, blocking=False):
        time.sleep(LOOK)


def _say_who(descriptor: int, name: str) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    who = {"pid": os.getpid(), "host": socket.gethostname(), "since": now, "name": name}
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(who).encode())


def _let_go(descriptor: int) -> None:
    from filelock import unlock_descriptor

    # Explicitly: what a command left running in the background has it open too. Not after a run
    # that was broken off, which leaves behind what is at work on the project's files.
    os.ftruncate(descriptor, 0)
    unlock_descriptor(descriptor)


def _holder(descriptor: int) -> str:
    who = {}
    with suppress(OSError, ValueError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        who = json.loads(os.read(descriptor, 4096))
    if not who:
        return "another run holds this project"
    run = f"'{who['name']}' (process {who['pid']} on {who['host']}, since {who['since']})"
    if who["host"] == socket.gethostname() and not _is_alive(who["pid"]):
        left = "".join(f", {process}" for process in _open_in(os.fstat(descriptor)))
        return f"the run of {run} was broken off, and something that it started still runs{left}"
    return f"the run of {run} holds this project"


def _open_in(file: os.stat_result) -> list[str]:
    """Who has a file open: a few of the other processes, as far as the system tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if process.name != str(os.getpid()) and any(
                os.path.samestat(file, one.stat()) for one in (process / "fd").iterdir()
            ):
                found.append(f"process {process.name} ({(process / 'comm').read_text().strip()})")
    return found[:SHOWN]


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where this would not ask, but act
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
