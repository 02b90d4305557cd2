"""What a base is to a protein: not coding, or the first, second or third of a codon, on one strand
or the other. A number for each such state, and three sets of labels for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# States: 0 is not coding, 1 to 3 are codon positions on the strand as written, 4 to 6 on the other.
STATES = 7
NON_CODING = "non-coding"
LABEL_SETS = {
    "codon": (NON_CODING, "+1", "+2", "+3", "-1", "-2", "-3"),
    "strand": (NON_CODING, *["+"] * 3, *["-"] * 3),
    "coding": (NON_CODING, *["coding"] * 6),
}
_MIRROR = np.array([0, 4, 5, 6, 1, 2, 3], dtype=np.int8)


@dataclass(frozen=True)
class CodingSequence:
    """One CDS of a record.

    parts (Tuple[Tuple[int, int, int], ...]): Start, end (from 0, the end not included) and strand
        (1 or -1) of each exon, in the order of translation.
    codon_start (int): At which of its bases, from 1 to 3, the first whole codon begins.
    """

    parts: tuple[tuple[int, int, int], ...]
    codon_start: int = 1

    def __len__(self) -> int:
        """RETURNS (int): Its bases."""
        return sum(end - start for start, end, _ in self.parts)


def base_states(length: int, genes: Sequence[CodingSequence]) -> np.ndarray:
    """Give each base of a record its state. A base of several CDS has that of the longest.

    length (int): Bases of the record.
    genes (Sequence[CodingSequence]): Its CDS.
    RETURNS (ndarray): `(length,)`.
    """
    states = np.zeros(length, dtype=np.int8)
    for gene in sorted(genes, key=len):  # the longest is written last
        before = 1 - gene.codon_start
        for start, end, strand in gene.parts:
            position = (before + np.arange(end - start)) % 3 + 1
            states[start:end] = position if strand > 0 else position[::-1] + 3
            before += end - start
    return states


def mirrored(states: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): The states of the reverse complement."""
    return _MIRROR[states[::-1]]


def spread(label: str, bases: int) -> list[str]:
    """Give each base of a token its label, where the token has that of its first base.

    label (str): The label of the first base.
    bases (int): Bases of the token.
    RETURNS (List[str]): Codon positions go on from base to base; other labels hold for all.
    """
    position = codon_position(label)
    if position is None:
        return [label] * bases
    step = 1 if strand_of(label) == "+" else -1
    return [f"{label[0]}{(position - 1 + step * i) % 3 + 1}" for i in range(bases)]


def is_coding(label: str) -> bool:
    """RETURNS (bool): Whether a label, of any of the sets, says that the base codes."""
    return label not in ("", NON_CODING)


def strand_of(label: str) -> str:
    """RETURNS (str): "+" or "-"; "." for a label that does not say, "" if it is not coding."""
    if not is_coding(label):
        return ""
    return label[0] if label[0] in "+-" else "."


def codon_position(label: str) -> int | None:
    """RETURNS (Optional[int]): 1 to 3 where a label says it."""
    return int(label[1]) if strand_of(label) in ("+", "-") and len(label) == 2 else None
