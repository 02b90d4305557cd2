"""What layer_speed.py measures: cells and shapes, a batch of each, and the products in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy
from thinc.api import Model

from seqpipe.layers.packed import Packed, Packing
from seqpipe.layers.recurrent import Recurrent


@dataclass(frozen=True)
class Kind:
    """A cell as ours and as torch's.

    cell (str): Of `seqpipe.Recurrent.v1`.
    blocks (Tuple[Tuple[int, int], ...]): For each block of ours that of torch, and its sign.
    options (Dict): Of `seqpipe.Recurrent.v1`.
    is_same (bool): Torch has the same equations.
    """

    cell: str
    blocks: tuple[tuple[int, int], ...]
    options: dict[str, Any] = field(default_factory=dict)
    is_same: bool = True


# Torch's update gate is one minus ours: hence the sign.
_GRU = ((1, -1), (0, 1), (2, 1))
KINDS = {
    "lstm": Kind("lstm", ((0, 1), (1, 1), (3, 1), (2, 1))),
    "gru": Kind("gru", _GRU, {"form": "reset_after"}),
    "gru-full": Kind("gru", _GRU, {"form": "full"}, is_same=False),
    "rnn": Kind("rnn", ((0, 1),)),
}


@dataclass(frozen=True)
class Shape:
    """A batch: sequences, the longest of them, width of the input, hidden units of a direction.

    is_ragged (bool): The lengths are drawn evenly from 1 to the longest; else all are alike.
    """

    sequences: int
    longest: int
    inputs: int
    hidden: int
    is_ragged: bool = False

    def __str__(self) -> str:
        ragged = " ragged" if self.is_ragged else ""
        return f"{self.sequences},{self.longest},{self.inputs}→{self.hidden}{ragged}"

    def packing(self) -> Packing:
        """How a batch lies, longest sequence first."""
        lengths = numpy.full(self.sequences, self.longest)
        if self.is_ragged:
            drawn = numpy.random.default_rng(0).integers(1, self.longest + 1, self.sequences)
            lengths = -numpy.sort(-drawn)
            lengths[0] = self.longest
        return Packing.of(lengths)


SHAPES = (
    Shape(32, 30, 100, 100, is_ragged=True),
    Shape(32, 30, 300, 256, is_ragged=True),
    Shape(20, 35, 200, 200),
    Shape(128, 20, 256, 256),
    Shape(64, 40, 300, 512, is_ragged=True),
)


@dataclass(frozen=True)
class Batch:
    """Input X `(N, nI)` and the gradient of the output `(N, D H)`, packed, at random."""

    shape: Shape
    directions: int
    packing: Packing
    X: numpy.ndarray
    d_output: numpy.ndarray

    @classmethod
    def of(cls, shape: Shape, directions: int) -> "Batch":
        """A batch of a shape."""
        rng, packing = numpy.random.default_rng(1), shape.packing()
        widths = (shape.inputs, directions * shape.hidden)
        X, dY = (rng.standard_normal((packing.tokens, w), dtype=numpy.float32) for w in widths)
        return cls(shape, directions, packing, X, dY)


class Ours:
    """Our layer, of one or two directions, on a batch."""

    def __init__(self, kind: Kind, batch: Batch) -> None:
        shape, D = batch.shape, batch.directions
        layer = Recurrent(kind.cell, D * shape.hidden, shape.inputs, bi=D == 2, **kind.options)
        self.layer: Model[Packed, Packed] = layer
        self.layer.initialize()
        self.inputs = Packed(batch.X, batch.packing)
        self.d_output = Packed(batch.d_output, batch.packing)

    @property
    def passes(self) -> list[Model]:
        """The layers that hold the parameters of a direction each."""
        return [node for node in self.layer.walk() if "Wh" in node.param_names]

    def train(self) -> tuple[Any, Any]:
        """Forward and backward: the output and the gradient of the input."""
        Y, backprop = self.layer(self.inputs, is_train=True)
        return Y.data, backprop(self.d_output).data

    def forget(self) -> None:
        """Zero the gradients in place, as the optimizer does when it has taken its step."""
        for node in self.passes:
            for name in node.param_names:
                if node.has_grad(name):
                    node.get_grad(name).fill(0.0)

    def infer(self) -> Any:
        """The output."""
        return self.layer.predict(self.inputs).data


def flops(kind: Kind, batch: Batch, *, is_training: bool) -> int:
    """RETURNS (int): Floating-point operations of all products of the layer."""
    shape = batch.shape
    rows = len(kind.blocks) * shape.hidden
    forward = 2 * batch.packing.tokens * rows * (shape.inputs + shape.hidden) * batch.directions
    return 3 * forward if is_training else forward


def products(kind: Kind, batch: Batch, *, is_training: bool) -> Callable[[], None]:
    """The products of the layer and nothing else, with numpy, on arrays of their shapes."""
    shape, D, N = batch.shape, batch.directions, batch.packing.tokens
    rng, rows = numpy.random.default_rng(2), len(kind.blocks) * shape.hidden

    def draw(*size: int) -> numpy.ndarray:
        return rng.standard_normal(size, dtype=numpy.float32)

    d, hidden = draw(N, D * rows), draw(N, shape.hidden)
    Wh, Wx = draw(rows, shape.hidden), draw(D * rows, shape.inputs)
    WhT, WxT = Wh.T.copy(), Wx.T.copy()
    forward_room, backward_room = draw(shape.sequences, rows), draw(shape.sequences, shape.hidden)
    d_one = d[:, :rows].copy()

    def run() -> None:
        numpy.matmul(batch.X, WxT)
        for _ in range(D):
            for start, end, size in batch.packing.steps():
                numpy.matmul(hidden[start:end], WhT, out=forward_room[:size])
        if not is_training:
            return
        for _ in range(D):
            for start, end, size in batch.packing.steps():
                numpy.matmul(d_one[start:end], Wh, out=backward_room[:size])
            numpy.matmul(d_one.T, hidden)
        numpy.matmul(d.T, batch.X)
        numpy.matmul(d, Wx)

    return run
