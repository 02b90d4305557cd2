"""A translation, with what the model says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Translation:
    """What a search found or a user gave.

    text (str): The translation.
    pieces (Tuple[str]): Words, characters or subwords that were written, "<EOS>" last if finished.
    log_probs (np.ndarray): float64 (T,), of each piece, in nats.
    score (float): By which a search ranks it.
    finished (bool): It ends with <EOS>. Otherwise it was cut off at the maximum length.
    attention (Optional[np.ndarray]): float32 (T, S), with which each piece was written, over the
        pieces of the source, <EOS> last; None of a model without attention.
    """

    text: str
    pieces: tuple[str, ...]
    log_probs: np.ndarray
    score: float
    finished: bool
    attention: np.ndarray | None = None

    @property
    def log_prob(self) -> float:
        """RETURNS (float): log P(y|x), in nats."""
        return float(self.log_probs.sum())

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All but the attention, as JSON has it."""
        return {
            "text": self.text,
            "log_prob": self.log_prob,
            "score": self.score,
            "finished": self.finished,
            "pieces": list(self.pieces),
            "log_probs": self.log_probs.tolist(),
        }


NOTHING = Translation("", (), np.zeros(0), 0.0, True)
"""That of a source without text."""


def distinct(found: Iterable[Translation]) -> list[Translation]:
    """RETURNS (List[Translation]): Those of different texts: subwords may be put together to one
    text in several ways, of which the first stays.

    found (Iterable[Translation]): Best first.
    """
    best: dict[str, Translation] = {}
    for one in found:
        best.setdefault(one.text, one)
    return list(best.values())


def by_token(attention: np.ndarray, tokens: np.ndarray, count: int) -> np.ndarray:
    """Add up attention to the pieces of each token of a Doc.

    attention (np.ndarray): float (T, S), to pieces.
    tokens (np.ndarray): int64 (S,), the token of each piece, below 0 for none.
    count (int): Tokens of the Doc.
    RETURNS (np.ndarray): float32 (T, count). A row adds up to 1 less what <EOS> and white space
        have.
    """
    found = np.zeros((count + 1, len(attention)), dtype=np.float32)
    np.add.at(found, np.where(tokens < 0, count, tokens), attention.T)
    return found[:count].T
