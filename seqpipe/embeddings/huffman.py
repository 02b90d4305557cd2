"""The tree of hierarchical softmax: Huffman's code over the words (Huffman 1952; Mikolov et al.
2013a, section 3), so that frequent words have short ways."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Tree(NamedTuple):
    """A binary tree with the words as leaves.

    starts (np.ndarray): int64 (words + 1,): a word's way is nodes[starts[w] : starts[w + 1]].
    nodes (np.ndarray): int32 (n,), inner nodes from the root down; there are words - 1 of them.
    labels (np.ndarray): float32 (n,), 1 where the way goes on to the left, else 0.
    """

    starts: np.ndarray
    nodes: np.ndarray
    labels: np.ndarray


def huffman_tree(counts: np.ndarray) -> Tree:
    """Join the two rarest again and again; the rarer of them is the left one.

    counts (np.ndarray): (words,), in falling order.
    RETURNS (Tree): The ways to all words.
    """
    words = len(counts)
    if words == 1:
        return Tree(np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    parents, is_left = _joined(counts)
    depths = np.zeros(words, dtype=np.int64)
    ways: list[tuple[int, bool]] = []
    for word in range(words):
        way, node = [], word
        while node != 2 * words - 2:  # the root is the last that was made
            way.append((parents[node] - words, is_left[node]))
            node = parents[node]
        depths[word] = len(way)
        ways.extend(reversed(way))
    starts = np.concatenate([[0], np.cumsum(depths)])
    nodes = np.array([node for node, _ in ways], dtype=np.int32)
    labels = np.array([left for _, left in ways], dtype=np.float32)
    return Tree(starts, nodes, labels)


def _joined(counts: np.ndarray) -> tuple[list[int], list[bool]]:
    """Each node's parent, and whether it is its left child. Leaves come first, then inner nodes in
    the order of their making: their counts rise, so that the rarest is at the head of a queue."""
    words = len(counts)
    weights = [*counts.tolist(), *[0] * (words - 1)]
    parents, is_left = [0] * (2 * words - 1), [False] * (2 * words - 1)
    leaf, inner = words - 1, words
    for made in range(words, 2 * words - 1):
        for left in (True, False):
            if leaf >= 0 and (inner >= made or weights[leaf] <= weights[inner]):
                chosen, leaf = leaf, leaf - 1
            else:
                chosen, inner = inner, inner + 1
            parents[chosen], is_left[chosen] = made, left
            weights[made] += weights[chosen]
    return parents, is_left
