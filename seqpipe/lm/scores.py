"""What a language model says of a text: log-probability, perplexity, and which tokens cannot be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

SHOWN = 5


@dataclass(frozen=True)
class SentenceScore:
    """A sentence's log-probability, token by token, in nats.

    tokens (List[str]): Its words, and <EOS> if its end is predicted.
    log_probs (np.ndarray): float64 (tokens,); -inf for what the model holds impossible.
    is_unknown (np.ndarray): bool (tokens,), whether the model took it for <UNK>.
    """

    tokens: list[str]
    log_probs: np.ndarray
    is_unknown: np.ndarray

    @property
    def log_prob(self) -> float:
        """RETURNS (float): That of the whole sentence; 0 if it has no token."""
        return float(self.log_probs.sum())


@dataclass
class TextScore:
    """How well a model predicts a text. Only numbers over the same vocabulary can be compared.

    sentences (int): How many.
    tokens (int): Predicted tokens: words, and <EOS> if it is predicted.
    unknown (int): Words that the model took for <UNK>.
    log_prob (float): In nats; of tokens that have a probability above 0.
    log_prob_of_known (float): The same without unknown words.
    impossible (Counter[str]): The tokens of probability 0, and how often each stands.
    impossible_unknown (int): How many of these were taken for <UNK>.
    """

    sentences: int = 0
    tokens: int = 0
    unknown: int = 0
    log_prob: float = 0.0
    log_prob_of_known: float = 0.0
    impossible: Counter[str] = field(default_factory=Counter)
    impossible_unknown: int = 0

    @property
    def words_without_probability(self) -> int:
        """RETURNS (int): How many tokens have probability 0."""
        return self.impossible.total()

    @property
    def cross_entropy(self) -> float:
        """RETURNS (float): Nats a token; infinite if a token has probability 0, NaN for none."""
        if not self.tokens:
            return math.nan
        return math.inf if self.impossible else -self.log_prob / self.tokens

    @property
    def perplexity(self) -> float:
        """RETURNS (float): exp(cross-entropy)."""
        return _exp(self.cross_entropy)

    @property
    def perplexity_of_possible(self) -> float:
        """RETURNS (float): Without the tokens of probability 0; NaN if there are no others."""
        tokens = self.tokens - self.words_without_probability
        return _exp(-self.log_prob / tokens) if tokens else math.nan

    @property
    def perplexity_of_known(self) -> float:
        """RETURNS (float): Without unknown words; NaN if there are no others."""
        tokens = self.tokens - self.unknown
        if self.words_without_probability > self.impossible_unknown:
            return math.inf
        return _exp(-self.log_prob_of_known / tokens) if tokens else math.nan

    @property
    def oov_rate(self) -> float:
        """RETURNS (float): The share of unknown words among all tokens; 0 for no token."""
        return self.unknown / self.tokens if self.tokens else 0.0

    def zero_message(self) -> str:
        """RETURNS (str): How many tokens have probability 0 and which; empty if none has."""
        if not self.impossible:
            return ""
        often = self.impossible.most_common(SHOWN)
        names = ", ".join(f"{token!r} ({count})" for token, count in often)
        more = ", ..." if len(self.impossible) > SHOWN else ""
        return (
            f"{self.words_without_probability} of {self.tokens} tokens have probability 0, which "
            f"makes perplexity infinite (without them {self.perplexity_of_possible:.1f}): "
            f"{names}{more}"
        )


def total(scores: Iterable[SentenceScore]) -> TextScore:
    """Add up the scores of sentences.

    scores (Iterable[SentenceScore]): Of one model.
    RETURNS (TextScore): Of all of them.
    """
    text = TextScore()
    for score in scores:
        possible = np.isfinite(score.log_probs)
        text.sentences += 1
        text.tokens += len(score.tokens)
        text.unknown += int(score.is_unknown.sum())
        text.log_prob += float(score.log_probs[possible].sum())
        text.log_prob_of_known += float(score.log_probs[possible & ~score.is_unknown].sum())
        if not possible.all():
            text.impossible.update(score.tokens[i] for i in np.flatnonzero(~possible))
            text.impossible_unknown += int((score.is_unknown & ~possible).sum())
    return text


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf
