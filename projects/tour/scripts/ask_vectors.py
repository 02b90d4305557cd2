"""Asks vectors for the words that are to C as B is to A, and writes the answers side by side."""

from pathlib import Path
from typing import Annotated

import typer

from seqpipe.cli.script import run_script
from seqpipe.embeddings import Embeddings, analogy, read_vectors
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics


def read_questions(path: Path) -> list[list[str]]:
    """RETURNS (List[List[str]]): Three words of each line."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split()
        if len(words) != 3:
            message = f"{len(words)} words, expected three: A B C, as in man woman king"
            raise InputError(message, path=path, line=number)
        found.append(words)
    return found


def answer(vectors: Embeddings, question: list[str]) -> str:
    """RETURNS (str): The word, and the cosine by which it was found."""
    (best,) = analogy(vectors, *question, n=1)
    return f"{best.word} ({best.similarity:.2f})"


def main(
    questions: Annotated[Path, typer.Argument(help="Three words a line.")],
    vectors: Annotated[list[str], typer.Argument(help="NAME=VECTORS, one or several.")],
    output: Annotated[Path, typer.Option(help="Metrics file.")],
) -> None:
    """Write what each of the vectors answers."""
    asked = read_questions(questions)
    given = dict(one.partition("=")[::2] for one in vectors)
    loaded = {name: read_vectors(path) for name, path in given.items()}
    scores = {
        f"{a} : {b} = {c} : ?": {name: answer(one, [a, b, c]) for name, one in loaded.items()}
        for a, b, c in asked
    }
    write_metrics(output, {"scores": scores, "vectors": given})
    typer.echo(f"{len(asked)} questions are answered in {output}")


if __name__ == "__main__":
    run_script(main)
