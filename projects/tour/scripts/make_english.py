"""Writes the English text of the language models: the English side of the translator's pairs, and
sentences of assets/en.yml between them. What stands in the other files is not in training."""

from pathlib import Path
from random import Random
from typing import Annotated

import typer
from templates import Templates, distinct, read_language

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

# Of so many sentences of the text one is of assets/en.yml.
EVERY = 3


def english_of(path: Path) -> list[str]:
    """RETURNS (List[str]): The second column of a table: of a text with several translations the
    first."""
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        french, tab, english = line.partition("\t")
        if not tab:
            raise InputError(
                "no tab, expected a sentence and its translation", path=path, line=number
            )
        found.setdefault(french, english)
    return list(found.values())


def main(
    pairs: Annotated[Path, typer.Argument(help="Folder with train.tsv, dev.tsv and test.tsv.")],
    language: Annotated[Path, typer.Argument(help="File of words and sentences.")],
    output: Annotated[Path, typer.Argument(help="Folder of the files.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
) -> None:
    """Write train.txt, dev.txt and test.txt, a sentence a line, none of them twice."""
    given = read_language(language)
    rng, known = Random(seed), set()
    output.mkdir(parents=True, exist_ok=True)
    for part in ("test", "dev", "train"):
        drawn = english_of(pairs / f"{part}.tsv")
        templates = Templates(given["words"], part, rng)
        drawn += [
            templates.text(rng.choice(given["sentences"])) for _ in range(len(drawn) // (EVERY - 1))
        ]
        lines = distinct(drawn, known, len(drawn))
        rng.shuffle(lines)
        with atomic_write(output / f"{part}.txt") as stream:
            stream.writelines(f"{line}\n" for line in lines)
        typer.echo(f"{len(lines):,} sentences are in {output / part}.txt")


if __name__ == "__main__":
    run_script(main)
