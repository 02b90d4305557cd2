"""What a decoder may write: how long, without which tokens, without repeating itself (Paulus et al.
2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from seqpipe.files import InputError

from .settings import is_whole


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The sequences that are allowed.

    max_length (int | np.ndarray): Tokens at most, <EOS> among them: a sequence that has so many
        ends there. One number for all sources, or int64 (n,), one for each.
    eos (Optional[int]): The token that ends a sequence; None if none does.
    min_length (int): Tokens before <EOS> at least.
    forbidden (Tuple[int]): Tokens that are never written.
    no_repeat (int): No n-gram of so many tokens stands twice in a sequence; 0 lets all.
    """

    max_length: int | np.ndarray
    eos: int | None = None
    min_length: int = 0
    forbidden: tuple[int, ...] = ()
    no_repeat: int = 0

    def __post_init__(self) -> None:
        shortest = int(np.min(self.max_length, initial=np.iinfo(np.int64).max))
        if shortest < 1:
            raise InputError(f"max_length = {shortest}: expected at least 1")
        for name, value in (("min_length", self.min_length), ("no_repeat", self.no_repeat)):
            if not is_whole(value, 0):
                raise InputError(f"{name} = {value!r}: expected at least 0, a whole number")
        if self.eos is not None and self.min_length >= shortest:
            raise InputError(
                f"min_length = {self.min_length}: expected less than max_length = "
                f"{shortest}, which counts <EOS>"
            )

    @property
    def longest(self) -> int:
        """RETURNS (int): Tokens that any sequence has at most."""
        return int(np.max(self.max_length, initial=0))

    def max_lengths(self, sources: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): int64 (n,), tokens that sequences of these sources have at most.

        sources (np.ndarray): int64 (n,).
        """
        if isinstance(self.max_length, int):
            return np.full(len(sources), self.max_length)
        return self.max_length[sources]

    def allowed(self, log_probs: np.ndarray, written: np.ndarray) -> np.ndarray:
        """Take what may not follow out of the next tokens.

        log_probs (np.ndarray): float (n, V).
        written (np.ndarray): int64 (n, T), the tokens so far.
        RETURNS (np.ndarray): float (n, V), a copy with -inf for what may not follow.
        """
        found = log_probs.copy()
        found[:, list(self.forbidden)] = -np.inf
        if self.eos is not None and written.shape[1] < self.min_length:
            found[:, self.eos] = -np.inf
        if self.no_repeat:
            found[repeating(written, self.no_repeat)] = -np.inf
        return found


def repeating(written: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens with which an n-gram would stand in a sequence a second time.

    written (np.ndarray): int64 (n, T), the tokens so far.
    size (int): Tokens of an n-gram, at least 1.
    RETURNS (Tuple[np.ndarray, np.ndarray]): Rows and tokens, side by side.
    """
    if written.shape[1] < size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    ngrams = sliding_window_view(written, size, axis=1)  # (n, T - size + 1, size)
    begun = written[:, written.shape[1] - size + 1 :]  # (n, size - 1)
    rows, places = np.nonzero((ngrams[:, :, :-1] == begun[:, None]).all(axis=2))
    return rows, ngrams[rows, places, -1]
