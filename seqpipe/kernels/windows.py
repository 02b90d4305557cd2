"""Skip-gram and CBOW over encoded text (Mikolov et al. 2013a, 2013b), one window at a time.

All words of a window share the outputs that they are trained against (Ji et al. 2016, section 3):
instead of a dot product and an update a pair there are small matrix products a window. The rows of
noise words, which lie anywhere in a large table, take longer to fetch than all else. So they stay
in a pool for some time, from which each window picks its own: each that is fetched is used several
times, but in windows that lie apart.

    inputs, outputs, room   see `Inputs`, `Outputs`, `Room`
    words (n,), i           ids, negative where a line ends; a place among them
    reach, count            words on each side of i; how many
    r, start, table         places in what a room holds, and in a table, flat
    m, n                    hidden vectors and targets of a window
    state (1,)              uint64, of the random numbers
    columns (words,)        a distribution, see `Outputs`
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .activation import sigmoid
from .compile import kernel
from .vector import LANES, load, prefetch, store, total_of, zeros

CACHE_LINE = 16  # floats
AHEAD = 6  # words
POOL = 64
POOL_MASK = np.uint64(POOL - 1)
ZERO, ONE = np.float32(0.0), np.float32(1.0)
LOW = np.uint64(0xFFFFFFFF)
# Where σ is so near to 0 that its rounding tells, -log σ(x) is -x.
SURE = np.float32(1e-6)
# A product of probabilities is kept above this, far from where it would become 0.
TINY = 1e-200


class Inputs(NamedTuple):
    """What a word's vector is made of.

    table: float32 (rows, width). starts, rows: int64 (words + 1,) and int32 (n,), the rows whose
    mean it is; both empty where word and row are the same.
    """

    table: Any
    starts: Any
    rows: Any


class Outputs(NamedTuple):
    """What a word is predicted through.

    table: float32 (outputs, width). noise: how many noise words a window has, at most POOL. fresh:
    how many words of the pool each window draws anew. columns: uint64 (words,), the distribution
    that they are drawn from: the alias of each column (Walker 1977), and in the lower half the
    threshold below which it is the column itself. starts, nodes, labels: int64 (words + 1,), int32
    and float32 (n,), the inner nodes of the tree on the way to each word, and 1 where the way goes
    on to the left; empty without a tree.
    """

    table: Any
    noise: int
    fresh: int
    columns: Any
    starts: Any
    nodes: Any
    labels: Any


class Room(NamedTuple):
    """Where a window is worked out.

    rows, weights: int64 and float32 (rows,), where the input rows of its context begin, and their
    shares in the hidden vectors. ends: int64 (hidden,), where those of each hidden vector end.
    targets, labels: int64 and float32 (targets,), where the output rows begin, and 1 or 0.
    pool: int64 (POOL,), where the output rows of the
    noise words begin that windows pick from. hidden, change: float32
    (hidden * width,), the vectors that predict, and what is added to them. scores, slopes: float32
    (hidden * targets + LANES,).
    """

    rows: Any
    weights: Any
    ends: Any
    targets: Any
    labels: Any
    pool: Any
    hidden: Any
    change: Any
    scores: Any
    slopes: Any


@kernel
def next_random(state):
    """SplitMix64 (Steele, Lea & Flood 2014, figure 14); state: uint64 (1,)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel
def draw(columns, state):
    """An index, by Walker's alias method."""
    z = next_random(state)
    column = ((z >> np.uint64(32)) * np.uint64(len(columns))) >> np.uint64(32)
    entry = columns[np.int64(column)]
    # Without a branch, which nothing could predict.
    is_own = np.uint64((z & LOW) < (entry & LOW))
    alias = entry >> np.uint64(32)
    return np.int64(alias + is_own * (column - alias))


@kernel
def fetch(table, start):
    """Ask for a row that is needed soon."""
    for j in range(0, table.shape[1], CACHE_LINE):
        prefetch(table, start + j)


@kernel
def fetch_ahead(words, i, inputs, outputs):
    """Ask for the rows of the words that the windows come to next."""
    width = inputs.table.shape[1]
    if len(outputs.starts) == 0 and i + 1 < len(words) and words[i + 1] >= 0:
        fetch(outputs.table, words[i + 1] * width)
    if len(inputs.starts) == 0 and i + AHEAD < len(words) and words[i + AHEAD] >= 0:
        fetch(inputs.table, words[i + AHEAD] * width)


@kernel
def find_rows(word, inputs, r, room):
    """Note the rows of a word's vector from the r-th place on. RETURNS: The place behind them."""
    width = inputs.table.shape[1]
    if len(inputs.starts) == 0:
        room.rows[r], room.weights[r] = word * width, ONE
        return r + 1
    first, end = inputs.starts[word], inputs.starts[word + 1]
    for place in range(first, end):
        room.rows[r] = np.int64(inputs.rows[place]) * width
        room.weights[r] = ONE / np.float32(end - first)
        r += 1
    return r


@kernel
def find_context(words, i, reach, inputs, room):
    """Note the rows of the words up to so many places from the i-th one, within its line.

    RETURNS: How many words these are.
    """
    m, r = 0, 0
    for step in (-1, 1):
        j = i + step
        for _ in range(reach):
            if j < 0 or j >= len(words) or words[j] < 0:
                break
            r = find_rows(np.int64(words[j]), inputs, r, room)
            room.ends[m] = r
            m += 1
            j += step
    return m


