"""Inference in a linear-chain CRF over a packed batch, in float64: the compiled twin of
`seqpipe.layers.crf_inference`, which is its specification.

Sums are products of exponentials, brought to the sum 1 at every token (Rabiner 1989, section V A).
Where a path might be lost to underflow the kernels say so, and the array code does it again.

Notation: N tokens, B sentences by rank, L tags, W tags rounded up to whole vector registers, zero
beyond L. Row `offsets[t] + b` is step t of sentence b.

    emissions (N, L), start and end (L,), transitions (L, L)    scores in nats, float64
    sizes, offsets (steps,)     sentences alive at each step, and its first row
    last (sentences,)           row of the last token of each, of those that have one
    gold (N,)                   tag that a token must have, -1 for any
    lattice                     what `prepare` gives
    floor                       share of a sum below which a path may be lost
    alpha, beta, onward (N, W), scales (N,)     see `forward` and `backward`
    out, total                  arrays that are filled, added to
    context                     numba's; whoever calls the function leaves it out
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .compile import kernel

LANES = 8  # float64 in a vector register
TINY = 1e-300  # what is smaller has lost digits, or will in a product
FARTHEST = 700.0  # exp is zero some 745 nats below 0
_INT = ir.IntType(32)


@intrinsic
def add_scaled(context, total, t, factor, rows, r, place):  # numba reads the names
    """total[t, place:place + LANES] += factor · rows[r, place:place + LANES], in one register.

    numba's own loops over so few values are not vectorised.
    """
    i = types.int64
    signature = types.void(total, i, types.float64, rows, i, i)
    vector = ir.VectorType(ir.DoubleType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def pointer(n: int) -> Any:
            array = context.make_array(signature.args[n])(context, builder, args[n])
            width = builder.extract_value(array.shape, 1)
            start = builder.add(builder.mul(args[n + 1], width), args[5])
            return builder.bitcast(builder.gep(array.data, [start]), vector.as_pointer())

        first = builder.insert_element(ir.Constant(vector, ir.Undefined), args[2], _INT(0))
        zeros = ir.Constant(ir.VectorType(_INT, LANES), [0] * LANES)
        factors = builder.shuffle_vector(first, first, zeros)
        product = builder.fmul(factors, builder.load(pointer(3), align=8), flags=("contract",))
        added = builder.fadd(product, builder.load(pointer(0), align=8), flags=("contract",))
        builder.store(added, pointer(0), align=8)
        return context.get_dummy_value()

    return signature, generate


@kernel
def exponentials(scores, out):
    """exp(score - greatest of its row), `(rows, W)`, from scores `(rows, L)`.

    RETURNS: The greatest of each row, 0 where all are -inf, `(rows,)`; whether a finite score was
        so far below it that it is lost.
    """
    rows, L = scores.shape
    tops = np.zeros(rows)
    is_lost = False
    for row in range(rows):
        top = -np.inf
        for j in range(L):
            top = max(top, scores[row, j])
        if top > -np.inf:
            tops[row] = top
        for j in range(L):
            below = scores[row, j] - tops[row]
            out[row, j] = math.exp(below)
            is_lost |= (below < -FARTHEST) & (scores[row, j] > -np.inf)
        for j in range(L, out.shape[1]):
            out[row, j] = 0.0
    return tops, is_lost


@kernel
def multiply(vectors, row, matrix, out, to):
    """out[to] = vectors[row] · matrix, `(W,)` and `(W, W)`; zeros cost nothing."""
    W = matrix.shape[1]
    for j in range(W):
        out[to, j] = 0.0
    for i in range(W):
        value = vectors[row, i]
        if value != 0.0:
            for j in range(0, W, LANES):
                add_scaled(out, to, value, matrix, i, j)


@kernel
def settle(scores, row, weights, token, tag, floor, out):
    """out[token] = scores[row] ∘ weights[token], brought to the sum 1; if the tag is known (not
    -1), of that tag only.

    RETURNS: The sum that it had; whether a path may be lost.
    """
    W, total = out.shape[1], 0.0
    if tag >= 0:
        for j in range(W):
            out[token, j] = 0.0
        total = scores[row, tag] * weights[token, tag]
        out[token, tag] = total / total if total != 0.0 else 0.0
        possible = scores[row, tag] > 0.0 and weights[token, tag] > 0.0
        return total, possible and total <= TINY
    for j in range(W):
        out[token, j] = scores[row, j] * weights[token, j]
        total += out[token, j]
    lowest = max(floor * total, TINY)
    scale = 1.0 / total if total != 0.0 else 0.0
    lost = 0
    for j in range(W):
        possible = (scores[row, j] > 0.0) & (weights[token, j] > 0.0)
        lost += possible & (out[token, j] <= lowest)
        out[token, j] *= scale
    return total, lost > 0


@kernel
def prepare(emissions, start, transitions, end):
    """The exponentials that all passes share.

    RETURNS: `weights (N, W)` of the emissions with the `tops (N,)` taken out; `chain (W, W)` of the
        transitions, and transposed; `ends (2, W)` of start and end, and their tops; the share of a
        sum below which a path may be lost. And whether one is lost already.
    """
    N, L = emissions.shape
    W = (L + LANES - 1) // LANES * LANES
    weights, ends, widest = np.empty((N, W)), np.empty((2, W)), 0.0
    tops, lost_inside = exponentials(emissions, weights)
    end_tops, lost_outside = exponentials(np.stack((start, end)), ends)
    chain, chain_T = np.zeros((W, W)), np.zeros((W, W))
    for i in range(L):
        for j in range(L):
            chain[i, j] = chain_T[j, i] = math.exp(transitions[i, j])
            if transitions[i, j] > -np.inf:
                widest = max(widest, abs(transitions[i, j]))
    floor = math.exp(widest - FARTHEST)
    lattice = (weights, tops, chain, chain_T, ends, end_tops, floor)
    return lattice, lost_inside or lost_outside


@kernel
def forward(lattice, gold, sizes, offsets):
    """α of every token over the sequences that agree with the gold (-1: any tag).

    RETURNS: `alpha (N, W)`, which sums to 1 at each token, and `scales (N,)`: log α is
        log(alpha) + scale. And whether a path may be lost.
    """
    weights, tops, chain, _, ends, end_tops, floor = lattice
    alpha, scales = np.empty_like(weights), np.empty_like(tops)
    arriving, is_lost = ends.copy(), False
    for t in range(len(sizes)):
        for b in range(sizes[t]):
            row, scale = offsets[t] + b, end_tops[0]
            if t > 0:
                before = offsets[t - 1] + b
                multiply(alpha, before, chain, arriving, 0)
                scale = scales[before]
            total, lost = settle(arriving, 0, weights, row, gold[row], floor, alpha)
            scales[row] = scale + tops[row] + math.log(total)
            is_lost |= lost
    return alpha, scales, is_lost


@kernel
def partition(lattice, alpha, scales, last):
    """log Z of every sentence from α of its last token, whose row `last (B,)` tells, `(B,)`.

    RETURNS: log Z, and whether a path may be lost.
    """
    ends, end_top = lattice[4], lattice[5][1]
    log_z, is_lost = np.empty(len(last)), False
    for b in range(len(last)):
        row, total, possible = last[b], 0.0, 0
        for j in range(ends.shape[1]):
            total += alpha[row, j] * ends[1, j]
            possible += (alpha[row, j] > 0.0) & (ends[1, j] > 0.0)
        log_z[b] = scales[row] + end_top + math.log(total)
        is_lost |= (possible > 0 and total <= TINY) or math.isnan(log_z[b])
    return log_z, is_lost


@kernel
def backward(lattice, gold, sizes, offsets):
    """β of every token over the sequences that agree with the gold (-1: any tag).

    RETURNS: `beta (N, W)` and `scales (N,)`: log β is log(beta) + scale. `onward (N, W)`: emission
        and β of each token but the first ones, brought to the sum 1, from which the β before is
        made. And whether a path may be lost.
    """
    weights, tops, _, chain_T, ends, end_tops, floor = lattice
    beta, onward, scales = np.empty_like(weights), np.empty_like(weights), np.empty_like(tops)
    is_lost, following = False, 0
    for t in range(len(sizes) - 1, -1, -1):
        for b in range(sizes[t]):
            row = offsets[t] + b
            if b >= following:
                for j in range(ends.shape[1]):
                    beta[row, j] = ends[1, j]
                scales[row] = end_tops[1]
                continue
            after = offsets[t + 1] + b
            total, lost = settle(beta, after, weights, after, gold[after], floor, onward)
            multiply(onward, after, chain_T, beta, row)
            scales[row] = scales[after] + tops[after] + math.log(total)
            is_lost |= lost
        following = sizes[t]
    return beta, onward, scales, is_lost


@kernel
def count(alpha, beta, onward, counted, sizes, offsets, sign, marginals, pairs):
    """Add what is expected in the sentences that are counted, times the sign.

    To `marginals (N, L)` P(y_t = j | x), to `pairs (W, W)` the transitions but for the factor
    exp(T). RETURNS: Whether a path may be lost.
    """
    L, is_lost = marginals.shape[1], False
    for t in range(len(sizes)):
        following = sizes[t + 1] if t + 1 < len(sizes) else 0
        for b in range(sizes[t]):
            if not counted[b]:
                continue
            row, total = offsets[t] + b, 0.0
            for j in range(L):
                total += alpha[row, j] * beta[row, j]
            is_lost |= not total > TINY
            for j in range(L):
                marginals[row, j] += sign * alpha[row, j] * beta[row, j] / total
            if b < following:
                add_outer(sign / total, alpha, row, onward, offsets[t + 1] + b, pairs)
    return is_lost


@kernel
def add_outer(factor, left, i_left, right, i_right, total):
    """total `(W, W)` += factor · left[i_left] ⊗ right[i_right]; zeros of the left cost nothing."""
    W = total.shape[1]
    for i in range(W):
        value = factor * left[i_left, i]
        if value != 0.0:
            for j in range(0, W, LANES):
                add_scaled(total, i, value, right, i_right, j)


@kernel
def infer(emissions, start, transitions, end, sizes, offsets, last):
    """Forward-backward.

    RETURNS: alpha, beta `(N, W)` and their scales `(N,)`, see above; log Z `(len(last),)`; whether
        a path may be lost.
    """
    lattice, lost = prepare(emissions, start, transitions, end)
    gold = np.full(len(emissions), -1)
    alpha, scales, lost_forward = forward(lattice, gold, sizes, offsets)
    log_z, lost_end = partition(lattice, alpha, scales, last)
    beta, _, back_scales, lost_backward = backward(lattice, gold, sizes, offsets)
    is_lost = lost or lost_forward or lost_end or lost_backward
    return alpha, beta, scales, back_scales, log_z, is_lost


@kernel
def loss(emissions, start, transitions, end, sizes, offsets, last, gold, marginals, pairs):
    """Σ log Z - log Z of what agrees with the gold, and its gradient, over the sentences that have
    a legal sequence which does.

    marginals `(N, L)` and pairs `(L, L)`: Hold 0; the gradient of emissions and of transitions.
    RETURNS: The loss; whether a path may be lost.
    """
    lattice, is_lost = prepare(emissions, start, transitions, end)
    chain = lattice[2]
    counts, total = np.zeros_like(chain), 0.0
    counted = np.ones(len(last), dtype=np.bool_)
    for tags, sign in ((gold, -1.0), (np.full(len(gold), -1), 1.0)):
        alpha, scales, lost_forward = forward(lattice, tags, sizes, offsets)
        log_z, lost_end = partition(lattice, alpha, scales, last)
        beta, onward, _, lost_backward = backward(lattice, tags, sizes, offsets)
        for b in range(len(last)):
            counted[b] &= log_z[b] > -np.inf
            if counted[b]:
                total += sign * log_z[b]
        lost = count(alpha, beta, onward, counted, sizes, offsets, sign, marginals, counts)
        is_lost |= lost or lost_forward or lost_end or lost_backward
    for i in range(len(pairs)):
        for j in range(len(pairs)):
            pairs[i, j] = counts[i, j] * chain[i, j]
    return total, is_lost


@kernel
def best_paths(emissions, start, transitions, end, sizes, offsets, last, tags, scores):
    """Viterbi: the best sequence of each sentence into `tags (N,)`, its score into `scores (B,)`.

    The lowest tag on a tie. No score may be NaN or +inf.
    """
    N, L = emissions.shape
    best, source = np.empty((N, L)), np.empty((N, L), dtype=np.int64)
    for t in range(len(sizes)):
        for b in range(sizes[t]):
            row = offsets[t] + b
            if t == 0:
                best[row] = start
            else:
                best_sources(best, offsets[t - 1] + b, transitions, row, source)
            for j in range(L):
                best[row, j] += emissions[row, j]
    for b in range(len(last)):
        final = best[last[b]] + end
        tags[last[b]] = np.argmax(final)
        scores[b] = final[tags[last[b]]]
    following = 0
    for t in range(len(sizes) - 1, -1, -1):
        for b in range(following):
            after = offsets[t + 1] + b
            tags[offsets[t] + b] = source[after, tags[after]]
        following = sizes[t]


@kernel
def best_sources(best, before, transitions, row, source):
    """For each tag the greatest best[before]_i + T_ij, into best[row], and the lowest i that has
    it, into source[row]."""
    L = best.shape[1]
    for j in range(L):
        best[row, j], source[row, j] = best[before, 0] + transitions[0, j], 0
    for i in range(1, L):
        value = best[before, i]
        for j in range(L):
            score = value + transitions[i, j]
            is_better = score > best[row, j]
            best[row, j] = score if is_better else best[row, j]
            source[row, j] = i if is_better else source[row, j]
