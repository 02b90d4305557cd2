"""Many to many of unequal length: one recurrent network reads, another writes.

Sutskever et al. 2014; with attention in the order of Luong et al. 2015, section 3.1: the decoder's
states ask for contexts, so that all steps are computed at once where the targets are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thinc.api import Model, registry

from .arguments import pair_of
from .attention import Memory, attend, remember
from .linear import check_rows, linear
from .packed import Packed, Packing, as_packed
from .shapes import check_decoder, check_encoder, init_output


@registry.layers("seqpipe.EncoderDecoder.v1")
def EncoderDecoder(
    encoder: Model[Any, Any],
    decoder: Model[Any, Any],
    nO: int | None = None,
    *,
    attention: Model[Any, Any] | None = None,
) -> Model[Any, Any]:
    """Read a sequence, then go on from its final state with another.

    encoder (Model): A recurrent layer with `return_state = true`.
    decoder (Model): A recurrent layer with `initial = "given"`, `return_state = true` and one
        direction. Its initial state is tanh(Ws f + bs), f the encoder's final state (Bahdanau et
        al. 2015, appendix A.2.2).
    nO (int): Width of the output.
    attention (Model): `seqpipe.Attention.v1`. The decoder's states s<t> ask it for contexts c<t> of
        the encoder's, and tanh(Wc [c<t>, s<t>] + bc) takes the place of s<t> (Luong et al. 2015,
        equation 5).
    RETURNS (Model): From a pair of sequences, the source `(length, nI)` and what the decoder reads,
        to Wy s<t> + by, `(length of the latter, nO)`, in the latter's form. Where what comes next
        depends on what was put out, `start_decoding` and `decode_step` go step by step.
    """
    check_encoder(encoder, return_state=True)
    check_decoder(decoder)
    if attention is not None and "score" not in attention.attrs:
        raise ValueError(f"attention: expected seqpipe.Attention.v1, found {attention.name}")
    mixing: list[Model] = [] if attention is None else [attention, linear()]
    return Model(
        "encoder_decoder",
        _forward,
        init=_init,
        layers=[encoder, linear(), decoder, linear(nO), *mixing],
        dims={"nO": nO},
    )


def _forward(model: Model, X: tuple[Any, Any], is_train: bool) -> tuple[Any, Callable]:
    """a `(source tokens, encoder nO)`, s `(target tokens, decoder nO)` are states, y the output."""
    xp, (encoder, bridge, decoder, output, *mixing) = model.ops.xp, model.layers
    sequences = pair_of(X, "source and target sequences")
    source, restore_source, _ = as_packed(model.ops, sequences[0])
    targets, restore, to_packed = as_packed(model.ops, sequences[1])
    _check_pairs(source, targets)
    (a, final), backprop_encoder = encoder(source, is_train)
    before, backprop_bridge = bridge(final, is_train)
    start = xp.tanh(before)
    (s, _), backprop_decoder = decoder((targets, start), is_train)
    mixed, backprop_mix = _mix(model, mixing, s, a, is_train)
    y, backprop_output = output(mixed.data, is_train)

    def backprop(dY: Any) -> tuple[Any, Any]:
        d_mixed = mixed.with_data(backprop_output(to_packed(dY).data))
        ds, da = backprop_mix(d_mixed)
        d_targets, d_start = backprop_decoder((ds, None))
        d_final = backprop_bridge(d_start * (1 - start * start))
        return restore_source(backprop_encoder((da, d_final))), restore(d_targets)

    return restore(targets.with_data(y)), backprop


def _check_pairs(source: Packed, targets: Packed) -> None:
    counts = len(source.packing.lengths), len(targets.packing.lengths)
    if counts[0] != counts[1]:
        raise ValueError(f"{counts[0]} source sequences, {counts[1]} target: one for each expected")


def _mix(
    model: Model, mixing: list[Model], s: Packed, a: Packed, is_train: bool
) -> tuple[Packed, Callable[[Packed], tuple[Packed, Packed]]]:
    """tanh(Wc [c<t>, s<t>] + bc), or s<t> without attention; and the gradients of s and a."""
    xp = model.ops.xp
    if not mixing:
        return s, lambda d: (d, a.with_data(xp.zeros_like(a.data)))
    attention, mix = mixing
    contexts, backprop_attention = attention((s, a), is_train)
    joined, backprop_joined = mix(xp.hstack([contexts.data, s.data]), is_train)
    mixed = xp.tanh(joined)

    def backprop(d: Packed) -> tuple[Packed, Packed]:
        d_joined = backprop_joined(d.data * (1 - mixed * mixed))
        width = contexts.data.shape[1]
        ds, da = backprop_attention(d.with_data(xp.ascontiguousarray(d_joined[:, :width])))
        return ds.with_data(ds.data + d_joined[:, width:]), da

    return s.with_data(mixed), backprop


@dataclass(frozen=True)
class Decoding:
    """Where the decoder stands in some sequences.

    state (Floats2d): Its state, `(sequences, nS)`.
    memory (Memory): What attention reads; None without attention.
    """

    state: Any
    memory: Memory | None

    def select(self, indices: Any) -> Decoding:
        """Some of the sequences, repeated or reordered: those of a beam, by parent.

        indices: Integers, `(selected,)`.
        """
        memory = None if self.memory is None else self.memory.select(indices)
        return Decoding(self.state[indices], memory)


def start_decoding(model: Model, source: Any) -> Decoding:
    """Read the source, for prediction.

    model (Model): An encoder and decoder.
    source: Sequences `(length, nI)`, in any form.
    """
    encoder, bridge, _, _, *mixing = model.layers
    packed, _, _ = as_packed(model.ops, source)
    a, final = encoder.predict(packed)
    state = model.ops.xp.tanh(bridge.predict(final))
    return Decoding(state, remember(mixing[0], a, False)[0] if mixing else None)


def decode_step(model: Model, inputs: Any, decoding: Decoding) -> tuple[Any, Decoding]:
    """One step of all sequences.

    model (Model): An encoder and decoder.
    inputs (Floats2d): What the decoder reads, `(sequences, its nI)`.
    decoding (Decoding): Where it stands.
    RETURNS (Tuple): The output `(sequences, nO)`, and where it stands then.
    """
    xp, (_, _, decoder, output, *mixing) = model.ops.xp, model.layers
    rows = Packed(check_rows(inputs, "inputs"), Packing.of([1] * len(inputs)))
    s, state = decoder.predict((rows, decoding.state))
    mixed = s.data
    if mixing and decoding.memory is not None:
        (contexts, _), _ = attend(mixing[0], s.data[:, None], decoding.memory)
        mixed = xp.tanh(mixing[1].predict(xp.hstack([contexts[:, 0], s.data])))
    return output.predict(mixed), Decoding(state, decoding.memory)


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    encoder, bridge, decoder, output, *mixing = model.layers
    source, targets = (None, None) if X is None else pair_of(X, "source and target sequences")
    encoder.initialize(X=source)
    decoder.initialize(X=None if targets is None else (targets, None))
    nK, nQ = encoder.get_dim("nO"), decoder.get_dim("nO")
    bridge.set_dim("nI", encoder.get_dim("nS"))
    bridge.set_dim("nO", decoder.get_dim("nS"))
    if mixing:
        attention, mix = mixing
        for layer, dims in ((attention, {"nQ": nQ, "nK": nK}), (mix, {"nI": nK + nQ, "nO": nQ})):
            for name, width in dims.items():
                layer.set_dim(name, width)
            layer.initialize()
    bridge.initialize()
    init_output(model, output, nQ, Y)
