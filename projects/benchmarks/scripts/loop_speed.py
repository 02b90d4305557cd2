"""Seconds of `seqpipe train`, with a checkpoint a minute, and of `spacy train` on one config.

Both commands run in turn, each in a process of its own with one thread; what counts is the whole
command, from its start to its end.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from fresh_process import VARIABLES
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

NAMES = ("seqpipe", "spacy")


def seconds(name: str, config: Path, overrides: list[str], output: Path) -> float:
    """The time that one of the two commands takes."""
    command = [sys.executable, "-m", name, "train", str(config), "--output", str(output)]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, *overrides],
        env=os.environ | dict.fromkeys(VARIABLES, "1"),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise InputError(f"{name} train ended with {done.returncode}: {done.stderr[-500:]}")
    return time.perf_counter() - began


def same_models(one: Path, other: Path) -> bool:
    """Whether the best models of two runs have the same bytes."""
    found = []
    for folder in (one, other):
        root = (folder / "model-best").resolve()
        files = (file for file in sorted(root.rglob("*")) if file.is_file())
        found.append([(file.relative_to(root), file.read_bytes()) for file in files])
    return found[0] == found[1]


def main(
    config: Annotated[Path, typer.Argument(help="Training config.")],
    train: Annotated[Path, typer.Option(help="Its training corpus.")],
    dev: Annotated[Path, typer.Option(help="Its development corpus.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of a run.")] = 3000,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
) -> None:
    """Time both and write the results."""
    overrides = ["--paths.train", str(train), "--paths.dev", str(dev)]
    overrides += ["--training.max_steps", str(steps), "--training.patience", "0"]
    times: dict[str, list[float]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as parent:
        for turn in range(repeats):
            for name in NAMES if turn % 2 else NAMES[::-1]:
                took = seconds(name, config, overrides, Path(parent) / name)
                times[name].append(took)
                typer.echo(f"{name} train: {took:.1f} s")
        same = same_models(*(Path(parent) / name for name in NAMES))
    ratios = [a / b for a, b in zip(times["seqpipe"], times["spacy"], strict=True)]
    row = {
        "name": "training loop",
        "shape": f"{config.name}, {steps} steps",
        "threads": 1,
        "ours": round(statistics.median(times["seqpipe"]), 2),
        "rival": round(statistics.median(times["spacy"]), 2),
        "rival_name": "spacy train",
        "unit": "s",
        "ratio": round(statistics.median(ratios), 4),
        "ratios": [round(ratio, 4) for ratio in ratios],
        "same_bytes": same,
    }
    write_metrics(output, {"rows": [row]})
    shown = [[key, str(row[key])] for key in ("ours", "rival", "ratio", "same_bytes")]
    print_table(Console(), "Seconds of a training run", ["", ""], shown)


if __name__ == "__main__":
    run_script(main)
