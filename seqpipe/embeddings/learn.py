"""The loop around every objective: epochs and threads, what is shown, checkpoints, and stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from seqpipe.files import InputError
from seqpipe.pipe import DivergedError

from .checkpoint import Keeping, Position, read_checkpoint, write_checkpoint
from .encoded import EncodedText
from .objective import Learner, Objective, Outcome, Setup

# Parts that each thread works on between two looks at the clock, so that none waits long.
PARTS_AT_A_TIME = 4


@dataclass(frozen=True)
class Settings:
    """How an objective is driven.

    width (int): Dimension of the vectors.
    epochs (int): How often the text is read.
    threads (int): How many learn side by side, without locks (Recht et al. 2011). With one the same
        seed gives the same bytes.
    seed (int): For all that is drawn.
    """

    width: int
    epochs: int
    threads: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("width", "epochs", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} = {getattr(self, name)}: expected at least 1")
        if self.seed < 0:
            raise InputError(f"seed = {self.seed}: expected 0 or more")


class Watcher:
    """Is told how learning goes; this one says nothing."""

    def preparing(self, what: str, share: float) -> None:
        """Something before the first epoch: what, and how much of it is done.

        what (str): What is done, such as "reading".
        share (float): From 0 to 1.
        """

    def learning(self, position: Position, done: float, words: float) -> None:
        """How far it is, the share of all that is done, and the words read since it began.

        position (Position): The epoch, the part and the loss so far.
        done (float): From 0 to 1.
        words (float): Of the text, all epochs together.
        """

    def epoch_over(self, position: Position) -> None:
        """An epoch has come to its end.

        position (Position): At its end.
        """

    def is_stopped(self) -> bool:
        """RETURNS (bool): Whether to stop now."""
        return False


@dataclass
class Learned:
    """What learning came to.

    learner (Learner): With its tables.
    position (Position): How far it came.
    is_whole (bool): Whether to its end.
    """

    learner: Learner
    position: Position
    is_whole: bool


def learn(
    text: EncodedText,
    objective: Objective,
    settings: Settings,
    *,
    room: Path,
    watcher: Watcher,
    keeping: Keeping | None = None,
    resume: bool = False,
    begin: Callable[[Learner], None] | None = None,
) -> Learned:
    """Learn word vectors from a text.

    text (EncodedText): The text.
    objective (Objective): What is minimised.
    settings (Settings): Dimension, epochs, threads and seed.
    room (Path): A folder for temporary files, which the caller removes.
    watcher (Watcher): Is told how it goes, and may stop it.
    keeping (Optional[Keeping]): Where checkpoints go; one is written when it is stopped, too.
    resume (bool): Go on from the checkpoint, if there is one.
    begin (Optional[Callable]): Changes the new tables, to begin with what was learned before.
    RETURNS (Learned): The learner, and how far it came.
    RAISES (InputError): For a checkpoint of another run; (DivergedError) for a loss that is no
        finite number.
    """
    with threadpool_limits(settings.threads, user_api="blas"):
        setup = Setup(settings.width, settings.seed, room, watcher.preparing)
        learner = objective.start(text, setup)
        if begin is not None:
            begin(learner)
        position = Position()
        if keeping is not None and resume:
            position = read_checkpoint(keeping, learner) or position
        run = _Run(text, learner, settings, watcher, keeping, position)
        is_whole = run.to_end()
    if not is_whole and position == Position():
        raise KeyboardInterrupt
    if not is_whole:
        run.keep()
    return Learned(learner, position, is_whole)


@dataclass
class _Run:
    text: EncodedText
    learner: Learner
    settings: Settings
    watcher: Watcher
    keeping: Keeping | None
    position: Position

    def to_end(self) -> bool:
        """Learn until the last epoch is over. RETURNS: Whether it came to that."""
        position, began = self.position, time.monotonic() - self.position.seconds
        start, kept = self._done(), time.monotonic()
        threads = self.settings.threads if self.learner.side_by_side else 1
        with ThreadPoolExecutor(threads) as executor:
            while position.epoch < self.settings.epochs:
                order = self._order(position.epoch)
                while position.part < self.learner.parts:
                    if self.watcher.is_stopped():
                        return False
                    parts = order[position.part :][: threads * PARTS_AT_A_TIME]
                    position.add(self._learn(parts, executor if threads > 1 else None))
                    position.seconds = time.monotonic() - began
                    self._tell(start)
                    if self.keeping and time.monotonic() - kept >= self.keeping.seconds:
                        self.keep()
                        kept = time.monotonic()
                position.next_epoch()
                self.watcher.epoch_over(position)
        return True

    def keep(self) -> None:
        """Write a checkpoint."""
        if self.keeping is not None:
            write_checkpoint(self.keeping, self.learner, self.position)

    def _order(self, epoch: int) -> list[int]:
        """The order of an epoch's parts: a text's end may be unlike its beginning."""
        # Parts are drawn for with numbers up to this one.
        rng = np.random.default_rng([self.settings.seed, epoch, self.learner.parts])
        return rng.permutation(self.learner.parts).tolist()

    def _done(self) -> float:
        parts = self.learner.parts
        return (self.position.epoch * parts + self.position.part) / (self.settings.epochs * parts)

    def _learn(self, parts: list[int], executor: ThreadPoolExecutor | None) -> list[Outcome]:
        whole = self.settings.epochs * self.learner.parts
        shares = [self._done() + i / whole for i in range(len(parts))]
        task = partial(self.learner.learn, self.position.epoch)
        outcomes = list((executor.map if executor else map)(task, parts, shares))
        for part, outcome in zip(parts, outcomes, strict=True):
            if not math.isfinite(outcome.loss):
                raise DivergedError(
                    f"epoch {self.position.epoch + 1}, part {part}: the loss is {outcome.loss}, "
                    "expected a finite number; a smaller learning_rate may help"
                )
        return outcomes

    def _tell(self, start: float) -> None:
        done = self._done()
        words = (done - start) * self.settings.epochs * self.text.tokens
        self.watcher.learning(self.position, done, words)
