"""The compiled recurrence against the array code, whose gradients finite differences confirm."""

import gc
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy
import pytest
from thinc.api import NumpyOps

from seqpipe.layers.array_path import Direction, array_walk
from seqpipe.layers.compiled_path import compiled_walk
from seqpipe.layers.packed import Packing
from seqpipe.layers.recurrent import CELLS, GRU, LSTM, Recurrent

OPS = NumpyOps(use_blis=False)
EQUATIONS = {
    "rnn-tanh": {"cell": "rnn"},
    "rnn-relu": {"cell": "rnn", "activation": "relu"},
    "rnn-identity": {"cell": "rnn", "activation": "identity"},
    "gru-simplified": {"cell": "gru", "form": "simplified"},
    "gru-full": {"cell": "gru", "form": "full"},
    "gru-reset-after": {"cell": "gru", "form": "reset_after"},
    "lstm": {"cell": "lstm"},
    "lstm-cell-output": {"cell": "lstm", "output": "cell"},
    "lstm-peepholes": {"cell": "lstm", "peepholes": True},
    "lstm-peepholes-cell-output": {"cell": "lstm", "peepholes": True, "output": "cell"},
}
NORMED = {f"{name}-norm": {**options, "layer_norm": True} for name, options in EQUATIONS.items()}
BATCHES = {
    "ragged": [3, 1, 0, 7, 2, 5, 5, 4, 0],
    "equal": [4] * 13,
    "one-sequence": [9],
    "one-token": [1],
    "a-token-each": [1] * 7,
    "only-empty": [0, 0],
    "no-sequences": [],
}
every_cell = pytest.mark.parametrize(
    "options", [*EQUATIONS.values(), *NORMED.values()], ids=[*EQUATIONS, *NORMED]
)
every_equation = pytest.mark.parametrize("options", EQUATIONS.values(), ids=EQUATIONS.keys())
both_directions = pytest.mark.parametrize(
    "bi", [False, True], ids=["one-direction", "two-directions"]
)


@dataclass(frozen=True)
class Case:
    """Weights, a batch, and the gradients of its output and final state, in float64 or float32."""

    directions: list[Direction]
    packing: Packing
    X: Any
    states: list[list[Any]]
    dY: Any
    d_states: list[list[Any]]

    def astype(self, dtype: str) -> "Case":
        return Case(
            [
                Direction(one.cell, {n: p.astype(dtype) for n, p in one.params.items()}, one.reverse)
                for one in self.directions
            ],
            self.packing,
            self.X.astype(dtype),
            [[part.astype(dtype) for part in parts] for parts in self.states],
            self.dY.astype(dtype),
            [[part.astype(dtype) for part in parts] for parts in self.d_states],
        )


def make_case(options, lengths, *, bi=False, H=5, nI=4, zero=False, seed=0) -> Case:
    """None of the parameters is zero or one, which would hide mistakes. zero: A zero state."""
    numpy.random.seed(seed)
    rng = numpy.random.default_rng(seed)
    cell = CELLS[options["cell"]](**{n: v for n, v in options.items() if n != "cell"})
    directions = []
    for reverse in [False, True] if bi else [False]:
        params = cell.start(OPS, H, nI)
        for name in params.keys() - {"Wx", "Wh"}:
            params[name] = params[name] + rng.normal(size=params[name].shape).astype("f") * 0.5
        directions.append(Direction(cell, params, reverse))
    packing, B = Packing.of(lengths), len(lengths)

    def some(*shape):
        return rng.normal(size=shape).astype("f")

    def states(scale):
        return [[some(B, H) * scale for _ in range(cell.states)] for _ in directions]

    N = packing.tokens
    return Case(
        directions, packing, some(N, nI), states(0 if zero else 1), some(N, len(directions) * H),
        states(1),
    )  # fmt: skip


def outcome(walk, case: Case, *, keep: bool = True) -> dict[str, Any]:
    """All that comes out of a batch, by name; what goes in is left as it is but for the states."""
    states, d_states = ([[s.copy() for s in part] for part in given] for given in (case.states, case.d_states))  # fmt: skip
    Y, backward = walk(OPS, case.directions, case.X, case.packing, states, keep=keep)
    found = {"Y": Y, **named("final", states)}
    if keep:
        dX, gradients = backward(case.dY, d_states)
        found |= {"dX": dX, **named("initial", d_states)}
        for i, each in enumerate(gradients):
            found |= {f"{name} {i}": gradient for name, gradient in each.items()}
    return found


def named(name, states):
    return {f"{name} {i} {j}": s for i, parts in enumerate(states) for j, s in enumerate(parts)}


def error(found, expected) -> float:
    """The norm of the difference, relative to that of what was expected."""
    assert found.shape == expected.shape
    size = numpy.linalg.norm(expected)
    return float(numpy.linalg.norm(found - expected) / size) if size else float(numpy.abs(found).sum())


def errors(found, expected) -> dict[str, float]:
    assert found.keys() == expected.keys()
    return {name: error(found[name], expected[name]) for name in expected}
