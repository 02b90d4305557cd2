"""What the three recurrent cells share: the walk over a packed batch, the product of a step with
its layer normalisation, the start of the weights.

A `Cell` says which equations hold; its `Run` is one direction over one batch, in array code: the
specification, and what serves CuPy. Notation: N tokens, B sequences, H hidden units, G blocks (the
gates, then the candidate) side by side in an array `(N, G H)`. σ(z) = ½ tanh(z/2) + ½, so that one
`tanh` serves all blocks: where a block is a gate, what goes into it is halved beforehand. The
products with the inputs stand outside: one before the walk, one after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import srsly
from thinc.api import Model, Ops, deserialize_attr, serialize_attr

from .arguments import check_choice
from .group_norm import LayerNorm
from .initial import glorot_uniform, identity, orthogonal, uniform
from .packed import Packing

# How the recurrent weights may start, block by block.
STARTS = ("orthogonal", "glorot", "uniform", "identity")


@dataclass(frozen=True)
class Cell:
    """The equations of a recurrent cell.

    recurrent_init (str): How Wh starts, block by block: "orthogonal" (Saxe et al. 2014), "glorot"
        (uniform, Glorot & Bengio 2010), "uniform" in ±1/sqrt(H), or "identity" (Le et al. 2015).
    layer_norm (bool): Normalise Wx x<t> and Wh a<t-1> before they are added, each with a gain of
        its own (Ba et al. 2016, equations 20 to 29): the gates together, the candidate of a GRU
        apart.
    """

    recurrent_init: str = "orthogonal"
    layer_norm: bool = False

    name: ClassVar[str]
    # Arrays that are carried from step to step: a, or a and c.
    states: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_choice("recurrent_init", self.recurrent_init, STARTS)

    @property
    def groups(self) -> tuple[int, ...]:
        """Blocks that are normalised together; their sum is G."""
        raise NotImplementedError

    @property
    def blocks(self) -> int:
        """G, the number of blocks."""
        return sum(self.groups)

    @property
    def gates(self) -> int:
        """How many of the blocks, the first ones, are gates."""
        return self.blocks - 1

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the parameters of one direction."""
        return ("Wx", "Wh", "b", *(("gain_x", "gain_h") if self.layer_norm else ()))

    def start(self, ops: Ops, H: int, nI: int) -> dict[str, Any]:
        """First values: `Wx (G H, nI)`, `Wh (G H, H)`, `b (G H,)`, gains `(G H,)` of one.

        ops (Ops): Array backend.
        H (int): Units of one direction.
        nI (int): Width of the input.
        RETURNS (Dict[str, ndarray]): Float32, by the names in `params`.
        """
        blocks = range(self.blocks)
        values: dict[str, Any] = {
            "Wx": ops.xp.vstack([self.start_input(ops, H, nI) for _ in blocks]),
            "Wh": ops.xp.vstack([self._start_recurrent(ops, H) for _ in blocks]),
            "b": ops.alloc1f(self.blocks * H),
        }
        if self.layer_norm:
            for name in ("gain_x", "gain_h"):
                values[name] = ops.alloc1f(self.blocks * H) + 1.0
        return values

    def start_input(self, ops: Ops, H: int, nI: int) -> Any:
        """A block of Wx, `(H, nI)`.

        ops (Ops): Array backend.
        H (int): Rows.
        nI (int): Columns.
        """
        return glorot_uniform(ops, H, nI)

    def _start_recurrent(self, ops: Ops, H: int) -> Any:
        if self.recurrent_init == "glorot":
            return glorot_uniform(ops, H, H)
        if self.recurrent_init == "uniform":
            return uniform(ops, H, H, H**-0.5)
        return identity(ops, H) if self.recurrent_init == "identity" else orthogonal(ops, H)

    @property
    def run_type(self) -> type[Run]:
        """What walks over a batch."""
        raise NotImplementedError

    def run(
        self, xp: Any, params: Mapping[str, Any], projected: Any, *, batch: int, keep: bool
    ) -> Run:
        """Make ready to walk over a batch. Arguments as for `Run`.

        RETURNS (Run): Of this cell, `projected` still as it came.
        """
        return self.run_type(self, xp, params, projected, batch=batch, keep=keep)


@serialize_attr.register(Cell)
def _save_equations(_: Cell, value: Cell, name: str, model: Model) -> bytes:
    """A saved model says what its equations are; how its weights started is of the past."""
    past = ("recurrent_init", "forget_bias")
    return srsly.msgpack_dumps({"cell": value.name, **_without(asdict(value), past)})


@deserialize_attr.register(Cell)
def _check_equations(default: Cell, value: bytes, name: str, model: Model) -> Cell:
    """Weights that were trained under other equations would load and compute something else."""
    ours = {"cell": default.name, **asdict(default)}
    for option, saved in srsly.msgpack_loads(value).items():
        if ours.get(option) != saved:
            raise ValueError(f"saved with {option} = {saved!r}, expected {ours.get(option)!r}")
    return default


