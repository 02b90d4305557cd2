"""Finds stretches of a sequence that stand in it again, as they are or on the other strand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from seqpipe.files import InputError
from seqpipe_dna.nucleotides import normalise, reverse_complement

SEED = 24  # bases; a shorter repeat is not looked for


@dataclass(frozen=True, order=True)
class Repeat:
    """Two equal stretches, as long as they can be; places count from 0, ends are not included.

    first, second (int): Where they start, first < second; they may overlap.
    length (int): Their bases.
    is_inverted (bool): Whether the second is the reverse complement of the first.
    """

    first: int
    second: int
    length: int
    is_inverted: bool


def find_repeats(sequence: str, min_length: int = 1000) -> list[Repeat]:
    """Find all exact repeats, the longest first. Case does not count.

    sequence (str): IUPAC codes.
    min_length (int): Of a repeat, in bases.
    RETURNS (List[Repeat]): Each pair once. A stretch that is its own reverse complement (a
        palindrome) is none.
    RAISES (InputError): If shorter repeats are asked for than can be found.
    """
    if min_length < SEED:
        raise InputError(f"min_length = {min_length}: expected at least {SEED} bases")
    text = normalise(sequence)
    other, length = reverse_complement(text), len(text)
    found = {
        Repeat(first, second, size, False)
        for first, second, size in shared_stretches(text, text, min_length)
        if first < second
    }
    for place, start, size in shared_stretches(text, other, min_length):
        first, second = sorted((place, length - start - size))
        if first != second:
            found.add(Repeat(first, second, size, True))
    return sorted(found, key=lambda repeat: (-repeat.length, repeat))


def shared_stretches(a: str, b: str, min_length: int) -> Iterator[tuple[int, int, int]]:
    """Find what two texts share.

    a, b (str): Texts.
    min_length (int): At least SEED.
    YIELDS (Tuple[int, int, int]): Place in a, place in b and length of each stretch that cannot be
        made longer.
    """
    places = defaultdict(list)
    for i in range(len(a) - SEED + 1):
        places[a[i : i + SEED]].append(i)
    done: dict[int, int] = {}  # up to where in b each diagonal was followed
    # A stretch of min_length holds one of these seeds whole.
    for j in range(0, len(b) - SEED + 1, min_length - SEED + 1):
        for i in places.get(b[j : j + SEED], ()):
            if done.get(i - j, -1) > j:
                continue
            before, after = _extended(a, b, i, j)
            done[i - j] = j + after
            if before + after >= min_length:
                yield i - before, j - before, before + after


def _extended(a: str, b: str, i: int, j: int) -> tuple[int, int]:
    """How far two texts agree before and from a place in each."""
    before = 0
    while before < min(i, j) and a[i - before - 1] == b[j - before - 1]:
        before += 1
    after = SEED
    while i + after < len(a) and j + after < len(b) and a[i + after] == b[j + after]:
        after += 1
    return before, after
