"""The LSTM cell: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    c~<t> = tanh(Wc [a<t-1>, x<t>] + bc)        candidate
    Γu, Γf, Γo = σ(W [a<t-1>, x<t>] + b)         update, forget and output gates
    c<t> = Γu * c~<t> + Γf * c<t-1>
    a<t> = Γo * tanh(c<t>)

The blocks stand in the order Γu, Γf, Γo, c~.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thinc.api import Ops

from .arguments import check_choice
from .cell import Cell, Run
from .group_norm import LayerNorm
from .initial import uniform

OUTPUTS = ("tanh", "cell")


@dataclass(frozen=True)
class LSTMCell(Cell):
    """The LSTM.

    output (str): "tanh" for a<t> = Γo * tanh(c<t>), "cell" for a<t> = Γo * c<t>.
    peepholes (bool): The gates see c<t-1> too, through one weight a unit: + p * c<t-1> (Gers &
        Schmidhuber 2000, whose output gate sees c<t>; here all three see c<t-1>).
    forget_bias (float): The forget gate's bias at the start (Jozefowicz et al. 2015).
    layer_norm: Also normalises c<t> on its way out (Ba et al. 2016, equations 20 to 22).
    """

    output: str = "tanh"
    peepholes: bool = False
    forget_bias: float = 1.0
    name = "lstm"
    groups = (4,)
    states = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("output", self.output, OUTPUTS)

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the parameters of one direction."""
        peepholes = ("peepholes",) if self.peepholes else ()
        return (*super().params, *peepholes, *(("gain_c", "shift_c") if self.layer_norm else ()))

    def start(self, ops: Ops, H: int, nI: int) -> dict[str, Any]:
        """First values; also `peepholes (3, H)`, `gain_c (H,)` and `shift_c (H,)`."""
        values = super().start(ops, H, nI)
        values["b"][H : 2 * H] = self.forget_bias
        if self.peepholes:
            values["peepholes"] = uniform(ops, 3, H, H**-0.5)
        if self.layer_norm:
            values["gain_c"], values["shift_c"] = ops.alloc1f(H) + 1.0, ops.alloc1f(H)
        return values

    @property
    def run_type(self) -> type[LSTMRun]:
        """What walks over a batch."""
        return LSTMRun


class LSTMRun(Run):
    """The LSTM over one batch."""

    def prepare(self) -> None:
        """Make the product and the room."""
        H = self.H
        self.recurrent = self.product(self.cell.groups)
        self.peepholes = self.params.get("peepholes")
        self.cell_before = self.kept(H)  # c<t-1> of every token
        self.squashed = self.kept(H)  # tanh(c<t>), or what stands in its place
        self.cell_norm: LayerNorm | None = None
        if self.cell.layer_norm:
            self.cell_norm = self.norm("gain_c", (1,))
            self.d_normed = self.kept(H)

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step."""
        xp, (a, c) = self.xp, state
        g = self.recurrent.forward(a, rows)
        g += self.projected[rows]
        if self.peepholes is not None:
            self._three(g)[...] += (self.peepholes * self.half) * c[:, None]
        self.activate(g, 3)
        if self.keep:
            self.cell_before[rows] = c
            self.projected[rows] = g
        c *= self.block(g, 1)
        c += xp.multiply(self.block(g, 0), self.block(g, 3), out=a)
        self._squash(c, rows, a)
        if self.keep:
            self.squashed[rows] = a
        a *= self.block(g, 2)

    def _squash(self, c: Any, rows: slice, out: Any) -> None:
        if self.cell_norm is not None:
            out[...] = c
            c = self.cell_norm.forward(out, rows, keep=self.keep)
            c += self.params["shift_c"]
        if self.cell.output == "tanh":
            self.xp.tanh(c, out=out)
        else:
            out[...] = c

    def _three(self, blocks: Any) -> Any:
        """The gates' blocks, `(rows, 3, H)`, of a contiguous `(rows, 4 H)`."""
        return blocks.reshape(len(blocks), 4, self.H)[:, :3]

    def slopes(self) -> Any:
        """Each gate's derivative times what the gate multiplies; and `d_squashed`."""
        xp, gates, squashed = self.xp, self.projected, self.squashed
        slopes = xp.empty(gates.shape, dtype=gates.dtype)
        sigmoids, candidate = self.block(gates, 0, 3), self.block(gates, 3)
        d_sigmoids, d_candidate = self.block(slopes, 0, 3), self.block(slopes, 3)
        xp.subtract(1, sigmoids, out=d_sigmoids)
        d_sigmoids *= sigmoids
        self.multiply(slopes, 0, candidate)
        self.multiply(slopes, 1, self.cell_before)
        self.multiply(slopes, 2, squashed)
        xp.multiply(candidate, candidate, out=d_candidate)
        xp.subtract(1, d_candidate, out=d_candidate)
        d_candidate *= self.block(gates, 0)
        self.d_squashed = self.block(gates, 2).copy()  # Γo (1 - tanh²), or Γo
        if self.cell.output == "tanh":
            self.d_squashed *= 1 - squashed * squashed
        return slopes

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step."""
        da, dc = d_state
        dc += self._squash_back(da * self.d_squashed[rows], rows)
        self.multiply(d, 2, da)
        self.multiply(d, 0, dc)
        self.multiply(d, 1, dc)
        self.multiply(d, 3, dc)
        dc *= self.block(self.projected, 1)[rows]
        if self.peepholes is not None:
            dc += (self._three(d) * self.peepholes).sum(axis=1)
        self.recurrent.backward(d, rows, out=da)

    def _squash_back(self, d: Any, rows: slice) -> Any:
        if self.cell_norm is None:
            return d
        self.d_normed[rows] = d
        return self.cell_norm.backward(d, rows)

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of Wh, gain_h, peepholes, gain_c and shift_c, as far as they are there."""
        gradients = self.recurrent.gradients(d, self.hidden_before)
        if self.peepholes is not None:
            gradients["peepholes"] = (self._three(d) * self.cell_before[:, None]).sum(axis=0)
        if self.cell_norm is not None:
            gradients["gain_c"] = self.cell_norm.gradient(self.d_normed)
            gradients["shift_c"] = self.d_normed.sum(axis=0)
        return gradients
