"""One direction over one packed batch in compiled loops: what `cell.Run` is in array code.

A run holds its arrays, flat, as `seqpipe.kernels` takes them. It can be walked in parts, each some
of the sequences. Notation as in `cell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy

from seqpipe.kernels import gru, lstm, rnn
from seqpipe.kernels.hidden import Hidden, Norm
from seqpipe.kernels.product import pack, pack_transposed, panels_size
from seqpipe.kernels.walk import Walk

from .array_path import Direction
from .compiled import plain
from .packed import Packing

NOTHING = numpy.zeros(0, dtype=numpy.float32)


@dataclass(frozen=True)
class Columns:
    """Some columns of an array `(rows, step)` that is held flat: from `first` on."""

    flat: Any
    first: int
    step: int


@dataclass(frozen=True)
class WeightGradient:
    """Rows `row` ... `row + rows - 1` of the gradient of Wh: the product dᵀ source."""

    d: Columns
    source: Any
    row: int
    rows: int


class CompiledRun:
    """One direction: forward, then at most once backward, each part by part.

    direction (Direction): What it computes.
    packing (Packing): Of the batch.
    projected (Columns): Wx x of every token, `(N, G H)`, plus b but under layer normalisation.
        Overwritten with the activations of the blocks, then with its own gradient.
    state (List[Floats2d]): a<0> (and c<0>) by rank; overwritten with the final state.
    parts (int): How many parts it may be walked in at once.
    keep (bool): Keep what the backward pass needs.
    """

    kernels: ClassVar[Any]
    kept_widths: ClassVar[int]  # arrays of H columns that are kept

    def __init__(
        self,
        direction: Direction,
        packing: Packing,
        projected: Columns,
        state: list[Any],
        *,
        parts: int,
        keep: bool,
    ) -> None:
        self.cell, self.packing = direction.cell, packing
        self.reverse, self.keep = direction.reverse, keep
        self.params = {name: plain(value) for name, value in direction.params.items()}
        self.H = self.params["Wh"].shape[1]
        self.projected, self.state = projected, [part.reshape(-1) for part in state]
        self.rows = packing.tokens if keep else len(packing.lengths)
        self.kept = tuple(self.room(self.H) for _ in range(self.kept_widths))
        self.sums = self.zeros(parts * self.kernels.SUMS["end"] * self.H).reshape(parts, -1)
        self.prepare()

    def prepare(self) -> None:
        """Pack the weights, and say what holds."""
        raise NotImplementedError

    def room(self, width: int) -> Any:
        """Room that is kept for the backward pass, or else used anew at each step."""
        return numpy.empty(self.rows * width, dtype=numpy.float32)

    def zeros(self, size: int) -> Any:
        """Zeros, flat."""
        return numpy.zeros(size, dtype=numpy.float32)

    def norm(self, gain: str, first: int = 0, end: int | None = None) -> Norm:
        """A normalisation with columns first ... end - 1 of a gain, or none if there is no gain."""
        if gain not in self.params:
            return Norm(NOTHING, NOTHING, NOTHING)
        values = self.params[gain][first:end]
        groups = 2 if gain == "gain_x" else 1
        return Norm(values, self.room(len(values)), self.room(groups))

    def hidden(self, first: int, end: int) -> Hidden:
        """Wh of blocks first ... end - 1."""
        H, Wh = self.H, self.params["Wh"].reshape(-1)
        start, width = first * H, (end - first) * H
        forward = numpy.empty(panels_size(H, width), dtype=numpy.float32)
        pack_transposed(Wh, start * H, H, H, width, forward, 0)
        back = NOTHING
        if self.keep:
            back = numpy.empty(panels_size(width, H), dtype=numpy.float32)
            pack(Wh, start * H, H, width, H, back, 0)
        norm = self.norm("gain_h", start, start + width)
        if not len(norm.gain):
            return Hidden(forward, back, norm, NOTHING, NOTHING)
        product = numpy.empty(len(self.packing.lengths) * width, dtype=numpy.float32)
        return Hidden(forward, back, norm, product, self.room(width))

    def walk(self, first: int, end: int) -> Walk:
        """The sequences first ... end - 1, by rank."""
        packing = self.packing
        return Walk(packing.sizes, packing.offsets, first, end, self.reverse, self.keep)

    def forward(self, first: int, end: int, Y: Columns) -> None:
        """Walk over the sequences first ... end - 1, by rank; a<t> goes to Y."""
        self.kernels.forward(
            self.walk(first, end),
            *self.place(self.projected),
            self.params["b"],
            *self.state,
            *self.place(Y),
            self.equations,
            *self.products,
            self.kept,
        )

    def backward(self, first: int, end: int, part: int, dY: Columns, d_state: list[Any]) -> None:
        """Backpropagate through them.

        d_state (List[Floats1d]): The gradient of the final state by rank, flat; overwritten with
            that of the initial state.
        """
        self.kernels.backward(
            self.walk(first, end),
            *self.place(self.projected),
            *self.place(dY),
            *d_state,
            self.equations,
            *self.products,
            *self.kept_for_backward(),
            self.sums[part],
        )

    def kept_for_backward(self) -> tuple[Any, ...]:
        """What the kernel takes between the products and the sums."""
        return (self.kept,)

    def place(self, columns: Columns) -> tuple[Any, int, int]:
        """Columns as kernels take them."""
        return columns.flat, columns.first, columns.step

    def columns(self, first: int) -> Columns:
        """Blocks of `projected`, from the first one on."""
        return Columns(
            self.projected.flat, self.projected.first + first * self.H, self.projected.step
        )

    def weight_gradient(
        self, hidden: Hidden, d: Columns, source: Any, first: int, end: int
    ) -> WeightGradient:
        """That of blocks first ... end - 1 of Wh, whose input was `source`."""
        width = (end - first) * self.H
        if len(hidden.norm.gain):
            d = Columns(hidden.d_product, 0, width)
        return WeightGradient(d, source, first * self.H, width)

    def weight_gradients(self) -> list[WeightGradient]:
        """The products that give the gradient of Wh, after the walk back."""
        raise NotImplementedError

    def gradients(self) -> dict[str, Any]:
        """The gradients of the parameters but Wx and Wh, by name."""
        total, H = self.sums.sum(axis=0), self.H
        found = {}
        for name, value in self.params.items():
            if name in self.kernels.SUMS:
                start = self.kernels.SUMS[name] * H
                found[name] = total[start : start + value.size].reshape(value.shape)
        return found


class CompiledLSTM(CompiledRun):
    """The LSTM."""

    kernels, kept_widths = lstm, 3  # a<t-1>, c<t-1>, tanh(c<t>)

    def prepare(self) -> None:
        """Pack the weights, and say what holds."""
        self.products = (self.hidden(0, 4),)
        self.equations = lstm.Equations(
            self.H,
            self.cell.output == "tanh",
            self.params.get("peepholes", NOTHING).reshape(-1),
            self.norm("gain_x"),
            self.norm("gain_c"),
            self.params.get("shift_c", NOTHING),
        )

    def weight_gradients(self) -> list[WeightGradient]:
        """One product."""
        return [self.weight_gradient(self.products[0], self.columns(0), self.kept[0], 0, 4)]


class CompiledRNN(CompiledRun):
    """The plain cell."""

    kernels, kept_widths = rnn, 1  # a<t-1>

    def prepare(self) -> None:
        """Pack the weights, and say what holds."""
        self.products = (self.hidden(0, 1),)
        activation = rnn.ACTIVATIONS[self.cell.activation]
        self.equations = rnn.Equations(self.H, activation, self.norm("gain_x"))

    def weight_gradients(self) -> list[WeightGradient]:
        """One product."""
        return [self.weight_gradient(self.products[0], self.columns(0), self.kept[0], 0, 1)]


class CompiledGRU(CompiledRun):
    """The GRU, in its three forms."""

    kernels, kept_widths = gru, 2  # c<t-1>, and Γr * c<t-1> or Wcc c<t-1> + bh

    def prepare(self) -> None:
        """Pack the weights, and say what holds."""
        self.gates = self.cell.gates
        self.products = (self.hidden(0, self.gates), self.hidden(self.gates, self.gates + 1))
        self.equations = gru.Equations(
            self.H,
            gru.FORMS[self.cell.form],
            self.norm("gain_x"),
            self.params.get("bh", NOTHING),
        )

    def kept_for_backward(self) -> tuple[Any, ...]:
        """Also room for the gradient of Γr * c<t-1>."""
        return ((*self.kept, self.zeros(len(self.state[0]))),)

    def weight_gradients(self) -> list[WeightGradient]:
        """That of the gates, that of the candidate."""
        gates, candidate = self.products
        before, inner = self.kept
        g, form = self.gates, self.cell.form
        d = Columns(inner, 0, self.H) if form == "reset_after" else self.columns(g)
        source = inner if form == "full" else before
        return [
            self.weight_gradient(gates, self.columns(0), before, 0, g),
            self.weight_gradient(candidate, d, source, g, g + 1),
        ]


RUNS = {"lstm": CompiledLSTM, "rnn": CompiledRNN, "gru": CompiledGRU}
