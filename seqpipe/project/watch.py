"""Who looks on while an asset is fetched: is told how far it is, and may ask to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


class StoppedError(Exception):
    """Someone asked to stop; what is there of a download stays for the next time."""


@dataclass(frozen=True)
class Watch:
    """The ears of one fetch.

    progress (Callable[[int, Optional[int]], None]): Told how many bytes are there, and of how many.
    note (Callable[[str], None]): Told what a reader may want to know.
    stop (threading.Event): Set to ask for an end.
    """

    progress: Callable[[int, int | None], None]
    note: Callable[[str], None]
    stop: threading.Event

    def check(self) -> None:
        """Raise StoppedError if someone asked to stop."""
        if self.stop.is_set():
            raise StoppedError

    def advance(self, received: int, total: int | None) -> None:
        """Say how far it is, and stop here if asked to.

        received (int): Bytes that are there.
        total (Optional[int]): Bytes in all, where that is known.
        """
        self.check()
        self.progress(received, total)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until asked to stop.

        seconds (float): How long.
        RAISES (StoppedError): When asked to stop.
        """
        if self.stop.wait(seconds):
            raise StoppedError
