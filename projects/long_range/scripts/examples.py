"""Writes sentences of the agreement task, some for each distance, to be read."""

from pathlib import Path
from random import Random
from typing import Annotated

import typer
from tasks import SHORTEST, VERB_FORMS, Agreement, whole_numbers

from seqpipe.cli.script import run_script
from seqpipe.files import atomic_write


def main(
    output: Path,
    distances: Annotated[str, typer.Option(help="Distances, with commas.")] = "5,10,20,50,100,200",
) -> None:
    """Write five sentences for each distance."""
    task, rng = Agreement(), Random(0)
    wanted = whole_numbers(distances, "distances", SHORTEST)
    with atomic_write(output) as stream:
        for distance in wanted:
            for _ in range(5):
                words, plural = task.sentence(rng, distance)
                stream.write(f"{distance}\t{' '.join(words)} {VERB_FORMS[plural]} full .\n")
    typer.echo(f"{output}: sentences over {len(task.words)} words")


if __name__ == "__main__":
    run_script(main)
