"""Packed batches: ragged sequences in one array, time-major, longest first, without padding.

Row `offsets[t] + b` is step t of the b-th longest sequence, so the sequences that are alive at step
t lie side by side and a recurrent step is one matrix product. Results cannot depend on padding,
because there is none. (The layout of `torch.nn.utils.rnn.PackedSequence`.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from thinc.api import Model, Ops
from thinc.types import Floats2d, Padded, Ragged

FLOATS = ("float32", "float64")


@dataclass(frozen=True)
class Packing:
    """How sequences of given lengths lie in a packed array.

    lengths (ndarray): Length of each sequence, in the caller's order, `(sequences,)`.
    order (ndarray): Indices of the sequences, longest first, `(sequences,)`.
    sizes (ndarray): Number of sequences alive at each step, `(longest,)`, never increasing.
    offsets (ndarray): First row of each step, `(longest,)`.
    """

    lengths: np.ndarray
    order: np.ndarray
    sizes: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, lengths: Sequence[int] | np.ndarray) -> Packing:
        """Lay out sequences of these lengths; zero is a legal length.

        lengths (Sequence[int]): Tokens of each sequence, in the caller's order.
        RETURNS (Packing): Longest first; sequences of one length stay in order.
        """
        counts = np.asarray(lengths, dtype=np.int64).reshape(-1)
        order = np.argsort(-counts, kind="stable")
        longest = int(counts[order[0]]) if len(counts) else 0
        sizes = np.searchsorted(-counts[order], -np.arange(longest), side="left")
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if longest else sizes
        return cls(counts, order, sizes, offsets)

    def reordered(self, order: np.ndarray) -> Packing:
        """The same rows, where the caller has the sequences in another order.

        order (ndarray): For each place of the new order, the place in the old one, `(sequences,)`.
        """
        places = np.empty_like(self.order)
        places[order] = np.arange(len(order))
        return Packing(self.lengths[order], places[self.order], self.sizes, self.offsets)

    @property
    def tokens(self) -> int:
        """Number of rows."""
        return int(self.lengths.sum())

    @cached_property
    def sequences(self) -> np.ndarray:
        """Rank (place in `order`) of each row's sequence, `(tokens,)`."""
        return np.arange(self.tokens) - np.repeat(self.offsets, self.sizes)

    @cached_property
    def rows(self) -> np.ndarray:
        """For each packed row, its row in the concatenated sequences, `(tokens,)`."""
        starts = np.cumsum(self.lengths) - self.lengths
        steps = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return starts[self.order][self.sequences] + steps

    @cached_property
    def inverse(self) -> np.ndarray:
        """For each row of the concatenated sequences, its packed row, `(tokens,)`."""
        inverse = np.empty(self.tokens, dtype=np.int64)
        inverse[self.rows] = np.arange(self.tokens)
        return inverse

    @cached_property
    def last(self) -> np.ndarray:
        """Packed row of the last step of each non-empty sequence, in `order`, `(alive,)`."""
        ranks = np.arange(int(self.sizes[0]) if len(self.sizes) else 0)
        return self.offsets[self.lengths[self.order[ranks]] - 1] + ranks

    @cached_property
    def before(self) -> np.ndarray:
        """For each row that of the step before, `(tokens,)`; at a sequence's first step it is
        `tokens` + the sequence's rank."""
        return self._beside(-1)

    @cached_property
    def after(self) -> np.ndarray:
        """The same for the step after; at a sequence's last step `tokens` + the rank."""
        return self._beside(1)

    def _beside(self, distance: int) -> np.ndarray:
        ranks = self.sequences
        step = np.repeat(np.arange(len(self.sizes)), self.sizes) + distance
        last = self.lengths[self.order][ranks] - 1
        is_inside = (step <= last) & (step >= 0)
        places = self.offsets[np.where(is_inside, step, 0)] + ranks
        return np.where(is_inside, places, self.tokens + ranks)

    def steps(self, reverse: bool = False) -> list[tuple[int, int, int]]:
        """Every step as (first row, end row, sequences alive); from the last step on if reverse.

        reverse (bool): Whether the last step comes first.
        """
        steps = [
            (start, start + size, size)
            for start, size in zip(self.offsets.tolist(), self.sizes.tolist(), strict=True)
        ]
        return steps[::-1] if reverse else steps


