"""`seqpipe apply`: runs a saved pipeline over texts as they come, one JSON object a line."""

# No future import of annotations: Typer reads these.
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer


def apply(
    model: Annotated[Path, typer.Argument(help="Folder of a saved pipeline.", show_default=False)],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help='Text file, one text a line, or .jsonl with "text"; .gz too; - is standard input.',
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write; - is standard output.")
    ] = Path("-"),
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Most texts to take at once.")
    ] = 256,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use; -1: the CPU.")] = -1,
) -> None:
    """Run a saved pipeline over texts, and write what it finds as one JSON object a line.

    Texts are taken as they come: what has been read is worked on at once, in constant memory.
    """
    from seqpipe.cli.records import record_batches
    from seqpipe.cli.texts import open_texts, read_texts
    from seqpipe.pipelines import choose_device, load_pipeline

    choose_device(gpu_id)
    with open_texts(source) as stream:
        nlp = load_pipeline(model)
        batches = read_texts(stream, source, batch_size)
        with _open_output(output) as out:
            for lines in record_batches(nlp, batches):
                out.write(lines)
                out.flush()


@contextmanager
def _open_output(path: Path) -> Iterator[IO[str]]:
    """Open the output, always UTF-8; a reader of a pipe who has had enough ends us in quiet."""
    from seqpipe.files import InputError, atomic_write

    if str(path) != "-":
        with atomic_write(path) as stream:
            yield stream
        return
    if sys.stdout is None:
        raise InputError("standard output is closed, expected it open, or --output FILE")
    # JSON is UTF-8, whatever the terminal's language.
    sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="\n")  # type: ignore[union-attr]
    try:
        yield sys.stdout
    except BrokenPipeError:
        # Python flushes standard output once more at exit, and would complain of the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
