"""Prints the scores of several models on the same test data side by side."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import Summary
from seqpipe.reporting.tables import Cell, figures, print_table

# Score, its name, and whether it is a share that is shown in percent.
MEASURES = (
    ("cats_acc", "accuracy, %", True),
    ("cats_macro_f", "macro F1, %", True),
    ("stars_mae", "mean absolute error, stars", False),
    ("cats_ece", "calibration error", False),
)


def read(path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What `seqpipe evaluate --output` wrote. Raises InputError."""
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        if metrics["scores"]["cats_acc"] is None:
            raise ValueError("cats_acc is null")
        return {name: metrics[name] for name in ("scores", "runs", "corpus")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"expected metrics of text classifiers: {error!r}", path=path) from error


def check_same_data(paths: list[Path], found: list[dict[str, Any]]) -> None:
    """Raise InputError for scores on different test data."""
    for path, metrics in zip(paths, found, strict=True):
        if metrics["corpus"]["sha256"] != found[0]["corpus"]["sha256"]:
            raise InputError(
                f"scores on {metrics['corpus']['path']}, expected the same data as in {paths[0]}, "
                f"{found[0]['corpus']['path']}",
                path=path,
            )


def summary(score: dict[str, float] | float | None) -> Summary | None:
    """RETURNS (Summary): A score of one run, or mean and spread of several."""
    if score is None:
        return None
    return Summary(**score) if isinstance(score, dict) else Summary(score)


def names(path: Path) -> tuple[str, str]:
    """RETURNS (Tuple[str, str]): Corpus and model: "sst", "recurrent" for sst_recurrent.json."""
    corpus, _, model = path.stem.rpartition("_")
    return corpus, model


def rows(console: Console, found: list[dict[str, Any]]) -> list[list[Cell]]:
    """A row for each measure that a model has, with a cell for each model."""
    table: list[list[Cell]] = []
    for key, name, is_share in MEASURES:
        scores = [summary(metrics["scores"].get(key)) for metrics in found]
        if any(scores):
            table.append([name, *(figures(console, one, percent=is_share) for one in scores)])
    table.append(["seeds", *(str(len(metrics["runs"])) for metrics in found)])
    return table


def main(
    metrics: Annotated[list[Path], typer.Argument(help="metrics/CORPUS_MODEL.json, one a model.")],
) -> None:
    """Print a table: a column for each model, a row for each score; mean and standard deviation
    where there are several seeds."""
    found = [read(path) for path in metrics]
    check_same_data(metrics, found)
    console = Console(highlight=False)
    heads = ["", *(names(path)[1] for path in metrics)]
    print_table(console, f"{names(metrics[0])[0]}, test texts", heads, rows(console, found))


if __name__ == "__main__":
    run_script(main)
