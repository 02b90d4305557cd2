"""The memory of training a language model on a text that is read as a stream, beside that of
training on a small one, each in a process of its own."""

import math
import tempfile
import time
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer
from fresh_process import at_threads
from memory import NOW, PEAK, process_memory
from rich.console import Console
from zipf_text import write_text

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

MB = 10**6
KEYS = ("memory_reading", "memory")
NAMES = ("memory, the text read", "memory, trained on")


def train(text: Path, config: Path, steps: int) -> dict[str, float]:
    """Train for some steps on a stream.

    RETURNS (Dict[str, float]): MB before, at the most when all of the text was read, and in the
        end; words, seconds of reading and of the steps; and nats a word of the first and last ones.
    """
    from seqpipe.training.config_file import read_config_file
    from seqpipe.training.loop import TrainingLoop
    from seqpipe.training.run import initialized_pipeline

    overrides: dict[str, Any] = {"paths.train": str(text), "paths.dev": str(text)}
    overrides |= {"nlp.tokenizer.unit": "whitespace", "nlp.tokenizer.max_size": 10_000}
    overrides |= {"initialize.components.rnn_lm": {"vocabulary": "tokenizer"}}
    overrides |= {"training.max_epochs": -1, "training.max_steps": steps}
    before, began = process_memory(NOW), time.perf_counter()
    loop = TrainingLoop(initialized_pipeline(read_config_file(config, overrides)))
    batches = iter(loop.batches)
    epoch, batch = next(batches)
    read, reading = process_memory(PEAK), time.perf_counter()
    losses = []
    for _, found in islice(chain([(epoch, batch)], batches), steps):
        loop.counters.losses.clear()
        loop.update(found, epoch)
        losses.append(loop.counters.losses["rnn_lm"] / sum(len(eg) for eg in found))
    return {
        "memory_before": before,
        "memory_reading": read,
        "memory": process_memory(PEAK),
        "batch": len(batch),
        "seconds_of_reading": reading - began,
        "seconds": time.perf_counter() - reading,
        "first_loss": losses[0],
        "last_loss": math.fsum(losses[-10:]) / len(losses[-10:]),
    }


def main(
    config: Annotated[Path, typer.Option(help="Training config of the model.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    size: Annotated[float, typer.Option(min=0.001, help="MB of the long text.")] = 1000.0,
    small_size: Annotated[float, typer.Option(min=0.001, help="MB of the small one.")] = 50.0,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 1000,
) -> None:
    """Write both texts, train on each and write the results."""
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        for megabytes in (small_size, size):
            write_text(text, int(megabytes * MB))
            typer.echo(f"{text.stat().st_size / MB:,.0f} MB written")
            runs.append({"size": text.stat().st_size} | at_threads(1, train, text, config, steps))
            typer.echo(f"{runs[-1]['memory']:,.0f} MB of memory at most")
    small, whole = runs
    rows = [
        {
            "name": name,
            "shape": f"text of {whole['size'] / MB:,.0f} MB, {steps:,} steps",
            "threads": 1,
            "ours": round(whole[key], 1),
            "rival": round(small[key], 1),
            "rival_name": f"the same with {small['size'] / MB:,.0f} MB",
            "unit": "MB",
            "ratio": round(whole[key] / small[key], 3),
        }
        for key, name in zip(KEYS, NAMES, strict=True)
    ]
    write_metrics(output, {"rows": rows, "runs": runs})
    heads = ["", f"{whole['size'] / MB:,.0f} MB", f"{small['size'] / MB:,.0f} MB", "ratio"]
    cells = [
        [one["name"], *(f"{one[key]:,}" for key in ("ours", "rival", "ratio"))] for one in rows
    ]
    print_table(Console(), "MB of memory", heads, cells)


if __name__ == "__main__":
    run_script(main)
