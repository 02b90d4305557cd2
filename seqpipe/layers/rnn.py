"""The plain recurrent cell (Elman 1990): a<t> = g(Waa a<t-1> + Wax x<t> + ba)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thinc.api import Ops

from .arguments import check_choice
from .cell import Cell, Run
from .initial import gaussian

ACTIVATIONS = ("tanh", "relu", "identity")


@dataclass(frozen=True)
class RNNCell(Cell):
    """The plain cell; Waa is `Wh`, Wax is `Wx`, ba is `b`.

    activation (str): g: "tanh", "relu" or "identity". With `recurrent_init = "identity"` and "relu"
        it is the recipe of Le et al. 2015: Waa starts as the identity, Wax normal with a deviation
        of 0.001, ba zero.
    """

    activation: str = "tanh"
    name = "rnn"
    groups = (1,)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("activation", self.activation, ACTIVATIONS)

    def start_input(self, ops: Ops, H: int, nI: int) -> Any:
        """A block of Wx, `(H, nI)`."""
        if self.recurrent_init == "identity":
            return gaussian(ops, H, nI, 0.001)
        return super().start_input(ops, H, nI)

    @property
    def run_type(self) -> type[RNNRun]:
        """What walks over a batch."""
        return RNNRun


class RNNRun(Run):
    """The plain cell over one batch."""

    def prepare(self) -> None:
        """Make the product."""
        self.recurrent = self.product(self.cell.groups)

    def step(self, rows: slice, state: list[Any]) -> None:
        """One time step."""
        xp, (a,) = self.xp, state
        z = self.recurrent.forward(a, rows)
        xp.add(z, self.projected[rows], out=a)
        if self.cell.activation == "tanh":
            xp.tanh(a, out=a)
        elif self.cell.activation == "relu":
            xp.maximum(a, 0, out=a)
        if self.keep:
            self.projected[rows] = a

    def slopes(self) -> Any:
        """g'(z), from a<t> = g(z)."""
        xp, a = self.xp, self.projected
        if self.cell.activation == "tanh":
            return 1 - a * a
        return (a > 0).astype(a.dtype) if self.cell.activation == "relu" else xp.ones_like(a)

    def step_back(self, rows: slice, d: Any, d_state: list[Any]) -> None:
        """The backward pass of a step."""
        (da,) = d_state
        d *= da
        self.recurrent.backward(d, rows, out=da)

    def gradients(self, d: Any) -> dict[str, Any]:
        """The gradients of Wh and gain_h."""
        return self.recurrent.gradients(d, self.hidden_before)
