"""What an objective is: how word vectors learn from a text. Each is a registered function whose
arguments are its settings; `seqpipe.embeddings.learn` drives them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from .encoded import EncodedText


class Outcome(NamedTuple):
    """What learning from one part came to.

    loss (float): The sum of the losses of its examples, in nats unless the objective says
        otherwise.
    examples (int): How many.
    rate (float): The learning rate that they were learned with.
    """

    loss: float
    examples: int
    rate: float


class Learner(Protocol):
    """An objective at work on one text.

    parts (int): An epoch's parts.
    side_by_side (bool): Whether `learn` may run in several threads at a time, for different parts.
    tables (Dict[str, np.ndarray]): All that is learned, float32, changed in place: what a
        checkpoint keeps.
    by_word (FrozenSet[str]): The tables with a row (or a value) for each word, in the vocabulary's
        order: they are carried over by word where text with new words is added to what was learned.
        Of the others those that have the same shape are carried over.
    """

    parts: int
    side_by_side: bool
    tables: dict[str, np.ndarray]
    by_word: frozenset[str]

    def learn(self, epoch: int, part: int, done: float) -> Outcome:
        """Learn from a part. What is drawn at random depends on the seed, the epoch and the part
        alone, so that a run that was stopped goes on to the same bytes.

        epoch (int): From 0.
        part (int): From 0 to `parts` - 1.
        done (float): The share of all training that lies behind, from 0 to 1, for the rate.
        RETURNS (Outcome): Loss and number of examples of this part, and its rate.
        """
        ...

    def vectors(self) -> np.ndarray:
        """RETURNS (np.ndarray): float32 (words, width), as they are now; it may be a view of a
        table, which takes no memory of its own."""
        ...


@dataclass(frozen=True)
class Setup:
    """What an objective is started with.

    width (int): Dimension of the vectors.
    seed (int): The same seed gives the same bytes, on one thread.
    room (Path): A folder for temporary files, which the caller removes.
    report (Callable): Takes what is being done and the share of it that is, now and then; it may
        raise (KeyboardInterrupt).
    """

    width: int
    seed: int
    room: Path
    report: Callable[[str, float], None]


class Objective(Protocol):
    """An objective's settings."""

    def start(self, text: EncodedText, setup: Setup) -> Learner:
        """Make the tables, and whatever else has to be there before the first epoch.

        text (EncodedText): What is learned from; it has words.
        setup (Setup): The rest.
        RETURNS (Learner): Before its first epoch.
        """
        ...
