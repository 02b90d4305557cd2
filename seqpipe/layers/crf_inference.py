"""Exact inference in a linear-chain CRF: forward-backward, marginals, Viterbi, n-best.

Every function takes a packed batch of any sentences, in float64 on the CPU (a handful of scores a
token is not worth a GPU), and loops over time steps only. Sums are taken in log space:
log Σ_i exp(α_i + T_ij) is computed as log(exp(α - max α) · exp(T)) + max α, one small product
instead of a cube of exponentials. A batch with scores so far apart (some 700 nats) that this could
lose a path to underflow is done again with the cube (Rabiner 1989, section III; Sutton & McCallum
2012, section 4.1).

This array code is the specification. Where compiled loops work (`seqpipe.kernels.crf`, to which the
time steps cost nothing) they do forward-backward and Viterbi.

Notation: N tokens, B sentences (by rank, longest first), L tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .compiled import kernels_work, plain
from .potentials import Potentials

CUBE_SIZE = 1 << 22  # scores of (row, tag, tag) that are held at once


@dataclass
class Posteriors:
    """The result of forward-backward.

    alpha (ndarray): log Σ over paths that end at token t in tag j, `(N, L)`, emission included.
    beta (ndarray): log Σ over what may follow token t in tag j, `(N, L)`, emission excluded.
    log_z (ndarray): log partition function by rank, `(B,)`; 0 for an empty sentence.
    potentials (Potentials): What they were computed from.
    exact (bool): Whether the scores were too far apart for products.
    """

    alpha: np.ndarray
    beta: np.ndarray
    log_z: np.ndarray
    potentials: Potentials
    exact: bool = False

    def marginals(self) -> Any:
        """P(y_t = j | x), `(N, L)`.

        RETURNS (ndarray): Probabilities, float64; each row sums to 1.
        """
        return np.exp(self.alpha + self.beta - self.log_z[self._ranks, None])

    def expected_transitions(self) -> np.ndarray:
        """Σ over tokens and sentences of P(y_t-1 = i, y_t = j | x), `(L, L)`.

        RETURNS (ndarray): Expected counts, float64.
        """
        P = self.potentials
        before, after = neighbours(P.packing)
        alpha, arriving = self.alpha[before], P.emissions[after] + self.beta[after]
        log_z = self.log_z[self._ranks[after], None]
        if self.exact:
            return _summed_cube(alpha, P.transitions, arriving - log_z)
        a_max, b_max = _row_max(alpha), _row_max(arriving)
        left = np.exp(alpha - a_max) * np.exp(a_max + b_max - log_z)
        return left.T @ np.exp(arriving - b_max) * np.exp(P.transitions)

    def segment_log_prob(self, rows: list[np.ndarray], tags: list[np.ndarray]) -> np.ndarray:
        """log P of runs of tags, summed over all that may stand before and after, `(runs,)`.

        rows (List[ndarray]): For each run, the packed rows of its tokens in order, `(length,)`.
        tags (List[ndarray]): Its tag at each of them, `(length,)`.
        RETURNS (ndarray): Nats, float64 `(runs,)`.
        """
        P = self.potentials
        if not rows:
            return np.zeros(0)
        firsts, lasts = [r[0] for r in rows], [r[-1] for r in rows]
        log_prob = (
            self.alpha[firsts, [t[0] for t in tags]] + self.beta[lasts, [t[-1] for t in tags]]
        )
        log_prob -= self.log_z[self._ranks[firsts]]
        runs = np.repeat(np.arange(len(rows)), [len(r) - 1 for r in rows])
        inner = np.concatenate([r[1:] for r in rows]).astype(np.int64)
        sources = np.concatenate([t[:-1] for t in tags]).astype(np.int64)
        targets = np.concatenate([t[1:] for t in tags]).astype(np.int64)
        np.add.at(log_prob, runs, P.transitions[sources, targets] + P.emissions[inner, targets])
        return log_prob

    @property
    def _ranks(self) -> np.ndarray:
        return self.potentials.packing.sequences


def for_kernels(potentials: Potentials) -> tuple[np.ndarray, ...] | None:
    """Scores and layout as the compiled loops take them; None where the array code must do it.

    potentials (Potentials): N tokens, L tags, B sentences.
    RETURNS (Tuple[ndarray, ...]): Emissions `(N, L)`, start `(L,)`, transitions `(L, L)`, end
        `(L,)`, in float64; sizes and offsets `(steps,)`, last `(sentences with tokens,)`, in int64.
    RAISES (ValueError): If the scores are not all of one number of tags.
    """
    P, packing = potentials, potentials.packing
    if not (isinstance(P.emissions, np.ndarray) and P.emissions.size and kernels_work()):
        return None
    L = len(P.start)
    shapes = [a.shape for a in (P.emissions, P.transitions, P.end)]
    if shapes != [(packing.tokens, L), (L, L), (L,)]:  # the loops would read beyond the arrays
        raise ValueError(f"emissions, transitions, end of shapes {shapes}, {L} tags expected")
    scores = (plain(a, np.float64) for a in (P.emissions, P.start, P.transitions, P.end))
    layout = (plain(a, np.int64) for a in (packing.sizes, packing.offsets, packing.last))
    return (*scores, *layout)


def forward_backward(potentials: Potentials) -> Posteriors:
    """α, β and log Z of every sentence. A sentence without a legal path has log Z = -inf.

    potentials (Potentials): N tokens, L tags.
    RETURNS (Posteriors): α and β are `(N, L)`, log Z is in nats, `(B,)`.
    """
    found = _compiled_forward_backward(potentials)
    return array_forward_backward(potentials) if found is None else found


def _compiled_forward_backward(potentials: Potentials) -> Posteriors | None:
    arrays = for_kernels(potentials)
    if arrays is None:
        return None
    from seqpipe.kernels.crf import infer

    alpha, beta, scales, back_scales, alive, is_lost = infer(*arrays)
    if is_lost:
        return None
    L, log_z = len(potentials.start), np.zeros(len(potentials.packing.lengths))
    log_z[: len(alive)] = alive
    with np.errstate(divide="ignore"):
        alpha = np.log(alpha[:, :L]) + scales[:, None]
        beta = np.log(beta[:, :L]) + back_scales[:, None]
    return Posteriors(alpha, beta, log_z, potentials)


def array_forward_backward(potentials: Potentials) -> Posteriors:
    """`forward_backward` in array code, which is its specification.

    potentials (Potentials): N tokens, L tags.
    RETURNS (Posteriors): As there.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what it would tell is looked for below
        posteriors = _forward_backward(potentials, _sum_product)
    if _may_underflow(posteriors):
        posteriors = _forward_backward(potentials, _sum_exact)
        posteriors.exact = True
    return posteriors


