"""Skip-gram and CBOW over encoded text (Mikolov et al. 2013a, 2013b), one window at a time.

All words of a window share the outputs that they are trained against (Ji et al. 2016, section 3):
instead of a dot product and an update a pair there are small matrix products a window.
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
ONE = np.float32(1.0)
# Where σ is so near to 0 that its rounding tells, -log σ(x) is -x.
SURE = np.float32(1e-6)


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

    table: float32 (outputs, width). noise: how many noise words a window has. thresholds, aliases:
    uint32 and int32 (words,), the distribution that they are drawn from (Walker 1977). starts,
    nodes, labels: int64 (words + 1,), int32 and float32 (n,), the inner nodes of the tree on the
    way to each word, and 1 where the way goes on to the left; empty without a tree.
    """

    table: Any
    noise: int
    thresholds: Any
    aliases: Any
    starts: Any
    nodes: Any
    labels: Any


class Room(NamedTuple):
    """Where a window is worked out.

    context: int64 (reach,), its words. targets, labels: int64 and float32 (targets,), what they are
    trained against. upcoming: the targets of the next window. hidden, change: float32
    (reach, width), the vectors of the context, and what is added to them. scores, slopes: float32
    (reach * targets + LANES,).
    """

    context: Any
    targets: Any
    labels: Any
    upcoming: Any
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
def draw(thresholds, aliases, state):
    """An index, by Walker's alias method."""
    z = next_random(state)
    share = z & np.uint64(0xFFFFFFFF)
    column = np.int64(((z >> np.uint64(32)) * np.uint64(len(aliases))) >> np.uint64(32))
    alias = np.int64(aliases[column])
    # Without a branch, which nothing could predict.
    chosen = np.int64(share < np.uint64(thresholds[column]))
    return alias + chosen * (column - alias)


@kernel
def find_context(words, i, reach, context):
    """The words up to so many places from the i-th one, within its line. RETURNS: How many."""
    m = 0
    for step in (-1, 1):
        j = i + step
        for _ in range(reach):
            if j < 0 or j >= len(words) or words[j] < 0:
                break
            context[m] = words[j]
            m += 1
            j += step
    return m


@kernel
def fetch(table, row):
    """Ask for a row that is needed soon."""
    width = table.shape[1]
    for j in range(0, width, CACHE_LINE):
        prefetch(table, row * width + j)


@kernel
def fetch_ahead(words, i, inputs, outputs):
    """Ask for the rows of the words that the windows come to next."""
    if len(outputs.starts) == 0 and i + 1 < len(words) and words[i + 1] >= 0:
        fetch(outputs.table, np.int64(words[i + 1]))
    if len(inputs.starts) == 0 and i + AHEAD < len(words) and words[i + AHEAD] >= 0:
        fetch(inputs.table, np.int64(words[i + AHEAD]))


@kernel
def draw_noise(outputs, state, room):
    """Draw the next window's noise words, and ask for their rows."""
    for b in range(outputs.noise):
        room.upcoming[b] = draw(outputs.thresholds, outputs.aliases, state)
        fetch(outputs.table, room.upcoming[b])


@kernel
def find_targets(word, outputs, state, room):
    """What a word is predicted through: itself and noise, or the nodes that lead to it.

    RETURNS: How many.
    """
    if len(outputs.starts) > 0:
        first, end = outputs.starts[word], outputs.starts[word + 1]
        for b in range(end - first):
            room.targets[b] = outputs.nodes[first + b]
            room.labels[b] = outputs.labels[first + b]
        return end - first
    n = 1
    room.targets[0], room.labels[0] = word, ONE
    for b in range(outputs.noise):
        if room.upcoming[b] != word:
            room.targets[n], room.labels[n] = room.upcoming[b], np.float32(0.0)
            n += 1
    draw_noise(outputs, state, room)
    return n


@kernel
def add_vector(word, inputs, share, hidden, h):
    """hidden += share times a word's vector."""
    width = inputs.table.shape[1]
    if len(inputs.starts) == 0:
        for j in range(0, width, LANES):
            value = load(hidden, h + j, LANES) + load(inputs.table, word * width + j, LANES) * share
            store(hidden, h + j, LANES, value)
        return
    first, end = inputs.starts[word], inputs.starts[word + 1]
    share = share / np.float32(end - first)
    for place in range(first, end):
        row = np.int64(inputs.rows[place]) * width
        for j in range(0, width, LANES):
            value = load(hidden, h + j, LANES) + load(inputs.table, row + j, LANES) * share
            store(hidden, h + j, LANES, value)


@kernel
def change_vector(word, inputs, share, change, h):
    """The rows of a word's vector += share times the change of that."""
    width = inputs.table.shape[1]
    if len(inputs.starts) == 0:
        row = word * width
        for j in range(0, width, LANES):
            value = load(inputs.table, row + j, LANES) + load(change, h + j, LANES) * share
            store(inputs.table, row + j, LANES, value)
        return
    first, end = inputs.starts[word], inputs.starts[word + 1]
    share = share / np.float32(end - first)
    for place in range(first, end):
        row = np.int64(inputs.rows[place]) * width
        for j in range(0, width, LANES):
            value = load(inputs.table, row + j, LANES) + load(change, h + j, LANES) * share
            store(inputs.table, row + j, LANES, value)


@kernel
def score(m, n, table, room):
    """The scores of n targets for m hidden vectors: their dot products."""
    width = table.shape[1]
    for a in range(m):
        for b in range(n):
            t = room.targets[b] * width
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
                t = room.targets[b] * width + j
                total = total + load(table, t, LANES) * room.slopes[a * n + b]
            store(room.change, a * width + j, LANES, total)
    for b in range(n):
        t = room.targets[b] * width
        for j in range(0, width, LANES):
            total = load(table, t + j, LANES)
            for a in range(m):
                total = total + load(room.hidden, a * width + j, LANES) * room.slopes[a * n + b]
            store(table, t + j, LANES, total)


@kernel
def learn_windows(words, reaches, inputs, outputs, cbow, rate, state, room):
    """Gradient descent on the windows of a text, one after the other.

    words: int32 (n,), with a negative mark after each line. reaches: int8 (n,), how far the window
    of each goes. cbow: The mean of the context predicts, not each of its words. rate: float32.
    state: uint64 (1,), of the random numbers.
    RETURNS: The sum of the losses of all predictions, and how many there were.
    """
    width = inputs.table.shape[1]
    loss, examples = 0.0, 0
    draw_noise(outputs, state, room)
    for i in range(len(words)):
        word = np.int64(words[i])
        if word < 0:
            continue
        fetch_ahead(words, i, inputs, outputs)
        size = find_context(words, i, reaches[i], room.context)
        if size == 0:
            continue
        n = find_targets(word, outputs, state, room)
        m = 1 if cbow else size
        share = ONE / np.float32(size) if cbow else ONE
        for place in range(m * width):
            room.hidden[place] = 0.0
        for a in range(size):
            add_vector(room.context[a], inputs, share, room.hidden, 0 if cbow else a * width)
        score(m, n, outputs.table, room)
        loss += find_slopes(m, n, rate, room)
        step(m, n, outputs.table, room)
        for a in range(size):
            change_vector(room.context[a], inputs, share, room.change, 0 if cbow else a * width)
        examples += m
    return loss, examples
