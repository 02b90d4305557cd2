"""Kills a training run of rnn_ner at random moments, resumes each, and compares what comes out.

One run goes through without a stop: its models are the measure. Each of the others is killed with
SIGKILL at a moment drawn evenly from its length, in a folder of its own; whatever it left there
must load, and `seqpipe train --resume` must end with the same bytes. Checkpoints come so often
that some of the kills fall into the writing of one.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from fresh_process import VARIABLES
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

MODELS = ("model-best", "model-last")
FOLDERS = (*MODELS, "checkpoint/pipeline")


class Runs:
    """Training runs of one config, each in a process with one thread."""

    def __init__(self, config: Path, overrides: list[str], checkpoint_steps: int) -> None:
        self.command = [sys.executable, "-m", "seqpipe", "train", str(config), *overrides]
        self.command += ["--checkpoint-steps", str(checkpoint_steps)]
        self.environment = os.environ | dict.fromkeys(VARIABLES, "1")

    def start(self, output: Path, *more: str) -> subprocess.Popen:
        """Begin a run, or go on with one."""
        command = [*self.command, "--output", str(output), *more]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=self.environment, **quiet)

    def finish(self, output: Path, *more: str) -> float:
        """Run to the end. RETURNS (float): Seconds. Raises InputError if it fails."""
        began = time.perf_counter()
        process = self.start(output, *more)
        _, errors = process.communicate()
        if process.returncode:
            raise InputError(f"a run ended with {process.returncode}: {errors[-500:]}")
        return time.perf_counter() - began

    def killed(self, output: Path, after: float) -> bool:
        """Run for some seconds and kill. RETURNS (bool): Whether it was still running."""
        process = self.start(output)
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        return process.returncode < 0


def content(folder: Path) -> dict[str, bytes]:
    """Every file of the models, by name."""
    return {
        f"{name}/{file.relative_to((folder / name).resolve())}": file.read_bytes()
        for name in MODELS
        for file in sorted((folder / name).resolve().rglob("*"))
        if file.is_file()
    }


def left_behind(output: Path) -> dict[str, Any]:
    """What a killed run left: the step of its checkpoint, and whether something half written lies
    about. What does not load raises."""
    for name in FOLDERS:
        if (output / name).exists():
            spacy.load((output / name).resolve())
    link = output / "checkpoint"
    step = int(link.resolve().name.partition(".")[0]) if link.exists() else None
    half = [file.name for file in output.glob("*/.*.new")]
    return {"checkpoint_step": step, "half_written": bool(half)}


def main(
    config: Annotated[Path, typer.Argument(help="Training config.")],
    train: Annotated[Path, typer.Option(help="Its training corpus.")],
    dev: Annotated[Path, typer.Option(help="Its development corpus.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    kills: Annotated[int, typer.Option(min=1, help="How many moments.")] = 50,
    steps: Annotated[int, typer.Option(min=1, help="Steps of a run.")] = 240,
    checkpoint_steps: Annotated[int, typer.Option(min=1, help="Steps to a checkpoint.")] = 5,
    seed: Annotated[int, typer.Option(help="For the moments.")] = 0,
) -> None:
    """Kill, resume, compare."""
    overrides = ["--paths.train", str(train), "--paths.dev", str(dev)]
    overrides += ["--training.max_steps", str(steps), "--training.eval_frequency", "20"]
    runs, rng, rows = Runs(config, overrides, checkpoint_steps), random.Random(seed), []
    with tempfile.TemporaryDirectory() as parent:
        whole = Path(parent) / "whole"
        seconds = runs.finish(whole)
        expected = content(whole)
        for number in range(kills):
            folder, after = Path(parent) / str(number), rng.uniform(0.0, seconds)
            while not runs.killed(folder, after):  # it had come to its end
                shutil.rmtree(folder)
                after = rng.uniform(0.0, seconds)
            row = {"after": round(after, 3), **left_behind(folder)}
            runs.finish(folder, "--resume")
            row["same_bytes"] = content(folder) == expected
            rows.append(row)
            typer.echo(f"{number + 1}: {row}")
            shutil.rmtree(folder)
    same = sum(row["same_bytes"] for row in rows)
    summary = {
        "kills": kills,
        "same_bytes": same,
        "half_written": sum(row["half_written"] for row in rows),
        "from_a_checkpoint": sum(row["checkpoint_step"] is not None for row in rows),
        "seconds_of_a_run": round(seconds, 1),
    }
    write_metrics(output, {"rows": rows, "summary": summary})
    found = [[name.replace("_", " "), str(value)] for name, value in summary.items()]
    print_table(Console(), "Killed and resumed", ["", ""], found)


if __name__ == "__main__":
    run_script(main)
