"""Joins gzipped texts into one file that vectors are learned from: a paragraph a line, lower case,
words parted by spaces as spaCy's tokenizer parts them, so that "didn't" is "did" and "n't"."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import spacy
import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write


def paragraphs(path: Path) -> Iterator[str]:
    """YIELDS (str): Each line that has words. Raises InputError."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
            yield from (line.strip() for line in stream if not line.isspace())
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"expected a gzipped text in UTF-8: {error}", path=path) from error


def main(
    texts: Annotated[list[Path], typer.Argument(help="Gzipped texts.")],
    output: Annotated[Path, typer.Option(help="Text file to write.")],
) -> None:
    """Write the text."""
    tokenizer, count = spacy.blank("en").tokenizer, 0
    with atomic_write(output) as stream:
        for path in texts:
            for line in paragraphs(path):
                words = [token.lower_ for token in tokenizer(line) if not token.is_space]
                stream.write(" ".join(words) + "\n")
                count += len(words)
    typer.echo(f"{count:,} words are in {output}")


if __name__ == "__main__":
    run_script(main)