@kernel
def take_mean(m, room):
    """Make the hidden vectors of m words one: their mean."""
    end = room.ends[m - 1]
    for r in range(end):
        room.weights[r] /= np.float32(m)
    room.ends[0] = end


@kernel
def draw_noise(count, oldest, outputs, state, room):
    """Draw some words of the pool anew, in place of the oldest, and ask for their rows.

    RETURNS: Which is the oldest now.
    """
    width = outputs.table.shape[1]
    for _ in range(count):
        room.pool[oldest] = draw(outputs.columns, state) * width
        fetch(outputs.table, room.pool[oldest])
        oldest = (oldest + 1) % POOL
    return oldest


@kernel
def find_targets(word, outputs, state, room):
    """What a word is predicted through: itself and noise, or the nodes that lead to it.

    RETURNS: How many.
    """
    width = outputs.table.shape[1]
    if len(outputs.starts) > 0:
        first, end = outputs.starts[word], outputs.starts[word + 1]
        for b in range(end - first):
            room.targets[b] = np.int64(outputs.nodes[first + b]) * width
            room.labels[b] = outputs.labels[first + b]
        return end - first
    n = 1
    room.targets[0], room.labels[0] = word * width, ONE
    # An odd step meets no place of the pool twice.
    z = next_random(state)
    place, stride = np.int64(z & POOL_MASK), np.int64((z >> np.uint64(32)) & POOL_MASK) | 1
    for _ in range(outputs.noise):
        if room.pool[place] != word * width:
            room.targets[n], room.labels[n] = room.pool[place], ZERO
            n += 1
        place = (place + stride) % POOL
    return n


@kernel
def gather(m, table, room):
    """The hidden vectors: weighted sums of their rows."""
    width, first = table.shape[1], 0
    for a in range(m):
        end = room.ends[a]
        for j in range(0, width, LANES):
            total = zeros()
            for r in range(first, end):
                total = total + load(table, room.rows[r] + j, LANES) * room.weights[r]
            store(room.hidden, a * width + j, LANES, total)
        first = end


@kernel
def scatter(m, table, room):
    """Add to the rows of the hidden vectors their shares of the change."""
    width, first = table.shape[1], 0
    for a in range(m):
        end = room.ends[a]
        for r in range(first, end):
            row, weight = room.rows[r], room.weights[r]
            for j in range(0, width, LANES):
                value = (
                    load(table, row + j, LANES) + load(room.change, a * width + j, LANES) * weight
                )
                store(table, row + j, LANES, value)
        first = end


@kernel
def score(m, n, table, room):
    """The scores of n targets for m hidden vectors: their dot products."""
    width = table.shape[1]
    for a in range(m):
        for b in range(n):
            t = room.targets[b]
            total = zeros()
            for j in range(0, width, LANES):
                total = total + load(room.hidden, a * width + j, LANES) * load(table, t + j, LANES)
            room.scores[a * n + b] = total_of(total)


@kernel
def find_slopes(m, n, rate, room):
    """The slopes: rate times (label - σ(score)). RETURNS: The sum of -log p(label)."""
    for s in range(0, m * n, LANES):
        store(room.slopes, s, LANES, sigmoid(load(room.scores, s, LANES)))
    loss = 0.0
    for a in range(m):
        product = 1.0
        for b in range(n):
            s = a * n + b
            label, y = room.labels[b], room.slopes[s]
            right = y if label > 0 else ONE - y
            if right > SURE:
                product *= right
            else:
                loss += abs(room.scores[s])
            if product < TINY:
                loss -= math.log(product)
                product = 1.0
            room.slopes[s] = rate * (label - y)
        loss -= math.log(product)
    return loss


@kernel
def step(m, n, table, room):
    """Change the targets' rows, and find what changes the hidden vectors, all from old values."""
    width = table.shape[1]
    for a in range(m):
        for j in range(0, width, LANES):
            total = zeros()
            for b in range(n):
                total = total + load(table, room.targets[b] + j, LANES) * room.slopes[a * n + b]
            store(room.change, a * width + j, LANES, total)
    for b in range(n):
        for j in range(0, width, LANES):
            total = load(table, room.targets[b] + j, LANES)
            for a in range(m):
                total = total + load(room.hidden, a * width + j, LANES) * room.slopes[a * n + b]
            store(table, room.targets[b] + j, LANES, total)


@kernel
def learn_windows(words, reaches, inputs, outputs, cbow, rate, state, room):
    """Gradient descent on the windows of a text, one after the other.

    words: int32 (n,), with a negative mark after each line. reaches: int8 (n,), how far the window
    of each goes. cbow: The mean of the context predicts, not each of its words. rate: float32.
    state: uint64 (1,), of the random numbers.
    RETURNS: The sum of the losses of all predictions, and how many there were.
    """
    loss, examples = 0.0, 0
    oldest = draw_noise(POOL if outputs.noise > 0 else 0, 0, outputs, state, room)
    for i in range(len(words)):
        word = np.int64(words[i])
        if word < 0:
            continue
        fetch_ahead(words, i, inputs, outputs)
        m = find_context(words, i, reaches[i], inputs, room)
        if m == 0:
            continue
        n = find_targets(word, outputs, state, room)
        oldest = draw_noise(outputs.fresh, oldest, outputs, state, room)
        if cbow:
            take_mean(m, room)
            m = 1
        gather(m, inputs.table, room)
        score(m, n, outputs.table, room)
        loss += find_slopes(m, n, rate, room)
        step(m, n, outputs.table, room)
        scatter(m, inputs.table, room)
        examples += m
    return loss, examples
