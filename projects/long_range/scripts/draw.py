"""Draws how often each model is right against the distance, and prints it as a table."""

import json
import statistics
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from seqpipe.files import atomic_write

NAMES = {
    "rnn": "RNN, tanh",
    "rnn_identity": "RNN, ReLU, identity start",
    "gru": "GRU",
    "lstm": "LSTM",
}
# What is right by always giving the likeliest answer.
CHANCE = {"agreement": 0.5, "adding": 1 - (1 - 0.04) ** 2}
TITLES = {"agreement": "Agreement of subject and verb", "adding": "Adding problem"}


def curves(runs: list[dict], task: str, model: str) -> dict[int, list[float]]:
    """The accuracies of all seeds, by distance."""
    found: dict[int, list[float]] = {}
    for run in sorted(runs, key=lambda run: run["distance"]):
        if (run["task"], run["model"]) == (task, model):
            found.setdefault(run["distance"], []).append(run["accuracy"])
    return found


def draw(runs: list[dict], output: Path) -> None:
    """One panel a task; a line is the mean of the seeds, its band their least and greatest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(TITLES), sharey=True)
    for panel, (task, title) in zip(panels, TITLES.items(), strict=True):
        for (model, label), marker in zip(NAMES.items(), "osD^", strict=True):
            found = curves(runs, task, model)
            means = [statistics.fmean(values) for values in found.values()]
            panel.plot(list(found), means, label=label, marker=marker)
            least, most = ([end(v) for v in found.values()] for end in (min, max))
            panel.fill_between(list(found), least, most, alpha=0.15)
        panel.axhline(CHANCE[task], color="grey", linestyle=":", label="chance")
        panel.set(title=title, xscale="log", xlabel="distance (words or steps)", ylim=(0, 1.03))
        panel.set_xticks(list(found), [str(distance) for distance in found])
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
            cells.append(f"{statistics.fmean(values):.1f}{spread}" if values else "")
        grid.add_row(label, *cells)
    return grid


def main(results: Path, output: Annotated[Path, typer.Argument(help="Picture to write.")]) -> None:
    """Draw the results and print them."""
    runs = json.loads(results.read_text(encoding="utf-8"))["runs"]
    console = Console()
    for task in TITLES:
        console.print(table(runs, task))
    try:
        draw(runs, output)
    except ImportError:
        typer.echo("no picture: matplotlib is not installed: pip install 'seqpipe[plot]'", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    typer.run(main)
