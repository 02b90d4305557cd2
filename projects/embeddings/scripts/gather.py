"""Puts the metrics of vectors that were learned with several seeds together: mean and spread."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from thinc.api import Config

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import summarise_runs, write_metrics
from seqpipe.reporting.tables import print_table


def read(path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What `seqpipe embeddings evaluate --output` wrote, with the config
    and the losses of the `embedding_learner` whose vectors it says were evaluated."""
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        folder = Path(metrics["vectors"]["path"])
        learner = Config().from_disk(folder / "config.cfg")["components"]["embedding_learner"]
        learned = json.loads((folder / "embedding_learner" / "cfg").read_text(encoding="utf-8"))
        found = {name: metrics[name] for name in ("scores", "settings", "vectors", "corpora")}
        return {**found, "learner": learner, "seed": learner.pop("seed"), **learned}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"expected metrics of a pipeline with an embedding_learner: {error!r}", path=path
        ) from error


def check_alike(paths: list[Path], runs: list[dict[str, Any]]) -> None:
    """Raise InputError for runs that differ in more than their seed."""
    for path, run in zip(paths, runs, strict=True):
        for name in ("learner", "settings", "corpora"):
            if run[name] != runs[0][name]:
                raise InputError(
                    f"{name} is not as in {paths[0]}, expected runs that differ in the seed alone",
                    path=path,
                )


def cells(score: dict[str, Any] | float | None, *, scale: float, digits: int) -> str:
    """A score, or the mean of several with their standard deviation, as text."""
    if score is None:
        return "-"
    if not isinstance(score, dict):
        return f"{scale * score:.{digits}f}"
    return f"{scale * score['mean']:.{digits}f} ± {scale * score['std']:.{digits}f}"


def print_scores(console: Console, scores: dict[str, Any], seeds: int) -> None:
    """Print analogies and similarity."""
    rows = [
        [f"analogies, {name}, %", cells(score["accuracy"], scale=100.0, digits=1)]
        for name, score in scores["analogies"].items()
        if name != "sections"
    ]
    rows += [
        [Path(name).name, cells(score["spearman"], scale=1.0, digits=3)]
        for name, score in scores.get("similarity", {}).items()
    ]
    print_table(console, f"seeds: {seeds}", ["", ""], rows)


def main(
    metrics: Annotated[list[Path], typer.Argument(help="One metrics file a seed.")],
    output: Annotated[Path, typer.Option(help="JSON file of all of them.")],
) -> None:
    """Write mean and standard deviation of the scores, and each run's losses."""
    runs = [read(path) for path in metrics]
    check_alike(metrics, runs)
    scores = summarise_runs([run["scores"] for run in runs])
    each = [
        {name: run[name] for name in ("seed", "losses", "vectors")}
        | {"loss_falls": all(a > b for a, b in pairwise(run["losses"]))}
        for run in runs
    ]
    shared = {name: runs[0][name] for name in ("learner", "settings", "corpora")}
    write_metrics(output, {"scores": scores, "runs": each, **shared})
    print_scores(Console(highlight=False), scores, len(runs))


if __name__ == "__main__":
    run_script(main)
