"""The gated recurrent unit (Cho et al. 2014; Chung et al. 2014), in three forms.

    Γu = σ(Wu [c<t-1>, x<t>] + bu)                     update gate
    c<t> = Γu * c~<t> + (1 - Γu) * c<t-1>,  a<t> = c<t>

    simplified   c~<t> = tanh(Wc [c<t-1>, x<t>] + bc)
    full         c~<t> = tanh(Wc [Γr * c<t-1>, x<t>] + bc),  Γr = σ(Wr [c<t-1>, x<t>] + br)
    reset_after  c~<t> = tanh(Wcx x<t> + bc + Γr * (Wcc c<t-1> + bh)), as cuDNN and PyTorch have it
                 (their update gate is 1 - Γu)

The blocks stand in the order Γu, Γr (but for the simplified form), c~.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thinc.api import Ops

from .arguments import check_choice
from .cell import Cell, Product, Run

FORMS = ("simplified", "full", "reset_after")


@dataclass(frozen=True)
class GRUCell(Cell):
    """The GRU.

    form (str): "simplified", "full" or "reset_after".
    forget_bias (float): 1 - Γu is what the forget gate is in an LSTM; it starts with this bias. At
        0 half of the state would be lost at each step.
    """

    form: str = "full"
    forget_bias: float = 1.0
    name = "gru"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("form", self.form, FORMS)

    @property
    def groups(self) -> tuple[int, ...]:
        """Gates, candidate."""
        return (1, 1) if self.form == "simplified" else (2, 1)

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the parameters of one direction."""
        return (*super().params, *(("bh",) if self.form == "reset_after" else ()))

    def start(self, ops: Ops, H: int, nI: int) -> dict[str, Any]:
        """First values; besides those of every cell `bh (H,)` of zero."""
        values = super().start(ops, H, nI)
        values["b"][:H] = -self.forget_bias
        if self.form == "reset_after":
            values["bh"] = ops.alloc1f(H)
        return values

    @property
    def run_type(self) -> type[GRURun]:
        """What walks over a batch."""
        forms = {"simplified": SimplifiedRun, "full": FullRun, "reset_after": ResetAfterRun}
        return forms[self.form]


class GRURun(Run):
    """What the three forms share."""

    recurrent: Product

    def update(self, c: Any, update: Any, candidate: Any) -> None:
        """c += Γu * (c~ - c).

        c (ndarray): c<t-1>, `(size, H)`; overwritten with c<t>.
        update, candidate (ndarray): Γu and c~, `(size, H)`.
        """
        change = candidate - c
        change *= update
        c += change

    def slopes(self) -> Any:
        """(c~ - c<t-1>) Γu (1 - Γu) for Γu, Γr (1 - Γr) for Γr, Γu (1 - c~²) for c~."""
        gates = self.projected
        sigmoids, candidate = gates[:, : -self.H], gates[:, -self.H :]
        slopes = self.xp.empty(gates.shape, dtype=gates.dtype)
        slopes[:, : -self.H] = (1 - sigmoids) * sigmoids
        self.multiply(slopes, 0, candidate - self.hidden_before)
        slopes[:, -self.H :] = (1 - candidate * candidate) * self.block(gates, 0)
        return slopes

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of Wh and gain_h."""
        return self.recurrent.gradients(d, self.hidden_before)


class SimplifiedRun(GRURun):
    """No reset gate."""

    def prepare(self) -> None:
        """Make the products and the room."""
        self.recurrent = self.product(self.cell.groups)

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step."""
        (c,) = state
        g = self.recurrent.forward(c, rows)
        g += self.projected[rows]
        self.activate(g, 1)
        if self.keep:
            self.projected[rows] = g
        self.update(c, self.block(g, 0), self.block(g, 1))

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step."""
        (dc,) = d_state
        self.multiply(d, 0, dc)
        self.multiply(d, 1, dc)
        dc *= 1 - self.block(self.projected, 0)[rows]
        dc += self.recurrent.backward(d, rows)


class FullRun(GRURun):
    """The reset gate before the product: a second product a step, for the candidate."""

    def prepare(self) -> None:
        """Make the products and the room."""
        self.recurrent = self.product((2,))
        self.candidate = self.product((1,), first=2)
        self.reset_hidden = self.kept(self.H)  # Γr * c<t-1> of every token

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step."""
        (c,) = state
        x = self.projected[rows]
        g = self.recurrent.forward(c, rows)
        g += self.block(x, 0, 2)
        self.activate(g, 2)
        reset = self.block(g, 1) * c
        candidate = self.candidate.forward(reset, rows)
        candidate += self.block(x, 2)
        self.xp.tanh(candidate, out=candidate)
        if self.keep:
            self.reset_hidden[rows] = reset
            self.block(x, 0, 2)[...] = g
            self.block(x, 2)[...] = candidate
        self.update(c, self.block(g, 0), candidate)

    def slopes(self) -> Any:
        """As for every form; Γr multiplies c<t-1>."""
        slopes = super().slopes()
        self.multiply(slopes, 1, self.hidden_before)
        return slopes

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step."""
        (dc,) = d_state
        gates = self.projected[rows]
        self.multiply(d, 0, dc)
        self.multiply(d, 2, dc)
        d_reset = self.candidate.backward(self.block(d, 2), rows)
        self.multiply(d, 1, d_reset)
        dc *= 1 - self.block(gates, 0)
        d_reset *= self.block(gates, 1)
        dc += d_reset
        dc += self.recurrent.backward(self.block(d, 0, 2), rows)

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of Wh and gain_h: those of the gates, then those of the candidate."""
        gates = super().gradients(self.block(d, 0, 2))
        candidate = self.candidate.gradients(self.block(d, 2), self.reset_hidden)
        return {name: self.xp.concatenate([gates[name], candidate[name]]) for name in gates}


class ResetAfterRun(GRURun):
    """The reset gate after the product, which has a bias of its own."""

    def prepare(self) -> None:
        """Make the products and the room."""
        self.recurrent = self.product(self.cell.groups)
        self.inner = self.kept(self.H)  # Wcc c<t-1> + bh of every token
        self.d_product = self.kept(3 * self.H)

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step."""
        (c,) = state
        x = self.projected[rows]
        g = self.recurrent.forward(c, rows)
        gates, candidate = self.block(g, 0, 2), self.block(g, 2)
        gates += self.block(x, 0, 2)
        self.activate(gates, 2)
        candidate += self.params["bh"]
        if self.keep:
            self.inner[rows] = candidate
        candidate *= self.block(g, 1)
        candidate += self.block(x, 2)
        self.xp.tanh(candidate, out=candidate)
        if self.keep:
            self.projected[rows] = g
        self.update(c, self.block(g, 0), candidate)

    def slopes(self) -> Any:
        """As for every form; Γr multiplies Wcc c<t-1> + bh."""
        slopes = super().slopes()
        self.multiply(slopes, 1, self.inner)
        return slopes

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step."""
        (dc,) = d_state
        gates = self.projected[rows]
        self.multiply(d, 0, dc)
        self.multiply(d, 2, dc)
        self.multiply(d, 1, self.block(d, 2))
        d_product = self.d_product[rows]
        d_product[...] = d
        self.multiply(d_product, 2, self.block(gates, 1))
        dc *= 1 - self.block(gates, 0)
        dc += self.recurrent.backward(d_product, rows)

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of Wh, gain_h and bh."""
        gradients = super().gradients(self.d_product)
        return {**gradients, "bh": self.block(self.d_product, 2).sum(axis=0)}
