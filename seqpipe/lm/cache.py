"""A cache: words that a text has had are likely to come again (Kuhn & De Mori, A cache-based
natural language model for speech recognition, IEEE PAMI 12, 1990), here of single words."""

from __future__ import annotations

import numpy as np


def cache_log_probs(ids: np.ndarray, *, size: int, predictable: int) -> np.ndarray:
    """The log of how often each token of a text stands among the tokens before it.

    ids (np.ndarray): int64 (tokens,), one for each different token; unknown words share one.
    size (int): How many tokens before it are looked at, at most.
    predictable (int): How many different tokens there could be. Each is as likely as any other
        for the first token of a text, which has none before it.
    RETURNS (np.ndarray): float64 (tokens,), in nats; -inf for a token that is not among them.
    """
    places = np.arange(len(ids))
    first = np.maximum(places - size, 0)
    # In order of token, then place: those between two places of a token are counted by looking up
    # where these are.
    keys = ids.astype(np.int64) * len(ids) + places
    ordered = np.sort(keys)
    found = np.searchsorted(ordered, keys) - np.searchsorted(ordered, keys - places + first)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_probs = np.log(found / (places - first))
    log_probs[:1] = -np.log(predictable)
    return log_probs


def token_ids(tokens: list[str], is_unknown: np.ndarray) -> np.ndarray:
    """RETURNS (np.ndarray): int64 (tokens,), a number for each different token, and 0 for all that
    are unknown.

    tokens (List[str]): As written.
    is_unknown (np.ndarray): bool (tokens,).
    """
    numbers: dict[str, int] = {}
    ids = [numbers.setdefault(token, 1 + len(numbers)) for token in tokens]
    return np.where(is_unknown, 0, np.array(ids, dtype=np.int64))
