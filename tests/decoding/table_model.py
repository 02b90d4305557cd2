"""A model small enough to list all that it can write: each prefix has numbers of its own."""

import itertools
import math
import zlib

import numpy as np

EOS = 0


class TableModel:
    """Knows a sequence by its source and its tokens; nothing that it says depends on others.

    impossible (float): How many of the log-probabilities are -inf.
    lengths: Tokens of each source, to which it attends.
    """

    def __init__(self, seed, *, size=4, impossible=0.0, lengths=(), dtype=np.float64):
        self.seed, self.size, self.impossible = seed, size, impossible
        self.lengths, self.dtype = lengths, dtype

    def begin(self, sources):
        # As wide as the longest source of the batch, for all of the search.
        self.padded = max([self.lengths[source] for source in sources]) if self.lengths else 0
        return self._predict([(source,) for source in sources])

    def step(self, ids, state):
        return self._predict([(*known, int(id)) for known, id in zip(state, ids, strict=True)])

    def select(self, state, rows):
        return [state[row] for row in rows]

    def log_probs(self, known):
        rng = self._rng(known)
        logits = rng.normal(scale=2.0, size=self.size)
        logits[rng.random(self.size) < self.impossible] = -np.inf
        if np.isinf(logits).all():
            return logits.astype(self.dtype)
        return (logits - np.logaddexp.reduce(logits)).astype(self.dtype)

    def attention(self, known):
        weights = self._rng((*known, -1)).exponential(size=self.lengths[known[0]])
        return weights / weights.sum()

    def _rng(self, known):
        return np.random.default_rng(zlib.crc32(repr((self.seed, known)).encode()))

    def _predict(self, state):
        log_probs = np.array([self.log_probs(known) for known in state]).reshape(-1, self.size)
        if not self.lengths:
            return log_probs, state
        attention = np.zeros((len(state), self.padded))
        for row, known in enumerate(state):
            attention[row, : self.lengths[known[0]]] = self.attention(known)
        return log_probs, state, attention


def repeats(ids, size):
    ngrams = [tuple(ids[i : i + size]) for i in range(len(ids) - size + 1)]
    return len(set(ngrams)) < len(ngrams)


def may_follow(model, source, ids, limits):
    """The tokens that may stand behind others, with their log-probabilities."""
    for token, log_prob in enumerate(model.log_probs((source, *ids)).tolist()):
        is_early = token == limits.eos and len(ids) < limits.min_length
        is_repeat = limits.no_repeat and repeats([*ids, token], limits.no_repeat)
        if log_prob > -math.inf and not (is_early or is_repeat or token in limits.forbidden):
            yield token, log_prob


def all_sequences(model, source, limits):
    """Everything that can be written: ids, log-probability, and whether it ends with <EOS>."""
    found, open = [], [((), 0.0)]
    while open:
        ids, log_prob = open.pop()
        more = list(may_follow(model, source, ids, limits))
        if not more:
            found.append((ids, log_prob, False))
        for token, more_log_prob in more:
            longer = ((*ids, token), log_prob + more_log_prob)
            if token == limits.eos or len(longer[0]) == limits.max_length:
                found.append((*longer, token == limits.eos))
            else:
                open.append(longer)
    return found


def scored(model, source, ids, log_prob, *, normalisation, alpha, coverage):
    """The score by its formula (Wu et al. 2016, equation 14)."""
    length = max(len(ids), 1)
    divisor = {"none": 1.0, "length": length**alpha, "gnmt": ((5 + length) / 6) ** alpha}
    score = log_prob / divisor[normalisation]
    if coverage:
        sums = np.zeros(model.lengths[source])
        for t in range(len(ids)):
            sums += model.attention((source, *ids[:t]))
        with np.errstate(divide="ignore"):
            score += coverage * np.log(np.minimum(sums, 1.0)).sum()
    return score


def exhaustive(model, source, limits, n_best, **score):
    """The best sequences, by (ended or not, score)."""
    found = [
        (ids, is_ended, scored(model, source, ids, log_prob, **score))
        for ids, log_prob, is_ended in all_sequences(model, source, limits)
    ]
    found.sort(key=lambda one: (not one[1], -one[2]))
    return list(itertools.islice(found, n_best))
