"""The tree of hierarchical softmax is Huffman's."""

import heapq
from itertools import pairwise

import numpy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.embeddings.huffman import huffman_tree

COUNTS = st.lists(st.integers(1, 1000), min_size=2, max_size=40).map(
    lambda counts: numpy.array(sorted(counts, reverse=True))
)


def shortest(counts):
    """The summed length of Huffman's code, by a heap."""
    heap, total = list(map(int, counts)), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


def ways(tree):
    for start, end in pairwise(tree.starts.tolist()):
        yield list(
            zip(tree.nodes[start:end].tolist(), tree.labels[start:end].tolist(), strict=True)
        )


@given(COUNTS)
def test_the_ways_are_as_short_as_can_be(counts):
    tree = huffman_tree(counts)
    assert (numpy.diff(tree.starts) * counts).sum() == shortest(counts)


@given(COUNTS)
def test_all_leaves_hang_on_one_tree(counts):
    found = list(ways(huffman_tree(counts)))
    root = len(counts) - 2
    assert all(way[0][0] == root for way in found)
    assert {node for way in found for node, _ in way} == set(range(len(counts) - 1))
    # What stands behind a node and a side is always the same node, or a leaf of its own.
    below = {}
    for word, way in enumerate(found):
        for step, after in zip(way, [*way[1:], ("leaf", word)], strict=True):
            assert below.setdefault(step, after[0] if after[0] != "leaf" else after) == (
                after[0] if after[0] != "leaf" else after
            )
    # So the probabilities of the leaves sum to one, whatever σ is at each node.
    p = numpy.random.default_rng(0).random(len(counts) - 1)
    total = sum(numpy.prod([p[n] if left else 1 - p[n] for n, left in way]) for way in found)
    assert abs(total - 1.0) < 1e-9


def test_a_single_word_needs_no_way():
    tree = huffman_tree(numpy.array([5]))
    assert tree.starts.tolist() == [0, 0]
    assert len(tree.nodes) == 0
