"""The shapes of sequence problem, each around a recurrent layer, with a linear output.

The output is ŷ before its softmax or sigmoid: Wy a<t> + by. The fifth shape, many to many of
unequal length, is in `encoder_decoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import Linear, Model, chain, registry
from thinc.types import Floats2d

from .packed import Packed, Packing, on_rows, pack, unpack
from .pooling import Pooling


@registry.layers("seqpipe.OneToOne.v1")
def OneToOne(encoder: Model[Any, Any], nO: int | None = None) -> Model[Floats2d, Floats2d]:
    """One to one: each row is a sequence of one step.

    encoder (Model): A recurrent layer, of one direction or two.
    nO (int): Width of the output.
    RETURNS (Model): From rows `(batch, nI)` to `(batch, nO)`.
    """
    _check_encoder(encoder)
    one_step: Model[Floats2d, Floats2d] = Model("one_step", _forward_one_step, init=_init_one_step, layers=[encoder])
    return chain(one_step, Linear(nO))


@registry.layers("seqpipe.OneToMany.v1")
def OneToMany(decoder: Model[Any, Any], nO: int | None = None) -> Model[Any, Any]:
    """One to many: a vector becomes the initial state, which unrolls into a sequence.

    decoder (Model): A recurrent layer with `initial = "given"` and one direction. It reads zeros.
    nO (int): Width of the output.
    RETURNS (Model): From a pair of vectors `(sequences, nI)` and lengths `(sequences,)` to a list
        of arrays `(length, nO)`. The initial state is Ws v + bs.
    """
    check_decoder(decoder)
    bridge: Model[Floats2d, Floats2d] = Linear()
    unrolled: Model[Any, Any] = Model("unrolled", _forward_unrolled, init=_init_unrolled, layers=[bridge, decoder])
    return chain(unrolled, on_rows(Linear(nO)))


@registry.layers("seqpipe.ManyToOne.v1")
def ManyToOne(
    encoder: Model[Any, Any], nO: int | None = None, *, pooling: str = "last"
) -> Model[Any, Floats2d]:
    """Many to one: a sequence is read, pooled, and gives one output.

    encoder (Model): A recurrent layer.
    nO (int): Width of the output.
    pooling (str): "last" (of each direction), "mean", "max" or "attention".
    RETURNS (Model): From sequences `(length, nI)`, in any form, to `(sequences, nO)`.
    """
    _check_encoder(encoder)
    bi = pooling == "last" and encoder.attrs["bi"]
    return chain(encoder, Pooling(pooling, bi=bi), Linear(nO))


@registry.layers("seqpipe.ManyToMany.v1")
def ManyToMany(encoder: Model[Any, Any], nO: int | None = None) -> Model[Any, Any]:
    """Many to many of equal length: an output at every step.

    encoder (Model): A recurrent layer.
    nO (int): Width of the output.
    RETURNS (Model): From sequences `(length, nI)` to `(length, nO)`, in the form they came in.
    """
    _check_encoder(encoder)
    return chain(encoder, on_rows(Linear(nO)))


def _check_encoder(encoder: Model[Any, Any]) -> None:
    if encoder.attrs["given"] or encoder.attrs["return_state"]:
        raise ValueError("encoder: expected one that neither takes nor returns states")


def check_decoder(decoder: Model[Any, Any]) -> None:
    """Raise ValueError unless a recurrent layer can go on from a given state."""
    one_direction = not decoder.attrs["bi"]
    if not (decoder.attrs["given"] and one_direction) or decoder.attrs["return_state"]:
        raise ValueError("decoder: expected initial = 'given', bi = false and return_state = false")


def _forward_one_step(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
    packing = Packing.of([1] * len(X))
    Y, backprop = model.layers[0](Packed(X, packing), is_train)
    return Y.data, lambda dY: backprop(Packed(dY, packing)).data


def _init_one_step(model: Model, X: Floats2d | None = None, Y: Floats2d | None = None) -> None:
    rows = [None if Z is None else Packed(Z, Packing.of([1] * len(Z))) for Z in (X, Y)]
    model.layers[0].initialize(X=rows[0], Y=rows[1])


def _forward_unrolled(model: Model, X: tuple[Any, Any], is_train: bool) -> tuple[Any, Callable]:
    (bridge, decoder), (vectors, lengths) = model.layers, X
    if len(vectors) != len(lengths):
        raise ValueError(f"{len(vectors)} vectors, {len(lengths)} lengths: expected one for each")
    state, backprop_bridge = bridge(vectors, is_train)
    zeros = _zeros(model, lengths)
    Y, backprop_decoder = decoder((zeros, state), is_train)

    def backprop(dY: list[Floats2d]) -> tuple[Floats2d, Any]:
        _, d_state = backprop_decoder(pack(model.ops, dY))
        return backprop_bridge(d_state), lengths

    return unpack(model.ops, Y), backprop


def _zeros(model: Model, lengths: Any) -> Packed:
    """Nothing to read, for as many steps."""
    packing = Packing.of(lengths)
    width = model.layers[1].maybe_get_dim("nI") or 1
    return Packed(model.ops.alloc2f(packing.tokens, width), packing)


def _init_unrolled(model: Model, X: Any = None, Y: Any = None) -> None:
    bridge, decoder = model.layers
    decoder.initialize(X=(_zeros(model, [1]), None))
    bridge.set_dim("nO", decoder.get_dim("nS"))
    bridge.initialize(X=None if X is None else X[0])
