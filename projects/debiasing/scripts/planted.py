"""How well the share of women that was planted in a text can be told from vectors: along the
direction, by clusters, and by a regression. Only where the truth is known can that be asked."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from scipy.stats import spearmanr
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

from seqpipe.cli.script import run_script
from seqpipe.debiasing.clustering import two_means
from seqpipe.debiasing.subspace import find_subspace
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

# Occupations of so many percent and more, and so many and less, are the two sides of the clusters.
MOSTLY_WOMEN, MOSTLY_MEN = 75, 20
FOLDS = 12
STRENGTHS = np.logspace(-3, 3, 13)  # of the ridge regression; cross-validation chooses
NOTHING = 1e-6  # cosines that are rounding


def read_planted(path: Path) -> dict[str, float]:
    """RETURNS (Dict[str, float]): The percentage of women of each occupation."""
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split("\t")
        if len(fields) != 3 or not fields[1].isdecimal():
            message = (
                f"{line!r}, expected an occupation, the percentage planted and the one written"
            )
            raise InputError(message, path=path, line=number)
        found[fields[0]] = float(fields[1])
    return found


def measure(vectors: WordVectors, women: dict[str, float], direction: np.ndarray) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What the vectors of the occupations tell of the share of women."""
    rows, missing = vectors.of(women)
    if missing:
        raise InputError(f"no vector for {missing[0]!r}: learned from another text?")
    X, y = vectors.unit_rows(rows), np.array(list(women.values()))
    along = X @ direction
    is_flat = np.abs(along).max() < NOTHING
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    told = cross_val_predict(RidgeCV(STRENGTHS), X, y, cv=folds)
    sides = (y >= MOSTLY_WOMEN) | (y <= MOSTLY_MEN)
    share = float(((two_means(X[sides], seed=0) == 1) == (y[sides] >= MOSTLY_WOMEN)).mean())
    return {
        "occupations": len(y),
        "largest_projection": float(np.abs(along).max()),
        "spearman_of_projection": None if is_flat else float(spearmanr(along, y).statistic),
        "spearman_of_regression": float(spearmanr(told, y).statistic),
        "mean_error_of_regression": float(np.abs(told - y).mean()),
        "cluster_accuracy": max(share, 1 - share),
        "clustered": int(sides.sum()),
    }


def main(
    planted: Annotated[Path, typer.Argument(help="planted.tsv of make_text.py.")],
    vectors: Annotated[list[str], typer.Argument(help="NAME=VECTORS; the first is as it was.")],
    lists: Annotated[Path, typer.Option(help="Word lists, for the direction.")],
    output: Annotated[Path, typer.Option(help="JSON file.")],
) -> None:
    """Measure vectors before and after debiasing, along the direction that the first ones have."""
    women = read_planted(planted)
    given = dict(one.partition("=")[::2] for one in vectors)
    loaded = {name: WordVectors.load(path) for name, path in given.items()}
    direction = find_subspace(next(iter(loaded.values())), WordLists.load(lists).pairs).direction
    found = {name: measure(one, women, direction) for name, one in loaded.items()}
    write_metrics(output, {"scores": found, "vectors": given})
    cells = [
        [name, *(_cell(row[name]) for row in found.values())] for name in found[next(iter(found))]
    ]
    print_table(Console(highlight=False), "the planted share of women", ["", *found], cells)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3g}"


if __name__ == "__main__":
    run_script(main)
