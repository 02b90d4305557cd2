"""What the learning of vectors shows: a bar on a terminal, else a line an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from seqpipe.reporting.long_work import duration, say, stopping

from .checkpoint import Position
from .learn import Watcher


class Progress(Watcher):
    """Shows the loss an example, words a second, and the time left.

    stream (IO): Where to.
    asked (Callable): Whether somebody asked to stop.
    """

    def __init__(self, stream: IO[str], asked: Callable[[], bool]) -> None:
        self.stream = stream
        self._asked = asked
        self._bar: Any = None
        self._began: float | None = None
        self._words_then = 0.0
        self._speed = ""

    def is_stopped(self) -> bool:
        """RETURNS (bool): Whether somebody asked to stop."""
        return self._asked()

    def preparing(self, what: str, share: float) -> None:
        """Show how far something before the first epoch is; to stop there leaves nothing."""
        if self.is_stopped():
            raise KeyboardInterrupt
        if self.stream.isatty():
            self._show(what, share, "")

    def learning(self, position: Position, done: float, words: float) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self._began is None:  # the first parts also load what is compiled
            self._began, self._words_then = now, words
            return
        self._speed = f"{(words - self._words_then) / max(1e-9, now - self._began):,.0f} words/s"
        if self.stream.isatty():
            loss = position.loss / max(1, position.examples)
            left = duration(position.seconds * (1.0 - done) / done)
            parts = [f"loss {loss:.4f}", self._speed, f"rate {position.rate:.4f}", f"{left} left"]
            self._show(f"epoch {position.epoch + 1}", done, ", ".join(parts))

    def epoch_over(self, position: Position) -> None:
        """Write a line."""
        if self._bar is not None:
            self._bar.clear()
        rate = f"rate {position.rate:.4f}"
        parts = [f"epoch {position.epoch}", f"loss {position.losses[-1]:.4f}", self._speed, rate]
        say(self.stream, ", ".join(part for part in parts if part))

    def _show(self, what: str, share: float, text: str) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=1.0, file=self.stream, leave=False, dynamic_ncols=True,
                bar_format="{desc} {percentage:3.0f}%|{bar:8}|{postfix}",
            )  # fmt: skip
        self._bar.set_description_str(what, refresh=False)
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.n = min(1.0, share)
        self._bar.refresh()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def watched(stream: IO[str]) -> Iterator[Progress]:
    """Show progress; the first Ctrl-C, or SIGTERM, asks to stop.

    stream (IO): Where to.
    YIELDS (Progress): Takes what there is to show.
    """
    with stopping(stream) as is_stopped:
        progress = Progress(stream, is_stopped)
        try:
            yield progress
        finally:
            progress.close()
