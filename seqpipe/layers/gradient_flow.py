"""How a gradient travels back through recurrent levels: ‖∂L_T/∂h_t‖ against the distance T - t.

Where it shrinks with every step, far inputs do not count in learning; where it grows, learning
diverges (Bengio et al. 1994; Pascanu et al. 2013, section 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy
from thinc.api import Model, Ops

from .cell import Cell, Run
from .level import by_rank, initial_state
from .packed import Packed


@dataclass(frozen=True)
class Flow:
    """What is left, some steps back, of the gradient that arrives at the last step of a sequence.

    layer (str): Name of the layer that holds the level.
    level (int): Which of that model's levels it is, from 1.
    cell (str): Name of its cell.
    reverse (bool): Whether its direction reads from the end: the last step is the first token.
    norms (ndarray): For each distance 0, 1, ... the norm of the gradient of the state there over
        that at distance 0, `(distances,)`: the median over the sequences that are long enough, of
        the middle two of an even number the geometric mean. A sequence whose units are all cut off
        by a ReLU, and whose gradient so is exactly zero, counts like any other.
    sequences (ndarray): How many sequences that is, `(distances,)`.
    zeros (ndarray): In how many of them the gradient is exactly zero there, `(distances,)`.
    not_finite (int): Sequences whose gradient is NaN or infinite at some distance, be it 0. From
        there on they are left out of all the others.
    """

    layer: str
    level: int
    cell: str
    reverse: bool
    norms: numpy.ndarray
    sequences: numpy.ndarray
    zeros: numpy.ndarray
    not_finite: int


@contextmanager
def record_flow(model: Model) -> Iterator[Callable[[], list[Flow]]]:
    """Watch the recurrent levels of a model in all passes forward and back that a block makes.

    L_T is what of the loss comes through the last step alone: the walk starts from the gradient
    that arrives there, leaves out those that arrive at earlier steps, and goes through the cell's
    own backward pass. h_t is all that is carried: a, and c of an LSTM. A sequence at whose last
    step no gradient arrives is left out. A level that stands in the model more than once is one.

    model (Model): Any model that is initialised; it is as before after the block.
    YIELDS (Callable): Gives the flow of every level and direction that was met so far.
    """
    names: dict[Model, str] = {}
    for level, layer in _levels(model):
        names.setdefault(level, layer)
    watched = [_Watch(level, name, i) for i, (level, name) in enumerate(names.items(), start=1)]
    try:
        yield lambda: [flow for watch in watched for flow in watch.flows()]
    finally:
        for watch in watched:
            watch.restore()


def _levels(model: Model, layer: str = "") -> Iterator[tuple[Model, str]]:
    """Each recurrent level and the name of the layer around it, in the order of the layers."""
    if isinstance(model.attrs.get("cell"), Cell) and model.layers:
        yield model, layer
        return
    # A stack is how a layer is built, not what its user named.
    name = layer if model.name == "recurrent_stack" else model.name
    for child in model.layers:
        yield from _levels(child, name)


class _Watch:
    """Stands in for the forward pass of a level, and keeps what goes back through it."""

    def __init__(self, level: Model, layer: str, number: int) -> None:
        self.level, self.layer, self.number = level, layer, number
        self.forward, self.init = level._func, level.init
        # For each direction, one array of logarithms `(sequences, distances)` a batch.
        self.logs: list[list[numpy.ndarray]] = [[] for _ in level.layers]
        level.replace_callbacks(self._forward, init=self.init)

    def _forward(self, model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
        Y, backprop = self.forward(model, X, is_train)

        def watched(d: tuple[Packed, Any]) -> Any:
            for i, logs in enumerate(self.logs):
                logs.append(_log_norms(self.level, i, X, d))
            return backprop(d)

        return Y, watched

    def restore(self) -> None:
        self.level.replace_callbacks(self.forward, init=self.init)

    def flows(self) -> Iterator[Flow]:
        for node, logs in zip(self.level.layers, self.logs, strict=True):
            if not logs:
                continue
            name, reverse = node.attrs["cell"].name, node.attrs["reverse"]
            yield Flow(self.layer, self.number, name, reverse, *_summary(logs))


# What is not finite is counted; log(0) is that nothing is left.
@numpy.errstate(divide="ignore", over="ignore", invalid="ignore")
def _log_norms(level: Model, i: int, X: Any, d: tuple[Packed, Any]) -> numpy.ndarray:
    """Walk back through one direction from the last step of each sequence.

    i (int): The direction. X: What the level was given. d: The gradients that arrive at it.
    RETURNS (ndarray): Logarithm of the norm at each distance over that at distance 0, `(sequences,
        longest)`, NaN where a sequence is too short or has nothing to start from, infinity from
        where on the gradient is no finite number.
    """
    (packed, given), (dY, d_final) = X, d
    packing, ops, reverse = packed.packing, level.ops, level.layers[i].attrs["reverse"]
    if not packing.tokens:
        return numpy.zeros((len(packing.lengths), 0))
    run = _run(level, i, packed, given)
    d_state = by_rank(level, packing, d_final, dY.data.dtype)[i]
    ranks = numpy.arange(len(packing.last))  # of those that are not empty
    last = ops.xp.asarray(ranks if reverse else packing.last)
    d_state[0][: len(ranks)] += ops.xp.split(dY.data, len(level.layers), axis=1)[i][last]
    lengths = packing.lengths[packing.order]
    logs = numpy.full((len(lengths), len(packing.sizes)), numpy.nan)
    start_norms = _rescale(ops, d_state)
    so_far = numpy.where(numpy.isfinite(start_norms), 0.0, numpy.inf)
    so_far[start_norms == 0] = numpy.nan
    logs[ranks, 0] = so_far[ranks]
    slopes = run.slopes()
    steps = packing.steps(not reverse)
    for walked, (start, end, size) in enumerate(steps, start=1):
        alive = [part[:size] for part in d_state]
        run.step_back(slice(start, end), slopes[start:end], alive)
        so_far[:size] = _continued(so_far[:size], _rescale(ops, alive))
        distances = numpy.full(size, walked) if reverse else lengths[:size] - len(steps) + walked
        inside = numpy.flatnonzero(distances < lengths[:size])  # not the initial state
        logs[inside, distances[inside]] = so_far[inside]
    return logs


def _run(level: Model, i: int, packed: Packed, given: Any) -> Run:
    """Run one direction once more, ready to go back."""
    xp, node, packing = level.ops.xp, level.layers[i], packed.packing
    cell: Cell = node.attrs["cell"]
    params = {name: node.get_param(name) for name in cell.params}
    projected = xp.matmul(packed.data, params["Wx"].T)
    if given is None:
        given = initial_state(level, len(packing.lengths))
    state = by_rank(level, packing, given, projected.dtype)[i]
    run = cell.run(xp, params, projected, batch=len(packing.lengths), keep=True)
    Y = xp.empty((len(projected), node.get_dim("nO")), dtype=projected.dtype)
    run.forward(packing, state, Y, reverse=node.attrs["reverse"])
    return run


def _rescale(ops: Ops, d_state: list[Any]) -> numpy.ndarray:
    """Scale the gradient of each sequence to norm 1, in place, so that none can under- or overflow:
    all that follows is linear in it. RETURNS (ndarray): The norms, `(sequences,)`."""
    xp = ops.xp
    # The squares of values that float32 holds may be none that it holds.
    largest = xp.stack([xp.abs(part).max(axis=1) for part in d_state]).max(axis=0)
    _divide(xp, d_state, largest)
    norms = xp.sqrt(sum((part * part).sum(axis=1) for part in d_state))
    _divide(xp, d_state, norms)
    return ops.to_numpy(largest).astype("float64") * ops.to_numpy(norms)


def _divide(xp: Any, d_state: list[Any], by: Any) -> None:
    for part in d_state:
        part /= xp.where(by > 0, by, 1)[:, None]


def _continued(so_far: numpy.ndarray, norms: numpy.ndarray) -> numpy.ndarray:
    """The logarithms after one more step, by whose norm the gradient shrinks or grows."""
    longer = so_far + numpy.log(norms)
    is_lost = (so_far == numpy.inf) | ~numpy.isfinite(norms)
    return numpy.where(is_lost & ~numpy.isnan(so_far), numpy.inf, longer)


def _summary(
    logs: list[numpy.ndarray],
) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray, int]:
    """Of all batches what a Flow says: norms, sequences, zeros, not_finite."""
    longest = max(batch.shape[1] for batch in logs)
    padding = [(0, longest - batch.shape[1]) for batch in logs]
    every = numpy.vstack(
        [
            numpy.pad(batch, ((0, 0), width), constant_values=numpy.nan)
            for batch, width in zip(logs, padding, strict=True)
        ]
    )
    known = every < numpy.inf  # NaN is not
    sequences = known.sum(axis=0)
    reached = int((sequences > 0).sum())  # no distance without a shorter one
    medians = [numpy.median(every[known[:, i], i]) for i in range(reached)]
    with numpy.errstate(over="ignore"):
        norms = numpy.exp(numpy.array(medians))
    zeros = numpy.isneginf(every).sum(axis=0)
    not_finite = int(numpy.isposinf(every).any(axis=1).sum())
    return norms, sequences[:reached], zeros[:reached], not_finite
