"""Writes raw text: one to learn vectors from, in which the words of the annotated training texts
stand too, and one for the language model, in three parts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write


def annotated(entities: Path, reviews: Path) -> Iterator[str]:
    """YIELDS (str): The words of each annotated text, parted by blanks."""
    import spacy

    from seqpipe.classification.corpus import make_labelled_texts
    from seqpipe.tagging.corpus import make_conll_corpus

    nlp = spacy.blank("en")
    columns = {"word": 0, "ner": 1}
    for read in (
        make_conll_corpus(entities, columns=columns, separator="tab"),
        make_labelled_texts(reviews, text="text", label="stars"),
    ):
        for eg in read(nlp):
            yield " ".join(token.text for token in eg.predicted)


def lines(path: Path) -> list[str]:
    """RETURNS (List[str]): The lines of a text."""
    found = path.read_text(encoding="utf-8").splitlines()
    if not found:
        raise InputError("no line in it, expected a text", path=path)
    return found


def write(path: Path, text: Iterable[str]) -> None:
    """Write lines to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as stream:
        stream.writelines(f"{line}\n" for line in text)


def main(
    texts: Annotated[list[Path], typer.Argument(help="Raw texts, a sentence a line.")],
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    entities: Annotated[Path, typer.Option(help="Training sentences, word and BIO tag.")],
    reviews: Annotated[Path, typer.Option(help="Training reviews with stars.")],
    train: Annotated[int, typer.Option(min=1, help="Sentences to train on.")] = 2000,
    held_out: Annotated[int, typer.Option(min=1, help="Sentences of dev, and of test.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same.")] = 0,
) -> None:
    """Write vectors.txt, and train.txt, dev.txt and test.txt of sentences drawn from the texts."""
    known = [line for path in texts for line in lines(path)]
    drawn = list(dict.fromkeys(known))
    Random(seed).shuffle(drawn)
    needed = train + 2 * held_out
    if len(drawn) < needed:
        raise InputError(f"{len(drawn):,} different sentences, expected at least {needed:,}")
    write(folder / "train.txt", drawn[:train])
    write(folder / "dev.txt", drawn[train : train + held_out])
    write(folder / "test.txt", drawn[train + held_out : needed])
    kept_out = set(drawn[train:needed])
    write(
        folder / "vectors.txt",
        [*(line for line in known if line not in kept_out), *annotated(entities, reviews)],
    )
    typer.echo(f"{needed:,} sentences and a text to learn vectors from are in {folder}")


if __name__ == "__main__":
    run_script(main)
