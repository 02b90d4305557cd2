"""N-grams of all lengths as one trie over integer arrays, in breadth-first order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from seqpipe.files import InputError

MAX_NODES = 2**31 - 1


@dataclass(frozen=True)
class Trie:
    """N-grams of 1 to `order` words. Every prefix of an n-gram is in it too.

    Node 0 is the empty n-gram, node 1 + id the word with that id; the n-grams that continue node i
    are nodes starts[i] to starts[i + 1], in order of their last word. Longer ones come later.

    order (int): Words of the longest n-grams.
    words (np.ndarray): int32 (nodes,), the last word of each; -1 for the empty one.
    starts (np.ndarray): int32 (inner + 1,), for all nodes but the longest n-grams.
    """

    order: int
    words: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        """RETURNS (int): The number of nodes, the empty n-gram among them."""
        return len(self.words)

    @property
    def size(self) -> int:
        """RETURNS (int): How many ids there are."""
        return int(self.starts[1]) - 1

    @property
    def inner(self) -> int:
        """RETURNS (int): How many nodes are shorter than `order`: those with a backoff weight."""
        return len(self.starts) - 1

    @cached_property
    def levels(self) -> np.ndarray:
        """RETURNS (np.ndarray): int64 (order + 2,), the first node of n-grams of 0, 1, ... words,
        and the number of nodes."""
        levels = [0, 1]
        for _ in range(self.order):
            levels.append(int(self.starts[levels[-1]]))
        return np.array(levels, dtype=np.int64)

    @cached_property
    def suffixes(self) -> np.ndarray:
        """RETURNS (np.ndarray): int32 (nodes,), the longest proper suffix of each that is here."""
        from seqpipe.kernels.ngram_model import suffix_links

        return suffix_links(self.words, self.starts)

    def fault(self) -> str:
        """RETURNS (str): Why this is no trie, on which compiled loops would go astray; empty if it
        is one."""
        starts, words = self.starts, self.words
        if words.dtype != np.int32 or starts.dtype != np.int32 or words.ndim != 1 != starts.ndim:
            return "words and starts that are not 32-bit numbers in a row"
        if len(starts) < 2 or starts[0] != 1 or (np.diff(starts) < 0).any():
            return "starts that do not ascend from 1"
        all_words = np.arange(-1, self.size)
        if starts[-1] != len(words) or not np.array_equal(words[: starts[1]], all_words):
            return "words that do not begin with all of them"
        if (words[1:] < 0).any() or (words[1:] >= self.size).any():
            return "words without an id"
        first = 1
        for _ in range(1, self.order):
            first = int(starts[first]) if first <= self.inner else -1
        return "" if first == self.inner else "n-grams of another order"

    def parents(self, length: int) -> np.ndarray:
        """RETURNS (np.ndarray): int64, the prefix of each n-gram of `length` words, in order.

        length (int): From 1 to order.
        """
        first, end = self.levels[length - 1], self.levels[length]
        return np.repeat(np.arange(first, end), np.diff(self.starts[first : end + 1]))

    def ngrams(self, length: int) -> np.ndarray:
        """RETURNS (np.ndarray): int32 (n, length), the words of the n-grams of a length, in order.

        length (int): From 1 to order.
        """
        columns, nodes = [], np.arange(self.levels[length], self.levels[length + 1])
        for shorter in range(length, 0, -1):
            columns.append(self.words[nodes])
            nodes = self.parents(shorter)[nodes - self.levels[shorter]]
        return np.stack(columns[::-1], axis=1)

    def nodes(self, ngrams: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): int32 (n,), the node of each n-gram, -1 if it is not here.

        ngrams (np.ndarray): int32 (n, length), ids below `size`.
        """
        from seqpipe.kernels.ngram_model import locate

        out = np.empty(len(ngrams), np.int32)
        locate(self.words, self.starts, np.ascontiguousarray(ngrams, dtype=np.int32), out)
        return out


def first_trie(size: int) -> Trie:
    """RETURNS (Trie): The words alone.

    size (int): How many ids there are.
    """
    return Trie(1, np.arange(-1, size, dtype=np.int32), np.array([1, size + 1], dtype=np.int32))


def grown(trie: Trie, starts: np.ndarray, words: np.ndarray) -> Trie:
    """RETURNS (Trie): With n-grams of one word more.

    trie (Trie): Of order n.
    starts (np.ndarray): (n-grams of n words + 1,), where those that continue each begin, from 0.
    words (np.ndarray): int32, the last word of each of the longer n-grams.
    RAISES (InputError): If there are more than 32-bit numbers for.
    """
    if len(trie) + len(words) > MAX_NODES:
        raise InputError(
            f"{len(trie) + len(words):,} n-grams: expected at most {MAX_NODES:,}; choose a lower "
            "order or a smaller vocabulary"
        )
    begin = trie.starts[-1].astype(np.int64)
    starts = np.concatenate([trie.starts[:-1], (begin + starts).astype(np.int32)])
    return Trie(trie.order + 1, np.concatenate([trie.words, words]), starts)
