"""N-gram models on a trie in breadth-first order (see ngram_counts): estimating, scoring.

The suffix of an n-gram is its longest proper suffix that the trie has: where a model backs off to.

    words (nodes,), starts (inner + 1,), counts (nodes,)    the trie
    suffixes (nodes,)                   the suffix of each n-gram
    probs, log_probs (nodes,)           of the last word after the others; natural logarithms
    backoffs (inner,)                   what is left for other words, as the probabilities are given
    state, node                         an n-gram
    ids (n,), uniform                   words; see `step`
"""

from __future__ import annotations

import numpy as np

from .compile import kernel


@kernel
def find(words, low, high, word):
    """The node of a word among those from low to high, whose words ascend, or where it would be."""
    while low < high:
        middle = (low + high) >> 1
        if words[middle] < word:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def child(words, starts, node, word):
    """The n-gram that a node and a word make, or -1 if the trie has none."""
    if node == 0:
        return word + 1
    if node >= len(starts) - 1:
        return -1
    end = starts[node + 1]
    found = find(words, starts[node], end, word)
    return found if found < end and words[found] == word else -1


@kernel
def suffix_links(words, starts):
    """The suffix of each node. RETURNS: int32 (nodes,)."""
    suffixes = np.zeros(len(words), np.int32)
    for node in range(starts[1], len(words)):
        suffixes[node] = -1
    for node in range(1, len(starts) - 1):
        shorter = suffixes[node]
        # Both lists ascend: what comes later is found later.
        low, high = starts[shorter], starts[shorter + 1]
        for longer in range(starts[node], starts[node + 1]):
            word = words[longer]
            if shorter == 0:
                suffixes[longer] = word + 1
                continue
            low = find(words, low, high, word)
            if low < high and words[low] == word:
                suffixes[longer] = low
                continue
            other = suffixes[shorter]
            while child(words, starts, other, word) < 0:
                other = suffixes[other]
            suffixes[longer] = child(words, starts, other, word)
    return suffixes


@kernel
def continuation_counts(suffixes, first, counts):
    """How many words stand before each n-gram: N1+(. w1 ... wk).

    suffixes (nodes,). first: The first node of two words. counts (nodes,): Is added to.
    """
    for node in range(first, len(suffixes)):
        counts[suffixes[node]] += 1


@kernel
def interpolate(starts, levels, counts, suffixes, discounts, uniform, probs, backoffs):
    """Interpolated modified Kneser-Ney (Chen & Goodman 1999): each n-gram's probability, each
    context's backoff.

    starts (inner + 1,). levels (order + 2,): The first node of each length. counts (nodes,): As
        they are used. suffixes (nodes,). discounts (order + 1, 4): By length, of counts of 0, 1,
        2, and 3 or more. uniform: The probability that words have with no count at all.
    probs (nodes,), backoffs (inner,): float64, are filled.
    """
    length = 1
    for node in range(len(starts) - 1):
        if node == levels[length]:
            length += 1
        total, taken = 0, 0.0
        for longer in range(starts[node], starts[node + 1]):
            total += counts[longer]
            taken += discounts[length, min(counts[longer], 3)]
        backoffs[node] = taken / total if total > 0 else 1.0
        for longer in range(starts[node], starts[node + 1]):
            count = counts[longer]
            shorter = uniform if node == 0 else probs[suffixes[longer]]
            kept = (count - discounts[length, min(count, 3)]) / total if total > 0 else 0.0
            probs[longer] = kept + backoffs[node] * shorter


@kernel
def add_constant(starts, counts, k, size, probs, backoffs):
    """p(w | h) = (c(hw) + k) / (c(h) + k size), and what of it is spread evenly over all words.

    Shapes as in `interpolate`.
    """
    for node in range(len(starts) - 1):
        total = 0
        for longer in range(starts[node], starts[node + 1]):
            total += counts[longer]
        whole = total + k * size
        backoffs[node] = k * size / whole if total > 0 else 1.0
        for longer in range(starts[node], starts[node + 1]):
            probs[longer] = (counts[longer] + k) / whole if whole > 0 else 0.0


@kernel
def step(words, starts, suffixes, log_probs, backoffs, uniform, state, word):
    """The log-probability of a word after a context, and the context with it.

    uniform: What an n-gram backs off to that the trie does not have; NaN if to its suffix.
    RETURNS: The log-probability, the next state, and the longest n-gram that the trie has.
    """
    log_prob, inner = 0.0, len(starts) - 1
    has_backed_off = False
    while True:
        found = child(words, starts, state, word)
        if found >= 0:
            break
        if not (has_backed_off and uniform == uniform):
            log_prob += backoffs[state]
        has_backed_off = True
        state = suffixes[state]
    log_prob += uniform if has_backed_off and uniform == uniform else log_probs[found]
    return log_prob, (found if found < inner else suffixes[found]), found


@kernel
def walk(words, starts, suffixes, state, ids):
    """The state after some words."""
    for word in ids:
        found = child(words, starts, state, word)
        while found < 0:
            state = suffixes[state]
            found = child(words, starts, state, word)
        state = found if found < len(starts) - 1 else suffixes[found]
    return state


@kernel
def score_sentences(words, starts, suffixes, log_probs, backoffs, uniform, first, ids, ends, out):
    """The log-probability of each token of each sentence.

    first: The state that a sentence begins with. ids (n,): All sentences one after another.
    ends (sentences,): Where each ends in it. out: float64 (n,), filled.
    """
    place = 0
    for end in ends:
        state = first
        while place < end:
            out[place], state, _ = step(
                words, starts, suffixes, log_probs, backoffs, uniform, state, ids[place]
            )
            place += 1


@kernel
def locate(words, starts, ngrams, out):
    """The node of each n-gram, -1 if the trie has none.

    ngrams (n, length): Ids. out: int32 (n,), filled.
    """
    for row in range(len(ngrams)):
        node = 0
        for word in ngrams[row]:
            node = child(words, starts, node, word)
            if node < 0:
                break
        out[row] = node
