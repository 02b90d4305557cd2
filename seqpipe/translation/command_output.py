"""Where the translation commands write to, seen to before the work, and how far the work is.

Light at import: every command line imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PICTURES = (".png", ".svg", ".pdf")


def check_picture(path: Path | None, endings: Sequence[str], *, read: Iterable[Path] = ()) -> None:
    """Refuse at once a picture that could not be written when all is computed.

    path (Optional[Path]): The file; None for none.
    endings (Sequence[str]): That its name may have.
    read (Iterable[Path]): Files that are read.
    RAISES (InputError): If it has another, the file cannot be written, or it is one that is read.
    RAISES (ImportError): If it wants matplotlib, which is not installed.
    """
    from seqpipe.files import InputError, check_writable
    from seqpipe.reporting.plots import check_plot_file

    if path is None:
        return
    ending = path.suffix.lower()
    if ending not in endings:
        *most, last = endings
        expected = f"{', '.join(most)} or {last}" if most else last
        raise InputError(f"expected a name that ends in {expected}", path=path)
    if ending in PICTURES:
        check_plot_file(path)
    check_writable(path, "picture", read=read)


@contextmanager
def open_output(path: Path | None) -> Iterator[IO[str]]:
    """Open what results are written to.

    path (Optional[Path]): A file, which is there when it is whole; None for standard output.
    YIELDS (IO[str]): It.
    """
    from seqpipe.files import atomic_write

    if path is None:
        yield sys.stdout
        return
    with atomic_write(path) as stream:
        yield stream


@contextmanager
def progress(
    what: str, *, total: int | None = None, beside: bool = False
) -> Iterator[Callable[[int], Any]]:
    """Show on a terminal how far work is that takes longer than two seconds.

    what (str): Is counted.
    total (Optional[int]): How many there are.
    beside (bool): The results go to standard output meanwhile.
    YIELDS (Callable): Takes how many more are done.
    """
    from tqdm import tqdm

    is_hidden = not sys.stderr.isatty() or (beside and sys.stdout.isatty())
    with tqdm(
        total=total, unit=f" {what}", file=sys.stderr, delay=2, leave=False, dynamic_ncols=True,
        disable=is_hidden,
    ) as bar:  # fmt: skip
        yield bar.update


def write_data_metrics(output: Path, data: Sequence[Path], metrics: dict[str, Any]) -> None:
    """Write metrics with what they were measured on.

    output (Path): The file.
    data (Sequence[Path]): The corpora.
    metrics (Dict[str, Any]): See `write_metrics`.
    """
    from seqpipe.reporting.metrics import describe_corpus, write_metrics

    write_metrics(output, {**metrics, "corpora": [describe_corpus(path) for path in data]})
