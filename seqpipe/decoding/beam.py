"""Beam search over many sources at once: the best partial outputs of each go on, step by step
(Sutskever et al. 2014, section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from seqpipe.files import InputError

from .hypothesis import Hypothesis
from .limits import Limits
from .open_beam import OpenBeam
from .scores import Score
from .steps import Prediction, StepModel, advance
from .top import places_in_group, top_tokens
from .trace import TraceNode, record


@dataclass(frozen=True)
class Found:
    """What a beam search found for one source: the same sequences whatever else is in the batch.
    Log-probabilities and scores are the same up to the rounding of the model's precision, which may
    sum otherwise in a batch of another size.

    hypotheses (List[Hypothesis]): From the best score on; those that end with <EOS> come before
        those that were cut off. Fewer than were asked for if there are no more.
    trace (List[List[TraceNode]]): What was kept at each step, if it was asked for.
    """

    hypotheses: list[Hypothesis]
    trace: list[list[TraceNode]] = field(default_factory=list)


class _Candidates(NamedTuple):
    """What may come next: by source, then from the likeliest on. All (m,)."""

    rows: np.ndarray  # of the open beam
    ids: np.ndarray
    is_end: np.ndarray  # with <EOS>, and among the `width` likeliest
    goes_on: np.ndarray  # among the `width` likeliest that do not end


def beam_search(
    model: StepModel,
    prediction: Prediction,
    limits: Limits,
    *,
    width: int,
    score: Score | None = None,
    n_best: int = 1,
    source_lengths: np.ndarray | None = None,
    trace: bool = False,
) -> list[Found]:
    """Search the sequences of the best score, for each of n sources.

    At each step the `width` likeliest continuations of a source go on; they are equally long, so
    that no normalisation is needed among them. One that ends with <EOS> is put aside if it is
    among the `width` likeliest of all, and takes no place of those that go on. A hypothesis is
    given up when no end of it can score more than the worst of the `n_best` that are put aside
    (`Score.bound`), and a source is done when it has none left. With a `width` that holds all
    partial sequences this finds the best there is; with 1 and no normalisation it is greedy search.

    model (StepModel): The model.
    prediction (Prediction): Of the first token of n sequences.
    limits (Limits): What may be written. What is cut off at the maximum length counts only where
        there are not enough sequences that end.
    width (int): Hypotheses of a source that go on.
    score (Optional[Score]): By which the ended ones are ranked; by default log P / T^0.7.
    n_best (int): Hypotheses to return of each source, `width` at most.
    source_lengths (Optional[np.ndarray]): int (n,), how many places of the attention are tokens of
        each source; all by default.
    trace (bool): Return what was kept at each step.
    RETURNS (List[Found]): n of them. None depends on the other sources of the batch, but for
        rounding: see `Found`.
    RAISES (InputError): If a setting is none, or coverage is asked of a model without attention.
    """
    if width < 1:
        raise InputError(f"width = {width}: expected at least 1")
    if not 1 <= n_best <= width:
        raise InputError(f"n_best = {n_best}: expected 1 to width = {width}")
    score = score or Score()
    beam = OpenBeam.begin(prediction, source_lengths, with_coverage=score.coverage > 0)
    search = _Search(limits, score, width, n_best, len(beam.source), trace)
    for length in range(1, limits.longest + 1):
        rows, ids, beam = search.grow(beam, prediction, length)
        if not len(rows):
            break
        prediction = advance(model, prediction, rows, ids)
    return [
        Found([*ended, *cut][:n_best], steps)
        for ended, cut, steps in zip(search.ended, search.cut, search.traces, strict=True)
    ]


class _Search:
    """One search: its settings, and what is put aside of each source."""

    def __init__(
        self, limits: Limits, score: Score, width: int, n_best: int, sources: int, trace: bool
    ) -> None:
        self.limits, self.score, self.width, self.n_best = limits, score, width, n_best
        self.ended: list[list[Hypothesis]] = [[] for _ in range(sources)]
        self.cut: list[list[Hypothesis]] = [[] for _ in range(sources)]
        self.traces: list[list[list[TraceNode]]] = [[] for _ in range(sources)]
        self.is_traced = trace

    def grow(
        self, beam: OpenBeam, prediction: Prediction, length: int
    ) -> tuple[np.ndarray, np.ndarray, OpenBeam]:
        """Add a token to all hypotheses, and put aside what ends.

        RETURNS (Tuple[np.ndarray, np.ndarray, OpenBeam]): Which of the old ones go on, with which
            token, and the new ones.
        """
        allowed = self.limits.allowed(prediction[0], beam.written)
        stuck = np.flatnonzero((allowed == -np.inf).all(axis=1))
        self._put_aside(beam.select(stuck), self.cut)
        found = self._candidates(beam, prediction[0], allowed)
        kept = np.flatnonzero(found.is_end | found.goes_on)
        is_end, rows, ids = found.is_end[kept], found.rows[kept], found.ids[kept]
        grown = beam.grown(rows, ids, prediction)
        self._put_aside(grown.select(np.flatnonzero(is_end)), self.ended)
        is_whole = ~is_end & (self.limits.max_lengths(grown.source) == length)
        self._put_aside(grown.select(np.flatnonzero(is_whole)), self.cut)
        goes_on = ~is_end & ~is_whole
        goes_on &= self._can_still_win(grown)
        if self.is_traced:
            scores = self.score.of(grown.log_prob, length, grown.covered)
            record(self.traces, beam.places[rows], grown, scores, is_end, goes_on)
        going = np.flatnonzero(goes_on)
        return rows[going], ids[going], grown.select(going)

    def _candidates(
        self, beam: OpenBeam, log_probs: np.ndarray, allowed: np.ndarray
    ) -> _Candidates:
        """The likeliest continuations of each source. Changes `allowed`."""
        eos, ends = self.limits.eos, np.zeros(0, dtype=np.int64)
        if eos is not None:
            ends = np.flatnonzero(allowed[:, eos] > -np.inf)
            allowed[:, eos] = -np.inf
        rows, ids = top_tokens(allowed, self.width)
        is_end = np.repeat([False, True], [len(rows), len(ends)])
        rows = np.concatenate([rows, ends])
        ids = np.concatenate([ids, np.full(len(ends), -1 if eos is None else eos)])
        last = log_probs[rows, ids].astype(np.float64)
        # Rounding may make sums equal whose last terms are not.
        order = np.lexsort((ids, -last, rows, -(beam.log_prob[rows] + last), beam.source[rows]))
        rows, ids, is_end = rows[order], ids[order], is_end[order]
        is_end_kept = is_end & (places_in_group(beam.source[rows]) < self.width)
        goes_on = ~is_end
        goes_on[goes_on] = places_in_group(beam.source[rows[goes_on]]) < self.width
        return _Candidates(rows, ids, is_end_kept, goes_on)

    def _can_still_win(self, beam: OpenBeam) -> np.ndarray:
        """Whether an end of each hypothesis might be among the `n_best`: bool (n,)."""
        worst = [ended[-1].score if len(ended) == self.n_best else -np.inf for ended in self.ended]
        bound = self.score.bound(beam.log_prob, self.limits.max_lengths(beam.source))
        return bound > np.array(worst)[beam.source]

    def _put_aside(self, beam: OpenBeam, kept: list[list[Hypothesis]]) -> None:
        """Keep the `n_best` hypotheses of each source; of equal ones those that came first."""
        length = beam.written.shape[1]
        scores = self.score.of(beam.log_prob, max(length, 1), beam.covered)
        for row, (source, score) in enumerate(zip(beam.source, scores.tolist(), strict=True)):
            others = kept[source]
            if len(others) == self.n_best and score <= others[-1].score:
                continue
            others.append(beam.hypothesis(row, score, finished=kept is self.ended))
            others.sort(key=lambda hypothesis: -hypothesis.score)
            del others[self.n_best :]
