"""The recurrent language model: token vectors, an encoder of one direction, a softmax over the
vocabulary (Mikolov et al. 2010; with dropout as Zaremba et al. 2014)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from seqpipe.files import InputError
from seqpipe.layers.dropout import packed_dropout
from seqpipe.layers.embed import ROW_GRADIENT
from seqpipe.layers.packed import Packed, list2packed, unpack
from seqpipe.layers.softmax_output import tie
from seqpipe.vocabulary.embed import PARTS
from seqpipe.vocabulary.vocabulary import Vocabulary

ZERO = "zero"
FIRST = (ZERO, Vocabulary.BOS, Vocabulary.EOS)


@dataclass
class Reading:
    """What the model reads.

    docs (List[Doc]): The inputs of each sequence, the first among them.
    targets (Optional[List[ndarray]]): The ids that follow each input; None to get hidden rows.
    state (Optional[ndarray]): The encoder's at their beginning, `(sequences, nS)`; None for zero.
    """

    docs: list[Doc]
    targets: list[numpy.ndarray] | None = None
    state: Any = None


@registry.architectures("seqpipe.RNNLM.v1")
def RNNLM(
    tok2vec: Model[list[Doc], list[Floats2d]],
    encoder: Model[Any, Any],
    output: Model[Any, Any],
    tied: bool = False,
    first: str = ZERO,
    dropout_per: str = "element",
) -> Model[Reading, Any]:
    """A recurrent language model. Before and after the encoder there is dropout at the rate of
    `[training] dropout`; the encoder has its own between levels, at the same rate.

    tok2vec (Model): A vector for each token: `seqpipe.WordFeatures.v1`.
    encoder (Model): `seqpipe.LSTM.v1` or any `seqpipe.Recurrent.v1` of one direction. Its state is
        taken and given by this model.
    output (Model): `seqpipe.FullSoftmax.v1`; above some 50,000 words `seqpipe.AdaptiveSoftmax.v1`
        or `seqpipe.SampledSoftmax.v1`.
    tied (bool): The output's weights are the embeddings of the words (Press & Wolf 2017): the
        encoder's nO must be the width of these, and the output the full softmax.
    first (str): The first input of a text: "zero", "<BOS>" for its embedding, or "<EOS>", which is
        what a model that was trained on streams has before a sentence.
    dropout_per (str): "element", others at every step (Zaremba et al. 2014), or "sequence", one
        mask a sequence (Gal & Ghahramani 2016). That of the encoder stands in its own block.
    RETURNS (Model): From a Reading to a pair: float64 log-probabilities of its targets, `(length,)`
        for each sequence, and the encoder's final state. Backprop takes the factor of the loss,
        which is the sum of the negative log-probabilities. Without targets the first is Packed
        hidden rows.
    RAISES (InputError): If the parts do not fit.
    """
    if first not in FIRST:
        raise InputError(f"first = {first!r}: expected one of {', '.join(FIRST)}")
    if encoder.attrs.get("bi"):
        raise InputError("bi = true: a language model reads one way, expected bi = false")
    if "given" not in encoder.attrs:
        raise InputError(
            "encoder: expected seqpipe.LSTM.v1, seqpipe.GRU.v1 or seqpipe.Recurrent.v1"
        )
    encoder.attrs["given"] = encoder.attrs["return_state"] = True
    dropouts = [packed_dropout(per=dropout_per) for _ in range(2)]
    model: Model[Reading, Any] = Model(
        "rnn_lm",
        _forward,
        init=_init,
        layers=[tok2vec, list2packed(), dropouts[0], encoder, dropouts[1], output],
        attrs={"first": first, "tied": tied},
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("encoder", encoder)
    model.set_ref("output_layer", output)
    if tied:
        if "word" not in tok2vec.attrs.get(PARTS, ()):
            raise InputError("tied = true: expected seqpipe.WordFeatures.v1 with a width")
        tie(output, word_table(tok2vec))
    return model


def word_table(tok2vec: Model) -> Model:
    """RETURNS (Model): The table of the words' embeddings in `seqpipe.WordFeatures.v1`.

    tok2vec (Model): Such a layer.
    """
    return tok2vec.layers[tok2vec.attrs[PARTS].index("word")]


def first_word(model: Model) -> str:
    """RETURNS (str): The word that stands for the first input in the docs that a model reads.

    model (Model): A `seqpipe.RNNLM.v1`.
    """
    return Vocabulary.BOS if model.attrs["first"] == ZERO else model.attrs["first"]


def use_dense_gradient(model: Model) -> None:
    """Let tied embeddings have one gradient, that as an input and that as an output together.

    model (Model): A `seqpipe.RNNLM.v1`.
    """
    if model.attrs["tied"]:
        word_table(model.get_ref("tok2vec")).attrs[ROW_GRADIENT] = None


def _forward(model: Model, X: Reading, is_train: bool) -> tuple[Any, Callable[[float], None]]:
    ops = model.ops
    tok2vec, pack, before, encoder, after, output = model.layers
    vectors, backprop_vectors = tok2vec(X.docs, is_train)
    packed, backprop_pack = pack(vectors, is_train)
    is_zero = _zeroed(model, X.docs, packed)
    packed.data[is_zero] = 0
    inputs, backprop_before = before(packed, is_train)
    state = X.state
    if state is None:
        state = ops.xp.zeros((len(X.docs), encoder.get_dim("nS")), dtype=packed.data.dtype)
    (hidden, final), backprop_encoder = encoder((inputs, state), is_train)
    hidden, backprop_after = after(hidden, is_train)
    if X.targets is None:
        return (hidden, final), _no_backprop
    rows = packed.packing.rows
    targets = ops.xp.asarray(numpy.concatenate([*X.targets, numpy.zeros(0, dtype="int64")])[rows])
    log_probs, backprop_output = output((hidden.data, targets), is_train)

    def backprop(factor: float) -> None:
        d_hidden = backprop_after(hidden.with_data(backprop_output(factor)))
        d_inputs, _ = backprop_encoder((d_hidden, None))
        d_packed = backprop_before(d_inputs)
        d_packed.data[is_zero] = 0
        backprop_vectors(backprop_pack(d_packed))

    return (unpack(ops, Packed(log_probs[:, None], packed.packing)), final), backprop


def _no_backprop(factor: float) -> None:
    raise ValueError("there is no loss without targets, expected a Reading with some")


def _zeroed(model: Model, docs: list[Doc], packed: Packed) -> Any:
    """The packed rows of first inputs that are zero."""
    if model.attrs["first"] != ZERO or not docs:
        return slice(0, 0)
    is_first = [bool(len(doc)) and doc[0].text == Vocabulary.BOS for doc in docs]
    # Step 0 has one row for each sequence, longest first.
    return numpy.flatnonzero(numpy.array(is_first)[packed.packing.order])


def _init(model: Model, X: Reading | None = None, Y: Any = None) -> None:
    tok2vec, _, _, encoder, _, output = model.layers
    docs = X.docs if X is not None else None
    tok2vec.initialize(X=docs)
    width = tok2vec.get_dim("nO")
    sample: Any = model.ops.alloc2f(1, width)
    encoder.initialize(X=([sample], None))
    output.set_dim("nI", encoder.get_dim("nO"), force=True)
    if model.attrs["tied"] and encoder.get_dim("nO") != word_table(tok2vec).get_dim("nO"):
        raise InputError(
            f"tied = true: encoder's nO = {encoder.get_dim('nO')} and width = "
            f"{word_table(tok2vec).get_dim('nO')} of the words' embeddings: expected the same"
        )
    output.initialize()


def next_log_probs(model: Model, X: Reading) -> tuple[Any, Any]:
    """What may follow the last input of each sequence.

    model (Model): A `seqpipe.RNNLM.v1`.
    X (Reading): Without targets; each doc has an input at least.
    RETURNS (Tuple[ndarray, ndarray]): Log-probabilities `(sequences, nO)` and the state then.
    """
    hidden, final = model.predict(X)
    packing = hidden.packing
    last = numpy.empty(len(packing.lengths), dtype=numpy.int64)
    last[packing.order] = packing.last
    log_probs = model.get_ref("output_layer").predict((hidden.data[last], None))
    return log_probs, final


def unpredictable(vocabulary: Vocabulary, *, ends: bool) -> list[int]:
    """RETURNS (List[int]): Ids that never follow: <PAD>, <BOS>, and <EOS> where there are no ends.

    vocabulary (Vocabulary): The model's.
    ends (bool): Ends of sentences are predicted.
    """
    return [vocabulary.PAD_ID, vocabulary.BOS_ID, *([] if ends else [vocabulary.EOS_ID])]
