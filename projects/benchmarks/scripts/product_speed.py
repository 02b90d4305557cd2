"""The product of one recurrent step: ours, the weights packed once, beside numpy, torch and MKL."""

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy
import typer
from fresh_process import at_threads
from interleaved import Way, in_turn, median_ratio
from mkl_products import library, mkl_ways
from options import installed, require_torch, whole_numbers
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import write_metrics
from seqpipe.reporting.tables import print_table

# Rows, inner dimension, columns: some sequences, hidden units, gates.
SHAPES = (
    (32, 100, 400),
    (32, 256, 1024),
    (20, 200, 800),
    (128, 256, 1024),
    (64, 512, 2048),
    (1280, 300, 2048),
)


def ours(A: numpy.ndarray, W: numpy.ndarray, C: numpy.ndarray) -> Callable[[], Any]:
    """C += A Wᵀ by the compiled loops, W `(N, K)` packed before.

    RAISES (InputError): Where they cannot be compiled.
    """
    try:
        from seqpipe.kernels.product import add_product, pack_transposed, panels_size
    except (ImportError, RuntimeError) as error:
        raise InputError(f"seqpipe.kernels.product cannot be used: {error}") from error
    (M, K), N = A.shape, len(W)
    panels = numpy.empty(panels_size(K, N), numpy.float32)
    pack_transposed(W.reshape(-1), 0, K, K, N, panels, 0)
    flat_A, flat_C = A.reshape(-1), C.reshape(-1)
    return lambda: add_product(flat_A, 0, K, panels, 0, flat_C, 0, N, M, N, K)


def measure(shapes: list[int], seconds: float) -> list[dict[str, Any]]:
    """The rows of all shapes, on the one thread that this process was started with."""
    import torch

    torch.set_num_threads(1)
    rows = []
    for number in shapes:
        shape = M, K, N = SHAPES[number - 1]
        rng = numpy.random.default_rng(0)
        A, W = (rng.standard_normal(size, dtype=numpy.float32) for size in ((M, K), (N, K)))
        WT, C = W.T.copy(), numpy.zeros((M, N), numpy.float32)
        run = ours(A, W, C)
        run()
        _check("ours", C, A @ WT)
        rivals = rival_ways(A, WT)
        ways = {"ours": Way(run), **{name: Way(rival) for name, rival in rivals.items()}}
        times = in_turn(ways, seconds=seconds, threads=1)
        rows += [row(shape, name, times) for name in rivals]
    return rows


def rival_ways(A: numpy.ndarray, WT: numpy.ndarray) -> dict[str, Callable[[], Any]]:
    """The same product by numpy, torch and, where it is installed, MKL."""
    import torch

    room = numpy.empty((len(A), WT.shape[1]), numpy.float32)
    tensors = torch.from_numpy(A), torch.from_numpy(WT)
    found: dict[str, Callable[[], Any]] = {
        f"numpy {numpy.__version__}": partial(numpy.matmul, A, WT, out=room),
        f"torch {torch.__version__}": partial(torch.mm, *tensors, out=torch.from_numpy(room)),
    }
    if (path := library()) is not None:
        found |= mkl_ways(path, A, WT, room)
    for name, rival in found.items():
        room.fill(0.0)
        rival()
        _check(name, room, A @ WT)
    return found


def _check(name: str, found: numpy.ndarray, right: numpy.ndarray) -> None:
    if not numpy.allclose(found, right, rtol=1e-4, atol=1e-3):
        raise ValueError(f"{name}: a product that differs from numpy's, expected the same")


def row(shape: tuple[int, int, int], rival: str, times: dict[str, list[float]]) -> dict[str, Any]:
    """One line of the results."""
    M, K, N = shape
    rates = {name: 2 * M * K * N / statistics.median(times[name]) / 1e9 for name in ("ours", rival)}
    return {
        "name": "product",
        "shape": f"{M}x{K}→{N}",
        "threads": 1,
        "ours": round(rates["ours"], 1),
        "rival": round(rates[rival], 1),
        "rival_name": rival,
        "unit": "GF/s",
        "ratio": round(median_ratio(times[rival], times["ours"]), 3),
    }


def main(
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    shapes: Annotated[str, typer.Option(help="Numbers of shapes, from 1, with commas.")] = "",
    seconds: Annotated[float, typer.Option(min=0.0, help="For each way, at least.")] = 1.0,
) -> None:
    """Time the products and write the results."""
    require_torch()
    numbers = list(range(1, len(SHAPES) + 1))
    if shapes:
        numbers = whole_numbers(shapes, "shapes", len(SHAPES))
    rows = at_threads(1, measure, numbers, seconds)
    packages = {name: installed(name) for name in ("torch", "numba", "mkl")}
    skipped = [] if library() else ["mkl: no libmkl_rt in the environment's lib folder"]
    write_metrics(output, {"rows": rows, "skipped": skipped, "packages": packages})
    console = Console()
    cells = [
        [one["shape"], one["rival_name"], *(str(one[key]) for key in ("ours", "rival", "ratio"))]
        for one in rows
    ]
    print_table(console, "GF/s", ["shape", "rival", "ours", "rival", "ratio"], cells)
    for line in skipped:
        console.print(f"left out: {line}")


if __name__ == "__main__":
    run_script(main)
