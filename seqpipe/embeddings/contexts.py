"""What is predicted from what: frequent words thinned out, then pairs and windows of words, drawn
as word2vec does (Mikolov et al. 2013, arXiv 1310.4546, section 2.3; word2vec.c)."""

from __future__ import annotations

import numpy as np

from .encoded import LINE_END


def keep_probability(counts: np.ndarray, total: int, subsample: float) -> np.ndarray:
    """The chance that an occurrence of each word is kept: min(1, sqrt(s / f) + s / f), f the word's
    share of the tokens. It is word2vec.c's and gensim's, not the paper's sqrt(s / f).

    counts (np.ndarray): (words,), how often each stands in the text.
    total (int): The tokens that shares are taken of.
    subsample (float): s; 0 keeps everything.
    RETURNS (np.ndarray): float32 (words + 1,); the last is 1, for LINE_END as an index.
    """
    keep = np.ones(len(counts) + 1, dtype=np.float32)
    if subsample > 0.0:
        ratio = subsample * total / np.maximum(counts, 1)
        keep[:-1] = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return keep


def subsampled(ids: np.ndarray, keep: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Leave out occurrences of words by chance; marks of line ends stay.

    ids (np.ndarray): int32 (n,): ids of words, LINE_END after each line.
    keep (np.ndarray): As `keep_probability` gives it.
    rng (np.random.Generator): Draws a number for each id.
    RETURNS (np.ndarray): int32 (m,), m <= n, in order.
    """
    return ids.compress(rng.random(len(ids), dtype=np.float32) < keep.take(ids))


def windows(ids: np.ndarray, left: int, right: int) -> tuple[np.ndarray, np.ndarray]:
    """Every word with the words around it; a line's ends are an end of what is seen.

    ids (np.ndarray): int32 (n,): ids of words, LINE_END after each line.
    left (int): Words before it.
    right (int): Words after it.
    RETURNS: The words, int32 (m,), in order, and what stands around each, int32 (m, left + right),
        in order, LINE_END where the line has no more words.
    """
    places = np.flatnonzero(ids != LINE_END)
    offsets = np.concatenate([np.arange(-left, 0), np.arange(1, right + 1)])
    at = places[:, None] + offsets  # (m, left + right)
    lines = np.cumsum(ids == LINE_END)
    inside = (at >= 0) & (at < len(ids))
    at = np.where(inside, at, 0)
    inside &= lines[at] == lines[places, None]
    return ids[places], np.where(inside, ids[at], np.int32(LINE_END))


def skip_gram_pairs(
    ids: np.ndarray, window: int, dynamic: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a word and one near it, in both directions, not across lines.

    ids (np.ndarray): int32 (n,): ids of words, LINE_END after each line.
    window (int): The furthest that a word sees.
    dynamic (bool): Each word sees as far as is drawn for it, uniformly from 1 to `window`, so that
        near words count more; else all see equally far.
    rng (np.random.Generator): Draws the order and, if they differ, the windows.
    RETURNS: The center of each pair and its context, int32 (pairs,) both. The pairs of one place
        in the text stand together, the places in random order.
    """
    centers, around = windows(ids, window, window)
    order = rng.permutation(len(centers))
    centers, around = centers[order], around[order]
    seen = around != LINE_END
    if dynamic:
        reach = rng.integers(1, window, size=len(centers), endpoint=True)
        distance = np.abs(np.concatenate([np.arange(-window, 0), np.arange(1, window + 1)]))
        seen &= distance <= reach[:, None]
    return np.repeat(centers, seen.sum(axis=1)), around[seen]


def nearby_words(
    ids: np.ndarray, window: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Every word with one word of its window, each as likely; a line of one word gives nothing.

    ids (np.ndarray): int32 (n,): ids of words, LINE_END after each line.
    window (int): The furthest on either side.
    rng (np.random.Generator): Draws the word near each.
    RETURNS: The words, int32 (m,), in order, and the one near each, int32 (m, 1).
    """
    words, around = windows(ids, window, window)
    lots = np.where(around != LINE_END, rng.random(around.shape), -1.0)
    near = np.take_along_axis(around, lots.argmax(axis=1)[:, None], axis=1)  # (m, 1)
    has_near = near[:, 0] != LINE_END
    return words[has_near], near[has_near]
