"""Subwords by byte-pair encoding (Sennrich, Haddow & Birch 2016, section 3.2): words are cut into
pieces from a closed set and put together again; with BPE-dropout (Provilkov et al. 2020)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .bpe_codes import END_MARK, read_codes, write_codes
from .json_file import JsonFile
from .learn_bpe import Merge, characters_of, learn_merges
from .vocabulary import Vocabulary

FORMAT = "seqpipe.BytePairs.v1"
CONTINUES = "@@"
"""Ends a piece that does not end its word."""
CACHED_WORDS = 100_000


class Subwords(JsonFile):
    """Merges in the order of their learning, and the characters they start from. They never change.

    A piece is printed as in subword-nmt: "low@@" where the word goes on, "low" where it ends. So
    that `join` can tell them apart, a last piece that would end with "@@" is cut into characters.
    A character that was never seen is the piece "<UNK>", or "<UNK>@@". A special's name in a text
    means that special, as in `Vocabulary`: it stays whole, and no other word's piece is like it.
    """

    called = "subwords"

    pieces: tuple[str, ...]
    """All known pieces, each once: those of the characters in order of code point, then those that
    the merges make in the order of their learning."""

    def __init__(
        self, merges: Iterable[Merge], characters: Iterable[str], *, mark_apart: bool = False
    ) -> None:
        """Raises InputError if a merge's part is neither a known character nor made before.

        merges (Iterable[Merge]): The merges, the first learned first. Of equal ones the first
            counts.
        characters (Iterable[str]): The known characters, or texts that have them all.
        mark_apart (bool): The end mark is a symbol of its own.
        """
        self.merges = tuple(merges)
        self.characters = "".join(sorted(set("".join(characters))))
        self.mark_apart = mark_apart
        if fault := _never_applied(self.merges, self.characters, mark_apart):
            raise InputError(f"merge {fault[0] + 1}: {fault[1]}")
        self.pieces = tuple(_pieces(self.merges, self.characters, mark_apart))
        self._known = frozenset(self.characters)
        self._ranks: dict[tuple[str, str, bool], int] = {}
        for rank, merge in enumerate(self.merges):
            self._ranks.setdefault(merge, rank)
        self._cache: dict[str, list[str]] = {}

    @classmethod
    def learn(
        cls,
        counts: Mapping[str, int],
        *,
        merges: int | None = None,
        size: int | None = None,
        min_count: int = 2,
        mark_apart: bool = False,
    ) -> Subwords:
        """Learn merges from the words of a text. For two texts jointly give the sum of their
        counts. Specials are not words.

        counts (Mapping[str, int]): How often each word was seen.
        merges (int | None): How many merges to learn, if there are as many.
        size (int | None): Or how many pieces there shall be at most, characters included.
        min_count (int): A pair that is less frequent is not merged.
        mark_apart (bool): The end mark is a symbol of its own, as in the paper. Otherwise a
            character at a word's end is another symbol from the start, as in subword-nmt 0.2.
        RETURNS (Subwords): The merges and all characters of the words.
        RAISES (InputError): Unless one of merges and size is given, and no number is too small.
        """
        if (merges is None) == (size is None):
            raise InputError(f"merges = {merges}, size = {size}: expected one of them")
        if merges is not None and merges < 0:
            raise InputError(f"merges = {merges}: expected at least 0")
        if min_count < 1:
            raise InputError(f"min_count = {min_count}: expected at least 1")
        words = {
            word: count
            for word, count in counts.items()
            if count > 0 and word not in Vocabulary.SPECIALS
        }
        characters = sorted(set().union(*words))
        learned = learn_merges(words, min_count=min_count, mark_apart=mark_apart)
        if size is not None:
            return cls(
                _up_to(size, learned, characters, mark_apart), characters, mark_apart=mark_apart
            )
        return cls(islice(learned, merges), characters, mark_apart=mark_apart)

    def __eq__(self, other: object) -> bool:
        """RETURNS (bool): Whether merges and characters are the same."""
        if not isinstance(other, Subwords):
            return NotImplemented
        mine, its = ((one.merges, one.characters, one.mark_apart) for one in (self, other))
        return mine == its

    def __repr__(self) -> str:
        return f"<Subwords of {len(self.merges)} merges, {len(self.pieces)} pieces>"

    def split(
        self, word: str, *, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> list[str]:
        """Cut a word into pieces: of the merges that fit anywhere, the one learned first is applied
        wherever it fits, again and again.

        word (str): The word; an empty one has no pieces.
        dropout (float): The chance of each place to be passed over at each merge (BPE-dropout), for
            training: 0 gives the same pieces always, 1 characters.
        rng (np.random.Generator | None): Draws these places; needed with dropout.
        RETURNS (list[str]): The pieces in print, "@@" at the end of all but the last.
        RAISES (InputError): If dropout is no share, or stands there without rng.
        """
        if dropout:
            if not 0 <= dropout <= 1:
                raise InputError(f"dropout = {dropout}: expected a share from 0 to 1")
            if rng is None:
                raise InputError(f"dropout = {dropout} without rng: expected a random generator")
            return self._cut(word, dropout, rng)
        found = self._cache.get(word)
        if found is None:
            if len(self._cache) >= CACHED_WORDS:
                self._cache.clear()
            found = self._cache[word] = self._cut(word, 0.0, None)
        return found.copy()

    def encode(
        self,
        words: Iterable[str],
        *,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> list[str]:
        """Cut the words of a text into pieces. `join` gives the words again.

        words (Iterable[str]): The words, none of them empty.
        dropout (float): As in `split`.
        rng (np.random.Generator | None): As in `split`.
        RETURNS (list[str]): The pieces of all words.
        """
        return [piece for word in words for piece in self.split(word, dropout=dropout, rng=rng)]

    def join(self, pieces: Iterable[str]) -> list[str]:
        """Put pieces together. It is exact for all that `split` gives of known characters.

        pieces (Iterable[str]): Pieces in print.
        RETURNS (list[str]): The words; the last may be cut off, its last piece ending with "@@".
        """
        words, start = [], ""
        for piece in pieces:
            if piece.endswith(CONTINUES):
                start += piece.removesuffix(CONTINUES)
            else:
                words.append(start + piece)
                start = ""
        return [*words, start] if start else words

    def _cut(self, word: str, dropout: float, rng: np.random.Generator | None) -> list[str]:
        if not word or word in Vocabulary.SPECIALS:
            return [word] if word else []
        symbols = characters_of(word, mark_apart=self.mark_apart)
        texts = _merged(symbols, self._ranks, dropout, rng)
        if texts[-1] == "":
            texts.pop()
        if _must_be_cut(texts[-1]):
            texts[-1:] = texts[-1]
        pieces = [
            text if len(text) > 1 or text in self._known else Vocabulary.UNK for text in texts
        ]
        return [*(text + CONTINUES for text in pieces[:-1]), pieces[-1]]

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict): The characters, and each merge as [left, right, ends]."""
        return {
            "format": FORMAT,
            "mark_apart": self.mark_apart,
            "characters": self.characters,
            "merges": [list(merge) for merge in self.merges],
        }

    @classmethod
    def from_dict(cls, data: object) -> Subwords:
        """Make the subwords that `to_dict` described. Raises InputError where it is malformed.

        data (object): The dictionary.
        RETURNS (Subwords): New subwords.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise InputError(f'not subwords: expected "format": "{FORMAT}"')
        for name, kind in (("mark_apart", bool), ("characters", str), ("merges", list)):
            if type(data.get(name)) is not kind:
                found = repr(data[name]) if name in data else "missing"
                raise InputError(f'not subwords: "{name}" is {found}, expected {kind.__name__}')
        for number, merge in enumerate(data["merges"], start=1):
            if not isinstance(merge, list) or [*map(type, merge)] != [str, str, bool]:
                raise InputError(
                    f"merge {number} is {merge!r}, expected two texts and whether the word ends"
                )
        merges = (Merge(*merge) for merge in data["merges"])
        return cls(merges, data["characters"], mark_apart=data["mark_apart"])

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The JSON that `to_disk` writes."""
        data = self.to_dict()
        merges = (json.dumps(merge, ensure_ascii=False) for merge in data.pop("merges"))
        settings = json.dumps(data, ensure_ascii=False, indent=1).removesuffix("\n}")
        lines = ",\n  ".join(merges)
        return f'{settings},\n "merges": [\n  {lines}\n ]\n}}\n'.encode()

    def to_codes(self, path: str | PathLike[str]) -> None:
        """Write the merges as subword-nmt does. Characters that no merge has are not written.

        Raises InputError for a merge that the format cannot express: white space in it, or a text
        that ends with the format's end mark "</w>" within a word.

        path: The file to write; an old one is replaced.
        """
        write_codes(path, self.merges, mark_apart=self.mark_apart)

    @classmethod
    def from_codes(cls, path: str | PathLike[str], *, characters: Iterable[str] = ()) -> Subwords:
        """Read the merges from a file of subword-nmt's. Raises InputError where it is malformed.

        path: The file, plain or gzipped; one without a version is of version 0.1.
        characters (Iterable[str]): Known characters, or texts that have them, beside those that the
            merges have.
        RETURNS (Subwords): New subwords.
        """
        numbers, merges, mark_apart = read_codes(path)
        known = {part for merge in merges for part in merge[:2] if len(part) == 1} | {
            *"".join(characters)
        }
        if fault := _never_applied(merges, known, mark_apart):
            raise InputError(fault[1], path=path, line=numbers[fault[0]])
        return cls(merges, known, mark_apart=mark_apart)


