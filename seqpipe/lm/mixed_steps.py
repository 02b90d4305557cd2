"""Generation from a mixture of language models: the probability of every next word, p = Σ λi pi,
with a cache of the words so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from seqpipe.vocabulary.vocabulary import Vocabulary

from .interpolation import mix
from .language_model import LanguageModel

NOTHING = -1  # in a history, before the first word


@dataclass(frozen=True)
class MixedState:
    """What n texts have so far.

    states (List[Any]): Each model's own.
    history (np.ndarray): int64 (n, cache), places of the last words in the mixture's, the newest
        last; NOTHING before the first.
    """

    states: list[Any]
    history: np.ndarray


@dataclass(frozen=True)
class MixedSteps:
    """Goes on with texts word by word; see `LanguageModel.begin`.

    models (List[LanguageModel]): Those that are mixed.
    weights (np.ndarray): float64, λ of each, and of the cache if there is one.
    cache (int): Words of the cache; 0 for none.
    """

    models: list[LanguageModel]
    weights: np.ndarray
    cache: int

    @cached_property
    def words(self) -> list[str]:
        """RETURNS (List[str]): All words that a model can give, those of the first one first."""
        return list(dict.fromkeys(word for model in self.models for word in model.next_words))

    @cached_property
    def places(self) -> list[np.ndarray]:
        """RETURNS (List[np.ndarray]): For each model int (own words,): their place among all."""
        place = {word: i for i, word in enumerate(self.words)}
        return [np.array([place[word] for word in model.next_words]) for model in self.models]

    @cached_property
    def own_places(self) -> list[np.ndarray]:
        """RETURNS (List[np.ndarray]): For each model int (words,), where each of all words stands
        among its own; its <UNK> for a word that it does not have.
        """
        found = []
        for model, places in zip(self.models, self.places, strict=True):
            own = model.next_words
            unknown = own.index(Vocabulary.UNK) if Vocabulary.UNK in own else 0
            back = np.full(len(self.words), unknown)
            back[places] = np.arange(len(own))
            found.append(back)
        return found

    def begin(self, contexts: Sequence[Sequence[str]]) -> tuple[np.ndarray, MixedState]:
        """RETURNS (Tuple[np.ndarray, MixedState]): Log-probabilities `(n, words)`, and the state.

        contexts (Sequence[Sequence[str]]): Words of a sentence begun, [] for none.
        """
        place = {word: i for i, word in enumerate(self.words)}
        history = np.full((len(contexts), self.cache), NOTHING)
        for row, words in zip(history, contexts, strict=True):
            last = words[max(0, len(words) - self.cache) :]
            row[self.cache - len(last) :] = [
                place.get(word, place.get(Vocabulary.UNK, NOTHING)) for word in last
            ]
        return self._mixed([model.begin(contexts) for model in self.models], history)

    def step(self, ids: np.ndarray, state: MixedState) -> tuple[np.ndarray, MixedState]:
        """RETURNS (Tuple[np.ndarray, MixedState]): As `begin`, one word on.

        ids (np.ndarray): Places in `words`, `(n,)`.
        """
        history = np.concatenate([state.history, ids[:, None]], axis=1)[:, 1:]
        if not self.cache:
            history = state.history
        parts = zip(self.models, self.own_places, state.states, strict=True)
        return self._mixed([model.step(own[ids], one) for model, own, one in parts], history)

    def select(self, state: MixedState, rows: np.ndarray) -> MixedState:
        """RETURNS (MixedState): Of some of the texts.

        rows (np.ndarray): Which, `(m,)`.
        """
        parts = zip(self.models, state.states, strict=True)
        states = [model.select(one, rows) for model, one in parts]
        return MixedState(states, state.history[rows])

    def _mixed(
        self, found: Sequence[tuple[np.ndarray, Any]], history: np.ndarray
    ) -> tuple[np.ndarray, MixedState]:
        n, size = len(history), len(self.words)
        said = np.full((len(self.weights), n, size), -np.inf)
        for row, places, (log_probs, _) in zip(said, self.places, found, strict=False):
            row[:, places] = log_probs
        if self.cache:
            said[-1] = self._cached(history, possible=np.isfinite(said[:-1]).any(axis=0))
        mixed = mix(said.reshape(len(said), -1), self.weights).reshape(n, size)
        return mixed, MixedState([state for _, state in found], history)

    def _cached(self, history: np.ndarray, *, possible: np.ndarray) -> np.ndarray:
        """What the cache says of each word, `(n, words)`: see `cache_log_probs`."""
        counts = np.zeros(possible.shape)
        rows, columns = np.nonzero(history != NOTHING)
        np.add.at(counts, (rows, history[rows, columns]), 1)
        counts[~counts.any(axis=1)] = 1
        counts *= possible  # what no model gives never comes out
        with np.errstate(divide="ignore"):
            return np.log(counts / counts.sum(axis=1, keepdims=True))
