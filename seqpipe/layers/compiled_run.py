"""One direction over one packed batch in compiled loops: what `cell.Run` is in array code.

A run holds its arrays, flat, as `seqpipe.kernels` takes them. It can be walked in parts, each some
of the sequences. Notation as in `cell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from seqpipe.kernels import gru, lstm, rnn
from seqpipe.kernels.hidden import PROJECTED, Hidden, Inputs, Norm
from seqpipe.kernels.product import pack, pack_transposed, panels_size
from seqpipe.kernels.walk import Walk

from .array_path import Direction
from .compiled import plain
from .packed import Packing
from .scratch import Scratch

NOTHING = numpy.zeros(0, dtype=numpy.float32)
IN_ORDER = numpy.zeros(0, dtype=numpy.int64)


@dataclass(frozen=True)
class Columns:
    """Some columns of an array `(rows, step)` that is held flat: from `first` on.

    flat (ndarray): All of the array, `(rows * step,)`.
    first (int): The first column.
    step (int): Columns of a row of the array.
    """

    flat: Any
    first: int
    step: int


@dataclass(frozen=True)
class WeightGradient:
    """Rows `row` ... `row + rows - 1` of the gradient of a weight `(_, width)`: dᵀ source.

    d, source (Columns): Gradient of the blocks' inputs `(N, rows)`, and what was multiplied.
    order (ndarray): Which row of the source stands at each token; if it is empty, they stand in
        order.
    weight (str): The parameter, such as "Wh".
    row, rows (int): The first of its rows, and how many.
    """

    d: Columns
    source: Columns
    order: Any
    weight: str
    row: int
    rows: int


class CompiledRun:
    """One direction: `pack`, then `forward`, then at most once `backward`, each part by part.

    direction (Direction): What it computes.
    packing (Packing): Of the batch.
    X (Floats1d): The input, packed, flat.
    projected (Columns): Room for Wx x of every token, `(N, G H)`, which becomes the activations of
        the blocks, then its own gradient; None if nothing is kept.
    Y (Columns): Where a<t> of every token is written, `(N, H)`; if anything is kept, B rows more
        hold a<0> by rank.
    state (List[Floats2d]): a<0> (and c<0>) by rank; overwritten with the final state.
    parts (int): How many parts it may be walked in at once.
    keep (bool): Keep what the backward pass needs.
    scratch (Scratch): Where its room is taken from.
    """

    kernels: Any
    # What `prepare` gives: what holds, and room for what stays for the backward pass.
    equations: Any
    kept: tuple[Any, ...]

    def __init__(
        self,
        direction: Direction,
        packing: Packing,
        X: Any,
        projected: Columns | None,
        Y: Columns,
        state: list[Any],
        *,
        parts: int,
        keep: bool,
        scratch: Scratch,
    ) -> None:
        self.packing, self.scratch = packing, scratch
        self.cell: Any = direction.cell
        self.reverse, self.keep = direction.reverse, keep
        self.params = {name: plain(value) for name, value in direction.params.items()}
        self.H = self.params["Wh"].shape[1]
        self.Y = Y
        self.state = [part.reshape(-1) for part in state]
        self.batch = len(packing.lengths)
        self.rows = packing.tokens if keep else self.batch
        self.before = (packing.after if self.reverse else packing.before) if keep else IN_ORDER
        self.sums = scratch.zeros(parts * self.kernels.SUMS["end"] * self.H).reshape(parts, -1)
        self.inputs = self._inputs(X)
        ends = (numpy.cumsum(self.cell.groups) * self.H).tolist()
        self.rows_of_Wh = list(zip([0, *ends[:-1]], ends, strict=True))
        self.products = tuple(self._hidden(*rows) for rows in self.rows_of_Wh)
        # What is not kept is computed anew for some steps at a time, in room of each part's own.
        width, rows = len(self.inputs.b), self.batch + PROJECTED
        self.projected = [
            projected or Columns(scratch.take(rows * width), 0, width) for _ in range(parts)
        ]
        self.prepare()

    def _inputs(self, X: Any) -> Inputs:
        b = self.params["b"]
        width, nI = self.params["Wx"].shape
        panels = self.scratch.take(panels_size(nI, width))
        return Inputs(X, panels, numpy.zeros_like(b) if self.cell.layer_norm else b, nI)

    def _hidden(self, first: int, end: int) -> Hidden:
        """Room for rows first ... end - 1 of Wh, and for what becomes of their product."""
        H, width, take = self.H, end - first, self.scratch.take
        back = take(panels_size(width, H)) if self.keep else NOTHING
        norm = self.norm("gain_h", first, end)
        product = d_product = NOTHING
        if len(norm.gain):
            product = take(self.batch * width)
            d_product = take(self.rows * width) if self.keep else NOTHING
        return Hidden(take(panels_size(H, width)), back, norm, product, d_product)

    def pack(self) -> None:
        """Pack the weights for the way forward."""
        Wx, Wh, H = self.params["Wx"], self.params["Wh"].reshape(-1), self.H
        width, nI = Wx.shape
        pack_transposed(Wx.reshape(-1), 0, nI, nI, width, self.inputs.panels, 0)
        for hidden, (first, end) in zip(self.products, self.rows_of_Wh, strict=True):
            pack_transposed(Wh, first * H, H, H, end - first, hidden.forward, 0)

    def _pack_back(self) -> None:
        """Pack those of a step for the way back."""
        Wh, H = self.params["Wh"].reshape(-1), self.H
        for hidden, (first, end) in zip(self.products, self.rows_of_Wh, strict=True):
            pack(Wh, first * H, H, IN_ORDER, 0, end - first, H, hidden.back, 0)

    def _pack_inputs_back(self) -> None:
        """Pack Wx for the gradient of the input."""
        width, nI = self.params["Wx"].shape
        self.inputs_back = self.scratch.take(panels_size(width, nI))
        Wx = self.params["Wx"].reshape(-1)
        pack(Wx, 0, nI, IN_ORDER, 0, width, nI, self.inputs_back, 0)

    def prepare(self) -> None:
        """Say what holds, and take room for what stays."""
        raise NotImplementedError

    def room(self, width: int) -> Any:
        """Room that is kept for the backward pass, or else used anew at each step.

        width (int): Columns.
        RETURNS (ndarray): Float32, flat, `(rows * width,)`, of any value.
        """
        return self.scratch.take(self.rows * width)

    def norm(self, gain: str, first: int = 0, end: int | None = None) -> Norm:
        """A normalisation with columns first ... end - 1 of a gain, or none if there is no gain.

        gain (str): Name of the parameter.
        first, end (int): Its columns; None for all that follow.
        """
        if gain not in self.params:
            return Norm(NOTHING, NOTHING, NOTHING)
        values = self.params[gain][first:end]
        groups = 2 if gain == "gain_x" else 1
        return Norm(values, self.room(len(values)), self.room(groups))

    def walk(self, first: int, end: int) -> Walk:
        """The sequences first ... end - 1, by rank.

        first, end (int): Ranks.
        """
        packing = self.packing
        return Walk(packing.sizes, packing.offsets, first, end, self.reverse, self.keep)

    def forward(self, first: int, end: int, part: int) -> None:
        """Walk over the sequences first ... end - 1, by rank: the part of that number.

        first, end (int): Ranks.
        part (int): From 0 on; a part has rows of its own for what it sums.
        """
        if self.keep and part == 0:  # which begins before the others, who must wake first
            self._pack_back()
        self.kernels.forward(
            self.walk(first, end),
            self.inputs,
            *self.place(self.projected[part]),
            self.params["b"],
            *self.state,
            *self.place(self.Y),
            self.equations,
            *self.products,
            self.kept,
        )

    def backward(self, first: int, end: int, part: int, dY: Any, d_state: list[Any]) -> None:
        """Backpropagate through them.

        dY (Floats1d): The gradient of Y, laid out as that.
        d_state (List[Floats1d]): The gradient of the final state by rank, flat; overwritten with
            that of the initial state.
        first, end, part (int): As in `forward`.
        """
        if part == 0:
            self._pack_inputs_back()
        self.kernels.backward(
            self.walk(first, end),
            *self.place(self.projected[part]),
            self.Y.flat,
            dY,
            self.Y.first,
            self.Y.step,
            *d_state,
            self.equations,
            *self.products,
            self.kept,
            self.before,
            self.sums[part],
        )

    def place(self, columns: Columns) -> tuple[Any, int, int]:
        """RETURNS (Tuple[ndarray, int, int]): Columns as kernels take them: flat, first, step.

        columns (Columns): Of an array that is held flat.
        """
        return columns.flat, columns.first, columns.step

    def columns(self, first: int) -> Columns:
        """Blocks of what is projected, from the first one on.

        first (int): The first block.
        RETURNS (Columns): To the end of a row.
        """
        kept = self.projected[0]
        return Columns(kept.flat, kept.first + first * self.H, kept.step)

    def weight_gradient(
        self, hidden: Hidden, d: Columns, first: int, end: int, source: Columns | None = None
    ) -> WeightGradient:
        """That of blocks first ... end - 1 of Wh, whose input was `source`, or else a<t-1>.

        hidden (Hidden): The product whose weight it is.
        d (Columns): Gradient of the blocks, `(N, (end - first) H)`.
        first, end (int): The blocks.
        source (Columns): `(N, H)`, or None for a<t-1>.
        RETURNS (WeightGradient): What is to be multiplied, later and side by side with others.
        """
        width = (end - first) * self.H
        if len(hidden.norm.gain):
            d = Columns(hidden.d_product, 0, width)
        if source is None:
            return WeightGradient(d, self.Y, self.before, "Wh", first * self.H, width)
        return WeightGradient(d, source, IN_ORDER, "Wh", first * self.H, width)

    def weight_gradients(self) -> list[WeightGradient]:
        """The products that give the gradient of Wh, after the walk back."""
        return [self.weight_gradient(self.products[0], self.columns(0), 0, self.cell.blocks)]

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

    kernels = lstm

    def prepare(self) -> None:
        """Say what holds, and take room for what stays."""
        cells, tokens = self.scratch.take((self.rows + self.batch) * self.H), self.rows * self.H
        cells[tokens:] = self.state[1]  # c<0>, after c<t> of all tokens
        self.kept = (cells,)
        self.equations = lstm.Equations(
            self.H,
            self.cell.output == "tanh",
            self.params.get("peepholes", NOTHING).reshape(-1),
            self.norm("gain_x"),
            self.norm("gain_c"),
            self.params.get("shift_c", NOTHING),
        )


class CompiledRNN(CompiledRun):
    """The plain cell."""

    kernels = rnn

    def prepare(self) -> None:
        """Say what holds, and take room for what stays."""
        self.kept = (NOTHING,)
        activation = rnn.ACTIVATIONS[self.cell.activation]
        self.equations = rnn.Equations(self.H, activation, self.norm("gain_x"))


class CompiledGRU(CompiledRun):
    """The GRU, in its three forms."""

    kernels = gru

    def prepare(self) -> None:
        """Say what holds, and take room for what stays."""
        self.equations = gru.Equations(
            self.H,
            gru.FORMS[self.cell.form],
            self.norm("gain_x"),
            self.params.get("bh", NOTHING),
        )
        # Γr * c<t-1> or Wcc c<t-1> + bh; in the backward pass also the gradient of the former.
        form = self.cell.form
        inner = self.room(self.H) if form != "simplified" else NOTHING
        d_reset = self.keep and form == "full"
        self.kept = (inner, self.scratch.take(self.batch * self.H) if d_reset else NOTHING)

    def weight_gradients(self) -> list[WeightGradient]:
        """That of the gates, that of the candidate."""
        (gates, candidate), g = self.products, self.cell.gates
        inner = Columns(self.kept[0], 0, self.H)
        d = inner if self.cell.form == "reset_after" else self.columns(g)
        source = inner if self.cell.form == "full" else None
        return [
            self.weight_gradient(gates, self.columns(0), 0, g),
            self.weight_gradient(candidate, d, g, g + 1, source),
        ]


RUNS = {"lstm": CompiledLSTM, "rnn": CompiledRNN, "gru": CompiledGRU}
