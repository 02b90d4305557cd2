"""Makes the reversal task: a sequence of numbers is to be turned round.

The settings are those of Joey NMT's test task (Kreutzer et al. 2019): numbers from 0 to 49, 50,000
sequences of 1 to 25 for training, 1,000 of 1 to 30 for development and for the test each. The
generator is numpy's of old with seed 42 and the calls are the same, so that the sequences are too.
"""

from pathlib import Path
from typing import Annotated

import numpy
import typer

from seqpipe.cli.script import run_script
from seqpipe.files import atomic_write

NUMBERS = 50
LONGEST = {"train": 25, "dev": 30, "test": 30}


def sequences(random: numpy.random.RandomState, number: int, longest: int) -> list[str]:
    """RETURNS (List[str]): So many sequences, the numbers parted by blanks."""
    lines = []
    for _ in range(number):
        size = random.randint(1, longest + 1)
        lines.append(" ".join(map(str, random.randint(0, NUMBERS, size))))
    return lines


def turned(line: str) -> str:
    """RETURNS (str): The sequence from its end."""
    return " ".join(reversed(line.split()))


def main(
    output: Annotated[Path, typer.Argument(help="Folder of the three files.")],
    train: Annotated[int, typer.Option(min=1, help="Sequences to train on.")] = 50_000,
    held_out: Annotated[
        int, typer.Option(min=1, help="Sequences for development, and for the test.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 42,
) -> None:
    """Write train.tsv, dev.tsv and test.tsv."""
    random = numpy.random.RandomState(seed)
    for name, longest in LONGEST.items():
        lines = sequences(random, train if name == "train" else held_out, longest)
        with atomic_write(output / f"{name}.tsv") as stream:
            stream.writelines(f"{line}\t{turned(line)}\n" for line in lines)
        typer.echo(f"{len(lines):,} sequences of 1 to {longest} are in {output / f'{name}.tsv'}")


if __name__ == "__main__":
    run_script(main)
