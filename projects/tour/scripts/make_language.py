"""Writes sentences with their entities and, where a language has some, reviews of restaurants with
their stars (assets/de.yml, vi.yml, en.yml). The test has sentences and names that are new."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from templates import Templates, distinct, of_part, read_language

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

# How much is drawn at most for a line that is not there yet.
DRAWS = 200


def sentences(given: dict[str, Any], part: str, rng: Random) -> Iterator[str]:
    """YIELDS (str): Sentences: a word and its tag a line, then an empty line."""
    templates = Templates(given["words"], part, rng)
    frames = frames_of(given["entities"], part)
    while True:
        words = templates.tagged(rng.choice(frames), given["labels"])
        yield "".join(f"{word}\t{tag}\n" for word, tag in words) + "\n"


def reviews(given: dict[str, Any], part: str, rng: Random) -> Iterator[str]:
    """YIELDS (str): Stars and a text, with a tab between; all stars are as likely."""
    templates = Templates(given["stars"]["words"], part, rng)
    frames = {stars: frames_of(one, part) for stars, one in given["stars"]["frames"].items()}
    while True:
        stars = rng.choice(list(frames))
        yield f"{stars}\t{templates.text(rng.choice(frames[stars]))}\n"


def frames_of(given: dict[str, list[str]], part: str) -> list[str]:
    """RETURNS (List[str]): The sentences to fill: in the test none that training has."""
    return of_part(given["train"], part) if part != "test" else list(given["test"])


# What a language can have: its key, what draws it, its file, and how that begins.
KINDS = (
    ("entities", sentences, "entities_{}.conll", ""),
    ("stars", reviews, "reviews_{}.tsv", "stars\ttext\n"),
)


def write_parts(
    given: dict[str, Any], folder: Path, sizes: dict[str, int], rng: Random, beside: str
) -> None:
    """Write the files of each part; nothing stands in two of them.

    beside (str): What stands before the sentences to train on.
    """
    known: set[str] = set()
    for part, size in sizes.items():
        for key, make, name, head in KINDS:
            if key not in given:
                continue
            drawn = make(given, part, rng)
            lines = distinct((next(drawn) for _ in range(DRAWS * size)), known, size)
            if len(lines) < size:
                message = f"only {len(lines):,} different lines of {key}, expected {size:,}"
                raise InputError(f"{message}: ask for fewer")
            before = beside if (key, part) == ("entities", "train") else head
            with atomic_write(folder / name.format(part)) as stream:
                stream.write(before + "".join(lines))


def main(
    language: Annotated[Path, typer.Argument(help="File of words and sentences.")],
    output: Annotated[Path, typer.Argument(help="Folder of the files.")],
    train: Annotated[int, typer.Option(min=1, help="Sentences and reviews to train on.")] = 600,
    held_out: Annotated[int, typer.Option(min=1, help="Of each other part.")] = 150,
    beside: Annotated[
        Path | None, typer.Option(help="Sentences with entities to train on too.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")] = 0,
) -> None:
    """Write entities_PART.conll and reviews_PART.tsv for train, dev and test."""
    given = read_language(language)
    sizes = {"test": held_out, "dev": held_out, "train": train}
    output.mkdir(parents=True, exist_ok=True)
    before = "" if beside is None else beside.read_text(encoding="utf-8").rstrip() + "\n\n"
    write_parts(given, output, sizes, Random(seed), before)
    typer.echo(f"{train:,} lines of each kind to train on are in {output}")


if __name__ == "__main__":
    run_script(main)