def _must_be_cut(text: str) -> bool:
    """Whether a word's last piece, in print, would be taken for something else."""
    return text.endswith(CONTINUES) or text in Vocabulary.SPECIALS


def _printed(text: str, ends: bool, mark_apart: bool) -> list[str]:
    """The pieces that a symbol may be in print. It may be the last before an end mark apart."""
    pieces = [] if ends else [text + CONTINUES]
    if (ends or mark_apart) and not _must_be_cut(text):
        pieces.append(text)
    return pieces


def _pieces(
    merges: Iterable[Merge], characters: Iterable[str], mark_apart: bool
) -> dict[str, None]:
    pieces = [piece for text in characters for piece in (text + CONTINUES, text)]
    for merge in merges:
        pieces += _printed(merge.text, merge.ends, mark_apart)
    return dict.fromkeys(pieces)


def _up_to(
    size: int, merges: Iterator[Merge], characters: list[str], mark_apart: bool
) -> Iterator[Merge]:
    """Merges as long as there are not more pieces than `size`."""
    pieces = _pieces((), characters, mark_apart)
    if size < len(pieces):
        raise InputError(
            f"size = {size}: expected at least {len(pieces)}, two pieces for each of the "
            f"{len(characters)} characters"
        )
    for merge in merges:
        pieces |= dict.fromkeys(_printed(merge.text, merge.ends, mark_apart))
        if len(pieces) > size:
            return
        yield merge


