"""Collocations joined to one word, "new york" to "new_york" (Mikolov et al. 2013b, arXiv 1310.4546,
section 4, equation 6), in an encoded text."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.vocabulary.type_numbers import LINE_END, TypeNumbers

BLOCK = 4_000_000  # pairs that are sorted and counted at a time
SCORINGS = ("default", "word2phrase", "npmi")


@dataclass(frozen=True)
class Phrases:
    """Which neighbours become one word. The defaults are gensim's.

    threshold (float): A pair with a higher score is joined.
    min_count (int): The paper's delta, which keeps rare pairs from scoring high.
    passes (int): How often pairs are sought and joined: two passes join up to four words.
    delimiter (str): Put between the joined words.
    scoring (str): "default", "word2phrase" or "npmi"; see `pair_scores`.
    max_pairs (int): Different pairs that are counted at a time. Beyond it the rarest are forgotten,
        so that their counts are too low if they come again. A million take about 50 MB.
    """

    threshold: float = 10.0
    min_count: int = 5
    passes: int = 1
    delimiter: str = "_"
    scoring: str = "default"
    max_pairs: int = 20_000_000

    def __post_init__(self) -> None:
        _expect(
            self.scoring in SCORINGS,
            f"scoring = {self.scoring!r}: expected one of {', '.join(SCORINGS)}",
        )
        if self.scoring == "npmi":
            _expect(
                -1 <= self.threshold <= 1,
                f"threshold = {self.threshold}: expected -1 to 1, as npmi is",
            )
        else:
            _expect(self.threshold > 0, f"threshold = {self.threshold}: expected more than 0")
        for name in ("min_count", "passes", "max_pairs"):
            value = getattr(self, name)
            _expect(value >= 1, f"{name} = {value}: expected at least 1")
        _expect(
            self.delimiter != "" and not any(c.isspace() for c in self.delimiter),
            f"delimiter = {self.delimiter!r}: expected characters, and no white space",
        )


@registry.misc("seqpipe.Phrases.v1")
def make_phrases(
    threshold: float = 10.0,
    min_count: int = 5,
    passes: int = 1,
    delimiter: str = "_",
    scoring: str = "default",
    max_pairs: int = 20_000_000,
) -> Phrases:
    """Settings of phrases from a config.

    threshold (float): A pair with a higher score is joined. Above 0; for "npmi" from -1 to 1.
    min_count (int): The paper's delta, which keeps rare pairs from scoring high.
    passes (int): How often pairs are sought and joined: two passes join up to four words.
    delimiter (str): Put between the joined words.
    scoring (str): "default" as gensim, "word2phrase" (whose own threshold is 100) or "npmi".
    max_pairs (int): Different pairs that are counted at a time, a bound on memory.
    RETURNS (Phrases): The settings.
    RAISES (InputError): If one is out of its range.
    """
    return Phrases(threshold, min_count, passes, delimiter, scoring, max_pairs)


@dataclass(frozen=True)
class FoundPhrases:
    """What one pass joins.

    pairs (np.ndarray): int64 (phrases,), ascending: first type * 2^32 + second type.
    scores (np.ndarray): float64 (phrases,).
    numbers (np.ndarray): int32 (phrases,), the type that each becomes. Two may become the same
        ("a_b c" and "a b_c"), and one a type that the text has already.
    types (List[str]): All types, the new ones behind the old.
    """

    pairs: np.ndarray
    scores: np.ndarray
    numbers: np.ndarray
    types: list[str]


class JoinedText(NamedTuple):
    """A text after its phrases were joined, in the terms of the encoding.

    starts (np.ndarray): int64 (parts + 1,), where each part begins in the file, and its end.
    types (Union[List[str], TypeNumbers]): All types, those that were joined from others behind
        those of the text.
    counts (np.ndarray): int64 (types,), how often each stands in the text now.
    """

    starts: np.ndarray
    types: list[str] | TypeNumbers
    counts: np.ndarray


def join_phrases_in_file(
    path: Path,
    starts: np.ndarray,
    types: list[str],
    counts: np.ndarray,
    *,
    settings: Phrases,
    report: Callable[[str, float], None],
) -> JoinedText:
    """Find and join phrases in an encoded text, as often as the settings say.

    path (Path): int32 numbers of types, LINE_END after each line. The file is replaced.
    starts (np.ndarray): int64 (parts + 1,), where each part begins in it, and its end. No phrase
        is found across parts.
    types (List[str]): The types of the text; not changed.
    counts (np.ndarray): int64 (types,), how often each stands in the file; not changed.
    settings (Phrases): What is joined.
    report (Callable): Takes what is being done and the share of it that is, at every part; it may
        raise, and then the file is as the last pass that was done left it.
    RETURNS (JoinedText): What the file holds now.
    """
    joined = JoinedText(starts, types, counts)
    for number in range(1, settings.passes + 1):
        of = f"pass {number} of {settings.passes}"
        parts = _parts(path, joined.starts, partial(report, f"counting pairs, {of}"))
        found = find_phrases(list(joined.types), joined.counts, parts, settings=settings)
        if not len(found.pairs):
            break
        parts = _parts(path, joined.starts, partial(report, f"joining phrases, {of}"))
        joined = _rewrite(path, parts, joined, found)
    return joined


def find_phrases(
    types: list[str], counts: np.ndarray, parts: Iterable[np.ndarray], *, settings: Phrases
) -> FoundPhrases:
    """Find the pairs of neighbours that are phrases. They cross neither lines nor parts.

    They are gensim's but for this: gensim counts a pair together with the word that is spelled as
    the joined pair, and forgets rare words with the rare pairs when it runs out of its bound.

    types (List[str]): The types of the text; not changed.
    counts (np.ndarray): int64 (types,), how often each stands in it; 0 for those that no longer do.
    parts (Iterable[np.ndarray]): int32, types with LINE_END after each line; read once.
    settings (Phrases): Threshold, scoring and the like.
    RETURNS (FoundPhrases): What `join_phrases` takes; it may be empty.
    """
    pairs, pair_counts = count_pairs(parts, max_pairs=settings.max_pairs)
    different = len(pairs)
    often = pair_counts >= settings.min_count  # no others can reach a threshold
    pairs, pair_counts = pairs[often], pair_counts[often]
    scores = pair_scores(pairs, pair_counts, counts, different=different, settings=settings)
    phrases = scores > settings.threshold
    pairs, scores = pairs[phrases], scores[phrases]
    first, second = _split(pairs)
    strings = [
        types[a] + settings.delimiter + types[b]
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    wanted = set(strings)
    numbers = {word: i for i, word in enumerate(types) if word in wanted}
    types = list(types)
    for string in strings:
        if string not in numbers:
            numbers[string] = len(types)
            types.append(string)
    return FoundPhrases(
        pairs, scores, np.array([numbers[string] for string in strings], dtype=np.int32), types
    )


def count_pairs(parts: Iterable[np.ndarray], *, max_pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Count neighbours. Beyond max_pairs those counted once are forgotten, the next time those
    counted twice and less, and so on, as word2phrase and gensim do.

    parts (Iterable[np.ndarray]): int32, types with LINE_END after each line.
    max_pairs (int): So many different pairs at most are kept.
    RETURNS (Tuple[np.ndarray, np.ndarray]): int64 (pairs,), first type * 2^32 + second type,
        ascending, and how often each stands in the text, int64 (pairs,).
    """
    pairs = counts = np.empty(0, dtype=np.int64)
    waiting, size, lowest = [], 0, 1
    block = min(BLOCK, max_pairs)
    for part in parts:
        waiting.append(_neighbours(part)[1])
        size += len(waiting[-1])
        if size >= block:
            pairs, counts = _merged(pairs, counts, np.concatenate(waiting))
            waiting, size = [], 0
            pairs, counts, lowest = _reduced(pairs, counts, lowest, max_pairs)
    if waiting:
        pairs, counts = _merged(pairs, counts, np.concatenate(waiting))
    return _reduced(pairs, counts, lowest, max_pairs)[:2]


