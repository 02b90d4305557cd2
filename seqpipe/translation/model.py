"""The encoder-decoder over two texts: embeddings, encoder, decoder with or without attention, a
softmax over the target's pieces (Sutskever et al. 2014; Bahdanau et al. 2015; Luong et al. 2015).

Annotations stay real objects here: spaCy's registry resolves them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy
from spacy.util import registry
from thinc.api import Model

from seqpipe.files import InputError
from seqpipe.layers.attentional import Decoding, step
from seqpipe.layers.dropout import packed_dropout
from seqpipe.layers.embed import ROW_GRADIENT, embedding
from seqpipe.layers.encoder_decoder import encode_decode, start_core
from seqpipe.layers.packed import Packed, Packing
from seqpipe.layers.resize import resize
from seqpipe.layers.softmax_output import tie
from seqpipe.vocabulary.embed import PARTS, VOCABULARY
from seqpipe.vocabulary.vocabulary import Vocabulary

from .pair_units import PairUnits
from .units import TextUnits

TIES = ("none", "output", "all")


@dataclass
class Pairs:
    """What the model reads.

    sources (List[ndarray]): Ids of each source, <EOS> last.
    targets (List[ndarray]): Ids of each target, <EOS> last; the decoder reads <BOS> and all but
        the last, and each is what it shall write next.
    """

    sources: list[numpy.ndarray]
    targets: list[numpy.ndarray]


@registry.architectures("seqpipe.RNNTranslator.v1")
def RNNTranslator(
    source: TextUnits,
    target: TextUnits,
    encoder: Model[Any, Any],
    decoder: Model[Any, Any],
    output: Model[Any, Any],
    attention: Model[Any, Any] | None = None,
    feeding: str = "none",
    width: int = 256,
    tied: str = "none",
    joint: bool = False,
    dropout_per: str = "element",
) -> Model[Pairs, Any]:
    """An encoder and decoder over ids. At the rate of `[training] dropout` there is dropout on the
    embeddings of both sides and before the output; encoder and decoder have their own between
    levels.

    source (TextUnits): `seqpipe.SourceUnits.v1`.
    target (TextUnits): `seqpipe.TargetUnits.v1`.
    encoder (Model): `seqpipe.LSTM.v1`, `seqpipe.GRU.v1` or any `seqpipe.Recurrent.v1`.
    decoder (Model): The same, of one direction.
    output (Model): `seqpipe.FullSoftmax.v1`; it can smooth labels.
    attention (Model): `seqpipe.Attention.v1`, or None.
    feeding (str): What the decoder reads besides the last piece: "none", "input" or "context"; see
        `seqpipe.EncoderDecoder.v1`.
    width (int): Of the embeddings of both sides.
    tied (str): "none"; "output", its weights are the target's embeddings (Press & Wolf 2017); or
        "all", the source's embeddings are the same too, which wants `joint = true`. What comes
        before the output then has the embeddings' width: without attention the decoder's nO must
        be that.
    joint (bool): One vocabulary, learned from both sides.
    dropout_per (str): "element" or "sequence", one mask a sequence.
    RETURNS (Model): From Pairs to the log-probabilities of the targets, float64, an array for each;
        backprop takes the factor of the loss, which is the sum of the negative ones.
    RAISES (InputError): If the parts do not fit.
    """
    if tied not in TIES:
        raise InputError(f"tied = {tied!r}: expected one of {', '.join(TIES)}")
    if tied == "all" and not joint:
        raise InputError('tied = "all": expected joint = true, one vocabulary for both sides')
    for name, layer in (("encoder", encoder), ("decoder", decoder)):
        if "given" not in layer.attrs:
            raise InputError(
                f"{name}: expected seqpipe.LSTM.v1, seqpipe.GRU.v1 or seqpipe.Recurrent.v1"
            )
    if decoder.attrs["bi"]:
        raise InputError("decoder: bi = true: it writes one way, expected bi = false")
    written = decoder.maybe_get_dim("nO")
    if tied != "none" and attention is None and written != width:
        raise InputError(
            f"tied = {tied!r} without attention: width = {width}, the decoder's nO = {written}: "
            "expected the same"
        )
    encoder.attrs["return_state"] = decoder.attrs["return_state"] = decoder.attrs["given"] = True
    nO = None if tied == "none" else width
    core = encode_decode(encoder, decoder, attention, feeding=feeding, nO=nO)
    tables = [embedding(width)] if tied == "all" else [embedding(width), embedding(width)]
    dropouts = [packed_dropout(per=dropout_per) for _ in range(3)]
    model: Model[Pairs, Any] = Model(
        "rnn_translator",
        _forward,
        init=_init,
        layers=[*tables, *dropouts, core, output],
        attrs={
            VOCABULARY: PairUnits(source, target, joint=joint),
            PARTS: ["source and target"] if tied == "all" else ["source", "target"],
            "tied": tied,
        },
    )
    for name, layer in (("source", tables[0]), ("target", tables[-1]), ("core", core)):
        model.set_ref(name, layer)
    model.set_ref("output_layer", output)
    if tied != "none":
        tie(output, tables[-1])
    return model


def use_dense_gradient(model: Model) -> None:
    """Let tied embeddings have one gradient, that as an input and that as an output together.

    model (Model): A `seqpipe.RNNTranslator.v1`.
    """
    if model.attrs["tied"] != "none":
        model.get_ref("target").attrs[ROW_GRADIENT] = None


def wiring(model: Model) -> dict[str, str]:
    """RETURNS (Dict[str, str]): Settings that the weights do not show. A model that is loaded has
    those it was trained with, whatever its config says.

    model (Model): A `seqpipe.RNNTranslator.v1`.
    """
    decoder = model.get_ref("core").layers[2]
    found = {"tied": model.attrs["tied"], "feeding": decoder.attrs["feeding"]}
    if len(decoder.layers) > 1:
        found["attention.score"] = decoder.layers[1].attrs["score"]
    return found


def fit(model: Model, units: PairUnits) -> None:
    """Give tables and output as many rows as there are ids.

    model (Model): A `seqpipe.RNNTranslator.v1`.
    units (PairUnits): With their vocabularies.
    """
    resize(model.get_ref("source"), "nV", len(units.source.vocabulary))
    resize(model.get_ref("target"), "nV", len(units.target.vocabulary))
    resize(model.get_ref("output_layer"), "nO", len(units.target.vocabulary))


def _forward(model: Model, X: Pairs, is_train: bool) -> tuple[list[Any], Callable[[float], None]]:
    xp = model.ops.xp
    source_dropout, target_dropout, dropout = model.layers[-5:-2]
    core, output = model.get_ref("core"), model.get_ref("output_layer")
    sources, backprop_sources = _embedded(model, "source", X.sources, source_dropout, is_train)
    read = [numpy.concatenate([[Vocabulary.BOS_ID], ids[:-1]]) for ids in X.targets]
    targets, backprop_targets = _embedded(model, "target", read, target_dropout, is_train)
    h, backprop_core = core((sources, targets), is_train)
    h, backprop_dropout = dropout(h, is_train)
    packing = h.packing
    ids = xp.asarray(_flat(X.targets)[packing.rows])
    log_probs, backprop_output = output((h.data, ids), is_train)

    def backprop(factor: float) -> None:
        d_sources, d_targets = backprop_core(backprop_dropout(h.with_data(backprop_output(factor))))
        backprop_sources(d_sources)
        backprop_targets(d_targets)

    ends = numpy.cumsum(packing.lengths)[:-1]
    return numpy.split(model.ops.to_numpy(log_probs)[packing.inverse], ends), backprop


def _embedded(
    model: Model, side: str, texts: list[numpy.ndarray], dropout: Model, is_train: bool
) -> tuple[Packed, Callable[[Packed], None]]:
    packing = Packing.of([len(ids) for ids in texts])
    ids = model.ops.xp.asarray(_flat(texts)[packing.rows])
    vectors, backprop_table = model.get_ref(side)(ids, is_train)
    kept, backprop_dropout = dropout(Packed(vectors, packing), is_train)

    def backprop(d: Packed) -> None:
        backprop_table(backprop_dropout(d).data)

    return kept, backprop


def _flat(texts: list[numpy.ndarray]) -> numpy.ndarray:
    return numpy.concatenate([*texts, numpy.zeros(0, dtype=numpy.int64)])


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    core, output = model.get_ref("core"), model.get_ref("output_layer")
    for side in ("source", "target"):
        table = model.get_ref(side)
        if not table.has_param("E"):
            table.initialize()
    width = model.get_ref("source").get_dim("nO")
    for name in ("nI", "nT"):
        core.set_dim(name, width, force=True)
    core.initialize()
    output.set_dim("nI", core.get_dim("nO"), force=True)
    output.initialize()


def start(model: Model, sources: list[numpy.ndarray]) -> Decoding:
    """Read sources, for prediction.

    model (Model): A `seqpipe.RNNTranslator.v1`.
    sources (List[ndarray]): Ids of each, <EOS> last.
    RETURNS (Decoding): The decoder before its first step.
    """
    packed, _ = _embedded(model, "source", sources, model.layers[-5], False)
    return start_core(model.get_ref("core"), packed)


def write(
    model: Model, ids: numpy.ndarray, decoding: Decoding
) -> tuple[numpy.ndarray, numpy.ndarray | None, Decoding]:
    """One step of n targets.

    model (Model): A `seqpipe.RNNTranslator.v1`.
    ids (ndarray): int64 (n,), the pieces written last, at first <BOS>.
    decoding (Decoding): Where the decoder stands.
    RETURNS (Tuple): Log-probabilities of the next piece `(n, nO)`; the attention with which they
        were made `(n, S)`, None without; and where the decoder stands then.
    """
    y = model.get_ref("target").predict(model.ops.xp.asarray(ids))
    h, weights, decoding = step(model.get_ref("core").layers[2], y, decoding)
    log_probs = model.get_ref("output_layer").predict((h, None))
    to_numpy = model.ops.to_numpy
    return to_numpy(log_probs), None if weights is None else to_numpy(weights), decoding
