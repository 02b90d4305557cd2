"""Long work: what it says, how it is asked to stop, and that only one writes into a folder."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from seqpipe.files import InputError

LOCK = ".lock"


def say(stream: IO[str], text: str) -> None:
    """Write a line at once.

    stream (IO): Where to.
    text (str): The line, without its end.
    """
    stream.write(f"{text}\n")
    stream.flush()


def duration(seconds: float) -> str:
    """RETURNS (str): So many seconds in hours, minutes and seconds.

    seconds (float): At least 0.
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


@contextmanager
def stopping(stderr: IO[str]) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C, or SIGTERM, only ask to stop; the second one interrupts.

    stderr (IO): Where it says so.
    YIELDS (Callable): Whether it was asked.
    """
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        with suppress(RuntimeError):  # the signal may come in the middle of another line
            say(stderr, "\nstopping after this step; once more stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def only_run(output: Path) -> Iterator[None]:
    """Hold a folder for one run; the system lets go of it when the process ends, however it does.

    output (Path): The output folder, which is made.
    YIELDS (None): Once, while it is held.
    RAISES (InputError): If another run holds it.
    """
    from filelock import FileLock, Timeout

    if output.exists() and not output.is_dir():
        raise InputError("not a folder, expected one for the models", path=output)
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError("another run trains into this folder", path=output) from None
    try:
        yield
    finally:
        lock.release()