def _may_underflow(posteriors: Posteriors) -> bool:
    """Whether a product of exponentials may have lost a path.

    exp underflows some 745 nats below 0, so a finite score would stand that far below its row's
    top. What is lost at one step shows in the scores of that step.
    """
    P = posteriors.potentials
    finite = P.transitions[np.isfinite(P.transitions)]
    room = 700.0 - np.abs(finite).max(initial=0.0)
    for scores in (posteriors.alpha, posteriors.beta + P.emissions):
        lowest = np.where(np.isfinite(scores), scores, np.inf).min(axis=1, initial=np.inf)
        if (_row_max(scores)[:, 0] - lowest > room).any():
            return True
    return bool(np.isnan(posteriors.log_z).any())


def log_partition(potentials: Potentials) -> Any:
    """log Z of every sentence by rank, `(B,)`.

    potentials (Potentials): Of B sentences.
    RETURNS (ndarray): Nats, float64; -inf without a legal path.
    """
    return forward_backward(potentials).log_z


def path_scores(potentials: Potentials, tags: Any) -> Any:
    """The score s(y) of one tag sequence for each sentence, by rank, `(B,)`.

    potentials (Potentials): Of B sentences with N tokens.
    tags (ndarray): Ids, packed, `(N,)`.
    """
    P, packing = potentials, potentials.packing
    token_scores = P.emissions[np.arange(len(tags)), tags]
    before, after = neighbours(packing)
    token_scores[after] += P.transitions[tags[before], tags[after]]
    alive = len(packing.last)
    token_scores[:alive] += P.start[tags[:alive]]
    token_scores[packing.last] += P.end[tags[packing.last]]
    scores = np.zeros(len(packing.lengths), dtype=token_scores.dtype)
    np.add.at(scores, packing.sequences, token_scores)
    return scores


def viterbi(potentials: Potentials) -> tuple[np.ndarray, np.ndarray]:
    """The best tag sequence of each sentence (Viterbi 1967).

    potentials (Potentials): Of B sentences with N tokens.
    RETURNS: Tags, `(N,)`, packed, and the score s(y) of each sentence's path by rank, `(B,)`.
    """
    P = potentials.to_numpy()
    arrays = for_kernels(P)
    if arrays is None or not all((scores < np.inf).all() for scores in arrays[:4]):  # NaN neither
        tags, scores = nbest(P, 1)
        return tags[:, 0], scores[:, 0]
    from seqpipe.kernels.crf import best_paths

    tags, scores = np.empty(P.packing.tokens, dtype=np.int64), np.zeros(len(P.packing.lengths))
    best_paths(*arrays, tags, scores)
    return tags, scores


