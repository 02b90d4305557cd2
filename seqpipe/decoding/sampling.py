"""Sampling: with a temperature, of the k likeliest tokens, of the nucleus.

Top-k: Fan et al., Hierarchical Neural Story Generation, 2018. Top-p: Holtzman et al.,
The Curious Case of Neural Text Degeneration, 2020, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqpipe.files import InputError

from .hypothesis import Hypothesis
from .limits import Limits
from .one_each import follow
from .steps import Prediction, StepModel
from .top import top_tokens


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """From which probabilities tokens are drawn.

    temperature (float): τ above 0: p^(1/τ), made to add up to 1 again. Below 1 likely tokens get
        likelier; towards 0 it becomes greedy search.
    top_k (int): Only the k likeliest tokens are drawn; 0 for all.
    top_p (float): Above 0, up to 1: only the smallest set of likeliest tokens whose probabilities
        reach p together, after temperature and top_k.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.temperature < np.inf:
            raise InputError(f"temperature = {self.temperature}: expected a number above 0")
        if self.top_k < 0:
            raise InputError(f"top_k = {self.top_k}: expected at least 1, or 0 for all tokens")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p = {self.top_p}: expected a number above 0, up to 1")

    def probabilities(self, log_probs: np.ndarray) -> np.ndarray:
        """The probabilities that are drawn from.

        log_probs (np.ndarray): float (n, V), each row with a token above -inf.
        RETURNS (np.ndarray): float64 (n, V), each row adds up to 1.
        """
        if 0 < self.top_k < log_probs.shape[1]:
            log_probs = keep_top_k(log_probs, self.top_k)
        probs = with_temperature(log_probs, self.temperature)
        return keep_top_p(probs, self.top_p) if self.top_p < 1 else probs


def sample(
    model: StepModel,
    prediction: Prediction,
    limits: Limits,
    *,
    sampling: Sampling,
    seed: int | None = None,
    places: Sequence[int] | None = None,
) -> list[Hypothesis]:
    """Draw one sequence for each that is begun.

    Sequence i has random numbers of its own, made from the seed and its place: it does not depend
    on how many others are drawn beside it.

    model (StepModel): The model.
    prediction (Prediction): Of the first token of n sequences.
    limits (Limits): What may be written.
    sampling (Sampling): From which probabilities.
    seed (Optional[int]): The same seed gives the same sequences; None others each time.
    places (Optional[Sequence[int]]): The place of each, 0 or more, where they are part of a longer
        list; by default 0 to n - 1.
    RETURNS (List[Hypothesis]): n of them; their log-probabilities are the model's own.
    """
    entropy = np.random.SeedSequence(seed).entropy
    generators = [
        np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(place,)))
        for place in (range(len(prediction[0])) if places is None else places)
    ]

    def choose(log_probs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        numbers = np.array([generators[row].random() for row in rows])
        return draw(sampling.probabilities(log_probs), numbers)

    return follow(model, prediction, limits, choose)


def with_temperature(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    """p^(1/τ) / Σ p^(1/τ).

    log_probs (np.ndarray): float (n, V), each row with a token above -inf.
    temperature (float): τ, above 0.
    RETURNS (np.ndarray): float64 (n, V).
    """
    logs = log_probs.astype(np.float64)
    logs -= logs.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # as τ goes to 0 the logs go to -inf
        logs /= temperature
    return _to_one(np.exp(logs, out=logs))


def keep_top_k(log_probs: np.ndarray, k: int) -> np.ndarray:
    """Leave the k likeliest tokens of each row; of equal ones those with lower ids.

    log_probs (np.ndarray): float (n, V).
    k (int): At least 1.
    RETURNS (np.ndarray): float (n, V), -inf for the others.
    """
    kept = top_tokens(log_probs, k)
    found = np.full_like(log_probs, -np.inf)
    found[kept] = log_probs[kept]
    return found


def keep_top_p(probs: np.ndarray, p: float) -> np.ndarray:
    """Leave the smallest set of likeliest tokens whose probabilities reach p together.

    probs (np.ndarray): float64 (n, V), each row adds up to 1.
    p (float): Above 0, up to 1.
    RETURNS (np.ndarray): float64 (n, V), each row adds up to 1.
    """
    order = np.argsort(-probs, axis=1, kind="stable")
    ordered = np.take_along_axis(probs, order, axis=1)
    reached = np.cumsum(ordered, axis=1) >= p
    ordered[:, 1:][reached[:, :-1]] = 0.0  # what likelier ones reach without it
    found = np.zeros_like(probs)
    np.put_along_axis(found, order, ordered, axis=1)
    return _to_one(found)


def draw(probs: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Draw a token of each row: the first at which the summed probabilities exceed a number.

    probs (np.ndarray): float64 (n, V), each row with one above 0.
    numbers (np.ndarray): float64 (n,), from 0 to below 1.
    RETURNS (np.ndarray): int64 (n,); never a token of probability 0.
    """
    summed = np.cumsum(probs, axis=1)
    marks = numbers * summed[:, -1]  # even rounded, it is below the last sum
    return (summed > marks[:, None]).argmax(axis=1)


def _to_one(probs: np.ndarray) -> np.ndarray:
    return probs / np.cumsum(probs, axis=1)[:, -1:]
