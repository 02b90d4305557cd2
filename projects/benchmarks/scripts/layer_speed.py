"""Tokens a second of our recurrent layers beside torch's, in training and inference."""

import statistics
import time
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy
import typer
from fresh_process import at_threads
from interleaved import ROUNDS, Way, in_turn, median_ratio
from layer_cases import KINDS, SHAPES, Batch, Ours, flops, products
from layer_summary import print_results, summarise
from options import installed, require_torch, whole_numbers
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.layers.threads import thread_count
from seqpipe.reporting.metrics import write_metrics

MODES = ("training", "inference")
SIDE = 1024  # of the product whose rate is the machine's
# Seconds for which the threads of OpenBLAS go on after their work, and more.
SPINNING = 0.3


def measure(
    cells: list[str],
    shapes: list[int],
    directions: list[int],
    threads: int,
    seconds: float,
    rounds: int,
) -> list[dict[str, Any]]:
    """All rows at a number of threads, which this process was started with."""
    import torch

    torch.set_num_threads(threads)
    found = thread_count()
    if found != threads:
        raise InputError(f"--threads {threads}: numpy's BLAS has {found}; is its thread count set?")
    rows = []
    for cell, shape, D in product(cells, shapes, directions):
        for row in measure_layer(cell, shape, D, threads, seconds, rounds):
            rows.append(row)
            typer.echo(f"{row['name']} {row['shape']} {threads}: {row['ratio']} ({row['limit']})")
    return rows


def measure_layer(
    cell: str, shape: int, directions: int, threads: int, seconds: float, rounds: int
) -> Iterator[dict[str, Any]]:
    """The rows of one layer, one a mode, after a check that ours and torch's do the same."""
    from torch_rival import Torch

    kind, batch = KINDS[cell], Batch.of(SHAPES[shape - 1], directions)
    ours, rival = Ours(kind, batch), Torch(kind, batch)
    rival.give_weights(ours)
    if kind.is_same:
        rival.check(ours)
    for mode in MODES:
        is_training = mode == "training"
        if is_training:
            ways = {
                "ours": Way(ours.train, ours.forget),
                "packed": Way(rival.train_packed, rival.forget),
                "padded": Way(rival.train_padded, rival.forget),
            }
        else:
            rival.rnn.eval()
            ways = {
                "ours": Way(ours.infer),
                "packed": Way(rival.infer_packed),
                "padded": Way(rival.infer_padded),
            }
        if threads == 1:
            ways["sgemm"] = square_product()
            ways["products"] = Way(products(kind, batch, is_training=is_training))
            times = in_turn(ways, seconds=seconds, threads=1, rounds=rounds)
        else:
            square = {"sgemm": square_product()}
            times = in_turn(square, seconds=seconds / 10, threads=1, rounds=rounds)
            time.sleep(SPINNING)
            times |= in_turn(ways, seconds=seconds, threads=threads, rounds=rounds)
        work = flops(kind, batch, is_training=is_training)
        yield {
            "name": f"{cell} {mode}",
            "cell": cell,
            "mode": mode,
            **result(times, batch, work, threads),
            "padded_is_same": kind.is_same and rival.is_padded_same,
        }


def square_product() -> Way:
    """The machine's own sgemm: numpy's product of two squares."""
    rng = numpy.random.default_rng(0)
    A, B, C = (rng.standard_normal((SIDE, SIDE), dtype=numpy.float32) for _ in range(3))
    return Way(partial(numpy.matmul, A, B, out=C))


def result(times: dict[str, list[float]], batch: Batch, work: int, threads: int) -> dict[str, Any]:
    """Times as rates, and what limits ours."""
    import torch

    medians = {name: statistics.median(found) for name, found in times.items()}
    rates = {name: batch.packing.tokens / medians[name] for name in ("ours", "packed", "padded")}
    best = "packed" if rates["packed"] >= rates["padded"] else "padded"
    sgemm = 2 * SIDE**3 / medians["sgemm"]
    share = work / medians["ours"] / sgemm
    row = {
        "shape": f"{batch.shape}, {'two directions' if batch.directions == 2 else 'one direction'}",
        "threads": threads,
        "ours": round(rates["ours"]),
        "rival": round(rates[best]),
        "rival_name": f"torch {torch.__version__} {best}",
        "unit": "tokens/s",
        "ratio": round(median_ratio(times[best], times["ours"]), 3),
        "tokens": batch.packing.tokens,
        "torch_packed": round(rates["packed"]),
        "torch_padded": round(rates["padded"]),
        "sgemm_gflops": round(sgemm / 1e9, 1),
        "sgemm_share": round(share, 3),
        "limit": f"products at sgemm's rate {share:.0%}",
    }
    if "products" in medians:
        alone = medians["products"] / medians["ours"]
        row["products_share"] = round(alone, 3)
        row["limit"] = f"products {alone:.0%}, rest {1 - alone:.0%}, at sgemm's rate {share:.0%}"
    return row


def compare_threads(rows: list[dict[str, Any]]) -> None:
    """Say in each row of more threads how much they gain over one."""
    one = {(row["name"], row["shape"]): row["ours"] for row in rows if row["threads"] == 1}
    for row in rows:
        alone = one.get((row["name"], row["shape"]))
        if row["threads"] > 1 and alone:
            row["limit"] += f", {row['ours'] / alone:.2f} times one thread"


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    cells: Annotated[str, typer.Option(help="Cells, with commas.")] = ",".join(KINDS),
    shapes: Annotated[str, typer.Option(help="Numbers of shapes, from 1, with commas.")] = "",
    directions: Annotated[str, typer.Option(help="1, 2 or both, with a comma.")] = "1,2",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    seconds: Annotated[float, typer.Option(min=0.0, help="For each way, at least.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, help="In which the ways take turns.")] = ROUNDS,
) -> None:
    """Time the layers and write the results."""
    require_torch()
    unknown = [cell for cell in cells.split(",") if cell not in KINDS]
    if unknown:
        raise InputError(f"--cells {cells}: {unknown[0]!r} is none of {', '.join(KINDS)}")
    numbers = list(range(1, len(SHAPES) + 1))
    if shapes:
        numbers = whole_numbers(shapes, "shapes", len(SHAPES))
    both = whole_numbers(directions, "directions", 2)
    layers, pace = (cells.split(","), numbers, both), (seconds, rounds)
    began, rows = time.perf_counter(), []
    for count in whole_numbers(threads, "threads", 64):
        rows += at_threads(count, measure, *layers, count, *pace)
    compare_threads(rows)
    packages = {name: installed(name) for name in ("torch", "numba")}
    summary = summarise(rows)
    took = round(time.perf_counter() - began)
    write_metrics(output, {"rows": rows, "summary": summary, "packages": packages, "seconds": took})
    print_results(Console(), rows, summary)


if __name__ == "__main__":
    run_script(main)
