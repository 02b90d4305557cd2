"""From counts to probabilities: maximum likelihood, add-k, interpolated modified Kneser-Ney.

Chen & Goodman, An empirical study of smoothing techniques for language modeling, Computer Speech &
Language 13, 1999; Heafield et al. 2013 (KenLM's lmplz), whose conventions these are.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from seqpipe.files import InputError

from .ngram_counts import NgramCounts

logger = logging.getLogger("seqpipe")

MAXIMUM_LIKELIHOOD, ADD_K, KNESER_NEY = SMOOTHINGS = ("maximum_likelihood", "add_k", "kneser_ney")
# D1, D2, D3+ where a text is too small for its own: those of lmplz --discount_fallback.
FALLBACK = (0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Estimates:
    """A backoff model's numbers, in nats, by the nodes of a trie.

    log_probs (np.ndarray): float32 (nodes,), log p(wk | w1 ... wk-1).
    backoffs (np.ndarray): float32 (inner,), the log of what a context leaves to shorter ones.
    uniform (float): What an n-gram without a count backs off to; NaN: its suffix.
    discounts (np.ndarray): float64 (order + 1, 4), by length, for counts of 0, 1, 2, 3 or more.
    fell_back (Tuple[int]): The lengths whose discounts are the fallback's.
    """

    log_probs: np.ndarray
    backoffs: np.ndarray
    uniform: float = float("nan")
    discounts: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    fell_back: tuple[int, ...] = ()


def estimate(counts: NgramCounts, *, smoothing: str, k: float, never: Collection[int]) -> Estimates:
    """Estimate the probabilities of a model.

    counts (NgramCounts): Of the text.
    smoothing (str): "maximum_likelihood", "add_k" or "kneser_ney".
    k (float): What "add_k" adds to every count; more than 0.
    never (Collection[int]): Ids that are never predicted, such as that of the sentence's beginning.
    RETURNS (Estimates): Of each context's words the probabilities add up to 1.
    RAISES (InputError): If there is no token, or a setting is not one.
    """
    if smoothing not in SMOOTHINGS:
        raise InputError(f"smoothing = {smoothing!r}: expected one of {', '.join(SMOOTHINGS)}")
    if not counts.counts[0]:
        raise InputError("the text is empty, expected some words")
    if smoothing == KNESER_NEY:
        return kneser_ney(counts, never=never)
    if smoothing == ADD_K and not 0 < k < np.inf:
        raise InputError(f"k = {k}: expected a number above 0")
    return add_k(counts, k if smoothing == ADD_K else 0.0, never=never)


def add_k(counts: NgramCounts, k: float, *, never: Collection[int]) -> Estimates:
    """p(w | h) = (c(hw) + k) / (c(h) + k V) (Chen & Goodman 1999, section 2.1); with k = 0 maximum
    likelihood, p(w | h) = c(hw) / c(h) (section 1.1).

    A context h that was never seen is shortened until it was.

    counts (NgramCounts): Of the text.
    k (float): 0 or more.
    never (Collection[int]): Ids that are never predicted.
    RETURNS (Estimates): Its uniform share is of the V words that can be predicted.
    """
    from seqpipe.kernels.ngram_model import add_constant

    trie = counts.trie
    size = trie.size - len(never)
    used = counts.counts.copy()
    _forget(used, never)
    probs, backoffs = np.empty(len(trie)), np.empty(trie.inner)
    add_constant(trie.starts, used, float(k), size, probs, backoffs)
    return _in_logs(probs, backoffs, never, uniform=-np.log(size) if k else np.nan)


def kneser_ney(counts: NgramCounts, *, never: Collection[int]) -> Estimates:
    """Interpolated modified Kneser-Ney (Chen & Goodman 1999, section 3).

    p(w | h) = (a(hw) - D(a(hw))) / Σ a(h.) + γ(h) p(w | h'), where h' is h without its first word
    and γ(h) = (D1 N1(h.) + D2 N2(h.) + D3 N3+(h.)) / Σ a(h.) makes it add up to 1. The
    shortest, of no context, has h' uniform over the words that can be predicted, <UNK> among them:
    that is all the probability of an <UNK> that was never counted.

    a is the count for the longest n-grams and for those that begin with <BOS>, which nothing stands
    before; for others it is the number of words that stand before them (section 2.7).

    counts (NgramCounts): Of the text.
    never (Collection[int]): Ids that are never predicted.
    RETURNS (Estimates): With the discounts.
    """
    from seqpipe.kernels.ngram_model import interpolate

    trie = counts.trie
    used = adjusted_counts(counts)
    _forget(used, never)
    discounts, fell_back = np.zeros((trie.order + 1, 4)), []
    for length in range(1, trie.order + 1):
        own = discounts_of(used[trie.levels[length] : trie.levels[length + 1]])
        if own is None:
            fell_back.append(length)
        discounts[length, 1:] = FALLBACK if own is None else own
    if fell_back:
        logger.warning(
            "kneser_ney: too few n-grams of %s words for discounts of their own; %s are taken",
            ", ".join(map(str, fell_back)),
            FALLBACK,
        )
    uniform = 1.0 / (trie.size - len(never))
    probs, backoffs = np.empty(len(trie)), np.empty(trie.inner)
    interpolate(trie.starts, trie.levels, used, trie.suffixes, discounts, uniform, probs, backoffs)
    found = _in_logs(probs, backoffs, never, uniform=np.nan)
    return replace(found, discounts=discounts, fell_back=tuple(fell_back))


def adjusted_counts(counts: NgramCounts) -> np.ndarray:
    """N1+(. w1 ... wk), the number of words that stand before an n-gram; the count itself for the
    longest n-grams and for those that begin with <BOS>.

    counts (NgramCounts): Of the text.
    RETURNS (np.ndarray): int64 (nodes,).
    """
    from seqpipe.kernels.ngram_model import continuation_counts

    trie = counts.trie
    adjusted = np.zeros(len(trie), dtype=np.int64)
    continuation_counts(trie.suffixes, trie.levels[min(2, trie.order + 1)], adjusted)
    longest = trie.levels[trie.order]
    adjusted[longest:] = counts.counts[longest:]
    first = 1 + counts.bos
    end = first + 1
    while first < longest:
        adjusted[first:end] = counts.counts[first:end]
        first, end = trie.starts[first], trie.starts[end]
    return adjusted


def discounts_of(counts: np.ndarray) -> tuple[float, float, float] | None:
    """D1, D2, D3+ (Chen & Goodman 1999, equation 26): Y = n1 / (n1 + 2 n2), Di = i - (i + 1) Y
    n(i+1) / ni.

    counts (np.ndarray): Of all n-grams of one length.
    RETURNS (Optional[Tuple[float, float, float]]): None if n1, n2 or n3 is 0, or a
        discount is below 0 or above the count that it is taken from.
    """
    n = np.bincount(counts[counts < 5], minlength=5).astype(float)
    if not n[1:4].all():
        return None
    share = n[1] / (n[1] + 2 * n[2])
    found = tuple(i - (i + 1) * share * n[i + 1] / n[i] for i in (1, 2, 3))
    is_sound = all(0 <= discount <= i for i, discount in enumerate(found, start=1))
    return found if is_sound else None


def _forget(counts: np.ndarray, never: Collection[int]) -> None:
    """Let words that are never predicted have no count."""
    counts[1 + np.array(list(never), dtype=np.int64)] = 0


def _in_logs(
    probs: np.ndarray, backoffs: np.ndarray, never: Collection[int], *, uniform: float
) -> Estimates:
    probs[0] = backoffs[0] = 1.0  # no word is missing from the shortest context
    probs[1 + np.array(list(never), dtype=np.int64)] = 0.0
    with np.errstate(divide="ignore"):
        np.log(probs, out=probs)  # in place: there may be very many
        np.log(backoffs, out=backoffs)
    return Estimates(probs.astype(np.float32), backoffs.astype(np.float32), uniform=float(uniform))
