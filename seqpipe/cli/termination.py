"""The end of a command that is asked to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer

# What asks a command to end, and what is said then; no Windows has SIGHUP.
WORDS = {
    getattr(signal, name): words
    for name, words in (("SIGTERM", "terminated"), ("SIGHUP", "hung up"))
    if hasattr(signal, name)
}


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exit that passes through whoever waits for a child.

    The exit code is 143, or 129. What is ignored stays so, as `nohup` wants it.

    YIELDS (None): Once, for the code inside.
    """
    received: list[int] = []

    def end(number: int, frame: Any) -> None:
        # Another one must not break off the ending of the child.
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        received.append(number)
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in WORDS}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    except SystemExit:
        if received:
            with suppress(OSError):  # the terminal may be what has gone
                typer.echo(WORDS[received[0]], err=True)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
