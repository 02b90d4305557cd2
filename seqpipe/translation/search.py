"""How a translator searches, and its model as decoders want it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from thinc.api import Model

from seqpipe.decoding.limits import Limits
from seqpipe.decoding.scores import Score
from seqpipe.decoding.settings import is_number, is_whole
from seqpipe.decoding.steps import Prediction
from seqpipe.files import InputError
from seqpipe.layers.attentional import Decoding
from seqpipe.vocabulary.vocabulary import Vocabulary

from .model import start, write

ROOM = 10  # pieces that a translation may have however short its source is
# Far above what anyone wants, and below what memory and 64 bits hold.
MOST_WIDTH, MOST_MIN_LENGTH, MOST_NO_REPEAT, MOST_RATIO = 1_000_000, 1_000_000, 1_000_000, 1_000
FORBIDDEN = (Vocabulary.PAD_ID, Vocabulary.BOS_ID)


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """A beam search.

    width (int): Hypotheses that go on; 1 with `normalisation = "none"` is greedy search.
    normalisation (str): "none", "length" (log P / T^α) or "gnmt".
    alpha (float): α.
    coverage (float): β of GNMT's coverage; wants attention.
    n_best (int): Translations of each source, `width` at most. Fewer come where no more are found,
        or where pieces that differ make the same text: the best of those stays.
    min_length (int): Pieces before <EOS> at least.
    no_repeat (int): No n-gram of so many pieces stands twice in a translation; 0 lets all.
    max_ratio (float): A translation has at most so many pieces for each of the source, and 10 more.

    RAISES (InputError): If a value is of another type or out of bounds.
    """

    width: int = 5
    normalisation: str = "length"
    alpha: float = 0.7
    coverage: float = 0.0
    n_best: int = 1
    min_length: int = 0
    no_repeat: int = 0
    max_ratio: float = 2.0

    def __post_init__(self) -> None:
        if not is_whole(self.width, 1, MOST_WIDTH):
            raise InputError(
                f"width = {self.width!r}: expected a beam of at least 1, a whole number up to "
                f"{MOST_WIDTH:,}"
            )
        if not is_whole(self.n_best, 1, self.width):
            raise InputError(
                f"n_best = {self.n_best!r}: expected 1 to width = {self.width}, a whole number"
            )
        for name, value, most in (
            ("min_length", self.min_length, MOST_MIN_LENGTH),
            ("no_repeat", self.no_repeat, MOST_NO_REPEAT),
        ):
            if not is_whole(value, 0, most):
                raise InputError(f"{name} = {value!r}: expected a whole number from 0 to {most:,}")
        if not is_number(self.max_ratio, 0, MOST_RATIO) or self.max_ratio == 0:
            raise InputError(
                f"max_ratio = {self.max_ratio!r}: expected a number above 0, up to {MOST_RATIO:,}"
            )
        self.score()
        self.limits([1])

    def score(self) -> Score:
        """RETURNS (Score): By which hypotheses are ranked."""
        return Score(normalisation=self.normalisation, alpha=self.alpha, coverage=self.coverage)

    def max_length(self, source: int) -> int:
        """RETURNS (int): Pieces of a translation at most, <EOS> among them.

        source (int): Pieces of the source.
        """
        return max(int(self.max_ratio * source) + ROOM, self.min_length + 1)

    def limits(self, sources: Sequence[int]) -> Limits:
        """RETURNS (Limits): What may be written.

        sources (Sequence[int]): Pieces of each source.
        """
        return Limits(
            max_length=np.array([self.max_length(source) for source in sources], dtype=np.int64),
            eos=Vocabulary.EOS_ID,
            min_length=self.min_length,
            forbidden=FORBIDDEN,
            no_repeat=self.no_repeat,
        )


class Steps:
    """A model, step by step: see `seqpipe.decoding.steps.StepModel`."""

    def __init__(self, model: Model) -> None:
        """model (Model): A `seqpipe.RNNTranslator.v1`."""
        self.model = model

    def begin(self, sources: list[np.ndarray]) -> Prediction:
        """RETURNS (Prediction): Of the first piece for each source.

        sources (List[np.ndarray]): Ids of each, <EOS> last.
        """
        first = np.full(len(sources), Vocabulary.BOS_ID)
        return self.step(first, start(self.model, sources))

    def step(self, ids: np.ndarray, state: Any) -> Prediction:
        """RETURNS (Prediction): Of the piece after these. See `StepModel.step`."""
        log_probs, weights, decoding = write(self.model, ids, state)
        return (log_probs, decoding) if weights is None else (log_probs, decoding, weights)

    def select(self, state: Decoding, rows: np.ndarray) -> Decoding:
        """RETURNS (Decoding): Of some of the targets. See `StepModel.select`."""
        return state.select(rows)
