"""Curves of training runs: the score, and the loss a token of each component, against steps, words
or seconds; as a picture, which needs matplotlib, or in figures. `curves_page` has the page."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqpipe.files import InputError, atomic_write
from seqpipe.reporting.plots import SUFFIXES, Line, check_plot_file
from seqpipe.reporting.run_logs import Evaluation, Run, flattened
from seqpipe.reporting.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

PAGE = ".html"
# What a curve can be drawn against, and where an evaluation has it.
AXES = {"steps": "step", "words": "words", "seconds": "seconds"}
SCORE = "score"
# Colours of matplotlib's cycle; the runs beyond are dashed.
COLOURS = 10
# Losses that spread wider than this many times are shown on a log scale.
WIDE = 20.0
# Curves of at most so many points have them marked.
MARKED = 50


@dataclass(frozen=True)
class Panel:
    """One chart.

    title (str): What its curves show.
    lines (Sequence[Line]): A curve a run that has it, `nan` where it has no number.
    log (bool): Whether its y axis is logarithmic.
    """

    title: str
    lines: Sequence[Line]
    log: bool = False


def metric_names(runs: Sequence[Run]) -> list[str]:
    """RETURNS (List[str]): All scores that some run has as a number; one in a group is
    "GROUP.NAME", as in "ents_per_type.PER.f".

    runs (Sequence[Run]): The runs.
    """
    evaluations = [evaluation for run in runs for evaluation in run.evaluations]
    scores = [flattened(evaluation.scores) for evaluation in evaluations]
    names = {name for some in scores for name, value in some.items() if _is_number(value)}
    return [SCORE, *sorted(names)]


def metric_of(evaluation: Evaluation, metric: str) -> float:
    """RETURNS (float): A score of an evaluation; nan if it has none.

    evaluation (Evaluation): The evaluation.
    metric (str): One of `metric_names`.
    """
    if metric == SCORE:
        return _number(evaluation.score)
    return _number(flattened(evaluation.scores).get(metric))


def curve_panels(runs: Sequence[Run], *, metric: str = SCORE, x: str = "steps") -> list[Panel]:
    """Arrange the curves of runs: a panel for the score, one for each component's loss.

    runs (Sequence[Run]): The runs; each has its colour in all panels.
    metric (str): The score, one of `metric_names`.
    x (str): What to draw against: a key of `AXES`.
    RETURNS (List[Panel]): The panels.
    """
    panels = [Panel(metric, _lines(runs, x, lambda evaluation: metric_of(evaluation, metric)))]
    names = [n for run in runs for e in run.evaluations for n in e.loss_per_token]
    for name in dict.fromkeys(names):
        lines = _lines(runs, x, _loss_of(name))
        panels.append(Panel(f"loss per token: {name}", lines, log=_spreads_wide(lines)))
    return panels


def looks(runs: Sequence[Run]) -> list[Line]:
    """RETURNS (List[Line]): For each run a line without points, as its curves look.

    runs (Sequence[Run]): The runs.
    """
    return [
        Line(run.label, (), (), index % COLOURS, dashed=index // COLOURS % 2 == 1)
        for index, run in enumerate(runs)
    ]


def check_curves_file(path: str | os.PathLike[str]) -> None:
    """See that curves can be written there.

    path: The file.
    RAISES (InputError): If its ending is not one of a picture or a page, or it is a folder.
    RAISES (ImportError): If it is a picture and matplotlib is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (*SUFFIXES, PAGE):
        raise InputError(f"curves end in {', '.join(SUFFIXES)} or {PAGE}", path=path)
    if os.path.isdir(path):
        raise InputError("a folder stands there, expected a file for the curves", path=path)
    if suffix != PAGE:
        check_plot_file(path)


def plot_curves(
    path: str | os.PathLike[str], runs: Sequence[Run], *, metric: str = SCORE, x: str = "steps"
) -> None:
    """Draw the curves of runs and write the picture; the name's ending says in which format.

    path: The file, .png, .svg or .pdf.
    runs (Sequence[Run]): The runs.
    metric (str): The score, one of `metric_names`.
    x (str): What to draw against: a key of `AXES`.
    """
    # Not pyplot, which would choose a window system and keep every figure.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels = curve_panels(runs, metric=metric, x=x)
    columns = 1 if any(len(run.label) > 40 for run in runs) else 2
    keys = math.ceil(len(runs) / columns)
    size = (7.0, 2.4 * len(panels) + 0.22 * keys + 0.5)
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    every = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(every, panels, strict=True):
        _draw(axes, panel)
    every[-1].set_xlabel(x)
    every[-1].xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    every[-1].xaxis.set_major_formatter(_written_short)
    figure.legend(handles=_keys(runs), loc="outside lower center", ncols=columns)
    with atomic_write(path, "wb") as stream:
        figure.savefig(stream, format=Path(path).suffix[1:].lower())


