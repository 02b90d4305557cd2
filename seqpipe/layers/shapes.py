"""The shapes of sequence problem, each around a recurrent layer, with a linear output.

The output is ŷ before its softmax or sigmoid: Wy a<t> + by. The fifth shape, many to many of
unequal length, is in `encoder_decoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from thinc.api import Model, Ops, chain, registry
from thinc.types import Floats2d

from .arguments import pair_of
from .linear import check_rows, linear
from .packed import Packed, Packing, as_packed, pack, unpack
from .pooling import Pooling


@registry.layers("seqpipe.OneToOne.v1")
def OneToOne(encoder: Model[Any, Any], nO: int | None = None) -> Model[Floats2d, Floats2d]:
    """One to one: each row is a sequence of one step.

    encoder (Model): A recurrent layer, of one direction or two.
    nO (int): Width of the output.
    RETURNS (Model): From rows `(batch, nI)` to `(batch, nO)`.
    """
    check_encoder(encoder)
    one_step: Model[Floats2d, Floats2d] = Model(
        "one_step", _forward_one_step, init=_init_one_step, layers=[encoder]
    )
    return chain(one_step, linear(nO, encoder.get_dim("nO")))


@registry.layers("seqpipe.OneToMany.v1")
def OneToMany(decoder: Model[Any, Any], nO: int | None = None) -> Model[Any, Any]:
    """One to many: a vector becomes the initial state, which unrolls into a sequence.

    decoder (Model): A recurrent layer with `initial = "given"`, `return_state = true` and one
        direction. It reads zeros.
    nO (int): Width of the output.
    RETURNS (Model): From a pair of vectors `(sequences, nI)` and lengths `(sequences,)` to a list
        of arrays `(length, nO)`. The initial state is Ws v + bs. Backpropagates to the vectors, and
        hands the lengths back as they are.
    """
    check_decoder(decoder)
    return Model(
        "one_to_many",
        _forward_unrolled,
        init=_init_unrolled,
        layers=[linear(), decoder, linear(nO)],
        dims={"nO": nO},
    )


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
    check_encoder(encoder)
    bi = pooling == "last" and encoder.attrs["bi"]
    width = encoder.get_dim("nO")
    return chain(encoder, Pooling(pooling, width, bi=bi), linear(nO, width))


@registry.layers("seqpipe.ManyToMany.v1")
def ManyToMany(encoder: Model[Any, Any], nO: int | None = None) -> Model[Any, Any]:
    """Many to many of equal length: an output at every step.

    encoder (Model): A recurrent layer.
    nO (int): Width of the output.
    RETURNS (Model): From sequences `(length, nI)` to `(length, nO)`, in the form they came in.
    """
    check_encoder(encoder)
    return Model(
        "many_to_many",
        _forward_every_step,
        init=_init_every_step,
        layers=[encoder, linear(nO)],
        dims={"nO": nO},
    )


def check_encoder(encoder: Model[Any, Any], *, return_state: bool = False) -> None:
    """Raise ValueError unless a recurrent layer reads from its own initial state.

    return_state (bool): Whether it must give its final state.
    encoder (Model): What a shape was given.
    """
    _check_recurrent(encoder, "encoder")
    if encoder.attrs["given"]:
        raise ValueError("encoder: initial = 'given', expected 'zero' or 'learned'")
    if encoder.attrs["return_state"] != return_state:
        raise ValueError(
            f"encoder: return_state = {not return_state}, expected {return_state} in this shape"
        )


def check_decoder(decoder: Model[Any, Any]) -> None:
    """Raise ValueError unless a recurrent layer can go on from a given state, and give its own.

    decoder (Model): What a shape was given.
    """
    _check_recurrent(decoder, "decoder")
    if not decoder.attrs["given"]:
        raise ValueError("decoder: expected initial = 'given', the state that it goes on from")
    for name, expected in (("bi", False), ("return_state", True)):
        if decoder.attrs[name] != expected:
            raise ValueError(f"decoder: {name} = {not expected}, expected {expected} in this shape")


def _check_recurrent(layer: Model[Any, Any], name: str) -> None:
    if "return_state" not in getattr(layer, "attrs", {}):
        found = getattr(layer, "name", type(layer).__name__)
        raise ValueError(f"{name}: expected seqpipe.Recurrent.v1 or its kin, found {found}")
    if layer.has_dim("nO") is None:
        raise ValueError(f"{name}: expected nO, its width, which no data gives")


def _forward_one_step(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
    rows = _one_step(X)
    Y, backprop = model.layers[0](rows, is_train)
    return Y.data, lambda dY: backprop(rows.with_data(dY)).data


def _one_step(X: Floats2d) -> Packed:
    return Packed(check_rows(X, "input"), Packing.of([1] * len(X)))


def _init_one_step(model: Model, X: Floats2d | None = None, Y: Floats2d | None = None) -> None:
    model.layers[0].initialize(X=None if X is None else _one_step(X))


def _forward_every_step(model: Model, Xseq: Any, is_train: bool) -> tuple[Any, Callable]:
    encoder, output = model.layers
    X, restore, to_packed = as_packed(model.ops, Xseq)
    a, backprop_encoder = encoder(X, is_train)
    y, backprop_output = output(a.data, is_train)

    def backprop(dYseq: Any) -> Any:
        da = backprop_output(to_packed(dYseq).data)
        return restore(backprop_encoder(a.with_data(da)))

    return restore(a.with_data(y)), backprop


def _init_every_step(model: Model, X: Any = None, Y: Any = None) -> None:
    encoder, output = model.layers
    encoder.initialize(X=X)
    init_output(model, output, encoder.get_dim("nO"), Y)


def init_output(model: Model, output: Model, nI: int, Y: Any) -> None:
    """Initialise a shape's output layer, whose width may come from a sample of sequences.

    model (Model): The shape; its nO is set.
    output (Model): Its output layer.
    nI (int): Width of what it reads.
    Y (Any): Sequences `(length, nO)`, or None if nO is known.
    """
    output.set_dim("nI", nI)
    output.initialize(Y=None if Y is None else as_packed(model.ops, Y)[0].data)
    model.set_dim("nO", output.get_dim("nO"))


def _forward_unrolled(model: Model, X: tuple[Any, Any], is_train: bool) -> tuple[Any, Callable]:
    ops, (bridge, decoder, output) = model.ops, model.layers
    vectors, lengths = pair_of(X, "vectors and lengths")
    packing = _packing(ops, vectors, lengths)
    state, backprop_bridge = bridge(vectors, is_train)
    nothing = ops.xp.zeros((packing.tokens, decoder.get_dim("nI")), dtype=state.dtype)
    (a, _), backprop_decoder = decoder((Packed(nothing, packing), state), is_train)
    y, backprop_output = output(a.data, is_train)

    def backprop(dY: list[Floats2d]) -> tuple[Floats2d, Any]:
        da = backprop_output(pack(ops, dY).data)
        _, d_state = backprop_decoder((a.with_data(da), None))
        return backprop_bridge(d_state), lengths

    return unpack(ops, a.with_data(y)), backprop


def _packing(ops: Ops, vectors: Any, lengths: Any) -> Packing:
    counts = np.asarray(ops.to_numpy(lengths) if hasattr(lengths, "dtype") else lengths)
    whole = counts.ndim == 1 and (not len(counts) or counts.dtype.kind in "iu")
    if not whole or (counts < 0).any():
        raise ValueError(f"lengths = {counts.tolist()}: expected whole numbers from 0 on")
    if len(vectors) != len(counts):
        raise ValueError(f"{len(vectors)} vectors, {len(counts)} lengths: expected one for each")
    return Packing.of(counts)


def _init_unrolled(model: Model, X: Any = None, Y: Any = None) -> None:
    bridge, decoder, output = model.layers
    nI = decoder.maybe_get_dim("nI") or 1  # nothing to read needs no width
    decoder.initialize(X=([model.ops.alloc2f(1, nI)], None))
    bridge.set_dim("nO", decoder.get_dim("nS"))
    bridge.initialize(X=None if X is None else pair_of(X, "vectors and lengths")[0])
    init_output(model, output, decoder.get_dim("nO"), Y)
