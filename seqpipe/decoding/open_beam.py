"""The open hypotheses of a beam search, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqpipe.files import InputError

from .hypothesis import Hypothesis
from .steps import Prediction, attention_of
from .top import places_in_group


@dataclass(frozen=True)
class OpenBeam:
    """n hypotheses of T tokens; those of one source stand next to each other.

    source (np.ndarray): int64 (n,), the place of each's source in the batch.
    places (np.ndarray): int64 (n,), its place among those that were kept of its source at the last
        step; -1 at the beginning.
    log_prob (np.ndarray): float64 (n,), log P.
    written (np.ndarray): int64 (n, T), the tokens.
    log_probs (np.ndarray): float64 (n, T), theirs.
    attention (Optional[np.ndarray]): float (n, T, S), with which each token was predicted.
    covered (Optional[np.ndarray]): float64 (n, S), the sum over T of it, 1 where a source has no
        token; only if coverage counts.
    source_lengths (Optional[np.ndarray]): int (sources,), how many of S places each has; all if
        None.
    """

    source: np.ndarray
    places: np.ndarray
    log_prob: np.ndarray
    written: np.ndarray
    log_probs: np.ndarray
    attention: np.ndarray | None = None
    covered: np.ndarray | None = None
    source_lengths: np.ndarray | None = None

    @classmethod
    def begin(
        cls, prediction: Prediction, source_lengths: np.ndarray | None, *, with_coverage: bool
    ) -> OpenBeam:
        """RETURNS (OpenBeam): An empty hypothesis for each source.

        prediction (Prediction): Of their first tokens.
        source_lengths (Optional[np.ndarray]): int (n,); by default, as wide as the attention.
        with_coverage (bool): Add up the attention.
        RAISES (InputError): If there is no attention to add up.
        """
        n, attention, covered = len(prediction[0]), attention_of(prediction), None
        if with_coverage:
            if attention is None:
                raise InputError("coverage above 0: expected a model with attention to its source")
            covered = np.zeros(attention.shape)
            if source_lengths is not None:
                covered[np.arange(attention.shape[1]) >= source_lengths[:, None]] = 1.0
        return cls(
            source=np.arange(n),
            places=np.full(n, -1),
            log_prob=np.zeros(n),
            written=np.zeros((n, 0), dtype=np.int64),
            log_probs=np.zeros((n, 0)),
            attention=None if attention is None else attention[:, None][:, :0],
            covered=covered,
            source_lengths=source_lengths,
        )

    def select(self, rows: np.ndarray) -> OpenBeam:
        """RETURNS (OpenBeam): Some of the hypotheses.

        rows (np.ndarray): int64 (m,).
        """
        return OpenBeam(
            self.source[rows],
            self.places[rows],
            self.log_prob[rows],
            self.written[rows],
            self.log_probs[rows],
            None if self.attention is None else self.attention[rows],
            None if self.covered is None else self.covered[rows],
            self.source_lengths,
        )

    def grown(self, rows: np.ndarray, ids: np.ndarray, prediction: Prediction) -> OpenBeam:
        """RETURNS (OpenBeam): Some of the hypotheses with one token more.

        rows (np.ndarray): int64 (m,), by source.
        ids (np.ndarray): int64 (m,), the tokens.
        prediction (Prediction): Of these tokens, for all n hypotheses.
        """
        old = self.select(rows)
        last = prediction[0][rows, ids].astype(np.float64)
        attended, attention, covered = attention_of(prediction), old.attention, old.covered
        if attended is not None and attention is not None:
            attention = np.concatenate([attention, attended[rows, None]], axis=1)
            if covered is not None:
                covered = covered + attended[rows]
        return OpenBeam(
            source=old.source,
            places=places_in_group(old.source),
            log_prob=old.log_prob + last,
            written=np.concatenate([old.written, ids[:, None]], axis=1),
            log_probs=np.concatenate([old.log_probs, last[:, None]], axis=1),
            attention=attention,
            covered=covered,
            source_lengths=old.source_lengths,
        )

    def hypothesis(self, row: int, score: float, *, finished: bool) -> Hypothesis:
        """RETURNS (Hypothesis): One of them.

        row (int): Which.
        score (float): Its score.
        finished (bool): It ends with <EOS>.
        """
        attention = None
        if self.attention is not None:
            lengths, source = self.source_lengths, self.source[row]
            attended = self.attention.shape[2] if lengths is None else int(lengths[source])
            attention = self.attention[row, :, :attended].copy()
        return Hypothesis(
            self.written[row].copy(),
            self.log_probs[row].copy(),
            finished=finished,
            score=score,
            attention=attention,
        )
