"""Training, development and test sequences of promoters and others, as FASTA files.

Of equal sequences one is kept. Families, whose members share 30 bases in a row on either strand,
are never divided.
"""

# No future import of annotations: Typer reads these.
import json
import random
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from seqpipe_dna.families import find_families
from seqpipe_dna.nucleotides import normalise, reverse_complement
from seqpipe_dna.records import read_records

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

SHARES = {"train": 0.7, "dev": 0.15, "test": 0.15}
CLASSES = ("promoter", "other")


def distinct(labelled: list[tuple[str, str]]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The class of each sequence, those left out that have two."""
    classes: dict[str, set[str]] = {}
    for sequence, label in labelled:
        normal = normalise(sequence)
        classes.setdefault(min(normal, reverse_complement(normal)), set()).add(label)
    kept = {}
    for sequence, _ in labelled:
        normal = normalise(sequence)
        found = classes.pop(min(normal, reverse_complement(normal)), set())
        if len(found) == 1:
            kept[normal] = found.pop()
    return kept


def deal(families: list[list[int]], labels: list[str], seed: int) -> dict[str, list[int]]:
    """Deal families to parts, each to that which lacks most of its share. Those of more than a
    hundredth of all, which would make a part odd, go to training.

    families (List[List[int]]): Places of the members of each.
    labels (List[str]): The class of each sequence.
    RETURNS (Dict[str, List[int]]): The places of each part.
    """
    parts: dict[str, list[int]] = {part: [] for part in SHARES}
    order = [family for family in families if len(family) <= max(2, len(labels) // 100)]
    for family in families:
        if family not in order:
            parts["train"].extend(family)
    random.Random(seed).shuffle(order)
    counts = {part: Counter(labels[i] for i in parts[part]) for part in parts}
    total = Counter(labels)
    for family in order:
        own = Counter(labels[i] for i in family)
        part = max(
            SHARES,
            key=lambda name: (
                sum(
                    own[label] * (SHARES[name] - counts[name][label] / total[label])
                    for label in own
                )
                / SHARES[name]
            ),
        )
        parts[part].extend(family)
        counts[part].update(own)
    return parts


def main(
    promoters: Annotated[Path, typer.Argument(help="FASTA file of promoters.")],
    others: Annotated[Path, typer.Argument(help="FASTA file of other sequences.")],
    output: Annotated[Path, typer.Argument(help="Folder for train/, dev/ and test/.")],
    seed: Annotated[int, typer.Option(help="Of the order in which families are dealt.")] = 0,
) -> None:
    """Write the three parts, and split.json with what was left out."""
    files = dict(zip(CLASSES, (promoters, others), strict=True))
    labelled = [(one.sequence, name) for name, path in files.items() for one in read_records(path)]
    kept = distinct(labelled)
    sequences, labels = list(kept), list(kept.values())
    families = find_families(sequences)
    parts = deal(families, labels, seed)
    for part, places in parts.items():
        for name in CLASSES:
            own = sorted(i for i in places if labels[i] == name)
            if not own:
                raise InputError(f"no {name} for {part}, expected more sequences", path=files[name])
            with atomic_write(output / part / f"{name}.fa") as file:
                file.writelines(f">{i}\n{sequences[i]}\n" for i in own)
    record = {
        "given": len(labelled),
        "left_out_as_duplicates": len(labelled) - len(kept),
        "families": len(families),
        "largest_families": [len(family) for family in families[:3]],
        "parts": {part: Counter(labels[i] for i in places) for part, places in parts.items()},
    }
    with atomic_write(output / "split.json") as file:
        file.write(json.dumps(record, indent=2) + "\n")
    typer.echo(json.dumps(record))


if __name__ == "__main__":
    run_script(main)