def pair_scores(
    pairs: np.ndarray,
    pair_counts: np.ndarray,
    counts: np.ndarray,
    *,
    different: int,
    settings: Phrases,
) -> np.ndarray:
    """How much more often two types are neighbours than by chance.

    "default": (count(ab) - min_count) / (count(a) count(b)), equation 6, times the number of types
    and different pairs, as gensim does. "word2phrase": the same times the number of tokens, as the
    authors' program does. "npmi": log(p(ab) / (p(a) p(b))) / -log p(ab) (Bouma 2009), p being a
    share of the tokens.

    pairs (np.ndarray): int64 (pairs,), first type * 2^32 + second type.
    pair_counts (np.ndarray): int64 (pairs,).
    counts (np.ndarray): int64 (types,).
    different (int): How many different pairs the text has, these among them.
    settings (Phrases): scoring and min_count.
    RETURNS (np.ndarray): float64 (pairs,).
    """
    first, second = _split(pairs)
    count_a, count_b = counts[first].astype(np.float64), counts[second].astype(np.float64)
    tokens = float(counts.sum())
    if settings.scoring == "npmi":
        p_ab = pair_counts / tokens
        pmi = np.log(p_ab / ((count_a / tokens) * (count_b / tokens)))
        return pmi / -np.log(p_ab)
    scale = tokens
    if settings.scoring == "default":
        scale = float(np.count_nonzero(counts) + different)
    return (pair_counts - settings.min_count) / (count_a * count_b) * scale


