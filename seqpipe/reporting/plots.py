"""Plots: lines of named series. Needs matplotlib, which the extra `plot` brings."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy

from seqpipe.files import InputError, atomic_write

SUFFIXES = (".png", ".svg", ".pdf")


class Line(NamedTuple):
    """A series of a plot.

    name (str): What the legend calls it.
    x, y (Sequence[float]): Its points. On a log scale those that are not above zero are left out.
    colour (int): Which of the plot's colours it has: lines that belong together share one.
    dashed (bool): To tell it from the others of its colour.
    intervals (Optional[Sequence[Optional[Tuple[float, float]]]]): From where to where each point
        may be; None for one of which that is not known.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    dashed: bool = False
    intervals: Sequence[tuple[float, float] | None] | None = None


def check_plot_file(path: str | os.PathLike[str]) -> None:
    """See that a plot can be written, before the work that it will show.

    path: The file.
    RAISES (InputError): If it ends in anything else than .png, .svg or .pdf, is a folder, or
        cannot be written there.
    RAISES (ImportError): If matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise InputError(f"a plot ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}", path=path)
    if os.path.isdir(path):
        raise InputError("a folder stands there, expected a file for the plot", path=path)
    import matplotlib  # noqa: F401

    _try_place(Path(path))


def _try_place(path: Path) -> None:
    """Write an empty file beside the plot's place, or in the folder where its folders will be."""
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    try:
        # Only this shows it surely: root, and some file systems, have rights of their own.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise InputError(f"the plot cannot be written: {error.strerror}", path=path) from error


def plot_lines(
    path: str | os.PathLike[str],
    lines: Iterable[Line],
    *,
    x_label: str,
    y_label: str,
    log: bool = False,
    x_names: Sequence[str] | None = None,
) -> None:
    """Draw lines and write the picture; the name's ending says in which format.

    path: The file, .png, .svg or .pdf.
    lines (Iterable[Line]): The series.
    x_label, y_label (str): What the axes show.
    log (bool): Whether the y axis is logarithmic.
    x_names (Optional[Sequence[str]]): What stands at 0, 1, 2, ... on the x axis; None for numbers.
        With names the points are marked, since nothing is between them.
    """
    # Not pyplot, which would choose a window system and keep every figure.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), dpi=150, layout="constrained")
    axes = figure.subplots()
    for line in lines:
        y = numpy.asarray(line.y, dtype="float64")
        shown = numpy.where(y > 0, y, numpy.nan) if log else y
        style = "--" if line.dashed else "-"
        axes.plot(
            line.x,
            shown,
            style,
            color=f"C{line.colour}",
            label=line.name,
            linewidth=1.5,
            marker=None if x_names is None else "o",
            markersize=4,
        )
        for x, interval in zip(line.x, line.intervals or (), strict=False):
            if interval is not None:
                axes.vlines(x, *interval, color=f"C{line.colour}", alpha=0.5, linewidth=1.5)
    if x_names is not None:
        axes.set_xticks(range(len(x_names)), x_names)
    if log:
        axes.set_yscale("log")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)  # beside the lines, however many
    with atomic_write(path, "wb") as stream:
        figure.savefig(stream, format=Path(path).suffix[1:].lower())