def nbest(potentials: Potentials, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n best tag sequences of each sentence, best first.

    potentials (Potentials): Of B sentences with N tokens.
    n (int): At least 1.
    RETURNS: Tags, `(N, n)`, packed, and scores s(y) by rank, `(B, n)`; a sentence with fewer than n
        legal sequences has -inf in their place.
    RAISES (ValueError): If n is below 1.
    """
    if n < 1:
        raise ValueError(f"n={n}: at least 1 expected")
    P = potentials.to_numpy()
    packing, L = P.packing, len(P.start)
    B, steps = len(packing.lengths), packing.steps()
    rows = max(1, CUBE_SIZE // (L * L * n))  # sentences at once
    best = np.full((B, L, n), -np.inf)  # scores of the n best ways to reach each tag
    source = np.zeros((packing.tokens, L, n), dtype=np.int32)  # from tag * n + rank
    for t, (start, end, size) in enumerate(steps):
        if t == 0:
            best[:size, :, 0] = P.start + P.emissions[start:end]
            continue
        for i in range(0, size, rows):
            some, into = slice(i, min(i + rows, size)), slice(start + i, min(start + i + rows, end))
            reach = best[some, None] + P.transitions.T[None, :, :, None]  # (rows, to, from, n)
            reach = reach.reshape(-1, L, L * n)
            source[into] = _top(reach, n)
            best[some] = np.take_along_axis(reach, source[into], axis=2)
            best[some] += P.emissions[into, :, None]
    final = (best + P.end[:, None]).reshape(B, L * n)
    chosen = _top(final, n)
    scores = np.take_along_axis(final, chosen, axis=1)
    scores[packing.lengths[packing.order] == 0] = [0.0] + [-np.inf] * (n - 1)  # one way to be empty
    return _backtrack(packing, source, chosen, n), scores


def _backtrack(packing: Any, source: np.ndarray, chosen: np.ndarray, n: int) -> np.ndarray:
    """Follow the sources from each sentence's last token; chosen `(B, n)` is tag * n + rank."""
    tags = np.zeros((packing.tokens, n), dtype=np.int64)
    state = chosen.copy()
    for start, end, size in packing.steps(reverse=True):
        here = state[:size]
        tags[start:end] = here // n
        flat = source[start:end].reshape(size, -1)
        state[:size] = np.take_along_axis(flat, here, axis=1)
    return tags


def _top(scores: np.ndarray, n: int) -> np.ndarray:
    """Indices of the n greatest along the last axis, greatest first, the lower index on a tie."""
    if n == 1:
        return scores.argmax(axis=-1)[..., None]
    return np.argsort(-scores, axis=-1, kind="stable")[..., :n]


def _forward_backward(potentials: Potentials, step: Any) -> Posteriors:
    P, packing, L = potentials, potentials.packing, len(potentials.start)
    B, alive = len(packing.lengths), len(packing.last)
    alpha = np.empty((packing.tokens, L), dtype=np.float64)
    beta = np.empty_like(alpha)
    carry = np.zeros((B, L), dtype=np.float64)
    for t, (start, end, size) in enumerate(packing.steps()):
        arriving = step(carry[:size], P.transitions) if t else P.start
        carry[:size] = arriving + P.emissions[start:end]
        alpha[start:end] = carry[:size]
    log_z = np.zeros(B, dtype=np.float64)
    log_z[:alive] = _log_sum(carry[:alive] + P.end)
    carry[:] = P.end
    following = 0  # sentences that go on after this step: the first of those alive
    for start, end, size in packing.steps(reverse=True):
        if following:
            arriving = carry[:following] + P.emissions[end : end + following]
            carry[:following] = step(arriving, P.transitions.T)
        beta[start:end] = carry[:size]
        following = size
    return Posteriors(alpha, beta, log_z, P)


def _sum_product(scores: Any, transitions: Any) -> Any:
    """log Σ_i exp(scores_i + T_ij) through a product, `(size, L)`."""
    top = _row_max(scores)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.log(np.exp(scores - top) @ np.exp(transitions)) + top


def _summed_cube(left: Any, transitions: Any, right: Any) -> np.ndarray:
    """Σ over rows of exp(left_i + T_ij + right_j), `(L, L)`."""
    rows = max(1, CUBE_SIZE // transitions.size)
    total = np.zeros_like(transitions)
    for i in range(0, len(left), rows):
        some = slice(i, i + rows)
        total += np.exp(left[some, :, None] + transitions + right[some, None, :]).sum(axis=0)
    return total


def _sum_exact(scores: Any, transitions: Any) -> Any:
    """The same through the whole cube, `(size, L, L)`; nothing underflows that matters."""
    return _log_sum(scores[:, :, None] + transitions, axis=1)


def _log_sum(scores: Any, axis: int = -1) -> Any:
    top = scores.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(scores - top).sum(axis=axis)) + np.squeeze(top, axis=axis)


def _row_max(scores: Any) -> Any:
    top = scores.max(axis=1, keepdims=True) if len(scores) else scores[:, :1]
    return np.where(np.isfinite(top), top, 0.0)


def neighbours(packing: Any) -> tuple[np.ndarray, np.ndarray]:
    """Packed rows of every two tokens that follow each other, `(N - B,)` each.

    packing (Packing): N tokens of B sequences.
    RETURNS (Tuple[ndarray, ndarray]): Rows of the first and of the second of each two; empty
        sequences do not count in B.
    """
    alive = int(packing.sizes[0]) if len(packing.sizes) else 0
    after = np.arange(alive, packing.tokens)
    steps = np.repeat(np.arange(len(packing.sizes)), packing.sizes)[alive:]
    before = packing.offsets[steps - 1] + packing.sequences[alive:] if len(after) else after
    return before, after
