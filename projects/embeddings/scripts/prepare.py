"""Joins texts into one file: lower case, words of a to z, a paragraph a line."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write

# Of the three files that the workflow names.
WORDS = 16_857_739
WORD = re.compile("[a-z]+")


def paragraphs(path: Path) -> Iterator[list[str]]:
    """YIELDS (List[str]): The words of each line that has any. Raises InputError."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
            for line in stream:
                words = WORD.findall(line.lower())
                if words:
                    yield words
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"expected a gzipped text in UTF-8: {error}", path=path) from error


def main(
    texts: Annotated[list[Path], typer.Argument(help="Gzipped texts.")],
    output: Annotated[Path, typer.Option(help="Text file to write.")],
    expected: Annotated[int, typer.Option("--words", help="How many there must be.")] = WORDS,
) -> None:
    """Write the text."""
    count = 0
    with atomic_write(output) as stream:
        for path in texts:
            for words in paragraphs(path):
                stream.write(" ".join(words) + "\n")
                count += len(words)
        if count != expected:
            raise InputError(f"{count:,} words, expected {expected:,}: other files than these?")
    typer.echo(f"{count:,} words are in {output}")


if __name__ == "__main__":
    run_script(main)
