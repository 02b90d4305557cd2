"""Counts of n-grams: of a text in memory, and of a stream of any length, piece by piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from seqpipe.files import InputError

from .trie import Trie, first_trie, grown


@dataclass(frozen=True)
class NgramCounts:
    """How often each n-gram stands in a text.

    trie (Trie): The n-grams.
    counts (np.ndarray): int64 (nodes,); the empty n-gram's is the number of tokens.
    bos (int): The id that begins each sentence.
    """

    trie: Trie
    counts: np.ndarray
    bos: int


def count_text(ids: np.ndarray, *, order: int, size: int, bos: int) -> NgramCounts:
    """Count the n-grams of a text that is held in memory. None reaches over a sentence's ends.

    ids (np.ndarray): (n,), all sentences one after another, each beginning with bos. Working memory
        is some 30 bytes a token, and 16 bytes for each n-gram.
    order (int): Words of the longest n-grams.
    size (int): All ids are below it.
    bos (int): The id that begins a sentence.
    RETURNS (NgramCounts): Of all n-grams of 1 to order words.
    RAISES (InputError): If the order is below 1.
    """
    from seqpipe.kernels.ngram_counts import longer_ngrams, places_by_word

    if order < 1:
        raise InputError(f"order = {order}: expected at least 1")
    ids = np.ascontiguousarray(ids, dtype=np.int32)
    trie, nodes = first_trie(size), ids
    counts = [np.array([len(ids)]), np.bincount(ids, minlength=size)]
    by_word = places_by_word(ids, size, bos)
    for length in range(2, order + 1):
        nodes, starts, words, found = longer_ngrams(ids, by_word, length, nodes, len(counts[-1]))
        trie = grown(trie, starts, words)
        counts.append(found)
    return NgramCounts(trie, np.concatenate(counts), bos)


def merge_counts(a: NgramCounts, b: NgramCounts) -> NgramCounts:
    """Add the counts of two texts with the same vocabulary and order.

    a, b (NgramCounts): Of one text each.
    RETURNS (NgramCounts): Of both together.
    """
    from seqpipe.kernels.ngram_counts import merge_tries

    words, starts, counts = merge_tries(
        a.trie.words, a.trie.starts, a.counts, b.trie.words, b.trie.starts, b.counts
    )
    return NgramCounts(Trie(a.trie.order, words, starts), counts, a.bos)


def count_pieces(pieces: Iterable[np.ndarray], *, order: int, size: int, bos: int) -> NgramCounts:
    """Count the n-grams of a text that is read in pieces.

    Counts of similar size are merged, so that each n-gram is moved a few times only. Memory is that
    of the n-grams, of which a long text has fewer than tokens, and of the working on one piece.

    pieces (Iterable[np.ndarray]): (n,), whole sentences each, as `count_text` takes them.
    order (int): Words of the longest n-grams.
    size (int): All ids are below it.
    bos (int): The id that begins a sentence.
    RETURNS (NgramCounts): Of the whole text.
    """
    waiting: list[NgramCounts] = []
    for ids in pieces:
        waiting.append(count_text(ids, order=order, size=size, bos=bos))
        while len(waiting) > 1 and len(waiting[-2].trie) < 2 * len(waiting[-1].trie):
            waiting[-2:] = [merge_counts(*waiting[-2:])]
    if not waiting:
        return count_text(np.zeros(0, np.int32), order=order, size=size, bos=bos)
    while len(waiting) > 1:
        waiting[-2:] = [merge_counts(*waiting[-2:])]
    return waiting[0]
