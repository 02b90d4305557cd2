"""Coding regions from the labels of bases: tags a whole record window by window, joins equal
neighbours, writes GFF3 or a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from seqpipe.files import InputError, atomic_write
from seqpipe_dna.coding import codon_position, spread, strand_of
from seqpipe_dna.windows import windows

if TYPE_CHECKING:
    from spacy.language import Language

COLUMNS = ("record", "start", "end", "strand", "phase")


@dataclass(frozen=True)
class CodingRegion:
    """Bases of a record that code on one strand, one after another.

    record (str): The record's name.
    start, end (int): From 0, the end not included.
    strand (str): "+", "-", or "." where the labels do not say.
    phase (str): Bases before its first whole codon, "0" to "2"; "." where the labels do not say.
    """

    record: str
    start: int
    end: int
    strand: str
    phase: str


def tag_record(nlp: Language, sequence: str, *, window: int, margin: int) -> list[str]:
    """Give each base of a record its label.

    nlp (Language): A pipeline that sets `token.tag_`, for tokens that are bases or codons.
    sequence (str): IUPAC codes.
    window, margin (int): The record is read in windows, each with a margin on either side whose
        labels come from the windows beside it.
    RETURNS (List[str]): A label for each base.
    RAISES (InputError): If the pipeline does not give one to each.
    """
    places = list(windows(0, len(sequence), size=window, margin=margin))
    docs = nlp.pipe(sequence[one.left : one.right] for one in places)
    labels: list[str] = []
    for one, doc in zip(places, docs, strict=True):
        if not all(token.tag for token in doc):
            raise InputError(
                f"no component of {nlp.pipe_names} labels the tokens, expected a tagger that was "
                "trained on seqpipe_dna.GenBank.v1"
            )
        read = [label for token in doc for label in spread(token.tag_, len(token))]
        labels.extend(read[one.start - one.left : one.end - one.left])
    return labels


def find_regions(record: str, labels: Iterable[str], min_length: int = 1) -> Iterator[CodingRegion]:
    """Join the bases that code.

    record (str): The record's name.
    labels (Iterable[str]): The label of each base.
    min_length (int): Shorter regions are left out.
    YIELDS (CodingRegion): From left to right.
    """
    start = 0
    for strand, group in groupby(labels, key=strand_of):
        own = list(group)
        if strand and len(own) >= min_length:
            first = codon_position(own[-1] if strand == "-" else own[0])
            phase = "." if first is None else str((4 - first) % 3)
            yield CodingRegion(record, start, start + len(own), strand, phase)
        start += len(own)


def write_regions(path: str | Path, regions: Iterable[CodingRegion], source: str) -> None:
    """Write regions as GFF3, or as a table if the file's name ends in .tsv. Both count from 1.

    path: The file.
    regions (Iterable[CodingRegion]): The regions.
    source (str): Who says so, for GFF3's second column.
    """
    is_table = str(path).endswith(".tsv")
    with atomic_write(path) as file:
        file.write("\t".join(COLUMNS) + "\n" if is_table else "##gff-version 3\n")
        for one in regions:
            file.write("\t".join(_row(one) if is_table else _gff_row(one, source)) + "\n")


def _row(one: CodingRegion) -> list[str]:
    return [one.record, str(one.start + 1), str(one.end), one.strand, one.phase]


def _gff_row(one: CodingRegion, source: str) -> list[str]:
    name = quote(one.record, safe=".:^*$@!+_?-|")
    phase = one.phase if one.phase != "." else "0"  # GFF3 wants one of every CDS
    return [name, source, "CDS", str(one.start + 1), str(one.end), ".", one.strand, phase, "."]
