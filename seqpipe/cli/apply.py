"""`seqpipe apply`: runs a saved pipeline over texts as they come, one JSON object a line."""

# No future import of annotations: Typer reads these.
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer

from seqpipe import command_options as asked
from seqpipe.command_output import progress


def apply(
    model: asked.ModelPath,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
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
    gpu_id: asked.GpuId = -1,
) -> None:
    """Run a saved pipeline over texts, and write what it finds as one JSON object a line.

    Texts are taken as they come: what has been read is worked on at once, in constant memory.
    """
    from seqpipe.cli.records import record_batches
    from seqpipe.cli.texts import open_texts, read_texts
    from seqpipe.files import check_writable
    from seqpipe.pipelines import choose_device, load_pipeline

    is_shown = str(output) == "-"
    check_writable(None if is_shown else output, "results", read=[source])
    choose_device(gpu_id)
    with open_texts(source) as stream:
        nlp = load_pipeline(model)
        batches = read_texts(stream, source, batch_size)
        with _open_output(output) as out, progress("texts", beside=is_shown) as advance:
            for lines in record_batches(nlp, batches):
                out.write(lines)
                out.flush()
                advance(lines.count("\n"))


@contextmanager
def _open_output(path: Path) -> Iterator[IO[str]]:
    """Open the output, always UTF-8."""
    from seqpipe.files import InputError, atomic_write

    if str(path) != "-":
        with atomic_write(path) as stream:
            yield stream
        return
    if sys.stdout is None:
        raise InputError("standard output is closed, expected it open, or --output FILE")
    # JSON is UTF-8, whatever the terminal's language.
    sys.stdout.reconfigure(encoding="utf-8", errors="strict", newline="\n")  # type: ignore[union-attr]
    yield sys.stdout
