"""One level of a recurrent layer: a pass in each direction, side by side, states in and out.

A pass holds the parameters of one direction; the level chooses the way that all of them go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
from thinc.api import Model, Ops

from .array_path import Direction, array_walk
from .cell import Cell
from .compiled import kernels_serve
from .packed import Packed, Packing, packed_rows, sample_width
from .torch_path import torch_serves, torch_walk


def recurrent_level(
    cell: Cell, nO: int | None, nI: int | None, *, bi: bool, learned: bool = False
) -> Model[Any, Any]:
    """One pass from the start and, with `bi`, one from the end.

    cell (Cell): The equations.
    nO (int): Width of the output, of all directions together.
    nI (int): Width of the input.
    bi (bool): Two directions.
    learned (bool): The initial state is a parameter.
    RETURNS (Model): From `(Packed, state or None)` to `(Packed, final state)`. The gradients have
        the same form; that of the final state may be None, that of the initial state is None if it
        was. A state is `(sequences, nS)`: a (and c) of each direction.
    """
    directions = [False, True] if bi else [False]
    return Model(
        f"bi{cell.name}" if bi else cell.name,
        _forward,
        init=_init,
        layers=[recurrent_pass(cell, reverse=reverse, learned=learned) for reverse in directions],
        dims={"nO": nO, "nI": nI, "nS": nO and nO * cell.states},
        attrs={"cell": cell},
    )


def check_units(cell: Cell, nO: int, directions: int) -> None:
    """Refuse a width that does not give each direction the units that its cell needs.

    cell (Cell): Normalised inside, it needs two units a direction.
    nO (int): Width of all directions.
    directions (int): 1 or 2.
    RAISES (ValueError): If the width does not fit.
    """
    if nO % directions:
        raise ValueError(f"nO = {nO}: expected an even width, half for each of two directions")
    if cell.layer_norm and nO == directions:
        raise ValueError(f"layer_norm = True: nO = {nO} is one unit a direction, expected more")


def recurrent_pass(cell: Cell, *, reverse: bool = False, learned: bool = False) -> Model[Any, Any]:
    """The parameters of one direction, by the names that `cell.start` gives them.

    cell (Cell): The equations.
    reverse (bool): Whether it walks from the end.
    learned (bool): Also `initial (states H,)`: a<0> (and c<0>), the same for every sequence.
    """
    names = (*cell.params, *(("initial",) if learned else ()))
    return Model(
        f"{cell.name}_pass",
        _run_by_level,
        init=_init_pass,
        dims={"nO": None, "nI": None},
        params=dict.fromkeys(names),
        attrs={"reverse": reverse, "cell": cell},
    )


def _run_by_level(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
    raise ValueError("a pass is run by its level: call recurrent_level, or Recurrent")


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    for name, sample in (("nI", X), ("nO", Y)):
        if sample is not None and model.has_dim(name) is None:
            model.set_dim(name, sample_width(name, sample[0]))
    nO, cell = model.get_dim("nO"), model.attrs["cell"]
    check_units(cell, nO, len(model.layers))
    model.set_dim("nS", nO * cell.states)
    for node in model.layers:
        node.set_dim("nI", model.get_dim("nI"))
        node.set_dim("nO", nO // len(model.layers))
        node.initialize()


def _init_pass(model: Model, X: Any = None, Y: Any = None) -> None:
    cell, H = model.attrs["cell"], model.get_dim("nO")
    values = cell.start(model.ops, H, model.get_dim("nI"))
    if "initial" in model.param_names:
        values["initial"] = model.ops.alloc1f(cell.states * H)
    for name, value in values.items():
        model.set_param(name, value)


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
    """D directions, H units each: X (N, nI), Y (N, D H), state (B, nS)."""
    packed, given = X
    ops, xp, packing, passes = model.ops, model.ops.xp, packed.packing, model.layers
    width = model.get_dim("nI")
    inputs = packed_rows(ops, packed, name="input", dim="nI", width=width).data
    directions = [_direction(node) for node in passes]
    dtype = numpy.result_type(inputs.dtype, passes[0].get_param("Wx").dtype)
    initial = initial_state(model, len(packing.lengths)) if given is None else given
    states = by_rank(model, packing, initial, dtype)
    walk = _way(ops, directions, dtype)
    Y, backward = walk(ops, directions, inputs, packing, states, keep=is_train)
    final = _by_sequence(xp, packing, states)

    def backprop(d: tuple[Packed, Any]) -> tuple[Packed, Any]:
        d_states = by_rank(model, packing, d[1], Y.dtype)
        dX, gradients = backward(d[0].data, d_states)
        d_initial = _by_sequence(xp, packing, d_states)
        d_learned = xp.split(d_initial.sum(axis=0), len(passes))
        for i, node in enumerate(passes):
            found = {**gradients[i], "initial": d_learned[i]}
            for name in node.param_names:
                node.inc_grad(name, found[name])
        return packed.with_data(dX), None if given is None else d_initial

    return (packed.with_data(Y), final), backprop


def _way(ops: Ops, directions: list[Direction], dtype: Any) -> Callable:
    """The quickest of the ways that these equations and arrays can go."""
    if torch_serves(ops, directions):
        return torch_walk
    if dtype == numpy.float32 and kernels_serve(ops):
        from .compiled_path import compiled_walk

        return compiled_walk
    return array_walk


def _direction(node: Model) -> Direction:
    cell: Cell = node.attrs["cell"]
    params = {name: node.get_param(name) for name in cell.params}
    return Direction(cell, params, node.attrs["reverse"])


def initial_state(model: Model, B: int) -> Any:
    """The learned initial state of a level, `(B, nS)`, or None for zero.

    model (Model): The level.
    B (int): Sequences.
    """
    if "initial" not in model.layers[0].param_names:
        return None
    learned = model.ops.xp.concatenate([node.get_param("initial") for node in model.layers])
    return model.ops.xp.broadcast_to(learned, (B, len(learned)))


def by_rank(model: Model, packing: Packing, state: Any, dtype: Any) -> list[list[Any]]:
    """A level's state for its runs: of each direction a (and c), `(B, H)` each, longest first.

    state (Floats2d): `(B, nS)` in the caller's order, or None for zeros.
    model (Model): The level.
    packing (Packing): Of the batch's B sequences.
    dtype (dtype): Of the input.
    RAISES (ValueError): If the state has another shape.
    """
    xp, passes, B = model.ops.xp, model.layers, len(packing.lengths)
    H, S = passes[0].get_dim("nO"), passes[0].attrs["cell"].states
    if state is None:
        return [[xp.zeros((B, H), dtype=dtype) for _ in range(S)] for _ in passes]
    if state.shape != (B, len(passes) * S * H):
        raise ValueError(f"state of shape {state.shape}, expected {(B, len(passes) * S * H)}")
    ordered = state[xp.asarray(packing.order)].astype(dtype)
    parts = [xp.ascontiguousarray(part) for part in xp.split(ordered, len(passes) * S, axis=1)]
    return [parts[i * S : (i + 1) * S] for i in range(len(passes))]


def _by_sequence(xp: Any, packing: Packing, states: list[list[Any]]) -> Any:
    """The state of the runs as one row for each sequence, `(B, nS)`, in the caller's order."""
    ranked = xp.hstack([part for parts in states for part in parts])
    state = xp.empty_like(ranked)
    state[xp.asarray(packing.order)] = ranked
    return state