@dataclass
class Packed:
    """A packed batch: `data (tokens, width)` and how it lies.

    data (ndarray): Rows in the order of the packing, `(tokens, width)`.
    packing (Packing): The layout.
    """

    data: Any
    packing: Packing

    def with_data(self, data: Any) -> Packed:
        """The same layout around other rows, `(tokens, other width)`.

        data (ndarray): As many rows as before.
        """
        return Packed(data, self.packing)


def pack(ops: Ops, sequences: Sequence[Floats2d]) -> Packed:
    """Pack a list of arrays.

    ops (Ops): Array backend.
    sequences (Sequence[Floats2d]): `(length, width)` each; a length may be 0.
    RETURNS (Packed): All tokens, `(tokens, width)`.
    RAISES (ValueError): If widths or types differ, or they hold no floats.
    """
    odd = [type(X).__name__ for X in sequences if not hasattr(X, "shape")]
    if odd:
        raise ValueError(f"a list of arrays expected, found {odd[0]} in it")
    kinds = {str(X.dtype) for X in sequences if X.dtype not in FLOATS}
    if kinds:
        raise ValueError(f"sequences of floats expected, found {', '.join(sorted(kinds))}")
    widths = {X.shape[1:] for X in sequences}
    if len(widths) > 1 or any(len(width) != 1 for width in widths):
        raise ValueError(f"sequences of shape (length, width) expected, one width; found {widths}")
    packing = Packing.of([len(X) for X in sequences])
    if not sequences:
        return Packed(ops.alloc2f(0, 0), packing)
    flat = ops.xp.concatenate(list(sequences))
    return check_floats(Packed(flat[ops.xp.asarray(packing.rows)], packing))


def check_floats(packed: Packed) -> Packed:
    """The batch, if it holds floats of shape `(tokens, width)`, else a ValueError.

    packed (Packed): Any batch.
    RAISES (ValueError): If it is something else.
    """
    if packed.data.dtype not in FLOATS or packed.data.ndim != 2:
        found = f"{packed.data.ndim} dimensions of {packed.data.dtype}"
        raise ValueError(f"sequences of shape (length, width) of floats expected, found {found}")
    return packed


