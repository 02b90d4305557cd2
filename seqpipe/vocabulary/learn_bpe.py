"""Which pairs of symbols byte-pair encoding merges (Sennrich, Haddow & Birch 2016, section 3.2,
Algorithm 1), learned from the counts of words. Pairs are counted once; a merge then changes only
the counts of the words that it stands in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import NamedTuple


class Merge(NamedTuple):
    """Two symbols that become one wherever they stand side by side.

    A symbol is a text and whether the word ends with it: "st" in "lost" is not "st" in "stop".
    The left symbol never ends the word. Where the end mark is a symbol of its own, its text is "".

    left, right (str): Their texts.
    ends (bool): Whether the word ends with the right one.
    """

    left: str
    right: str
    ends: bool

    @property
    def text(self) -> str:
        """RETURNS (str): The text of the symbol that they become."""
        return self.left + self.right


def characters_of(word: str, *, mark_apart: bool) -> list[str]:
    """Cut a word into the symbols that merging begins with. The last of them ends the word.

    word (str): A word, not empty.
    mark_apart (bool): The end mark is a symbol of its own, the text "".
    RETURNS (List[str]): The symbols' texts.
    """
    return [*word, ""] if mark_apart else list(word)


def learn_merges(
    counts: Mapping[str, int], *, min_count: int = 2, mark_apart: bool = False
) -> Iterator[Merge]:
    """Merge the most frequent pair, again and again.

    Of equally frequent pairs the first by code points is merged (by its left text, then its right
    one), so the result depends on the counts alone, not on their order.

    counts (Mapping[str, int]): How often each word was seen; words of count 0 are left out.
    min_count (int): It ends before a pair that is less frequent than this.
    mark_apart (bool): The end mark is a symbol of its own, which merges as others do.
    YIELDS (Merge): The merges in their order. A pair comes twice if its parts came to be again
        after its first merge.
    """
    text = _SegmentedWords(counts, min_count, mark_apart)
    while (pair := text.most_frequent()) is not None:
        yield text.merge(pair)


Pair = tuple[int, int]


class _SegmentedWords:
    """Words cut into symbols, and how often each two symbols stand side by side in them.

    Symbols are numbered here. `where` may name words that no longer hold a pair, never too few;
    the queue holds for each pair a count that is not below the true one.
    """

    def __init__(self, counts: Mapping[str, int], min_count: int, mark_apart: bool) -> None:
        self.min_count = min_count
        self.symbols: list[tuple[str, bool]] = []
        self.ids: dict[tuple[str, bool], int] = {}
        self.words: list[list[int]] = []
        self.word_counts: list[int] = []
        for word, count in counts.items():
            if word and count > 0:
                *inner, last = characters_of(word, mark_apart=mark_apart)
                self.words.append(
                    [*(self._id(text, False) for text in inner), self._id(last, True)]
                )
                self.word_counts.append(count)
        self.pair_counts: defaultdict[Pair, int] = defaultdict(int)
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)
        for i, (symbols, count) in enumerate(zip(self.words, self.word_counts, strict=True)):
            for pair in pairwise(symbols):
                self.pair_counts[pair] += count
                self.where[pair].add(i)
        self.queue = [self._entry(pair) for pair in self.pair_counts]
        heapify(self.queue)

    def _id(self, text: str, ends: bool) -> int:
        symbol = (text, ends)
        found = self.ids.setdefault(symbol, len(self.symbols))
        if found == len(self.symbols):
            self.symbols.append(symbol)
        return found

    def _entry(self, pair: Pair) -> tuple[int, str, tuple[str, bool], Pair]:
        left, right = self.symbols[pair[0]], self.symbols[pair[1]]
        return -self.pair_counts[pair], left[0], right, pair

    def most_frequent(self) -> Pair | None:
        """RETURNS (Optional[Pair]): The pair to merge next, None if none is frequent enough."""
        while self.queue:
            negated, *_, pair = heappop(self.queue)
            count = self.pair_counts[pair]
            if count == -negated and count >= self.min_count:
                return pair
            # It became rarer since it was queued. If it becomes frequent again, `merge` queues it.
            if self.min_count <= count < -negated:
                heappush(self.queue, self._entry(pair))
        return None

    def merge(self, pair: Pair) -> Merge:
        """Make one symbol of two wherever they stand side by side.

        pair (Pair): Their numbers.
        RETURNS (Merge): What was merged.
        """
        (left, _), (right, ends) = self.symbols[pair[0]], self.symbols[pair[1]]
        done = Merge(left, right, ends)
        merged = self._id(done.text, ends)
        # Only pairs of the new symbol become more frequent.
        fresh: set[Pair] = set()
        for i in self.where.pop(pair):
            self._merge_in_word(i, pair, merged, fresh)
        del self.pair_counts[pair]
        for changed in fresh:
            if self.pair_counts[changed] >= self.min_count:
                heappush(self.queue, self._entry(changed))
        return done

    def _merge_in_word(self, i: int, pair: Pair, merged: int, fresh: set[Pair]) -> None:
        """Merge a pair from the word's start on (of three equal symbols the first two) and count
        what stood and what now stands beside it."""
        symbols, count, counts = self.words[i], self.word_counts[i], self.pair_counts
        left, right = pair
        at = -1
        while (at := _find(symbols, left, at + 1)) >= 0:
            if symbols[at + 1] != right:
                continue
            symbols[at : at + 2] = [merged]
            if at:
                before = symbols[at - 1]
                counts[before, left] -= count
                counts[before, merged] += count
                fresh.add((before, merged))
                self.where[before, merged].add(i)
            if at + 1 < len(symbols):
                after = symbols[at + 1]
                counts[right, after] -= count
                counts[merged, after] += count
                fresh.add((merged, after))
                self.where[merged, after].add(i)


def _find(symbols: list[int], symbol: int, start: int) -> int:
    """Where a symbol next stands, the word's last place left out; -1 if nowhere."""
    try:
        return symbols.index(symbol, start, len(symbols) - 1)
    except ValueError:
        return -1
