"""Evaluation in bounded memory: predicted docs go to the scorers as they come, and are let go.

spaCy's own holds every doc until the last scorer is done. Here each scorer runs in a thread of its
own and takes its turn at every slice of examples, so that one reading and one prediction serve all
of them, and each sees what it would have seen in a list. Only one thread runs at a time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any

from seqpipe.training.random_state import global_states, set_global_states

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.training import Example

    Corpus = Callable[[Language], Iterable[Example]]
    Score = Callable[[Iterable[Example]], dict[str, Any]]

SLICE = 128  # examples that a scorer is handed at once


def create_evaluation(
    nlp: Language, corpus: Corpus, weights: dict[str, float | None]
) -> Callable[[], tuple[float, dict[str, Any]]]:
    """Create what evaluates a pipeline again and again while it is trained.

    It gives to the bit what spaCy's `create_evaluation_callback` gives, the speed apart.

    nlp (Language): The pipeline.
    corpus (Callable): Reads the development corpus.
    weights (Dict[str, float]): The [training] score_weights.
    RETURNS (Callable): Gives the weighted score and all scores.
    """
    from spacy.training.loop import create_evaluation_callback

    evaluated: Any = Evaluation(nlp)
    read: Any = partial(corpus, nlp)
    return create_evaluation_callback(evaluated, lambda _: read, weights)  # type: ignore[arg-type]


class Evaluation:
    """Evaluates a pipeline as `nlp.evaluate` does, in bounded memory if its scorers allow it.

    They do if each goes through the examples once. One that wants them twice, or their number, or
    one by its place, is seen at the first evaluation, which is then done again as spaCy does it,
    and so are all that follow: the scores are the same, the memory is not bounded.

    nlp (Language): The pipeline.
    is_bounded (bool): Whether all scorers went through the examples once so far.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self.is_bounded = True

    @property
    def pipe_names(self) -> list[str]:
        """RETURNS (List[str]): The pipeline's; spaCy names them where a score is missing."""
        return self.nlp.pipe_names

    def evaluate(self, read: Callable[[], Iterable[Example]]) -> dict[str, Any]:
        """Predict and score.

        read (Callable): Gives the examples, at every call anew. They are left as they are.
        RETURNS (Dict[str, Any]): What `nlp.evaluate` gives.
        """
        if self.is_bounded:
            before = global_states()
            scores = _scores(self.nlp, read())
            if scores is not None:
                return scores
            set_global_states(before)
            self.is_bounded = False
        return self.nlp.evaluate(read())


def _scores(nlp: Language, examples: Iterable[Example]) -> dict[str, Any] | None:
    """All scores, or None if a scorer could not do with examples that pass by once."""
    from thinc.util import convert_recursive

    predicted = _Predicted(nlp)
    slices = _slices(predicted(examples))
    scorers: list[_Scorer] = []
    try:
        scorers.extend(_Scorer(score) for score in _score_functions(nlp))
        for part in chain(slices, [None]):
            for scorer in scorers:
                scorer.give(part)
            if any(scorer.has_failed for scorer in scorers):
                return None
    finally:
        for scorer in scorers:
            scorer.close()
    # Without a word, a list may be false where what passes by is true.
    if not predicted.words:
        return None
    merged: dict[str, Any] = {}
    for scorer in scorers:
        merged.update(scorer.scores)
    merged["speed"] = predicted.words / predicted.seconds
    return convert_recursive(_is_numpy_float, float, merged)


def _is_numpy_float(value: Any) -> bool:
    import numpy

    return isinstance(value, numpy.floating)


