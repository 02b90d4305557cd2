"""Puts sequences that overlap or repeat each other into one family, so that a split can keep them
together: promoters that lie beside each other on a genome share most of their bases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from seqpipe_dna.nucleotides import normalise, reverse_complement


def find_families(sequences: Sequence[str], shared: int = 30) -> list[list[int]]:
    """Join what shares a stretch of bases, on either strand, and what is joined through others.

    sequences (Sequence[str]): IUPAC codes. Equal ones shorter than `shared` are joined too.
    shared (int): Bases of a stretch that makes two of one family.
    RETURNS (List[List[int]]): The places of each family's members in order, the largest family
        first, of equals that with the earliest member.
    """
    root = list(range(len(sequences)))

    def root_of(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    seen: dict[str, int] = {}
    for i, sequence in enumerate(map(normalise, sequences)):
        for strand in (sequence, reverse_complement(sequence)):
            for start in range(max(len(strand) - shared, 0) + 1):
                other = seen.setdefault(strand[start : start + shared], i)
                low, high = sorted((root_of(other), root_of(i)))
                root[high] = low
    families = defaultdict(list)
    for i in range(len(sequences)):
        families[root_of(i)].append(i)
    return sorted(families.values(), key=lambda members: (-len(members), members[0]))
