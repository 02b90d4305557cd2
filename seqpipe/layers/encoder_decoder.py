"""Many to many of unequal length: one recurrent network reads, another writes.

Sutskever et al. 2014; with attention in the wirings of `attentional`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thinc.api import Model, registry

from .arguments import pair_of
from .attentional import Decoding, Given, attentional_decoder, begin, step
from .linear import linear
from .packed import Packed, as_packed
from .shapes import check_encoder, init_output


@registry.layers("seqpipe.EncoderDecoder.v1")
def EncoderDecoder(
    encoder: Model[Any, Any],
    decoder: Model[Any, Any],
    nO: int | None = None,
    *,
    attention: Model[Any, Any] | None = None,
    feeding: str = "none",
) -> Model[Any, Any]:
    """Read a sequence, then go on from its final state with another.

    encoder (Model): A recurrent layer with `return_state = true`.
    decoder (Model): A recurrent layer with `initial = "given"`, `return_state = true` and one
        direction. Its initial state is tanh(Ws f + bs), f the encoder's final state (Bahdanau et
        al. 2015, appendix A.2.2).
    nO (int): Width of the output.
    attention (Model): `seqpipe.Attention.v1`. The decoder asks it for contexts c<t> of the
        encoder's states, and tanh(Wc [c<t>, s<t>] + bc) takes the place of s<t> (Luong et al. 2015,
        equation 5).
    feeding (str): What the decoder reads besides: "none"; "input", tanh(...) of the step before
        (Luong et al. 2015, section 3.3); or "context", c<t>, for which s<t-1> then asks (Bahdanau
        et al. 2015).
    RETURNS (Model): From a pair of sequences, the source `(length, nI)` and what the decoder reads,
        to Wy s<t> + by, `(length of the latter, nO)`, in the latter's form. Where what comes next
        depends on what was put out, `start_decoding` and `decode_step` go step by step.
    """
    core = encode_decode(encoder, decoder, attention, feeding=feeding)
    return Model(
        "encoder_decoder", _forward, init=_init, layers=[core, linear(nO)], dims={"nO": nO}
    )


def encode_decode(
    encoder: Model[Any, Any],
    decoder: Model[Any, Any],
    attention: Model[Any, Any] | None,
    *,
    feeding: str = "none",
    nO: int | None = None,
) -> Model[tuple[Packed, Packed], Packed]:
    """The same without an output layer: from packed source and target vectors to h `(target tokens,
    nO)`.

    encoder, decoder, attention (Model): As in `EncoderDecoder`; attention may be None.
    feeding (str): As there.
    nO (int): Width of h, by default that of the decoder.
    RETURNS (Model): Its nI is the width of the source vectors, nT that of the target vectors.
    """
    check_encoder(encoder, return_state=True)
    attentional = attentional_decoder(decoder, attention, feeding=feeding, nO=nO)
    return Model(
        "encode_decode",
        _forward_core,
        init=_init_core,
        layers=[encoder, linear(), attentional],
        dims={"nO": nO, "nI": None, "nT": None},
    )


def _forward_core(
    model: Model, X: tuple[Packed, Packed], is_train: bool
) -> tuple[Packed, Callable[[Packed], tuple[Packed, Packed]]]:
    """a `(source tokens, encoder nO)` are the encoder's states, h `(target tokens, nO)` what is put
    out."""
    xp, (encoder, bridge, attentional) = model.ops.xp, model.layers
    source, targets = X
    (a, final), backprop_encoder = encoder(source, is_train)
    before, backprop_bridge = bridge(final, is_train)
    start = xp.tanh(before)
    h, backprop_decoder = attentional(Given(targets, start, a), is_train)

    def backprop(dh: Packed) -> tuple[Packed, Packed]:
        d_targets, d_start, da = backprop_decoder(dh)
        d_final = backprop_bridge(d_start * (1 - start * start))
        return backprop_encoder((da, d_final)), d_targets

    return h, backprop


def _init_core(model: Model, X: Any = None, Y: Any = None) -> None:
    encoder, bridge, attentional = model.layers
    decoder = attentional.layers[0]
    if X is not None:
        for name, sample in zip(("nI", "nT"), X, strict=True):
            model.set_dim(name, sample.data.shape[1], force=True)
    width = model.maybe_get_dim("nI")
    encoder.initialize(X=None if width is None else [model.ops.alloc2f(1, width)])
    if model.has_dim("nT"):
        attentional.set_dim("nI", model.get_dim("nT"), force=True)
    attentional.set_dim("nK", encoder.get_dim("nO"), force=True)
    attentional.initialize()
    bridge.set_dim("nI", encoder.get_dim("nS"), force=True)
    bridge.set_dim("nO", decoder.get_dim("nS"), force=True)
    bridge.initialize()
    model.set_dim("nO", attentional.get_dim("nO"), force=True)


def start_core(model: Model, source: Packed) -> Decoding:
    """Read the source, for prediction.

    model (Model): What `encode_decode` made.
    source (Packed): `(source tokens, nI)`.
    RETURNS (Decoding): The decoder before its first step.
    """
    encoder, bridge, attentional = model.layers
    a, final = encoder.predict(source)
    return begin(attentional, model.ops.xp.tanh(bridge.predict(final)), a)


def _forward(model: Model, X: tuple[Any, Any], is_train: bool) -> tuple[Any, Callable]:
    core, output = model.layers
    sequences = pair_of(X, "source and target sequences")
    source, restore_source, _ = as_packed(model.ops, sequences[0])
    targets, restore, to_packed = as_packed(model.ops, sequences[1])
    h, backprop_core = core((source, targets), is_train)
    y, backprop_output = output(h.data, is_train)

    def backprop(dY: Any) -> tuple[Any, Any]:
        d_source, d_targets = backprop_core(h.with_data(backprop_output(to_packed(dY).data)))
        return restore_source(d_source), restore(d_targets)

    return restore(h.with_data(y)), backprop


def start_decoding(model: Model, source: Any) -> Decoding:
    """Read the source, for prediction.

    model (Model): An encoder and decoder.
    source (Any): Sequences `(length, nI)`, in any form.
    RETURNS (Decoding): The decoder before its first step.
    """
    packed, _, _ = as_packed(model.ops, source)
    return start_core(model.layers[0], packed)


def decode_step(model: Model, inputs: Any, decoding: Decoding) -> tuple[Any, Decoding]:
    """One step of all sequences.

    model (Model): An encoder and decoder.
    inputs (Floats2d): What the decoder reads, `(sequences, its nI)`.
    decoding (Decoding): Where it stands.
    RETURNS (Tuple): The output `(sequences, nO)`, and where it stands then.
    """
    core, output = model.layers
    h, _, decoding = step(core.layers[2], inputs, decoding)
    return output.predict(h), decoding


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    core, output = model.layers
    samples = None
    if X is not None:
        pair = pair_of(X, "source and target sequences")
        samples = tuple(as_packed(model.ops, sequences)[0] for sequences in pair)
    core.initialize(X=samples)
    init_output(model, output, core.get_dim("nO"), Y)