def _without(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


class Run:
    """One direction over one packed batch: forward, then at most once backward.

    A cell gives `prepare`, `step`, `slopes`, `step_back` and `gradients`.

    cell (Cell): The equations.
    xp (Any): numpy or cupy.
    params (Mapping): The parameters of the direction; Wx is not used.
    projected (Floats2d): Wx x of every token, `(N, G H)`. Overwritten with the activations of the
        blocks, and in the backward pass with its own gradient.
    batch (int): B, the number of sequences.
    keep (bool): Keep what the backward pass needs.
    """

    def __init__(
        self,
        cell: Any,
        xp: Any,
        params: Mapping[str, Any],
        projected: Any,
        *,
        batch: int,
        keep: bool,
    ) -> None:
        self.cell, self.xp, self.params, self.projected = cell, xp, params, projected
        self.batch, self.keep = batch, keep
        self.H = H = params["Wh"].shape[1]
        self.half = xp.asarray(0.5, dtype=projected.dtype)
        self.hidden_before = self.kept(H)  # a<t-1> of every token
        self.input_norm: LayerNorm | None = None
        if cell.layer_norm:
            self.input_norm = self.norm("gain_x", cell.groups)
            self.input_norm.forward(projected, slice(None), keep=keep)
        projected += params["b"]
        projected[:, : cell.gates * H] *= self.half
        self.prepare()

    def prepare(self) -> None:
        """Make the products and the room that the steps need."""
        raise NotImplementedError

    def kept(self, width: int) -> Any:
        """Room for an array of every token that the backward pass needs.

        width (int): Columns.
        RETURNS (ndarray): Of any value, `(N, width)`; no rows if nothing is kept.
        """
        shape = (len(self.projected) if self.keep else 0, width)
        return self.xp.empty(shape, dtype=self.projected.dtype)

    def norm(self, gain: str, groups: tuple[int, ...]) -> LayerNorm:
        """A layer normalisation over groups of blocks, with the gain of that name.

        gain (str): Name of the parameter, `(G H,)` or of some blocks.
        groups (Tuple[int, ...]): Blocks in each group.
        """
        values = self.params[gain]
        return LayerNorm(self.xp, values, [n * self.H for n in groups], self.kept(len(values)))

    def product(self, groups: tuple[int, ...], first: int = 0) -> Product:
        """Prepare Wh a<t-1> for some blocks.

        groups (Tuple[int, ...]): Blocks in each group that is normalised together.
        first (int): The first block.
        RETURNS (Product): For every step of the walk.
        """
        return Product(self, groups, first)

    def block(self, array: Any, first: int, end: int | None = None) -> Any:
        """The columns of blocks first ... end - 1, or of one.

        array (ndarray): Blocks side by side, `(rows, G H)`.
        first (int): The first block.
        end (int): The block after the last, or None for one block.
        """
        return array[:, first * self.H : (first + 1 if end is None else end) * self.H]

    def multiply(self, array: Any, block: int, factor: Any) -> None:
        """Multiply a block in place.

        array (ndarray): Blocks side by side, `(rows, G H)`; changed.
        block (int): Which of them.
        factor (ndarray): `(rows, H)`, or a number.
        """
        columns = self.block(array, block)
        columns *= factor

    def activate(self, z: Any, gates: int) -> None:
        """tanh of every column, σ of those of the first blocks (which hold half of their input).

        z (ndarray): `(rows, G H)`, overwritten.
        gates (int): How many blocks are gates.
        """
        self.xp.tanh(z, out=z)
        sigmoids = z[:, : gates * self.H]
        sigmoids *= self.half
        sigmoids += self.half

    def forward(self, packing: Packing, state: list[Any], Y: Any, *, reverse: bool = False) -> None:
        """Walk over the batch.

        state (List[Floats2d]): a<0> (and c<0>) by rank, `(B, H)`; overwritten with the final state.
        Y (Floats2d): Where a<t> of every token is written, `(N, H)`.
        reverse (bool): Walk each sequence from its end.
        packing (Packing): How the tokens lie.
        """
        for start, end, size in packing.steps(reverse):
            alive = [part[:size] for part in state]
            if self.keep:
                self.hidden_before[start:end] = alive[0]
            self.step(slice(start, end), alive)
            Y[start:end] = alive[0]

    def backward(
        self, packing: Packing, dY: Any, d_state: list[Any], *, reverse: bool = False
    ) -> dict[str, Any]:
        """Backpropagate through time; `projected` then holds its own gradient.

        dY (Floats2d): Gradient of a<t> of every token, `(N, H)`.
        d_state (List[Floats2d]): Gradient of the final state by rank, `(B, H)`; overwritten with
            that of the initial state.
        packing (Packing): As in `forward`.
        reverse (bool): As in `forward`.
        RETURNS (Dict): The gradients of the parameters, by name.
        RAISES (ValueError): If nothing was kept, or at a second call.
        """
        if not self.keep:
            raise ValueError("no gradient: expected is_train=True, and backprop called but once")
        self.keep = False
        slopes = self.slopes()
        for start, end, size in packing.steps(not reverse):
            alive = [part[:size] for part in d_state]
            alive[0] += dY[start:end]
            self.step_back(slice(start, end), slopes[start:end], alive)
        gradients = {**self.gradients(slopes), "b": slopes.sum(axis=0)}
        if self.input_norm is not None:
            gradients["gain_x"] = self.input_norm.gradient(slopes)
            slopes = self.input_norm.backward(slopes, slice(None))
        self.projected[...] = slopes
        return gradients

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step of the sequences alive, whose tokens are these rows; state in place.

        rows (slice): Of `projected`, `size` of them.
        state (List[ndarray]): a<t-1> (and c<t-1>), `(size, H)` each; overwritten with those of t.
        """
        raise NotImplementedError

    def slopes(self) -> Any:
        """What does not depend on later steps: `(N, G H)`, by which `step_back` multiplies."""
        raise NotImplementedError

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step: slopes become gradients of the blocks' inputs, in place.

        rows (slice): As in `step`.
        d (ndarray): The slopes of these rows, `(size, G H)`; multiplied in place.
        d_state (List[ndarray]): Gradients of a<t> (and c<t>), `(size, H)` each; overwritten with
            those of t-1.
        """
        raise NotImplementedError

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of the parameters from those of all blocks' inputs, `(N, G H)`.

        d (ndarray): `(N, G H)`.
        RETURNS (Dict[str, ndarray]): By name, each in its parameter's shape, but for Wx and b.
        """
        raise NotImplementedError


class Product:
    """Wh a<t-1> for some of the blocks, normalised if the cell is, halved for gates.

    run (Run): The run that it belongs to.
    groups (Tuple[int, ...]): Blocks that are normalised together.
    first (int): The first block.
    """

    def __init__(self, run: Run, groups: tuple[int, ...], first: int) -> None:
        xp, H = run.xp, run.H
        blocks = slice(first * H, (first + sum(groups)) * H)
        # No reference to the run, which holds this: a cycle would keep all arrays alive.
        self.xp, self.keep, self.half = xp, run.keep, run.half
        self.Wh = run.params["Wh"][blocks]
        self.WhT = xp.array(self.Wh.T, order="C")  # (H, blocks H), a copy even where H is 1
        self.buffer = xp.empty((run.batch, len(self.Wh)), dtype=run.projected.dtype)
        self.gates = slice((run.cell.gates - first) * H)  # its columns of gates
        self.norm: LayerNorm | None = None
        if run.cell.layer_norm:
            gain, kept = run.params["gain_h"][blocks], run.kept(len(self.Wh))
            self.norm = LayerNorm(xp, gain, [n * H for n in groups], kept)
            self.d_product = run.kept(len(self.Wh))
        elif run.cell.gates > first:
            self.WhT[:, self.gates] *= run.half

    def forward(self, hidden: Any, rows: slice) -> Any:
        """The product of a step, `(size, blocks H)`, in a buffer that the next call overwrites.

        hidden (ndarray): What Wh multiplies, `(size, H)`.
        rows (slice): The step's rows, for what the normalisation keeps.
        """
        z = self.xp.matmul(hidden, self.WhT, out=self.buffer[: len(hidden)])
        if self.norm is None:
            return z
        z = self.norm.forward(z, rows, keep=self.keep)
        z[:, self.gates] *= self.half
        return z

    def backward(self, d: Any, rows: slice, out: Any = None) -> Any:
        """The gradient of a<t-1>, `(size, H)`, from that of the product before it was halved.

        d (ndarray): `(size, blocks H)`.
        rows (slice): As in `forward`.
        out (ndarray): Where to write, `(size, H)`, or None for a new array.
        """
        if self.norm is not None:
            d = self.d_product[rows] = self.norm.backward(d, rows)
        return self.xp.matmul(d, self.Wh, out=out)

    def gradients(self, d: Any, hidden: Any) -> dict[str, Any]:
        """Find the gradients of Wh and gain_h.

        d (ndarray): Gradient of the products of all tokens, `(N, blocks H)`.
        hidden (ndarray): What was multiplied, `(N, H)`.
        RETURNS (Dict[str, ndarray]): "Wh" `(blocks H, H)`, and "gain_h" `(blocks H,)` where
            there is one.
        """
        if self.norm is None:
            return {"Wh": self.xp.matmul(d.T, hidden)}
        gradient = self.xp.matmul(self.d_product.T, hidden)
        return {"Wh": gradient, "gain_h": self.norm.gradient(d)}