def _score_functions(nlp: Language) -> list[Score]:
    """What scores a pipeline, in the order in which spaCy's Scorer asks."""
    from spacy.scorer import Scorer
    from spacy.tokenizer import Tokenizer

    tokenizer = nlp.tokenizer
    functions: list[Score] = []
    if getattr(type(tokenizer), "score", None) is Tokenizer.score:
        # It only goes through the examples before, to see that they are examples.
        functions.append(Scorer.score_tokenization)
    elif hasattr(tokenizer, "score"):
        functions.append(tokenizer.score)
    functions.extend(pipe.score for _, pipe in nlp.pipeline if hasattr(pipe, "score"))
    return functions


class _Predicted:
    """Runs a pipeline over examples as they come.

    words (int): Tokens that it has predicted. seconds (float): Spent in tokenizer and pipeline.
    """

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp
        self.words, self.seconds = 0, 0.0
        self._waiting: deque[Example] = deque()

    def __call__(self, examples: Iterable[Example]) -> Iterator[Example]:
        """YIELDS (Example): Each example with its predicted doc."""
        docs = self.nlp.pipe(self._blank_docs(examples), batch_size=self.nlp.batch_size)
        while True:
            start = perf_counter()
            doc = next(docs, None)
            self.seconds += perf_counter() - start
            if doc is None:
                break
            eg = self._waiting.popleft()
            eg.predicted = doc
            self.words += len(doc)
            yield eg
        # An error handler may have dropped docs: spaCy scores the last examples as they are then.
        for eg in self._waiting:
            self.words += len(eg.predicted)
            yield eg

    def _blank_docs(self, examples: Iterable[Example]) -> Iterator[Doc]:
        """Copies of the docs to predict on."""
        from spacy.training import Example, validate_examples

        start = perf_counter()
        for eg in examples:
            validate_examples([eg], "Language.evaluate")
            copy = Example(eg.predicted.copy(), eg.reference)
            self._waiting.append(copy)
            # Reading and copying are no part of the speed; tokenizing is, as in spaCy.
            self.seconds -= perf_counter() - start
            self.nlp.make_doc(eg.reference.text)
            yield copy.predicted
            start = perf_counter()
        self.seconds -= perf_counter() - start


class _Scorer:
    """A scorer in a thread of its own, which goes on whenever it is handed examples.

    score (Callable): What scores examples.
    scores (Dict[str, Any]): What it gave.
    has_failed (bool): Whether it raised, or asked for more than examples that pass by once.
    """

    def __init__(self, score: Score) -> None:
        self.scores: dict[str, Any] = {}
        self.has_failed = False
        self._is_begun = self._is_closed = False
        self._given: SimpleQueue[list[Example] | None] = SimpleQueue()
        self._asked: SimpleQueue[bool] = SimpleQueue()
        # Thinc keeps in the context which device it works on.
        run = partial(copy_context().run, self._run, score)
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        self._is_waiting = self._asked.get()

    def give(self, examples: list[Example] | None) -> None:
        """Hand it examples, or None behind the last, and wait until it is through with them."""
        if self._is_waiting:
            self._given.put(examples)
            self._is_waiting = self._asked.get()

    def close(self) -> None:
        """End it, wherever it is."""
        self._is_closed = True
        self._given.put(None)
        self._thread.join()

    def __iter__(self) -> Iterator[Example]:
        """The examples as the scorer sees them."""
        if self._is_begun:
            # Kept too, for a scorer that catches what it is told.
            self.has_failed = True
            raise TypeError("these examples pass by once")
        self._is_begun = True
        return self._passing()

    def _passing(self) -> Iterator[Example]:
        while True:
            self._asked.put(True)
            given = self._given.get()
            if self._is_closed:
                raise TypeError("there are no more examples")
            if given is None:
                return
            yield from given

    def _run(self, score: Score) -> None:
        try:
            self.scores = score(self)
        except BaseException:
            # Whatever it stumbled over: it is asked again with a list, and may say it then.
            self.has_failed = True
        finally:
            self._asked.put(False)


def _slices(examples: Iterator[Example]) -> Iterator[list[Example]]:
    while part := list(islice(examples, SLICE)):
        yield part
