"""The recurrence of a level through torch's functions, which use cuDNN on a GPU.

The parameters stay Thinc's: each call hands torch a copy, so that nothing saved knows of torch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from thinc.api import CupyOps, Ops
from thinc.compat import has_torch_cuda_gpu
from thinc.util import torch2xp

from .array_path import Backward, Direction, array_walk
from .cell import Cell
from .packed import Packing
from .rnn import RNNCell

logger = logging.getLogger("seqpipe")


@dataclass(frozen=True)
class Blocks:
    """How torch lays out the blocks of a cell.

    order (Tuple[int, ...]): Which of our blocks stands at each of its places.
    signs (Tuple[int, ...]): 1, or -1 where what goes into the block is the negative of ours.
    """

    order: tuple[int, ...]
    signs: tuple[int, ...]

    def to_torch(self, xp: Any, array: Any) -> Any:
        """Our parameter, `(G H, ...)`, as torch has it; a copy.

        xp (Any): numpy or cupy.
        array (ndarray): Blocks along the first axis, `(G H, ...)`.
        RETURNS (ndarray): Of the same shape.
        """
        parts = xp.split(array, len(self.order))
        pairs = zip(self.order, self.signs, strict=True)
        return xp.concatenate([parts[i] * sign for i, sign in pairs])

    def from_torch(self, xp: Any, array: Any) -> Any:
        """The inverse; the same for gradients, for the map is orthogonal.

        xp (Any): numpy or cupy.
        array (ndarray): `(G H, ...)`, in torch's order.
        """
        parts = xp.split(array, len(self.order))
        places = sorted(range(len(parts)), key=self.order.__getitem__)
        return xp.concatenate([parts[place] * self.signs[place] for place in places])


BLOCKS = {
    "rnn": Blocks((0,), (1,)),
    # Reset, update, candidate; its update gate keeps what ours renews: σ(-z) = 1 - σ(z).
    "gru": Blocks((1, 0, 2), (1, -1, 1)),
    # Input (our update), forget, candidate, output.
    "lstm": Blocks((0, 1, 3, 2), (1, 1, 1, 1)),
}
# The options of each cell that torch computes; of every cell only the plain sums.
PLAIN = {"layer_norm": (False,)}
COMPUTED: dict[str, dict[str, tuple[Any, ...]]] = {
    "rnn": {**PLAIN, "activation": ("tanh", "relu")},
    "gru": {**PLAIN, "form": ("reset_after",)},
    "lstm": {**PLAIN, "output": ("tanh",), "peepholes": (False,)},
}


def torch_serves(ops: Ops, directions: list[Direction]) -> bool:
    """Whether `torch_walk` is the way to go: on a GPU that torch sees, for what torch computes.

    What it lacks is logged, once for each reason.

    ops (Ops): Those of the model.
    directions (List[Direction]): Those of a level.
    RETURNS (bool): False where array code has to do it.
    """
    if not (has_torch_cuda_gpu and isinstance(ops, CupyOps)):
        return False
    missing = missing_in_torch(directions)
    if missing is not None:
        warn_of_array_code(missing)
    return missing is None


def missing_in_torch(directions: list[Direction]) -> str | None:
    """What of a level torch cannot compute.

    directions (List[Direction]): Those of a level.
    RETURNS (str): The cell with the options in question, or None.
    """
    cell = directions[0].cell
    found = {name: getattr(cell, name) for name in COMPUTED[cell.name]}
    lacking = [
        f"{name} = {value!r}"
        for name, value in found.items()
        if value not in COMPUTED[cell.name][name]
    ]
    if [direction.reverse for direction in directions] not in ([False], [False, True]):
        lacking.append("a reverse direction alone")
    return f"{cell.name} with {' and '.join(lacking)}" if lacking else None


@cache
def warn_of_array_code(missing: str) -> None:
    """Log, once a process, that array code does what torch cannot.

    missing (str): What `missing_in_torch` found.
    """
    logger.warning("the GPU has no fast %s; array code runs instead, slower", missing)


def torch_walk(
    ops: Ops,
    directions: list[Direction],
    X: Any,
    packing: Packing,
    states: list[list[Any]],
    *,
    keep: bool,
) -> tuple[Any, Backward]:
    """Run the directions of a level in one call of torch.

    Arguments as for `array_walk`, for levels in which `missing_in_torch` finds nothing. The
    precision is torch's: on a GPU its settings for cuDNN may allow TF32.

    RETURNS (Tuple): The output, `(N, D H)`, and the backward pass, as there.
    """
    if not packing.tokens:
        return array_walk(ops, directions, X, packing, states, keep=keep)
    import torch

    xp, cell, dtype = ops.xp, directions[0].cell, states[0][0].dtype
    parameters = [_to_torch(xp, one, dtype) for one in directions]
    weights = [torch.from_dlpack(array) for arrays in parameters for array in arrays]
    _join_weights(weights, cell, len(directions))
    inputs = [
        torch.from_dlpack(array) for array in [_copy(xp, X, dtype), *_alive(xp, packing, states)]
    ]
    leaves = [tensor.requires_grad_(keep) for tensor in (*inputs, *weights)]
    with torch.set_grad_enabled(keep):
        outputs = _call(cell, inputs, torch.tensor(packing.sizes), weights, len(directions), keep)
    Y, *final = [torch2xp(tensor.detach(), ops=ops) for tensor in outputs]
    _put(packing, states, final)
    graph = [(outputs, leaves)] if keep else []

    def backward(dY: Any, d_states: list[list[Any]]) -> tuple[Any, list[dict[str, Any]]]:
        if not graph:
            raise ValueError("no gradient: expected is_train=True, and backprop called but once")
        given = [_copy(xp, dY, dtype), *_alive(xp, packing, d_states)]
        found = torch.autograd.grad(*graph.pop(), [torch.from_dlpack(d) for d in given])
        dX, *others = [torch2xp(d, ops=ops) for d in found]
        _put(packing, d_states, others[: cell.states])
        d_weights = iter(others[cell.states :])
        return dX, [_from_torch(xp, one, d_weights) for one in directions]

    # cuDNN's backward pass reads Y, which is the caller's to change.
    return (Y.copy() if keep else Y), backward


def _call(
    cell: Cell, inputs: list[Any], sizes: Any, weights: list[Any], directions: int, keep: bool
) -> tuple[Any, ...]:
    """The output and the final states, `(D, alive, H)` each, from X and the initial states."""
    from torch import _VF

    X, *states = inputs
    biases, levels, dropout = True, 1, 0.0
    state = states if cell.states > 1 else states[0]
    function = getattr(_VF, _name(cell))
    return function(X, sizes, state, weights, biases, levels, dropout, keep, directions > 1)


def _name(cell: Cell) -> str:
    """What torch calls the cell."""
    return f"rnn_{cell.activation}" if isinstance(cell, RNNCell) else cell.name


def _join_weights(weights: list[Any], cell: Cell, directions: int) -> None:
    """Move the weights of a level into one buffer, as cuDNN wants them; else it would copy them."""
    import torch

    cudnn = torch.backends.cudnn
    if not (cudnn.is_acceptable(weights[0]) and torch._use_cudnn_rnn_flatten_weight()):
        return
    mode = cudnn.rnn.get_cudnn_mode(_name(cell).upper())
    (_, width), (_, H) = weights[0].shape, weights[1].shape
    per_direction, projection, levels, batch_first = 4, 0, 1, False
    torch._cudnn_rnn_flatten_weight(
        weights, per_direction, width, mode, H, projection, levels, batch_first, directions > 1
    )


def _to_torch(xp: Any, direction: Direction, dtype: Any) -> list[Any]:
    """Torch's parameters of a direction: input weights, recurrent weights, a bias for each."""
    params, blocks = direction.params, BLOCKS[direction.cell.name]
    Wx, Wh, b = (
        blocks.to_torch(xp, params[name]).astype(dtype, copy=False) for name in ("Wx", "Wh", "b")
    )
    bh = xp.zeros_like(b)
    if "bh" in params:
        bh[-len(params["bh"]) :] = params["bh"]
    return [Wx, Wh, b, bh]


