"""By what a search ranks its hypotheses: log-probability, length normalisation, GNMT's score.

Wu et al., Google's Neural Machine Translation System, 2016, section 7, equation 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .settings import is_number

NORMALISATIONS = ("none", "length", "gnmt")
# What is greater makes numbers that a float does not hold.
MOST_ALPHA, MOST_COVERAGE = 10, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Score:
    """s(Y) = log P(Y) / d(T) + β Σ_i log min(Σ_t a_ti, 1).

    T counts the tokens of Y, <EOS> among them; a_ti is the attention to source token i with which
    token t was predicted.

    normalisation (str): d(T): "none" 1, "length" T^α, "gnmt" ((5 + T) / 6)^α.
    alpha (float): α, from 0 to 10: 0 does nothing, 1 divides by the whole length.
    coverage (float): β, from 0 to a million.
    """

    normalisation: str = "length"
    alpha: float = 0.7
    coverage: float = 0.0

    def __post_init__(self) -> None:
        if self.normalisation not in NORMALISATIONS:
            known = ", ".join(NORMALISATIONS)
            raise InputError(f"normalisation = {self.normalisation!r}: expected one of {known}")
        for name, value, most in (
            ("alpha", self.alpha, MOST_ALPHA),
            ("coverage", self.coverage, MOST_COVERAGE),
        ):
            if not is_number(value, 0, most):
                raise InputError(f"{name} = {value!r}: expected 0 or more, a number up to {most:,}")

    def divisor(self, length: Any) -> Any:
        """RETURNS (float | np.ndarray): d(T), which never falls with T.

        length (int | np.ndarray): T, at least 1.
        """
        if self.normalisation == "none":
            return 1.0
        base = length if self.normalisation == "length" else (5 + length) / 6
        return base**self.alpha

    def of(self, log_probs: np.ndarray, length: int, covered: np.ndarray | None) -> np.ndarray:
        """Score sequences of one length.

        log_probs (np.ndarray): float64 (n,), log P.
        length (int): T.
        covered (Optional[np.ndarray]): float64 (n, S), Σ_t a_ti; 1 where there is no source token.
        RETURNS (np.ndarray): float64 (n,).
        """
        scores = log_probs / self.divisor(length)
        return scores if covered is None else scores + self.coverage * log_coverage(covered)

    def bound(self, log_probs: np.ndarray, max_length: Any) -> np.ndarray:
        """What no end of these sequences can exceed, whatever follows.

        log P only falls as tokens are added, and is 0 or less; d only grows, to d(max_length) at
        most; and the coverage term is 0 at most. So s ≤ log P / d(T) ≤ log P / d(max_length).

        log_probs (np.ndarray): float64 (n,), log P so far.
        max_length (int | np.ndarray): That of all sequences, or of each, int64 (n,).
        RETURNS (np.ndarray): float64 (n,).
        """
        return log_probs / self.divisor(max_length)


def log_coverage(covered: np.ndarray) -> np.ndarray:
    """Σ_i log min(Σ_t a_ti, 1): 0 if all of the source was attended to.

    covered (np.ndarray): float64 (n, S), Σ_t a_ti.
    RETURNS (np.ndarray): float64 (n,).
    """
    with np.errstate(divide="ignore"):
        logs = np.log(np.minimum(covered, 1.0))
    # One after another: numpy's own sum would round otherwise beside a longer source.
    return np.add.accumulate(logs, axis=1)[:, -1] if logs.shape[1] else np.zeros(len(logs))
