"""What `seqpipe dna stats` says of a record."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from seqpipe_dna.coding import base_states
from seqpipe_dna.nucleotides import BASES, normalise
from seqpipe_dna.records import Record


@dataclass(frozen=True)
class Statistics:
    """Figures of a record.

    name (str): Its name.
    bases (int): Its length.
    gc (Optional[float]): The share of G and C among A, C, G and T (or U); None if there are none.
    ambiguous (int): Bases with another code.
    masked (int): Bases in lower case.
    genes (int): Its CDS.
    coding (float): The share of bases in one of them.
    """

    name: str
    bases: int
    gc: float | None
    ambiguous: int
    masked: int
    genes: int
    coding: float

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The figures by name."""
        return asdict(self)


def describe(record: Record) -> Statistics:
    """RETURNS (Statistics): The figures of a record.

    record (Record): The record.
    """
    counts = Counter(normalise(record.sequence))
    known = sum(counts[base] for base in BASES)
    bases = len(record.sequence)
    return Statistics(
        name=record.name,
        bases=bases,
        gc=(counts["G"] + counts["C"]) / known if known else None,
        ambiguous=bases - known,
        masked=sum(map(str.islower, record.sequence)),
        genes=len(record.genes),
        coding=float((base_states(bases, record.genes) > 0).mean()),
    )
