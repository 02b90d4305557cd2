"""Linear interpolation of language models, p = Σ λi pi, with λ by EM on text that none of them was
learned from (Jelinek & Mercer, Interpolated estimation of Markov source parameters, 1980)."""

from __future__ import annotations

import logging
import math

import numpy as np

from seqpipe.files import InputError

logger = logging.getLogger("seqpipe")

# Nats a token that better weights could gain at most when EM stops.
TOLERANCE = 1e-10
ROUNDS = 10_000
FASTEST = 1000.0  # power of EM's step
LEAST_WEIGHT = 1e-100
# The sum of weights that a config gives may be off by rounding, not by more.
ROUNDING = 1e-6


def mix(log_probs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """log Σ λi pi of each token.

    log_probs (np.ndarray): float64 (models, tokens), in nats; -inf for probability 0.
    weights (np.ndarray): float64 (models,), λ, of sum 1.
    RETURNS (np.ndarray): float64 (tokens,); -inf where every model with a weight has -inf.
    """
    probs, highest = _scaled(log_probs)
    with np.errstate(divide="ignore"):
        return np.log(weights @ probs) + highest


def fit_weights(log_probs: np.ndarray) -> np.ndarray:
    """The weights under which a text is likeliest, by EM from equal ones.

    A round is λi ← λi gi with gi the mean over tokens of pi / Σ λj pj; the likelihood never falls.
    As long as it rises, gi is raised to a higher and higher power: EM alone creeps where models are
    nearly as good. log p is concave in λ and gi is its derivative, so that no weights gain more
    than max gi - 1 a token. The rounds end when that is next to nothing.

    log_probs (np.ndarray): float64 (models, tokens), what each model says of each token. Tokens
        that no model holds possible say nothing of the weights; they are left out, with a warning.
    RETURNS (np.ndarray): float64 (models,), of sum 1.
    RAISES (InputError): If no token is left.
    """
    possible = np.isfinite(log_probs).any(axis=0)
    if not possible.all():
        logger.warning(
            "%d of %d tokens have probability 0 in every model; weights are fitted to the others",
            (~possible).sum(),
            len(possible),
        )
    if not possible.any():
        raise InputError("no token with a probability above 0, expected a text to fit weights to")
    probs, _ = _scaled(log_probs[:, possible])
    weights = np.full(len(probs), 1 / len(probs))
    power, likelihood = 1.0, np.log(weights @ probs).mean()
    for _ in range(ROUNDS):
        gradient = (probs / (weights @ probs)).mean(axis=1)  # (models,)
        if gradient.max() - 1 < TOLERANCE:
            break
        further = _step(weights, gradient, power)
        found = np.log(further @ probs).mean()
        if found < likelihood:
            power = 1.0
            further = _step(weights, gradient, power)
            found = np.log(further @ probs).mean()
        weights, likelihood, power = further, found, min(FASTEST, 1.5 * power)
    return weights


def _step(weights: np.ndarray, gradient: np.ndarray, power: float) -> np.ndarray:
    """The weights times a power of the gradient. None becomes 0, or it would stay so."""
    with np.errstate(divide="ignore"):
        logs = np.log(weights) + power * np.log(gradient)
    weights = np.maximum(np.exp(logs - logs.max()), LEAST_WEIGHT)
    return weights / weights.sum()


def given_weights(
    name: str,
    models: list[str],
    weights: list[float] | None,
    cache: int,
    cache_weight: float | None,
) -> list[float] | None:
    """The weights that a config gives.

    name (str): The component's, for messages.
    models (List[str]): The models' names.
    weights (Optional[List[float]]): λ of each model, of sum 1.
    cache (int): The size of the cache, 0 for none.
    cache_weight (Optional[float]): λ of the cache, which the models then share the rest of.
    RETURNS (Optional[List[float]]): λ of each model, and of the cache if there is one, of sum 1;
        None if they are to be learned.
    RAISES (InputError): If they are no weights.
    """
    if weights is None and cache_weight is None:
        return None
    if not cache and cache_weight is not None:
        raise InputError(f"{name}: cache_weight = {cache_weight} without a cache: expected null")
    if weights is None or (cache and cache_weight is None):
        raise InputError(
            f"{name}: weights = {weights}, cache_weight = {cache_weight}: expected both, or null "
            "for both, to learn them"
        )
    if len(weights) != len(models) or not all(0 <= weight <= 1 for weight in weights):
        raise InputError(
            f"{name}: weights = {weights}: expected {len(models)} numbers from 0 to 1, one for "
            f"each of {models}"
        )
    if abs(math.fsum(weights) - 1) > ROUNDING:
        raise InputError(
            f"{name}: weights = {weights} have the sum {math.fsum(weights):g}: expected 1"
        )
    if cache_weight is None:
        return list(weights)
    if not 0 <= cache_weight <= 1:
        raise InputError(f"{name}: cache_weight = {cache_weight}: expected a number from 0 to 1")
    return [*((1 - cache_weight) * weight for weight in weights), cache_weight]


def _scaled(log_probs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities as shares of the highest of each token, `(models, tokens)`, and the log of the
    highest, `(tokens,)`: so nothing is rounded to 0 that counts."""
    highest = log_probs.max(axis=0)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    return np.exp(log_probs - highest), highest
