"""Seconds of `most_similar`, for one query and a batch, beside the bare product of the matrices."""

import statistics
from pathlib import Path
from typing import Annotated

import typer
from fresh_process import measured
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

THREADS = (1, 2)


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    words: Annotated[int, typer.Option(min=1, help="Rows of the matrix.")] = 100_000,
    width: Annotated[int, typer.Option(min=1, help="Its columns.")] = 300,
) -> None:
    """Time both in turn and write the results."""
    rows = []
    for threads in THREADS:
        size = ("--words", words, "--width", width)
        for name, times in measured("similar_once", *size, threads=threads).items():
            ratios = [a / b for a, b in zip(times["ours"], times["product"], strict=True)]
            rows.append(
                {
                    "name": f"most_similar, {name}",
                    "shape": f"{words:,} × {width}",
                    "threads": threads,
                    "ours": round(1000 * statistics.median(times["ours"]), 4),
                    "rival": round(1000 * statistics.median(times["product"]), 4),
                    "rival_name": "numpy, product alone",
                    "unit": "ms",
                    "ratio": round(statistics.median(ratios), 3),
                }
            )
    write_metrics(output, {"rows": rows})
    shown = ("ours", "rival", "ratio")
    cells = [
        [row["name"], str(row["threads"]), *(f"{row[key]:.3f}" for key in shown)] for row in rows
    ]
    heads = ["", "threads", "ms", "product", "ratio"]
    print_table(Console(), f"{words:,} × {width}", heads, cells)


if __name__ == "__main__":
    run_script(main)
