"""Counting n-grams: a trie is grown by one word at a time, by counting sort; tries are merged.

A trie lies in breadth-first order: node 0 is the empty n-gram, its children are all words, and the
children of node i are `starts[i]` to `starts[i + 1]`, in order of their words.

    words (nodes,), counts (nodes,)     the last word of each n-gram, and how often it stands there
    starts (inner + 1,)                 for the nodes that have children
    bos                                 the id of what stands before a sentence
The letters in words_a, starts_a, counts_a, words_b, starts_b and counts_b tell two tries apart.
"""

from __future__ import annotations

import numpy as np

from .compile import kernel


@kernel
def places_by_word(ids, size, bos):
    """The places of a text in order of their words, without those where a sentence begins.

    ids (n,): int32, each below size. RETURNS: int32 (m,).
    """
    ends = np.zeros(size + 1, np.int64)
    for word in ids:
        if word != bos:
            ends[word + 1] += 1
    for word in range(size):
        ends[word + 1] += ends[word]
    places = np.empty(ends[size], np.int32)
    for place in range(len(ids)):
        word = ids[place]
        if word != bos:
            places[ends[word]] = place
            ends[word] += 1
    return places


@kernel
def longer_ngrams(ids, by_word, length, nodes, parents):
    """The n-grams of `length` words, from those of one word less.

    Places are taken in order of the new word and dealt to their parents, which sorts them by both.

    ids (n,): The text. by_word: From `places_by_word`. nodes (n,): int32, the shorter n-gram that
        begins at each place, from 0 to parents - 1, or -1 where the sentence is too short.
    RETURNS: The longer n-gram that begins at each place (n,); the first of each parent
        (parents + 1,); the last word of each, and how often it stands.
    """
    ends = np.zeros(parents + 1, np.int64)
    for place in by_word:
        first = place - length + 1
        if first >= 0 and nodes[first] >= 0:
            ends[nodes[first] + 1] += 1
    for parent in range(parents):
        ends[parent + 1] += ends[parent]
    total = ends[parents]
    dealt = np.empty(total, np.int32)
    for place in by_word:
        first = place - length + 1
        if first >= 0 and nodes[first] >= 0:
            parent = nodes[first]
            dealt[ends[parent]] = first
            ends[parent] += 1  # at last it is where the next parent begins
    longer = np.full(len(ids), -1, np.int32)
    starts = np.empty(parents + 1, np.int32)
    words, counts = np.empty(total, np.int32), np.empty(total, np.int64)
    node, begin = -1, 0
    for parent in range(parents):
        starts[parent] = node + 1
        last = -1
        for i in range(begin, ends[parent]):
            first = dealt[i]
            word = ids[first + length - 1]
            if word != last:
                node += 1
                words[node], counts[node] = word, 0
                last = word
            counts[node] += 1
            longer[first] = node
        begin = ends[parent]
    starts[parents] = node + 1
    return longer, starts, words[: node + 1].copy(), counts[: node + 1].copy()


@kernel
def merge_tries(words_a, starts_a, counts_a, words_b, starts_b, counts_b):
    """One trie of two of the same order, with counts added up.

    words (nodes,), starts (inner + 1,), counts (nodes,). RETURNS: The same of both together.
    """
    inner_a, inner_b = len(starts_a) - 1, len(starts_b) - 1
    room = len(words_a) + len(words_b)
    words, counts = np.empty(room, np.int32), np.empty(room, np.int64)
    starts = np.empty(inner_a + inner_b + 1, np.int32)
    # Where each node stands in either trie, -1 if it does not.
    in_a, in_b = np.empty(room, np.int32), np.empty(room, np.int32)
    words[0], counts[0] = words_a[0], counts_a[0] + counts_b[0]
    in_a[0] = in_b[0] = 0
    node, filled = 0, 1
    while node < filled and in_a[node] < inner_a and in_b[node] < inner_b:
        starts[node] = filled
        a = b = end_a = end_b = 0
        if in_a[node] >= 0:
            a, end_a = starts_a[in_a[node]], starts_a[in_a[node] + 1]
        if in_b[node] >= 0:
            b, end_b = starts_b[in_b[node]], starts_b[in_b[node] + 1]
        while a < end_a or b < end_b:
            takes_a = a < end_a and (b >= end_b or words_a[a] <= words_b[b])
            takes_b = b < end_b and (a >= end_a or words_b[b] <= words_a[a])
            in_a[filled] = in_b[filled] = -1
            counts[filled] = 0
            if takes_a:
                words[filled], in_a[filled] = words_a[a], a
                counts[filled] += counts_a[a]
                a += 1
            if takes_b:
                words[filled], in_b[filled] = words_b[b], b
                counts[filled] += counts_b[b]
                b += 1
            filled += 1
        node += 1
    starts[node] = filled
    return words[:filled].copy(), starts[: node + 1].copy(), counts[:filled].copy()
