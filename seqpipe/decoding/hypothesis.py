"""A sequence that a decoder found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hypothesis:
    """A sequence with what the model says of it.

    ids (np.ndarray): int64 (T,), its tokens; the last is <EOS> if it is finished.
    log_probs (np.ndarray): float64 (T,), in nats, the model's own: no temperature, nothing cut off.
    finished (bool): It ends with <EOS>. Otherwise it was cut off at the maximum length, or nothing
        could follow it.
    score (float): By which a search ranks it; the log-probability where there is no other.
    attention (Optional[np.ndarray]): float (T, S), with which each token was predicted.
    """

    ids: np.ndarray
    log_probs: np.ndarray
    finished: bool
    score: float
    attention: np.ndarray | None = None

    @property
    def log_prob(self) -> float:
        """RETURNS (float): Of the whole sequence; 0 if it is empty."""
        return float(self.log_probs.sum())

    @property
    def words(self) -> np.ndarray:
        """RETURNS (np.ndarray): The tokens without <EOS>."""
        return self.ids[:-1] if self.finished else self.ids
