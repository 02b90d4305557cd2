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
        that at distance 0, `(distances,)`: the geometric mean over the sequences that are long
        enough, since it shrinks or grows by a factor a step. 0 if it is exactly zero in any.
    sequences (ndarray): How many sequences that is, `(distances,)`.
    """

    layer: str
    level: int
    cell: str
    reverse: bool
    norms: numpy.ndarray
    sequences: numpy.ndarray


@contextmanager
def record_flow(model: Model) -> Iterator[Callable[[], list[Flow]]]:
    """Watch the recurrent levels of a model in all passes forward and back that a block makes.

    L_T is what of the loss comes through the last step alone: the walk starts from the gradient
    that arrives there, leaves out those that arrive at earlier steps, and goes through the cell's
    own backward pass. h_t is all that is carried: a, and c of an LSTM. A sequence at whose last
    step no gradient arrives is left out.

    model (Model): Any model that is initialised; it is as before after the block.
    YIELDS (Callable): Gives the flow of every level and direction that was met so far.
    """
    watched = [_Watch(level, layer, i) for i, (level, layer) in enumerate(_levels(model), start=1)]
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
            norms, sequences = _geometric_mean(logs)
            name, reverse = node.attrs["cell"].name, node.attrs["reverse"]
            yield Flow(self.layer, self.number, name, reverse, norms, sequences)


def _log_norms(level: Model, i: int, X: Any, d: tuple[Packed, Any]) -> numpy.ndarray:
    """Walk back through one direction from the last step of each sequence.

    i (int): The direction. X: What the level was given. d: The gradients that arrive at it.
    RETURNS (ndarray): Logarithm of the norm at each distance over that at distance 0, `(sequences,
        longest)`, NaN where a sequence is too short or has nothing to start from.
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
    so_far = numpy.where(_rescale(ops, d_state) > 0, 0.0, numpy.nan)
    logs[ranks, 0] = so_far[ranks]
    slopes = run.slopes()
    steps = packing.steps(not reverse)
    for walked, (start, end, size) in enumerate(steps, start=1):
        alive = [part[:size] for part in d_state]
        run.step_back(slice(start, end), slopes[start:end], alive)
        with numpy.errstate(divide="ignore"):  # log(0): nothing is left
            so_far[:size] += numpy.log(_rescale(ops, alive))
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
    norms = xp.sqrt(sum((part * part).sum(axis=1) for part in d_state))
    for part in d_state:
        part /= xp.where(norms > 0, norms, 1)[:, None]
    return ops.to_numpy(norms)


def _geometric_mean(logs: list[numpy.ndarray]) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Of all batches, the mean at each distance and the number of sequences that have one."""
    total = numpy.zeros(max(batch.shape[1] for batch in logs))
    count = numpy.zeros(len(total), dtype=int)
    for batch in logs:
        total[: batch.shape[1]] += numpy.nansum(batch, axis=0)
        count[: batch.shape[1]] += (~numpy.isnan(batch)).sum(axis=0)
    reached = int((count > 0).sum())  # no distance without a shorter one
    with numpy.errstate(over="ignore"):
        return numpy.exp(total[:reached] / count[:reached]), count[:reached]
