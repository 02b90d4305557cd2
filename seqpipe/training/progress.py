"""What a training run shows while it goes on: a bar on a terminal, else a line an evaluation."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from seqpipe.reporting.long_work import duration, say

if TYPE_CHECKING:
    from seqpipe.training.loop import TrainingLoop


class Progress:
    """Shows words a second, the loss a token or a text of each component, the score and the time
    left.

    stream (IO): Where to; a terminal gets a bar.
    """

    def __init__(self, stream: IO[str] = sys.stderr) -> None:
        self.stream = stream
        self._bar: Any = None
        self._score: list[str] = []
        self._start: tuple[float, int] | None = None

    def __call__(self, loop: TrainingLoop, report: dict[str, Any]) -> None:
        """Show a step.

        loop (TrainingLoop): What made it.
        report (Dict[str, Any]): Its report.
        """
        counters = loop.counters
        if self._start is None:
            self._start = time.monotonic(), counters.words
        if report["score"] is not None:
            best, step = max(counters.results)
            self._score = [f"score {report['score']:.3f} (best {best:.3f} at {step})"]
        parts = [*self._score, *self._speed(counters.words), *_losses(loop)]
        if self.stream.isatty():
            total = loop.settings["max_steps"]
            self._draw(loop, ", ".join(parts if total else [*_left(loop), *parts]))
        elif report["score"] is not None:
            place = [f"step {counters.step}", f"epoch {report['epoch']}"]
            say(self.stream, ", ".join([*place, *parts, *_left(loop)]))

    def _speed(self, words: int) -> list[str]:
        """Words a second, once there is more than the first step to tell it by."""
        assert self._start is not None
        began, before = self._start
        seconds = time.monotonic() - began
        return [f"{(words - before) / seconds:,.0f} words/s"] if words > before else []

    def _draw(self, loop: TrainingLoop, text: str) -> None:
        from tqdm import tqdm

        if self._bar is None:
            total = loop.settings["max_steps"] or None
            self._bar = tqdm(
                total=total, initial=loop.counters.step, file=self.stream, leave=False,
                unit="step", miniters=1, dynamic_ncols=True, bar_format=_format(total),
            )  # fmt: skip
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(loop.counters.step + 1 - self._bar.n)

    def around(self, log: Callable[[Any], None]) -> Callable[[Any], None]:
        """RETURNS (Callable): The same logger, with the bar out of its way while it writes.

        log (Callable): Takes what spaCy tells a logger, or None.
        """

        def log_beside(info: Any) -> None:
            if self._bar is not None and info is not None:
                self._bar.clear()
            log(info)
            if self._bar is not None and info is not None:
                self._bar.refresh()

        return log_beside

    @contextmanager
    def shown(self) -> Iterator[Progress]:
        """Remove the bar at the end.

        YIELDS (Progress): This one.
        """
        try:
            yield self
        finally:
            if self._bar is not None:
                self._bar.close()


def _format(total: int | None) -> str:
    if total is None:
        return "{n_fmt} steps [{elapsed}{postfix}]"
    return "{percentage:3.0f}%|{bar:8}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"


def _losses(loop: TrainingLoop) -> list[str]:
    """The loss of each component since the last evaluation: a token, or a text if it is a sum over
    texts, which its `loss_per` says."""
    counters = loop.counters
    pipes, parts = dict(loop.nlp.pipeline), []
    for unit, count in (("token", counters.recent_words), ("text", counters.recent_examples)):
        found = [
            f"{name} {loss / max(1, count):.4f}"
            for name, loss in counters.losses.items()
            # A component may add losses of another name than its own.
            if getattr(pipes.get(name), "loss_per", "token") == unit
        ]
        parts += [f"loss a {unit}: {', '.join(found)}"] if found else []
    return parts


def _left(loop: TrainingLoop) -> list[str]:
    """The time to the end that [training] sets, if it sets one. The first step tells nothing: most
    of its time goes into the evaluation, and into compiling."""
    done = loop.share_done() if loop.counters.step > 0 else None
    return [f"about {duration(loop.counters.seconds * (1 - done) / done)} left"] if done else []
