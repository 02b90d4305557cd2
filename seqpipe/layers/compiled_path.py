"""The recurrence of a level in compiled loops, with the contract of `array_path.array_walk`.

Four stages, each shared among threads: the products with the inputs; the walks, each direction and
half of the batch in a thread of its own; the walks back; the products that give the gradients of
the inputs and of the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy
from thinc.api import Ops

from seqpipe.kernels.product import (
    add_product,
    add_transposed_product,
    affine,
    pack,
    pack_transposed,
    panels_size,
)

from .array_path import Backward, Direction
from .compiled import plain
from .compiled_run import RUNS, Columns, CompiledRun
from .packed import Packing
from .threads import side_by_side, thread_count

# Fewer sequences in a part would leave a tile's rows empty; fewer products than these are not worth
# a thread's start.
PART_SEQUENCES, THREAD_PRODUCTS = 4, 1 << 20


def compiled_walk(
    ops: Ops,
    directions: list[Direction],
    X: Any,
    packing: Packing,
    states: list[list[Any]],
    *,
    keep: bool,
) -> tuple[Any, Backward]:
    """Run the D directions of a level, H units each. Arguments and result as for `array_walk`."""
    X = plain(X)
    D, H = len(directions), directions[0].params["Wh"].shape[1]
    width = directions[0].cell.blocks * H
    threads = _threads(packing.tokens * D * width * (H + X.shape[1]))
    projections = numpy.empty((packing.tokens, D * width), dtype=numpy.float32)
    flat = projections.reshape(-1)
    _project(directions, X, projections, threads)
    parts = _parts(packing, threads // D)
    runs = [
        RUNS[direction.cell.name](
            direction,
            packing,
            Columns(flat, i * width, D * width),
            states[i],
            parts=len(parts),
            keep=keep,
        )
        for i, direction in enumerate(directions)
    ]
    Y = numpy.empty((packing.tokens, D * H), dtype=numpy.float32)
    Ys = [Columns(Y.reshape(-1), i * H, D * H) for i in range(D)]
    _run(
        [partial(run.forward, *part, Ys[i]) for i, run in enumerate(runs) for part in parts],
        threads,
    )

    def backward(dY: Any, d_states: list[list[Any]]) -> tuple[Any, list[dict[str, Any]]]:
        if not runs:
            raise ValueError("no gradient: expected is_train=True, and backprop called but once")
        _walk_back(runs, parts, plain(dY), d_states, threads)
        found = _products_back(runs, directions, X, projections, threads)
        runs.clear()
        return found

    if not keep:
        runs.clear()
    return Y, backward


def _threads(products: int) -> int:
    """How many threads so many multiplications are worth."""
    return max(1, min(thread_count(), products // THREAD_PRODUCTS))


def _parts(packing: Packing, count: int) -> list[tuple[int, int]]:
    """The sequences by rank, in up to so many parts of about as many tokens."""
    B = len(packing.lengths)
    count = max(1, min(count, B // PART_SEQUENCES))
    tokens = numpy.cumsum(packing.lengths[packing.order])
    shares = numpy.arange(1, count) * packing.tokens / count
    ends = [*(numpy.searchsorted(tokens, shares) + 1).tolist(), B]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _shares(rows: int, threads: int) -> list[tuple[int, int]]:
    """Rows in as many shares as there are threads: the first of each, and how many they are."""
    ends = [rows * (i + 1) // threads for i in range(threads)]
    return [(start, end - start) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _run(tasks: list[Callable[[], Any]], threads: int) -> None:
    """Run tasks side by side, if there are threads for them."""
    if threads > 1:
        side_by_side(tasks)
    else:
        for task in tasks:
            task()


def _project(directions: list[Direction], X: Any, projections: Any, threads: int) -> None:
    """Wx x + b of every token; under layer normalisation, which comes before it, without b."""
    (N, nI), width = X.shape, projections.shape[1] // len(directions)
    prepared = []
    for direction in directions:
        Wx, b = plain(direction.params["Wx"]), plain(direction.params["b"])
        panels = numpy.empty(panels_size(nI, width), dtype=numpy.float32)
        pack_transposed(Wx.reshape(-1), 0, nI, nI, width, panels, 0)
        prepared.append((panels, numpy.zeros_like(b) if direction.cell.layer_norm else b))

    def project(start: int, rows: int) -> None:
        for i, (panels, b) in enumerate(prepared):
            step = projections.shape[1]
            place = start * step + i * width
            affine(
                X.reshape(-1), start * nI, nI, panels, b,
                projections.reshape(-1), place, step, rows, width, nI,
            )  # fmt: skip

    _run([partial(project, *share) for share in _shares(N, threads)], threads)


def _walk_back(
    runs: list[CompiledRun],
    parts: list[tuple[int, int]],
    dY: Any,
    d_states: list[list[Any]],
    threads: int,
) -> None:
    tasks = []
    for i, run in enumerate(runs):
        dYs = Columns(dY.reshape(-1), i * run.H, dY.shape[1])
        d_state = [part.reshape(-1) for part in d_states[i]]
        for number, part in enumerate(parts):
            tasks.append(partial(run.backward, *part, number, dYs, d_state))
    _run(tasks, threads)


def _products_back(
    runs: list[CompiledRun], directions: list[Direction], X: Any, d: Any, threads: int
) -> tuple[Any, list[dict[str, Any]]]:
    """The gradients of the input and of the weights, from that of the projections."""
    (N, nI), step, width = X.shape, d.shape[1], d.shape[1] // len(runs)
    dX = numpy.zeros((N, nI), dtype=numpy.float32)
    gradients, packed, products = [], [], []
    for i, run in enumerate(runs):
        panels = numpy.empty(panels_size(width, nI), dtype=numpy.float32)
        pack(run.params["Wx"].reshape(-1), 0, nI, width, nI, panels, 0)
        packed.append(panels)
        found = {name: numpy.zeros_like(run.params[name]) for name in ("Wx", "Wh")}
        gradients.append({**found, **run.gradients()})
        products.append((run.columns(0), X.reshape(-1), nI, found["Wx"].reshape(-1), 0, width))
        for one in run.weight_gradients():
            place = one.row * run.H
            target = found["Wh"].reshape(-1)
            products.append((one.d, one.source, run.H, target, place, one.rows))

    def multiply(thread: int) -> None:
        start, rows = _shares(N, threads)[thread]
        for i, panels in enumerate(packed):
            add_product(
                d.reshape(-1), start * step + i * width, step, panels, 0,
                dX.reshape(-1), start * nI, nI, rows, nI, width,
            )  # fmt: skip
        for columns, source, source_width, target, place, all_rows in products:
            start, rows = _shares(all_rows, threads)[thread]
            add_transposed_product(
                columns.flat, columns.first + start, columns.step, source, 0, source_width,
                target, place + start * source_width, source_width, rows, source_width, N,
            )  # fmt: skip

    _run([partial(multiply, thread) for thread in range(threads)], threads)
    return dX, gradients
