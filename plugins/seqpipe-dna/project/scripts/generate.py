"""A genome and promoters that were never alive: what the workflow `all` learns from.

Genes are open reading frames of codons with a preference; promoters have two boxes, -35 and -10, at
a distance that varies.
"""

# No future import of annotations: Typer reads these.
import random
from pathlib import Path
from typing import Annotated

import typer
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqRecord import SeqRecord

from seqpipe.cli.script import run_script
from seqpipe.files import atomic_write

STOPS = ("TAA", "TAG", "TGA")
CODONS = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
SENSE = [codon for codon in CODONS if codon not in STOPS]


def bases(draw: random.Random, count: int) -> str:
    """RETURNS (str): Bases at random, rich in A and T."""
    return "".join(draw.choices("ACGT", (33, 17, 17, 33), k=count))


def gene(draw: random.Random, weights: list[int]) -> str:
    """RETURNS (str): An open reading frame."""
    codons = draw.choices(SENSE, weights, k=draw.randint(100, 300))
    return "ATG" + "".join(codons) + draw.choice(STOPS)


def genome(draw: random.Random, genes: int) -> SeqRecord:
    """RETURNS (SeqRecord): Genes on either strand, with other bases between them."""
    weights = [draw.choice((1, 1, 2, 8)) for _ in SENSE]
    sequence, features = bases(draw, 200), []
    for _ in range(genes):
        strand, coding = draw.choice((1, -1)), Seq(gene(draw, weights))
        place = SimpleLocation(len(sequence), len(sequence) + len(coding), strand)
        features.append(SeqFeature(place, type="CDS", qualifiers={"codon_start": ["1"]}))
        sequence += str(coding if strand > 0 else coding.reverse_complement())
        sequence += bases(draw, draw.randint(100, 600))
    made = {"molecule_type": "DNA", "topology": "linear"}
    return SeqRecord(Seq(sequence), id="MADE.1", name="MADE", features=features, annotations=made)


def changed(draw: random.Random, box: str) -> str:
    """RETURNS (str): A box of which each base is another one now and then."""
    return "".join(draw.choice("ACGT") if draw.random() < 0.15 else base for base in box)


def promoter(draw: random.Random) -> str:
    """RETURNS (str): 81 bases with both boxes."""
    inner = changed(draw, "TTGACA") + bases(draw, draw.randint(15, 19)) + changed(draw, "TATAAT")
    left = draw.randint(20, 28)
    return (bases(draw, left) + inner + bases(draw, 81))[:81]


def main(
    output: Annotated[Path, typer.Argument(help="Folder to write into.")],
    genes: Annotated[int, typer.Option(min=6, help="Genes of the genome.")] = 40,
    promoters: Annotated[int, typer.Option(min=20, help="Promoters; twice as many others.")] = 300,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 0,
) -> None:
    """Write genome.gb, promoter.fa and other.fa."""
    draw = random.Random(seed)
    with atomic_write(output / "genome.gb") as file:
        SeqIO.write(genome(draw, genes), file, "genbank")
    made = {
        "promoter": [promoter(draw) for _ in range(promoters)],
        "other": [bases(draw, 81) for _ in range(2 * promoters)],
    }
    for name, sequences in made.items():
        with atomic_write(output / f"{name}.fa") as file:
            file.writelines(f">{name}{i}\n{one}\n" for i, one in enumerate(sequences, 1))
    typer.echo(f"genome.gb, promoter.fa and other.fa are in {output}")


if __name__ == "__main__":
    run_script(main)