def unpack(ops: Ops, packed: Packed) -> list[Floats2d]:
    """The list of `(length, width)` arrays, in the caller's order.

    ops (Ops): Array backend.
    packed (Packed): `(tokens, width)`.
    """
    flat = packed.data[ops.xp.asarray(packed.packing.inverse)]
    ends = np.cumsum(packed.packing.lengths)
    starts = ends - packed.packing.lengths
    return [flat[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def as_packed(ops: Ops, Xseq: Any) -> tuple[Packed, Callable, Callable]:
    """Take sequences in any form: a list of arrays, Ragged, Padded or Packed.

    ops (Ops): Array backend.
    Xseq (Any): Sequences of floats `(length, width)`.
    RETURNS (Tuple): The batch packed; a function from packed to the form it came in; its inverse.
    RAISES (ValueError): For another form, for integers, and for sequences of several widths.
    """
    if isinstance(Xseq, Packed):
        return check_floats(Xseq), lambda packed: packed, lambda packed: packed
    if isinstance(Xseq, Ragged):

        def ragged(packed: Packed) -> Ragged:
            return Ragged(packed.data[ops.xp.asarray(packed.packing.inverse)], Xseq.lengths)

        def from_ragged(ragged: Ragged) -> Packed:
            packing = Packing.of(ops.to_numpy(ragged.lengths))
            rows = len(ragged.dataXd)
            if packing.tokens != rows or (packing.lengths < 0).any():
                raise ValueError(
                    f"Ragged of {rows} rows, lengths {packing.lengths.tolist()}: expected their sum"
                )
            return check_floats(Packed(ragged.dataXd[ops.xp.asarray(packing.rows)], packing))

        return from_ragged(Xseq), ragged, from_ragged
    if isinstance(Xseq, Padded):

        def from_padded(padded: Padded) -> Packed:
            sequences: Any = ops.padded2list(padded)
            return pack(ops, sequences)

        return from_padded(Xseq), lambda p: ops.list2padded(unpack(ops, p)), from_padded
    if isinstance(Xseq, list | tuple):

        def from_list(sequences: Sequence[Floats2d]) -> Packed:
            return pack(ops, sequences)

        return from_list(Xseq), lambda packed: unpack(ops, packed), from_list
    raise ValueError(
        f"a list of arrays, Ragged, Padded or Packed expected, found {type(Xseq).__name__}"
    )


def like_output(ops: Ops, dY: Packed, packing: Packing, width: int) -> Packed:
    """The gradient of an output, if it is laid out as that and of its width, else a ValueError.

    ops (Ops): Array backend.
    dY (Packed): The gradient, `(tokens, width)`.
    packing (Packing): Of the output.
    width (int): Of the output.
    RAISES (ValueError): If lengths or width differ.
    """
    if dY.packing.lengths.tolist() != packing.lengths.tolist():
        raise ValueError(
            f"gradient of sequences of lengths {dY.packing.lengths.tolist()}, "
            f"expected {packing.lengths.tolist()}"
        )
    return packed_rows(ops, dY, name="gradient", dim="nO", width=width)


def sample_width(dim: str, sample: Packed) -> int:
    """The width of the sequences of a sample, if there are any, else a ValueError.

    dim (str): What the message calls the width.
    sample (Packed): `(tokens, width)`.
    RAISES (ValueError): If the sample has no columns.
    """
    width = sample.data.shape[1]
    if not width:
        raise ValueError(f"{dim}: expected it given, or a sample that shows it")
    return width


def packed_rows(ops: Ops, packed: Packed, *, name: str, dim: str, width: int) -> Packed:
    """The batch, if its rows have that width, else a ValueError; without rows it need not know it.

    ops (Ops): Array backend.
    packed (Packed): The batch.
    name, dim (str): What the message calls the sequences and their width.
    width (int): Expected columns.
    RAISES (ValueError): If the rows have another width.
    """
    if not packed.packing.tokens:
        return packed.with_data(ops.xp.zeros((0, width), dtype=packed.data.dtype))
    if packed.data.shape[1] != width:
        raise ValueError(f"{name} of width {packed.data.shape[1]}, expected {dim}={width}")
    return packed


def list2packed() -> Model[list[Floats2d], Packed]:
    """A layer that packs a list of arrays, `(length, width)` each."""

    return Model("list2packed", _forward_pack)


def _forward_pack(model: Model, Xs: list[Floats2d], is_train: bool) -> tuple[Packed, Callable]:
    return pack(model.ops, Xs), lambda dY: unpack(model.ops, dY)


def on_rows(layer: Model[Any, Any]) -> Model[Any, Any]:
    """Let a layer over `(tokens, width)` arrays work on sequences in any form.

    layer (Model): From `(tokens, nI)` to `(tokens, nO)`.
    RETURNS (Model): From lists, Ragged, Padded or Packed to the same form.
    """
    return Model(f"on_rows({layer.name})", _forward_rows, init=_init_rows, layers=[layer])


def _forward_rows(model: Model, Xseq: Any, is_train: bool) -> tuple[Any, Callable]:
    X, restore, to_packed = as_packed(model.ops, Xseq)
    Y, backprop_layer = model.layers[0](X.data, is_train)

    def backprop(dYseq: Any) -> Any:
        return restore(X.with_data(backprop_layer(to_packed(dYseq).data)))

    return restore(X.with_data(Y)), backprop


def _init_rows(model: Model, X: Any = None, Y: Any = None) -> None:
    given = [None if Z is None else as_packed(model.ops, Z)[0].data for Z in (X, Y)]
    model.layers[0].initialize(X=given[0], Y=given[1])