def _never_applied(
    merges: Iterable[Merge], characters: Iterable[str], mark_apart: bool
) -> tuple[int, str] | None:
    """The place of the first merge of which a part never comes to be, and what to say of it."""
    made = {(text, False) for text in characters}
    made |= {("", True)} if mark_apart else {(text, True) for text in characters}
    for place, (left, right, ends) in enumerate(merges):
        for text, is_end in ((left, False), (right, ends)):
            if (text, is_end) not in made:
                part = text + END_MARK if is_end else text
                return place, f"{part!r} is neither a known character nor made by an earlier merge"
        made.add((left + right, ends))
    return None


def _merged(
    symbols: list[str],
    ranks: Mapping[tuple[str, str, bool], int],
    dropout: float,
    rng: np.random.Generator | None,
) -> list[str]:
    """Apply merges to a word's symbols. Takes n log n steps, however long the word is."""
    n, texts = len(symbols), list(symbols)
    after, before = [*range(1, n + 1)], [*range(-1, n - 1)]

    def rank_at(place: int) -> int | None:
        """The rank of the merge of the symbol that starts here with the next one."""
        following = after[place]
        if following == n:
            return None
        return ranks.get((texts[place], texts[following], after[following] == n))

    queue = [(rank, place) for place in range(n) if (rank := rank_at(place)) is not None]
    heapify(queue)
    passed_over: list[tuple[int, int]] = []
    while queue:
        first, changed = queue[0][0], set()
        while queue and queue[0][0] == first:
            item = heappop(queue)
            place = item[1]
            if rank_at(place) != first:  # a neighbour was merged since
                continue
            if rng is not None and rng.random() < dropout:
                passed_over.append(item)
                continue
            gone = after[place]
            texts[place] += texts[gone]
            after[place], after[gone] = after[gone], n
            if after[place] < n:
                before[after[place]] = place
            changed |= {place, before[place]}
        if changed:  # all that was passed over may be drawn again at the next merge
            found = [(rank_at(place), place) for place in changed if place >= 0]
            for item in passed_over + [(rank, at) for rank, at in found if rank is not None]:
                heappush(queue, item)
            passed_over.clear()
    return _chain(texts, after)


def _chain(texts: list[str], after: list[int]) -> list[str]:
    place, chain = 0, []
    while place < len(texts):
        chain.append(texts[place])
        place = after[place]
    return chain