def _from_torch(xp: Any, direction: Direction, gradients: Iterator[Any]) -> dict[str, Any]:
    """The gradients of a direction's parameters, by our names, from the next four of torch's."""
    params, blocks = direction.params, BLOCKS[direction.cell.name]
    found = {name: blocks.from_torch(xp, next(gradients)) for name in ("Wx", "Wh", "b")}
    d_bh = next(gradients)  # of every block; of ours only the candidate of a GRU has it
    return {**found, "bh": d_bh[-len(params["bh"]) :]} if "bh" in params else found


def _copy(xp: Any, array: Any, dtype: Any) -> Any:
    """A copy in C order: torch wants it writeable, without negative strides, and shares it."""
    return xp.array(array, dtype=dtype, order="C")


def _alive(xp: Any, packing: Packing, states: list[list[Any]]) -> list[Any]:
    """a (and c) of all directions, `(D, alive, H)` each, copied; not of empty sequences."""
    alive = packing.sizes[0]
    return [xp.stack([part[:alive] for part in parts]) for parts in zip(*states, strict=True)]


def _put(packing: Packing, states: list[list[Any]], values: list[Any]) -> None:
    """Write back what `_alive` took; an empty sequence keeps its state."""
    for i, parts in enumerate(states):
        for part, value in zip(parts, values, strict=True):
            part[: packing.sizes[0]] = value[i]
