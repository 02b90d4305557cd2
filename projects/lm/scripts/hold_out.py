"""Cuts a text in two: the last tenth of its characters is for validation."""

from pathlib import Path
from typing import Annotated

import typer

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write
from seqpipe.vocabulary.text_lines import decode, open_bytes

SHARE = 0.9


def main(
    text: Annotated[Path, typer.Argument(help="Text file, plain or gzip.")],
    output: Annotated[Path, typer.Argument(help="Folder for train.txt and dev.txt.")],
) -> None:
    """Write both parts."""
    if not text.is_file():
        raise InputError("no such file, expected a text", path=text)
    with open_bytes(text) as stream:
        whole = decode(stream.read(), text)
    cut = int(SHARE * len(whole))
    for name, part in (("train", whole[:cut]), ("dev", whole[cut:])):
        path = output / f"{name}.txt"
        with atomic_write(path, "wb") as file:
            file.write(part.encode())
        typer.echo(f"{len(part):,} characters are in {path}")


if __name__ == "__main__":
    run_script(main)
