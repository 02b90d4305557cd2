"""The recurrence of a level in array code: the specification, in either float type and on CuPy.

A level can go three ways, all with the contract of `array_walk`: this one, compiled loops
(`compiled_path`) and torch's functions (`torch_path`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from thinc.api import NumpyOps, Ops

from .cell import Cell, Run
from .packed import Packing
from .threads import side_by_side

# From the gradients of the output and of the final state (which becomes that of the initial one) to
# that of the input, and to those of the parameters of each direction, by name.
Backward = Callable[[Any, list[list[Any]]], tuple[Any, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Direction:
    """What one direction of a level computes.

    cell (Cell): The equations.
    params (Mapping): The parameters, by the names that `cell.start` gives them.
    reverse (bool): From the end of each sequence to its start.
    """

    cell: Cell
    params: Mapping[str, Any]
    reverse: bool


def array_walk(
    ops: Ops,
    directions: list[Direction],
    X: Any,
    packing: Packing,
    states: list[list[Any]],
    *,
    keep: bool,
) -> tuple[Any, Backward]:
    """Run the D directions of a level, H units each, over a batch.

    X (Floats2d): The input, packed, `(N, nI)`.
    states (List[List[Floats2d]]): Of each direction a<0> (and c<0>) by rank, `(B, H)`, contiguous;
        overwritten with the final state.
    keep (bool): Keep what the backward pass needs.
    ops (Ops): Array backend.
    directions (List[Direction]): Cell and parameters of each; one or two.
    packing (Packing): How the tokens lie.
    RETURNS: The output, `(N, D H)`, and the backward pass, which can be called once and may read
        the output again: it must not be overwritten before.
    """
    xp, D, B = ops.xp, len(directions), len(packing.lengths)
    H = directions[0].params["Wh"].shape[1]
    Wx: Any = xp.concatenate([direction.params["Wx"] for direction in directions])  # (D G H, nI)
    projections = xp.matmul(X, xp.ascontiguousarray(Wx.T))  # (N, D G H)
    projected = xp.split(projections, D, axis=1)
    Y = xp.empty((len(X), D * H), dtype=projections.dtype)
    Ys = xp.split(Y, D, axis=1)

    def run(i: int) -> Run:
        direction = directions[i]
        one = direction.cell.run(xp, direction.params, projected[i], batch=B, keep=keep)
        one.forward(packing, states[i], Ys[i], reverse=direction.reverse)
        return one

    runs = _each(D, run, ops)

    def backward(dY: Any, d_states: list[list[Any]]) -> tuple[Any, list[dict[str, Any]]]:
        dYs = xp.split(dY, D, axis=1)

        def run_back(i: int) -> dict[str, Any]:
            reverse = directions[i].reverse
            return runs[i].backward(packing, dYs[i], d_states[i], reverse=reverse)

        gradients = _each(D, run_back, ops)
        # The gradient of `projections` has taken its place.
        dWx = xp.split(xp.matmul(projections.T, X), D)
        for i in range(D):
            gradients[i]["Wx"] = dWx[i]
        return xp.matmul(projections, Wx), gradients

    return Y, backward


def _each(n: int, run: Callable[[int], Any], ops: Ops) -> list[Any]:
    """run(0) ... run(n - 1), side by side on a CPU."""
    tasks = [partial(run, i) for i in range(n)]
    return side_by_side(tasks) if isinstance(ops, NumpyOps) else [task() for task in tasks]
