"""Recurrent layers: any cell, one or two directions, any depth, states in and out.

A stack chains levels (see `level`) with dropout between them, from `(Packed, state)` to
`(Packed, final state)`; the outermost layer speaks lists, Ragged and Padded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import Model, registry

from .arguments import check_choice, check_widths, pair_of
from .cell import Cell
from .dropout import packed_dropout
from .gru import GRUCell
from .level import check_units, recurrent_level
from .lstm import LSTMCell
from .packed import FLOATS, Packed, as_packed, like_output
from .rnn import RNNCell

CELLS: dict[str, type[Cell]] = {"rnn": RNNCell, "gru": GRUCell, "lstm": LSTMCell}
INITIAL = ("zero", "learned", "given")
GIVEN = "sequences and state"


@registry.layers("seqpipe.Recurrent.v1")
def Recurrent(
    cell: str,
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
    dropout_per: str = "sequence",
    residual: bool = False,
    layer_norm: bool = False,
    initial: str = "zero",
    return_state: bool = False,
    recurrent_init: str = "orthogonal",
    activation: str | None = None,
    form: str | None = None,
    output: str | None = None,
    peepholes: bool | None = None,
    forget_bias: float | None = None,
) -> Model[Any, Any]:
    """A recurrent network over lists of arrays, Ragged, Padded or Packed batches.

    cell (str): "rnn", "gru" or "lstm".
    nO (int): Width of the output; with two directions each has half of it.
    nI (int): Width of the input.
    bi (bool): Two directions, each from its own end, joined side by side (Schuster & Paliwal 1997).
    depth (int): Levels; each reads the output of the one below.
    dropout (float): Between levels, so of no effect in a single one. A spaCy component sets it to
        the rate that it trains with.
    dropout_per (str): "sequence", one mask a sequence (Gal & Ghahramani 2016), or "element".
    residual (bool): Each level above the first adds its input to its output (He et al. 2016).
    layer_norm (bool): Normalise inside the cell (Ba et al. 2016).
    initial (str): a<0> (and c<0>) are "zero", "learned" (the same for all sequences, from zero on)
        or "given": then the layer takes a pair (sequences, state) and backpropagates to both.
    return_state (bool): Give a pair (sequences, final state). A state is an array with one row for
        each sequence, `(sequences, nS)`: a (and c) of each direction of each level, from the first
        level up. nS is `nO * depth`, for an LSTM twice that. The final state of the second
        direction is that at the first token; that of an empty sequence is its initial state. It
        does not hold what `residual` adds.
    recurrent_init (str): How Wh starts, block by block: "orthogonal", "glorot", "uniform" (in
        ±1/sqrt(units)) or "identity". Wx starts Glorot uniform, in an rnn with "identity" normal
        with deviation 0.001 (Le et al. 2015); biases at zero, but for `forget_bias`.
    activation (str): rnn only: "tanh" (default), "relu" or "identity".
    form (str): gru only: "full" (default, Cho et al. 2014), "simplified" (no reset gate) or
        "reset_after" (as cuDNN and PyTorch have it).
    output (str): lstm only: "tanh" (default) for Γo * tanh(c), or "cell" for Γo * c.
    peepholes (bool): lstm only: the gates see c<t-1>.
    forget_bias (float): lstm and gru: first bias of the forget gate, or of 1 - Γu (1 by default).
    RETURNS (Model): From sequences `(length, nI)` to `(length, nO)`, in the form they came in. Its
        backprop can be called once, and reads input and output again: neither may be written to
        before.
    RAISES (ValueError): If an option is unknown, or of no use to the cell or the depth.
    """
    check_choice("cell", cell, tuple(CELLS))
    own = {
        "activation": activation,
        "form": form,
        "output": output,
        "peepholes": peepholes,
        "forget_bias": forget_bias,
    }
    options = {name: value for name, value in own.items() if value is not None}
    for name, value in options.items():
        if name not in CELLS[cell].__dataclass_fields__:
            raise ValueError(f"{name} = {value!r}: a {cell} has no such option, expected none")
    equations = CELLS[cell](recurrent_init=recurrent_init, layer_norm=layer_norm, **options)
    check_choice("initial", initial, INITIAL)
    stack = recurrent_stack(
        equations,
        nO,
        nI,
        bi=bi,
        depth=depth,
        dropout=dropout,
        dropout_per=dropout_per,
        residual=residual,
        learned=initial == "learned",
    )
    return Model(
        "recurrent",
        _forward,
        init=_init,
        layers=[stack],
        dims={name: stack.maybe_get_dim(name) for name in ("nO", "nI", "nS")},
        attrs={"bi": bi, "given": initial == "given", "return_state": return_state},
    )


@registry.layers("seqpipe.LSTM.v1")
def LSTM(
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
    dropout_per: str = "sequence",
    residual: bool = False,
    layer_norm: bool = False,
    initial: str = "zero",
    return_state: bool = False,
    recurrent_init: str = "orthogonal",
    output: str = "tanh",
    peepholes: bool = False,
    forget_bias: float = 1.0,
) -> Model[Any, Any]:
    """Long short-term memory: `seqpipe.Recurrent.v1` with `cell = "lstm"`; arguments as there.

    RETURNS (Model): As there.
    """
    return Recurrent("lstm", **locals())


@registry.layers("seqpipe.GRU.v1")
def GRU(
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
    dropout_per: str = "sequence",
    residual: bool = False,
    layer_norm: bool = False,
    initial: str = "zero",
    return_state: bool = False,
    recurrent_init: str = "orthogonal",
    form: str = "full",
    forget_bias: float = 1.0,
) -> Model[Any, Any]:
    """Gated recurrent unit: `seqpipe.Recurrent.v1` with `cell = "gru"`; arguments as there.

    RETURNS (Model): As there.
    """
    return Recurrent("gru", **locals())


def _forward(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
    ops, given, return_state = model.ops, model.attrs["given"], model.attrs["return_state"]
    Xseq, state = pair_of(X, GIVEN) if given else (X, None)
    packed, restore, to_packed = as_packed(ops, Xseq)
    if given:
        _check_state(model, state, packed)
    (Yp, final), backprop_stack = model.layers[0]((packed, state), is_train)

    def backprop(dY: Any) -> Any:
        dYseq, d_final = pair_of(dY, GIVEN) if return_state else (dY, None)
        if d_final is not None:
            _check_state(model, d_final, packed)
        dYp = like_output(ops, to_packed(dYseq), packed.packing, Yp.data.shape[1])
        dXp, d_state = backprop_stack((dYp, d_final))
        return (restore(dXp), d_state) if given else restore(dXp)

    return (restore(Yp), final) if return_state else restore(Yp), backprop


def _check_state(model: Model, state: Any, packed: Packed) -> None:
    """Refuse a state, or its gradient, that is no array of floats `(sequences, nS)`."""
    expected = (len(packed.packing.lengths), model.layers[0].get_dim("nS"))
    shape, dtype = getattr(state, "shape", None), getattr(state, "dtype", type(state).__name__)
    if shape != expected or dtype not in FLOATS:
        raise ValueError(
            f"state of shape {shape} of {dtype}, expected floats, (sequences, nS) = {expected}"
        )


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    stack = model.layers[0]
    if X is not None:
        Xseq = pair_of(X, GIVEN)[0] if model.attrs["given"] else X
        X = (as_packed(model.ops, Xseq)[0], None)
    if Y is not None:
        Yseq = Y[0] if model.attrs["return_state"] else Y
        Y = (as_packed(model.ops, Yseq)[0], None)
    stack.initialize(X=X, Y=Y)
    for name in ("nO", "nI", "nS"):
        model.set_dim(name, stack.get_dim(name))


def recurrent_stack(
    cell: Cell,
    nO: int | None = None,
    nI: int | None = None,
    *,
    bi: bool = True,
    depth: int = 1,
    dropout: float = 0.0,
    dropout_per: str = "sequence",
    residual: bool = False,
    learned: bool = False,
) -> Model[Any, Any]:
    """Levels of a cell, from `(Packed, state or None)` to `(Packed, final state)`.

    Arguments as for `Recurrent`; `learned` is `initial = "learned"`. The gradients have the same
    form; that of the final state may be None, that of the initial state is None if it was.

    RETURNS (Model): A single level, or levels with dropout between them.
    RAISES (ValueError): If widths, depth and residual connections do not fit.
    """
    check_widths(depth=depth, nO=nO, nI=nI)
    if nO is not None:
        check_units(cell, nO, 2 if bi else 1)
    if residual and depth == 1:
        raise ValueError("residual = True: expected a depth of at least 2, or false")
    dropouts = [packed_dropout(dropout, per=dropout_per) for _ in range(depth)]
    levels = [
        recurrent_level(cell, nO, nI if i == 0 else nO, bi=bi, learned=learned)
        for i in range(depth)
    ]
    if depth == 1:
        return levels[0]
    layers = [layer for pair in zip(dropouts, levels, strict=True) for layer in pair][1:]
    return Model(
        "recurrent_stack",
        _forward_stack,
        init=_init_stack,
        layers=layers,
        dims={"nO": nO, "nI": nI, "nS": nO and levels[0].get_dim("nS") * depth},
        attrs={"residual": residual},
    )


def _forward_stack(model: Model, X: Any, is_train: bool) -> tuple[Any, Callable]:
    """Each level reads what the one below gives; states stand side by side, level by level."""
    packed, state = X
    levels, dropouts, residual = model.layers[::2], model.layers[1::2], model.attrs["residual"]
    width = levels[0].get_dim("nS")
    columns = [slice(i * width, (i + 1) * width) for i in range(len(levels))]
    backprops: list[Callable] = []
    finals = []
    Y = packed
    for i, level in enumerate(levels):
        inputs = Y
        if i > 0:
            Y, backprop_dropout = dropouts[i - 1](Y, is_train)
            backprops.append(backprop_dropout)
        (Y, final), backprop_level = level((Y, _part(state, columns[i])), is_train)
        backprops.append(backprop_level)
        finals.append(final)
        if residual and i > 0:
            Y = Y.with_data(Y.data + inputs.data)

    def backprop(d: Any) -> Any:
        dY, d_final = d
        d_states = []
        for i in reversed(range(len(levels))):
            above = dY
            dY, d_state = backprops[2 * i]((dY, _part(d_final, columns[i])))
            d_states.append(d_state)
            if i > 0:
                dY = backprops[2 * i - 1](dY)
                if residual:
                    dY = dY.with_data(dY.data + above.data)
        return dY, None if state is None else model.ops.xp.hstack(d_states[::-1])

    return (Y, model.ops.xp.hstack(finals)), backprop


def _part(state: Any, columns: slice) -> Any:
    return None if state is None else state[:, columns]


def _init_stack(model: Model, X: Any = None, Y: Any = None) -> None:
    levels = model.layers[::2]
    levels[0].initialize(X=X, Y=Y)
    for level in levels[1:]:
        for name in ("nI", "nO"):
            level.set_dim(name, levels[0].get_dim("nO"))
        level.initialize()
    for name in ("nI", "nO"):
        model.set_dim(name, levels[0].get_dim(name))
    model.set_dim("nS", levels[0].get_dim("nS") * len(levels))
