"""What commands write, where to, and how far their work is.

Light at import: every command line imports it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.hookspecs import ReportFormat
    from seqpipe.plugins import Plugin, Plugins

PICTURES = (".png", ".svg", ".pdf")
PATIENCE = 2.0  # seconds of work of which nothing is said


def console() -> Console:
    """RETURNS (Console): Where a command shows its results: standard output."""
    from seqpipe.reporting.console import ResultConsole

    return ResultConsole()


def print_json(found: Any) -> None:
    """Print results for a program, whatever the terminal's encoding.

    found (Any): Dictionaries, lists, texts, numbers and None; what is no number becomes null.
    """
    import json

    from seqpipe.reporting.metrics import jsonable

    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    text = json.dumps(jsonable(found), indent=2, ensure_ascii=encoding != "utf8", allow_nan=False)
    typer.echo(text)


def say_where(*written: tuple[str, Path | None]) -> None:
    """Say which files were written.

    written (Tuple[str, Optional[Path]]): "The page is" and its file, or None where there is none.
    """
    for what, path in written:
        if path is not None:
            typer.echo(f"{what} in {path}")


@dataclass(frozen=True)
class MetricsFile:
    """A file for metrics whose format is known and which can be written. `metrics_file` makes it.

    path (Path): The file.
    chosen (Tuple[Plugin, ReportFormat]): Its format, and whose that is.
    """

    path: Path
    chosen: tuple[Plugin, ReportFormat]

    def write(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics, with the versions, the commit, the machine and the peak memory.

        metrics (Dict[str, Any]): See `seqpipe.reporting.metrics.write_metrics`.
        RAISES (PluginError): If the format's plugin fails.
        """
        from seqpipe.reporting.formats import write_report

        write_report(self.path, metrics, self.chosen)


def metrics_file(
    path: Path | None, plugins: Plugins | None, *, read: Iterable[Path | None] = ()
) -> MetricsFile | None:
    """Refuse at once metrics that could not be written when all is computed.

    path (Optional[Path]): The file; None for none.
    plugins (Optional[Plugins]): Those of this process, which have the formats; None for ours.
    read (Iterable[Optional[Path]]): Files that are read.
    RETURNS (Optional[MetricsFile]): The file, or None for none.
    RAISES (InputError): If no format has its suffix, or it cannot be written.
    """
    from seqpipe.files import check_writable
    from seqpipe.plugins import Choice, load_plugins
    from seqpipe.reporting.formats import check_format

    if path is None:
        return None
    check_writable(path, "metrics", read=read)
    return MetricsFile(path, check_format(path, plugins or load_plugins(Choice(only=()))))


def described(path: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): A file or folder and its checksums, for metrics; of what is
    neither, such as an installed pipeline or standard input, its name.

    path (Path): Which.
    """
    from seqpipe.reporting.metrics import describe_corpus

    found = path.is_file() or path.is_dir()
    return describe_corpus(path) if found else {"path": str(path)}


def check_picture(path: Path | None, endings: Sequence[str], *, read: Iterable[Path] = ()) -> None:
    """Refuse at once a picture that could not be written when all is computed.

    path (Optional[Path]): The file; None for none.
    endings (Sequence[str]): That its name may have.
    read (Iterable[Path]): Files that are read.
    RAISES (InputError): If it has another, the file cannot be written, or it is one that is read.
    RAISES (ImportError): If it wants matplotlib, which is not installed.
    """
    from seqpipe.files import check_writable
    from seqpipe.reporting.plots import check_plot_file

    if path is None:
        return
    _check_ending(path, endings)
    if path.suffix.lower() in PICTURES:
        check_plot_file(path)
    check_writable(path, "picture", read=read)


def check_page(path: Path | None, *, read: Iterable[Path | None] = ()) -> None:
    """Refuse at once a page that could not be written when all is computed.

    path (Optional[Path]): The file; None for none.
    read (Iterable[Optional[Path]]): Files that are read.
    RAISES (InputError): If its name does not end in .html, the file cannot be written, or it is one
        that is read.
    """
    from seqpipe.files import check_writable

    if path is not None:
        check_writable(path, "page", read=read)
        _check_ending(path, (".html",))


def _check_ending(path: Path, endings: Sequence[str]) -> None:
    from seqpipe.files import InputError

    if path.suffix.lower() not in endings:
        *most, last = endings
        expected = f"{', '.join(most)} or {last}" if most else last
        raise InputError(f"expected a name that ends in {expected}", path=path)


def write_page(path: Path, content: str) -> None:
    """Write a page or another text, whole or not at all.

    path (Path): The file.
    content (str): All of it.
    """
    from seqpipe.files import atomic_write

    with atomic_write(path) as stream:
        stream.write(content)


@contextmanager
def open_output(path: Path | None) -> Iterator[IO[str]]:
    """Open what lines of results are written to.

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
    if not _is_terminal(sys.stderr) or (beside and _is_terminal(sys.stdout)):
        yield lambda more: None
        return
    from tqdm import tqdm

    with tqdm(
        total=total, unit=f" {what}", file=sys.stderr, delay=PATIENCE, leave=False,
        dynamic_ncols=True,
    ) as bar:  # fmt: skip
        yield bar.update


@contextmanager
def working(what: str = "") -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is done and for how long, when it takes longer than two seconds.

    what (str): Is done first.
    YIELDS (Callable): Takes what is done now.
    """
    if not _is_terminal(sys.stderr):
        yield lambda what: None
        return
    import threading

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    error = Console(stderr=True)
    bar = Progress(*columns, console=error, transient=True, redirect_stdout=False)
    task = bar.add_task(what)
    timer = threading.Timer(PATIENCE, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda what: bar.update(task, description=what)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def _is_terminal(stream: IO[str] | None) -> bool:
    return stream is not None and stream.isatty()