def print_runs(console: Console, runs: Sequence[Run], *, metric: str = SCORE) -> None:
    """Print a table of runs: the best score, when it was first reached, and words a second.

    console (Console): Where to.
    runs (Sequence[Run]): The runs.
    metric (str): One of `metric_names`, to show that of `model-best` beside it.
    """
    metrics = [SCORE] if metric == SCORE else [SCORE, metric]
    rows = [
        [
            run.label,
            *(shown_score(metric_of(run.best, name)) for name in metrics),
            str(run.reached.step),
            f"{run.reached.seconds:,.0f}",
            shown_speed(run),
        ]
        for run in runs
    ]
    title = "runs: the best score, and the step and seconds when it was first reached"
    print_table(console, title, ["", *metrics, "step", "seconds", "words/s"], rows)


def run_record(run: Run, metric: str = SCORE) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What the table has of a run, for JSON.

    run (Run): The run.
    metric (str): As for `print_runs`.
    """
    metrics = [SCORE] if metric == SCORE else [SCORE, metric]
    return {
        "run": run.label,
        **{name: metric_of(run.best, name) for name in metrics},
        "step": run.reached.step,
        "seconds": run.reached.seconds,
        "words_per_second": run.words_per_second,
    }


def shown_score(score: float) -> str:
    """RETURNS (str): A score with four decimals.

    score (float): NaN and infinity are "-".
    """
    return f"{score:.4f}" if math.isfinite(score) else "-"


def shown_speed(run: Run) -> str:
    """RETURNS (str): A run's words a second.

    run (Run): "-" if it does not say.
    """
    speed = run.words_per_second
    return "-" if speed is None else f"{speed:,.0f}"


def short_number(number: float) -> str:
    """RETURNS (str): A number with k, M or G for thousands, millions and more.

    number (float): Of any size.
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:.6g}{letter}"
    return f"{number:.6g}"


def _lines(runs: Sequence[Run], x: str, height: Callable[[Evaluation], float]) -> list[Line]:
    lines = []
    for run, look in zip(runs, looks(runs), strict=True):
        places = [getattr(evaluation, AXES[x]) for evaluation in run.evaluations]
        heights = [height(evaluation) for evaluation in run.evaluations]
        if any(map(math.isfinite, heights)):
            lines.append(look._replace(x=places, y=heights))
    return lines


def _loss_of(name: str) -> Callable[[Evaluation], float]:
    return lambda evaluation: _number(evaluation.loss_per_token.get(name))


def _spreads_wide(lines: Sequence[Line]) -> bool:
    """Whether a linear scale would hide the lower values, and a logarithmic one can show all."""
    heights = [y for line in lines for y in line.y if math.isfinite(y)]
    return bool(heights) and 0 < WIDE * min(heights) < max(heights)


def _draw(axes: Any, panel: Panel) -> None:
    for line in panel.lines:
        # A single point has no line, and is seen only if it is marked.
        marker = {"marker": "o", "markersize": 3} if len(line.x) <= MARKED else {}
        axes.plot(line.x, line.y, **_style(line), **marker)
    if panel.log:
        _set_log_scale(axes)
    axes.set_title(_plain(panel.title), fontsize="medium", loc="left")
    axes.grid(alpha=0.3)


def _set_log_scale(axes: Any) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(_written_short)
    axes.yaxis.set_minor_formatter(NullFormatter())


def _written_short(number: float, position: int | None) -> str:
    return short_number(number)


def _style(line: Line) -> dict[str, Any]:
    return {
        "color": f"C{line.colour}",
        "linestyle": "--" if line.dashed else "-",
        "linewidth": 1.5,
    }


def _keys(runs: Sequence[Run]) -> list[Any]:
    """The legend's lines: one a run, whichever panels it is in."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=_plain(look.name), **_style(look)) for look in looks(runs)]


def _plain(text: str) -> str:
    """Text that matplotlib takes as it is: not as a formula, nor as a name to be left out."""
    return f" {text}".replace("$", r"\$") if text.startswith("_") else text.replace("$", r"\$")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float:
    return float(value) if _is_number(value) else math.nan
