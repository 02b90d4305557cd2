"""The batches of a training run, in the order in which spaCy draws them, and where it stands."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from seqpipe.files import InputError
from seqpipe.training.random_state import global_states, set_global_states

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

Batcher = Callable[[Iterable[Any]], Iterable[list[Any]]]


class BatchStream:
    """The batches, epoch by epoch. A corpus is read once and shuffled before each epoch; with
    max_epochs = -1 it is a stream, read anew in each.

    nlp (Language): Makes the docs.
    corpus (Callable): Gives the examples.
    batcher (Callable): Makes batches of them.
    max_epochs (int): As in spaCy's [training]: 0 for no end, -1 for a stream.
    """

    def __init__(
        self,
        nlp: Language,
        corpus: Callable[[Language], Iterable[Example]],
        batcher: Batcher,
        max_epochs: int,
    ) -> None:
        self.nlp, self.corpus, self.max_epochs = nlp, corpus, max_epochs
        self.batcher, self._schedules = _counted(batcher)
        self.epoch = self.taken = 0
        self.words = 0  # in an epoch; 0 while that is not known
        self.examples: list[Example] = []
        self.order: list[int] = []
        self._before_shuffle: list[int] = []
        # What the batcher had drawn of its schedules when the epoch began.
        self._drawn: list[int] = []
        # The generators' states before the corpus was read, and at the beginning of each epoch
        # whose batches a resumed run must draw again.
        self._before_reading: dict[str, Any] = {}
        self._begun: list[dict[str, Any]] = []
        self._resumed: tuple[dict[str, Any], dict[str, Any]] | None = None

    @property
    def is_stream(self) -> bool:
        """RETURNS (bool): The corpus is not held in memory."""
        return self.max_epochs < 0

    def state(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): Where it stands between two batches, as JSON has it."""
        return {
            "epoch": self.epoch,
            "taken": self.taken,
            "examples": len(self.examples),
            "before_reading": self._before_reading,
            "begun": self._begun,
            "drawn": self._drawn,
            "before_shuffle": self._before_shuffle,
        }

    def resume(self, state: dict[str, Any], generators: dict[str, Any]) -> None:
        """Go on behind the last batch that was taken. To be called before the first is.

        state (Dict[str, Any]): What `state` gave.
        generators (Dict[str, Any]): The states of the random generators then.
        """
        self._resumed = state, generators

    def __iter__(self) -> Iterator[tuple[int, list[Example]]]:
        """YIELDS (Tuple[int, List[Example]]): The epoch, from 0, and a batch.

        RAISES (InputError): If the corpus is empty, or not the one that it was.
        """
        batches = None
        if self._resumed is None:
            self._read()
        else:
            state, generators = self._resumed
            batches = self._draw_again(state)
            set_global_states(generators)
        while self.max_epochs < 1 or self.epoch != self.max_epochs:
            if batches is None:
                batches = self._begin()
            for batch in batches:
                self.taken += 1
                yield self.epoch, batch
            if not self.taken:  # it would go on for ever without a step
                raise InputError("[training] train_corpus: an epoch gave no batch, expected some")
            self.epoch, self.taken, batches = self.epoch + 1, 0, None

    def _read(self) -> None:
        """Hold the corpus in memory, unless it is a stream."""
        self._before_reading = global_states()
        if self.is_stream:
            return
        self.examples = list(self.corpus(self.nlp))
        # The collector of garbage would look through them all again and again.
        gc.freeze()
        if not self.examples:
            raise InputError("[training] train_corpus: the corpus has no example")
        self.order = list(range(len(self.examples)))
        self.words = sum(len(eg) for eg in self.examples)

    def _begin(self) -> Iterator[list[Example]]:
        """Begin an epoch: shuffle, then make batches."""
        if self._schedules is not None:
            self._drawn = [schedule.drawn for schedule in self._schedules]
            self._begun.clear()
        self._begun.append(global_states())
        if self.is_stream:
            return iter(self.batcher(self.corpus(self.nlp)))
        self._before_shuffle = self.order.copy()
        random.shuffle(self.order)
        return iter(self.batcher([self.examples[i] for i in self.order]))

    def _draw_again(self, state: dict[str, Any]) -> Iterator[list[Example]]:
        """Read the corpus and draw again what had been drawn: the batcher may carry something from
        batch to batch. RETURNS: The rest of the epoch."""
        set_global_states(state["before_reading"])
        self._read()
        if len(self.examples) != state["examples"]:
            raise InputError(
                f"[training] train_corpus: {len(self.examples)} examples, "
                f"expected {state['examples']}: the corpus is not that of the checkpoint"
            )
        *past, last = state["begun"]
        for begun in past:
            set_global_states(begun)
            for _ in self._begin():
                pass
        if self._schedules is not None:
            self.order = state["before_shuffle"]
            for schedule, drawn in zip(self._schedules, state["drawn"], strict=True):
                for _ in range(drawn):
                    next(schedule)
        set_global_states(last)
        batches = self._begin()
        self.epoch, self.taken = state["epoch"], state["taken"]
        for _ in range(self.taken):
            next(batches)
        return batches


class _Counted:
    """An iterator, such as a schedule of sizes, that counts what was drawn of it."""

    def __init__(self, values: Iterator[Any]) -> None:
        self.values, self.drawn = values, 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> Any:
        value = next(self.values)
        self.drawn += 1
        return value


def _counted(batcher: Batcher) -> tuple[Batcher, list[_Counted] | None]:
    """The batcher with its schedules counted, and these; None if one cannot see what it carries
    from epoch to epoch, so that all epochs must be drawn again."""
    if not isinstance(batcher, partial):
        return batcher, None
    counted: list[_Counted] = []

    def count(value: Any) -> Any:
        if not hasattr(value, "__next__"):
            return value
        counted.append(_Counted(value))
        return counted[-1]

    arguments = [count(value) for value in batcher.args]
    keywords = {name: count(value) for name, value in batcher.keywords.items()}
    return partial(batcher.func, *arguments, **keywords), counted