def join_phrases(part: np.ndarray, found: FoundPhrases, counts: np.ndarray) -> np.ndarray:
    """Join the phrases of a part, from the left: of "a b c" with the phrases "a b" and "b c" the
    first is joined.

    part (np.ndarray): int32 (n,), types with LINE_END after each line.
    found (FoundPhrases): What `find_phrases` found.
    counts (np.ndarray): int64 (len(found.types),), changed in place: raised for phrases, lowered
        for what was joined.
    RETURNS (np.ndarray): int32 (m,), m <= n.
    """
    places, pairs = _neighbours(part)
    rows, hits = _looked_up(found.pairs, pairs)
    places, rows = places[hits], rows[hits]
    # Of overlapping pairs, a run of places without a gap, each other one is joined.
    index = np.arange(len(places))
    begins = np.diff(places, prepend=-2) != 1
    run = np.maximum.accumulate(np.where(begins, index, 0))
    joins = (index - run) % 2 == 0
    places, numbers = places[joins], found.numbers[rows[joins]]
    for gone in (part[places], part[places + 1]):
        np.subtract.at(counts, gone, 1)
    np.add.at(counts, numbers, 1)
    joined = part.copy()
    joined[places] = numbers
    return np.delete(joined, places + 1)


def _parts(path: Path, starts: np.ndarray, report: Callable[[float], None]) -> Iterable[np.ndarray]:
    count = len(starts) - 1
    with open(path, "rb") as stream:
        for i, size in enumerate(np.diff(starts).tolist()):
            yield np.fromfile(stream, dtype=np.int32, count=size)
            report((i + 1) / count)


def _rewrite(
    path: Path, parts: Iterable[np.ndarray], text: JoinedText, found: FoundPhrases
) -> JoinedText:
    counts = np.zeros(len(found.types), dtype=np.int64)
    counts[: len(text.counts)] = text.counts
    starts = [0]
    beside = path.with_name(path.name + ".joined")
    try:
        with open(beside, "wb") as stream:
            for part in parts:
                joined = join_phrases(part, found, counts)
                joined.tofile(stream)
                starts.append(starts[-1] + len(joined))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return JoinedText(np.array(starts, dtype=np.int64), found.types, counts)


def _neighbours(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of tokens that have a next one in the line, and both as one number, int64."""
    is_token = part > LINE_END
    places = np.flatnonzero(is_token[:-1] & is_token[1:])
    first, second = part[places].astype(np.int64), part[places + 1]
    return places, (first << 32) | second


def _split(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return pairs >> 32, pairs & 0xFFFFFFFF


def _merged(
    pairs: np.ndarray, counts: np.ndarray, more: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add uncounted pairs to counted ones. Without sorting those again, which are the many."""
    fresh, fresh_counts = np.unique(more, return_counts=True)
    places, known = _looked_up(pairs, fresh)
    counts[places[known]] += fresh_counts[known]
    places, unknown = places[~known], ~known
    return (
        np.insert(pairs, places, fresh[unknown]),
        np.insert(counts, places, fresh_counts[unknown]),
    )


def _looked_up(table: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of pairs in a table, or where they would be put, and whether they are there."""
    places = np.searchsorted(table, pairs)
    known = np.zeros(len(pairs), dtype=np.bool_)
    inside = places < len(table)
    known[inside] = table[places[inside]] == pairs[inside]
    return places, known


def _reduced(
    pairs: np.ndarray, counts: np.ndarray, lowest: int, max_pairs: int
) -> tuple[np.ndarray, np.ndarray, int]:
    while len(pairs) > max_pairs:
        kept = counts > lowest
        pairs, counts, lowest = pairs[kept], counts[kept], lowest + 1
    return pairs, counts, lowest


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise InputError(message)
