"""Seconds of `seqpipe run` and `weasel run` on a workflow of ten commands that do next to nothing.

Both read the same project.yml, in turn, each in a fresh process with one thread; what counts is
the whole command, from its start to its end. Every line is one that people write: help, versions,
lists. What it takes is the start of ten programs, and the imports that each of them needs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from fresh_process import VARIABLES
from options import whole_numbers
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

OF_SPACY = ["spacy --help", "python -m spacy info", "spacy info --silent", "spacy train --help"]
OF_SEQPIPE = ["seqpipe --version", "python -m seqpipe plugins", "seqpipe train --help"]
TEN = 10
CHILDREN = ("children_user", "children_system")
WORKFLOWS = {
    "ten of spacy": [OF_SPACY],
    "five of spacy, five of seqpipe": [OF_SPACY, OF_SEQPIPE],
    "ten of seqpipe": [OF_SEQPIPE],
}


def write_project(folder: Path, lists: list[list[str]]) -> None:
    """Write a project of ten commands, taken from the lists in turn."""
    lines = [
        lists[i % len(lists)][i // len(lists) % len(lists[i % len(lists)])] for i in range(TEN)
    ]
    names = [f"command-{i}" for i in range(TEN)]
    commands = [{"name": name, "script": [line]} for name, line in zip(names, lines, strict=True)]
    folder.mkdir()
    srsly.write_yaml(folder / "project.yml", {"workflows": {"all": names}, "commands": commands})


def seconds(runner: str, folder: Path) -> tuple[float, float]:
    """The time that one of the two takes, and that of processors in all that it starts."""
    words = {"seqpipe": ["run", str(folder)], "weasel": ["run", "all", str(folder)]}[runner]
    # Weasel finds `spacy` and `seqpipe` on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | dict.fromkeys(VARIABLES, "1") | {"PATH": path}
    # Users have their modules compiled.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", runner, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    if done.returncode:
        raise InputError(f"{runner} run ended with {done.returncode}: {done.stdout[-500:]}")
    took, after = time.perf_counter() - began, os.times()
    user, system = (getattr(after, name) - getattr(before, name) for name in CHILDREN)
    return took, user + system


def measure(name: str, folder: Path, repeats: int) -> dict[str, Any]:
    """Time both on one project. RETURNS (Dict): A row of the results."""
    times: dict[str, list[float]] = {"seqpipe": [], "weasel": []}
    work: dict[str, list[float]] = {"seqpipe": [], "weasel": []}
    for turn in range(repeats):
        for runner in sorted(times, reverse=bool(turn % 2)):
            took, worked = seconds(runner, folder)
            times[runner].append(took)
            work[runner].append(worked)
            typer.echo(f"{name}, {runner} run: {took:.2f} s, of processors {worked:.2f} s")
    ratios = [b / a for a, b in zip(times["seqpipe"], times["weasel"], strict=True)]
    return {
        "name": "ten short commands",
        "shape": name,
        "threads": 1,
        "ours": round(statistics.median(times["seqpipe"]), 3),
        "rival": round(statistics.median(times["weasel"]), 3),
        "rival_name": "weasel run",
        "unit": "s",
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ours_of_processors": round(statistics.median(work["seqpipe"]), 3),
        "rival_of_processors": round(statistics.median(work["weasel"]), 3),
    }


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 5,
    workflows: Annotated[str, typer.Option(help="Numbers of workflows, from 1.")] = "1,2,3",
) -> None:
    """Time both and write the results."""
    rows, names = [], list(WORKFLOWS)
    numbers = whole_numbers(workflows, "workflows", len(names))
    with tempfile.TemporaryDirectory() as parent:
        for number in dict.fromkeys(numbers):
            name, folder = names[number - 1], Path(parent) / str(number)
            write_project(folder, WORKFLOWS[name])
            rows.append(measure(name, folder, repeats))
    write_metrics(output, {"rows": rows})
    shown = [[row["shape"], str(row["ours"]), str(row["rival"]), str(row["ratio"])] for row in rows]
    heads = ["", "seqpipe run, s", "weasel run, s", "times faster"]
    print_table(Console(), "A workflow of ten short commands", heads, shown)


if __name__ == "__main__":
    run_script(main)
