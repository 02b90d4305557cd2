"""Parts of a genome for training, development and test, as BED files.

Of stretches that stand in the genome twice the second is left out. The longest stretch that is left
is cut into parts of nearly equal length, between genes; the others are dropped. Beside a test part,
and beside the development part, a gap is left out of what stands next to it.
"""

# No future import of annotations: Typer reads these.
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from seqpipe_dna.bed import Region, write_bed
from seqpipe_dna.coding import CodingSequence
from seqpipe_dna.nucleotides import reverse_complement
from seqpipe_dna.records import Record, read_records
from seqpipe_dna.repeats import SEED, find_repeats, shared_stretches

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

Span = tuple[int, int]
TRANS_SPLICED = 10_000  # bases from the first exon to the last


def without_copies(record: Record, min_length: int) -> tuple[list[Span], list[Span]]:
    """RETURNS: What is left, and the second copies that were left out."""
    is_kept = np.ones(len(record.sequence), dtype=bool)
    copies = []
    for repeat in find_repeats(record.sequence, min_length):
        is_kept[repeat.second : repeat.second + repeat.length] = False
        copies.append((repeat.second, repeat.second + repeat.length))
    edges = np.flatnonzero(np.diff(is_kept.astype(int), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)), copies


def cut_places(start: int, end: int, parts: int, genes: tuple[CodingSequence, ...]) -> list[int]:
    """RETURNS (List[int]): Where to cut a stretch, each place the nearest one between genes."""
    is_inside = np.zeros(end + 1, dtype=bool)
    for gene in genes:
        for first, last in gene_spans(gene):
            is_inside[first + 1 : last] = True
    free = np.flatnonzero(~is_inside[start:]) + start
    wanted = np.linspace(start, end, parts + 1)[1:-1]
    return [start, *(int(free[np.abs(free - place).argmin()]) for place in wanted), end]


def gene_spans(gene: CodingSequence) -> list[Span]:
    """RETURNS (List[Tuple[int, int]]): From a gene's first base to its last; of a trans-spliced
    gene, whose exons are far apart, each exon."""
    first = min(start for start, _, _ in gene.parts)
    last = max(end for _, end, _ in gene.parts)
    if last - first < TRANS_SPLICED:
        return [(first, last)]
    return [(start, end) for start, end, _ in gene.parts]


def longest_shared(sequence: str, test: Span, train: list[Span]) -> int:
    """RETURNS (int): The longest stretch of the test part that training has too, on any strand."""
    own = sequence[test[0] : test[1]]
    best = 0
    for start, end in train:
        for other in (sequence[start:end], reverse_complement(sequence[start:end])):
            best = max([best, *(size for _, _, size in shared_stretches(own, other, SEED))])
    return best


def shrunk(part: Span, neighbours: list[Span], gap: int) -> Span:
    """RETURNS (Tuple[int, int]): A part without the gap where it touches one of the others."""
    start, end = part
    start += gap * any(other[1] == start for other in neighbours)
    end -= gap * any(other[0] == end for other in neighbours)
    return start, end


def main(
    genome: Annotated[Path, typer.Argument(help="GenBank file of one record.")],
    output: Annotated[Path, typer.Argument(help="Folder for the BED files, one folder a split.")],
    parts: Annotated[int, typer.Option(min=3, help="The last is for development.")] = 6,
    gap: Annotated[int, typer.Option(min=0, help="Bases left out between parts.")] = 1000,
    min_repeat: Annotated[int, typer.Option(help="Copies from this length on go out.")] = 200,
) -> None:
    """Write the parts, and say what was left out."""
    records = list(read_records(genome))
    if len(records) != 1:
        raise InputError(f"{len(records)} records, expected one", path=genome)
    (record,) = records
    kept, copies = without_copies(record, min_repeat)
    longest = max(kept, key=lambda span: span[1] - span[0])
    dropped = sum(end - start for start, end in kept if (start, end) != longest)
    cuts = cut_places(*longest, parts, record.genes)
    pieces = list(pairwise(cuts))
    dev = pieces[-1]
    for number, test in enumerate(pieces[:-1], 1):
        others = [piece for piece in pieces[:-1] if piece != test]
        train = [shrunk(piece, [test, dev], gap) for piece in others]
        groups = {"train": train, "dev": [shrunk(dev, [test], gap)], "test": [test]}
        for name, spans in groups.items():
            regions: list[Region] = [(record.name, *span) for span in spans]
            write_bed(output / str(number) / f"{name}.bed", regions)
        shared = longest_shared(record.sequence, test, [*train, dev])
        typer.echo(f"split {number}: test {test}, longest stretch shared with the rest: {shared}")
    with atomic_write(output / "copies.tsv") as file:
        file.writelines(f"{start}\t{end}\n" for start, end in copies)
    typer.echo(
        f"left out as second copies: {copies}; dropped beside the longest stretch that is left: "
        f"{dropped:,} bases; parts: {pieces}"
    )


if __name__ == "__main__":
    run_script(main)
