"""The recurrence of a level in compiled loops, with the contract of `array_path.array_walk`.

Three stages, each shared among threads: the walks, each direction and half of the batch in a thread
of its own; the walks back; the products that give the gradients of the inputs and of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy
from thinc.api import Ops

from seqpipe.kernels.product import multiply, transposed_product

from .array_path import Backward, Direction
from .compiled import plain
from .compiled_run import IN_ORDER, RUNS, Columns, CompiledRun, WeightGradient
from .packed import Packing
from .scratch import Scratch
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
    """Run the D directions of a level, H units each, in float32. Arguments as for `array_walk`.

    RETURNS (Tuple): The output, `(N, D H)`, and the backward pass, as there.
    """
    X = _checked(plain(X), packing.tokens, directions[0].params["Wx"].shape[1])
    D, H = len(directions), directions[0].params["Wh"].shape[1]
    width = directions[0].cell.blocks * H
    threads = _threads(packing.tokens * D * width * (H + X.shape[1]))
    parts = _parts(packing, threads // D)
    scratch = Scratch()
    projected = scratch.take(packing.tokens * D * width) if keep else None
    Y = _room_for_output(packing.tokens, states, keep=keep)

    def start(i: int) -> CompiledRun:
        room = None if projected is None else Columns(projected, i * width, D * width)
        output = Columns(Y.reshape(-1), i * H, D * H)
        direction, number = directions[i], len(parts)
        return RUNS[direction.cell.name](
            direction, packing, X.reshape(-1), room, output, states[i],
            parts=number, keep=keep, scratch=scratch,
        )  # fmt: skip

    runs = [start(i) for i in range(D)]
    _walk(runs, parts, threads)

    def backward(dY: Any, d_states: list[list[Any]]) -> tuple[Any, list[dict[str, Any]]]:
        if not runs:
            raise ValueError("no gradient: expected is_train=True, and backprop called but once")
        once = runs[:]
        runs.clear()  # what fails half way must not be begun again
        dY = _checked(plain(dY), packing.tokens, D * H)
        _walk_back(once, parts, dY, d_states, threads)
        found = _products_back(once, X, threads)
        scratch.give_back()
        return found

    if not keep:
        runs.clear()
        scratch.give_back()
    return Y[: packing.tokens], backward


def _room_for_output(tokens: int, states: list[list[Any]], *, keep: bool) -> Any:
    """`(N, D H)`, and for the backward pass B rows more, which hold a<0> by rank."""
    if not keep:
        return numpy.empty((tokens, sum(state[0].shape[1] for state in states)), numpy.float32)
    initial = numpy.concatenate([state[0] for state in states], axis=1)
    Y = numpy.empty((tokens + len(initial), initial.shape[1]), numpy.float32)
    Y[tokens:] = initial
    return Y


def _checked(rows: Any, tokens: int, width: int) -> Any:
    """The array, if it is `(tokens, width)`: kernels would read beyond another."""
    if rows.shape != (tokens, width):
        raise ValueError(f"array of shape {rows.shape}, expected {(tokens, width)}")
    return rows


def _threads(products: int) -> int:
    """How many threads so many multiplications are worth."""
    return max(1, min(thread_count(), products // THREAD_PRODUCTS))


def _parts(packing: Packing, count: int) -> list[tuple[int, int]]:
    """The sequences by rank, in up to so many parts of about as many tokens."""
    B = len(packing.lengths)
    count = max(1, min(count, B // PART_SEQUENCES))
    if count == 1:
        return [(0, B)]
    tokens = numpy.cumsum(packing.lengths[packing.order])
    shares = numpy.arange(1, count) * packing.tokens / count
    ends = [*(numpy.searchsorted(tokens, shares) + 1).tolist(), B]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _shares(rows: int, threads: int) -> list[tuple[int, int]]:
    """Rows in as many shares as there are threads: the first of each, and how many they are."""
    ends = [rows * (i + 1) // threads for i in range(threads)]
    return [(start, end - start) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _run(tasks: Sequence[Callable[[], Any]], threads: int) -> None:
    """Run tasks side by side, if there are threads for them."""
    if threads > 1:
        side_by_side(tasks, blas=False)
    else:
        _in_turn(tasks)


def _walk(runs: list[CompiledRun], parts: list[tuple[int, int]], threads: int) -> None:
    """Pack the weights and walk; a direction that is not parted does both in one thread."""
    packs = [run.pack for run in runs]
    walks = [[partial(run.forward, *part, n) for n, part in enumerate(parts)] for run in runs]
    if len(parts) > 1:
        _run(packs, threads)
        _run([walk for of_run in walks for walk in of_run], threads)
    else:
        _run([partial(_in_turn, [p, *walk]) for p, walk in zip(packs, walks, strict=True)], threads)


def _in_turn(tasks: Sequence[Callable[[], Any]]) -> None:
    for task in tasks:
        task()


def _walk_back(
    runs: list[CompiledRun],
    parts: list[tuple[int, int]],
    dY: Any,
    d_states: list[list[Any]],
    threads: int,
) -> None:
    tasks = []
    for i, run in enumerate(runs):
        d_state = [part.reshape(-1) for part in d_states[i]]
        for number, part in enumerate(parts):
            tasks.append(partial(run.backward, *part, number, dY.reshape(-1), d_state))
    _run(tasks, threads)


def _products_back(
    runs: list[CompiledRun], X: Any, threads: int
) -> tuple[Any, list[dict[str, Any]]]:
    """The gradients of the input and of the weights, from that of the projections."""
    (N, nI), width = X.shape, len(runs[0].inputs.b)
    dX, nothing = numpy.empty((N, nI), dtype=numpy.float32), numpy.zeros(nI, dtype=numpy.float32)
    gradients: list[dict[str, Any]] = []
    products = []
    for run in runs:
        found = {name: numpy.empty_like(run.params[name]) for name in ("Wx", "Wh")}
        gradients.append({**found, **run.gradients()})
        inputs = Columns(X.reshape(-1), 0, nI)
        of_inputs = WeightGradient(run.columns(0), inputs, IN_ORDER, "Wx", 0, width)
        products += [(found[one.weight], one) for one in (of_inputs, *run.weight_gradients())]

    def share(thread: int) -> None:
        start, rows = _shares(N, threads)[thread]
        target = (dX.reshape(-1), start * nI, nI)
        for i, run in enumerate(runs):
            d = run.columns(0)
            initial = target if i else (nothing, 0, 0)
            multiply(
                d.flat, d.first + start * d.step, d.step, run.inputs_back, 0,
                *initial, *target, rows, nI, width,
            )  # fmt: skip
        for gradient, one in products:
            start, rows = _shares(one.rows, threads)[thread]
            columns = gradient.shape[1]
            transposed_product(
                one.d.flat, one.d.first + start, one.d.step,
                one.source.flat, one.source.first, one.source.step, one.order,
                gradient.reshape(-1), (one.row + start) * columns, columns, rows, columns, N,
            )  # fmt: skip

    _run([partial(share, thread) for thread in range(threads)], threads)
    return dX, gradients
