"""Cells a second of GloVe, and the loss of each epoch."""

import json
import statistics
import tempfile
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from compare import Settings, numbers
from fresh_process import measured, write_few_lines
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table


def main(
    text: Annotated[Path, typer.Argument(help="Text file, words parted by spaces.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 1,
    window: Annotated[int, typer.Option(min=1)] = 10,
    width: Annotated[int, typer.Option(min=1)] = 100,
    epochs: Annotated[int, typer.Option(min=1)] = 15,
    min_count: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Learn in fresh processes, and write the results."""
    base, rows = Settings("glove", width, window, epochs, min_count, threads=1, seed=1), []
    with tempfile.TemporaryDirectory() as folder:
        few_lines = write_few_lines(text, Path(folder))
        for count in numbers(threads, "threads"):
            chosen = json.dumps(asdict(replace(base, threads=count)))
            words = (
                text,
                few_lines,
                Path(folder) / "vectors.bin",
                chosen,
            )
            runs = [measured("learn_ours", *words, threads=count) for _ in range(repeats)]
            rates = [run["examples"] * epochs / run["seconds_of_learning"] for run in runs]
            losses = runs[0]["losses"]
            rows.append(
                {
                    "name": "GloVe",
                    "shape": f"{runs[0]['examples']:,} cells, width {width}, {epochs} epochs",
                    "threads": count,
                    "ours": round(statistics.median(rates)),
                    "rival": None,
                    "rival_name": None,
                    "unit": "cells/s",
                    "ratio": None,
                    "a_thread": round(statistics.median(rates) / count),
                    "losses": losses,
                    "loss_falls": all(a > b for a, b in pairwise(losses)),
                    "runs": runs,
                }
            )
    write_metrics(output, {"rows": rows, "corpora": [describe_corpus(text)]})
    cells = [
        [str(row["threads"]), f"{row['ours']:,}", f"{row['a_thread']:,}", str(row["loss_falls"])]
        for row in rows
    ]
    heads = ["threads", "cells/s", "a thread", "loss falls"]
    print_table(Console(), rows[0]["shape"], heads, cells)


if __name__ == "__main__":
    run_script(main)
