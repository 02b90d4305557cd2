"""What may follow n contexts at once in an n-gram model, and how they go on: for generation."""

from __future__ import annotations

import numpy as np

from .ngram_model import NEVER, NgramModel


def next_log_probs(model: NgramModel, states: np.ndarray) -> np.ndarray:
    """The log-probability of every word after each context.

    A word has that of the longest end of the context with which the model has seen it, and what
    the longer ends leave to shorter ones.

    model (NgramModel): The model.
    states (np.ndarray): int64 (n,), nodes of its trie, as `NgramModel.state` gives them.
    RETURNS (np.ndarray): float64 (n, words); -inf for <PAD> and <BOS>, which never follow.
    """
    trie = model.trie
    ends = _ends_of(model, states)  # (lengths, n)
    if model.is_backoff:
        backoffs = np.where(ends > 0, model.backoffs[ends].astype(np.float64), 0.0)
        found = model.log_probs[1 : trie.size + 1] + backoffs.sum(axis=0)[:, None]
    else:
        ends = ends[:1]
        backoffs = np.zeros((1, len(states)))
        even = model.uniform + model.backoffs[states].astype(np.float64)
        unseen = np.broadcast_to(even[:, None], (len(states), trie.size))
        found = np.where(states[:, None] > 0, unseen, model.log_probs[1 : trie.size + 1])
    for length in range(len(ends))[::-1]:
        rows, nodes = _continuations(model, ends[length])
        found[rows, trie.words[nodes]] = model.log_probs[nodes] + backoffs[:length, rows].sum(
            axis=0
        )
    found[:, list(NEVER)] = -np.inf
    return found


def next_states(model: NgramModel, states: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The contexts with one word more each.

    model (NgramModel): The model.
    states (np.ndarray): int64 (n,).
    ids (np.ndarray): int64 (n,), the words.
    RETURNS (np.ndarray): int64 (n,).
    """
    from seqpipe.kernels.ngram_model import walk

    trie, words = model.trie, ids.astype(np.int32)
    return np.array(
        [
            walk(trie.words, trie.starts, trie.suffixes, int(state), words[i : i + 1])
            for i, state in enumerate(states)
        ],
        dtype=np.int64,
    )


def _ends_of(model: NgramModel, states: np.ndarray) -> np.ndarray:
    """Contexts, then the ends of them that they back off to: int64 (lengths, n), 0 for none."""
    ends = [states]
    while ends[-1].any():
        ends.append(np.where(ends[-1] > 0, model.trie.suffixes[ends[-1]], 0))
    return np.stack(ends[:-1] or ends).astype(np.int64)


def _continuations(model: NgramModel, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams that continue each context that is not empty.

    RETURNS (Tuple[np.ndarray, np.ndarray]): Places in `contexts`, and nodes, side by side.
    """
    places = np.flatnonzero(contexts)
    starts = model.trie.starts[contexts[places]].astype(np.int64)
    sizes = model.trie.starts[contexts[places] + 1] - starts
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(places, sizes), np.repeat(starts, sizes) + within
