"""Draws how often each model is right against the distance, and prints it as a table."""

import json
import statistics
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from seqpipe.cli.script import run_script
from seqpipe.files import InputError, atomic_write
from seqpipe.reporting.plots import check_plot_file

NAMES = {
    "rnn": "RNN, tanh",
    "rnn_identity": "RNN, ReLU, identity start",
    "gru": "GRU",
    "lstm": "LSTM",
}
# What is right by always giving the likeliest answer.
CHANCE = {"agreement": 0.5, "adding": 1 - (1 - 0.04) ** 2}
AXES = {"agreement": "words between subject and verb", "adding": "length of the sequence"}
TITLES = {"agreement": "Agreement of subject and verb", "adding": "Adding problem"}


def curves(runs: list[dict], task: str, model: str) -> dict[int, list[float]]:
    """The accuracies of all seeds, by distance."""
    found: dict[int, list[float]] = {}
    for run in sorted(runs, key=lambda run: run["distance"]):
        if place_of(run)[:2] == (task, model) and "accuracy" in run:
            found.setdefault(run["distance"], []).append(run["accuracy"])
    return found


def place_of(run: dict) -> tuple[str, str, int]:
    """What its seeds are averaged over."""
    return run["task"], run["model"], run["distance"]


def diverged(runs: list[dict]) -> list[dict]:
    """The runs that ended in gradients that were not finite."""
    return [run for run in runs if "diverged_at" in run]


def draw(runs: list[dict], tasks: list[str], output: Path) -> None:
    """One panel a task; a line is the mean of the seeds, its band their least and greatest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(tasks), 4.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for panel, task in zip(panels, tasks, strict=True):
        for (model, label), marker in zip(NAMES.items(), "osD^", strict=True):
            found = curves(runs, task, model)
            means = [statistics.fmean(values) for values in found.values()]
            panel.plot(list(found), means, label=label, marker=marker)
            least, most = ([end(v) for v in found.values()] for end in (min, max))
            panel.fill_between(list(found), least, most, alpha=0.15)
        panel.axhline(CHANCE[task], color="grey", linestyle=":", label="chance")
        panel.set(title=TITLES[task], xscale="log", xlabel=AXES[task], ylim=(0, 1.03))
        distances = sorted({run["distance"] for run in runs})
        panel.set_xticks(distances, [str(distance) for distance in distances])
        panel.minorticks_off()
    panels[0].set_ylabel("share of right answers")
    panels[0].legend(loc="lower left")
    with atomic_write(output, "wb") as stream:
        figure.savefig(stream, format=output.suffix[1:])


def table(runs: list[dict], task: str) -> Table:
    """Mean of the seeds, with the sample standard deviation where there are several."""
    distances = sorted({run["distance"] for run in runs})
    grid = Table("model", *(str(distance) for distance in distances), title=TITLES[task])
    for model, label in NAMES.items():
        found = curves(runs, task, model)
        cells = []
        for distance in distances:
            values = [100 * value for value in found.get(distance, [])]
            spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            place = (task, model, distance)
            lost = [run for run in diverged(runs) if place_of(run) == place]
            cell = f"{statistics.fmean(values):.1f}{spread}" if values else ""
            cells.append(f"{cell} ({len(lost)} lost)" if lost else cell)
        grid.add_row(label, *cells)
    return grid


def main(results: Path, output: Annotated[Path, typer.Argument(help="Picture to write.")]) -> None:
    """Draw the results and print them."""
    try:
        runs = json.loads(results.read_text(encoding="utf-8"))["runs"]
    except (ValueError, KeyError, TypeError):
        raise InputError("expected the results that train.py writes", path=results) from None
    console = Console()
    tasks = [task for task in TITLES if any(run["task"] == task for run in runs)]
    for task in tasks:
        console.print(table(runs, task))
    if diverged(runs):
        console.print("lost: runs that diverged, which the means leave out")
    check_plot_file(output)
    draw(runs, tasks, output)


if __name__ == "__main__":
    run_script(main)
