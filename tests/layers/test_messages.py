"""What layers say when they refuse something, word for word: what was found, what is expected."""

import numpy
import pytest
from thinc.api import Linear, NumpyOps, Ragged

from seqpipe.layers.adaptive_softmax import AdaptiveSoftmax
from seqpipe.layers.attention import Attention, attend, remember
from seqpipe.layers.attentional import attentional_decoder
from seqpipe.layers.crf import crf_loss
from seqpipe.layers.crf_inference import nbest
from seqpipe.layers.cross_entropy import cross_entropy
from seqpipe.layers.dropout import packed_dropout, word_dropout
from seqpipe.layers.embed import RowGradient, embedding
from seqpipe.layers.encoder_decoder import EncoderDecoder
from seqpipe.layers.level import recurrent_pass
from seqpipe.layers.linear import linear
from seqpipe.layers.packed import Packed, Packing, as_packed, pack
from seqpipe.layers.pooling import Pooling, pooling_weights
from seqpipe.layers.potentials import Potentials
from seqpipe.layers.recurrent import CELLS, GRU, LSTM, Recurrent
from seqpipe.layers.shapes import ManyToMany, ManyToOne, OneToMany, OneToOne
from seqpipe.layers.softmax_output import FullSoftmax, tie

OPS = NumpyOps()
ONCE = "no gradient: expected is_train=True, and backprop called but once"
GIVEN = {"bi": False, "initial": "given", "return_state": True}


def rows(*shape, dtype="float32"):
    return numpy.ones(shape, dtype)


def ready(model, X=None):
    model.initialize(X=X)
    return model


def writer(**options):
    return Recurrent("gru", 4, **(GIVEN | options))


def reader(**options):
    return Recurrent("gru", 4, 3, bi=False, return_state=True, **options)


def network():
    return ready(Recurrent("gru", 4, 3))


def attention(score="general"):
    return ready(Attention(score, 3, 2))


def remembered(*lengths):
    return remember(attention(), [rows(n, 2) for n in lengths], False)[0]


def translator():
    model = EncoderDecoder(reader(), writer(), 2)
    return ready(model, ([rows(2, 3)], [rows(2, 2)]))


def potentials(tags=3):
    flat = numpy.zeros(tags)
    return Potentials(
        numpy.zeros((2, tags)), flat, numpy.zeros((tags, tags)), flat, Packing.of([2])
    )


def vectors(counts):
    return ready(OneToMany(writer(), 2), (rows(2, 3), [1, 1])).predict((rows(2, 3), counts))


def twice():
    Y, backprop = network()([rows(2, 3)], True)
    backprop(Y)
    backprop(Y)


def tied_twice():
    output = FullSoftmax(5, 3)
    tie(output, embedding(3, 5))
    tie(output, embedding(3, 5))


def tied_to_another_width():
    output = FullSoftmax(5, 3)
    tie(output, ready(embedding(2, 6)))
    output.initialize()


def lost():
    output = ready(FullSoftmax(5, 3))
    output((rows(1, 3), None), True)[1](1.0)


def loads_another_cell():
    Recurrent("gru", 4, 3).from_bytes(ready(Recurrent("gru", 4, 3, form="simplified")).to_bytes())


ARGUMENTS = {
    "depth = 0: expected at least 1": lambda: Recurrent("gru", 4, depth=0),
    "nO = 0: expected at least 1": lambda: linear(0),
    "nI = -1: expected at least 1": lambda: FullSoftmax(3, -1),
    "factor = 0: expected at least 1": lambda: AdaptiveSoftmax(factor=0),
    "width = 0: expected at least 1": lambda: embedding(0),
    "nQ = 0: expected at least 1": lambda: Attention("dot", 0),
    "nH = 0: expected at least 1": lambda: Pooling("attention", nH=0),
    "cell = 'lstn': expected one of rnn, gru, lstm": lambda: Recurrent("lstn", 4),
    "score = 'cosine': expected one of additive, dot, general, scaled_dot": lambda: Attention(
        "cosine"
    ),
    "nH = 4: only the additive score has a hidden layer, not dot": lambda: Attention("dot", nH=4),
    "nQ = 3, nK = 2: the scaled_dot score needs equal widths": lambda: Attention(
        "scaled_dot", 3, 2
    ),
    "kind = 'sum': expected one of last, mean, max, attention": lambda: Pooling("sum"),
    "nH = 4: only attention pooling has a hidden layer, not mean": lambda: Pooling("mean", nH=4),
    "bi = True: only for kind = 'last', not 'max'": lambda: Pooling("max", bi=True),
    "nI = 5: expected an even width, half for each of two directions": lambda: Pooling(
        "last", 5, bi=True
    ),
    "nO = 5: expected an even width, half for each of two directions": lambda: LSTM(5),
    "layer_norm = True: nO = 2 is one unit a direction, expected more": lambda: GRU(
        2, layer_norm=True
    ),
    "activation = 'tanh': a gru has no such option, expected none": lambda: Recurrent(
        "gru", 4, activation="tanh"
    ),
    "residual = True: expected a depth of at least 2, or false": lambda: GRU(4, residual=True),
    "dropout = 1.0: expected a rate in [0, 1)": lambda: packed_dropout(1.0),
    "dropout = -0.1: expected a rate in [0, 1)": lambda: packed_dropout(-0.1),
    "dropout_per = 'word': expected one of sequence, element": lambda: packed_dropout(per="word"),
    "word_dropout_rate = 1.0: expected a rate in [0, 1)": lambda: word_dropout(1.0),
    "word_dropout_rate = -0.5: expected a rate in [0, 1)": lambda: word_dropout(-0.5),
    "label_smoothing = 1.0: expected 0 to below 1": lambda: FullSoftmax(label_smoothing=1.0),
    "label_smoothing = -0.1: expected 0 to below 1": lambda: FullSoftmax(label_smoothing=-0.1),
    "init_range = 0.0: expected more than 0": lambda: FullSoftmax(init_range=0.0),
    "seqpipe.AdaptiveSoftmax.v1: cutoffs = [3, 3]: expected ids that rise, from 1 on": lambda: (
        AdaptiveSoftmax(cutoffs=[3, 3])
    ),
    "seqpipe.AdaptiveSoftmax.v1: cutoffs = [3, 9]: expected ids that rise, from 1 on and below the "
    "number of ids, 9": lambda: AdaptiveSoftmax(9, cutoffs=[3, 9]),
    "cannot tie 'full_softmax': expected a seqpipe.FullSoftmax.v1, once": tied_twice,
    "cannot tie to 'linear': expected an embedding, with a table E": lambda: tie(
        FullSoftmax(5, 3), Linear(3, 5)
    ),
    "an output of 5 ids from rows of width 3, tied to a table of 6 rows of width 2: expected the "
    "same": tied_to_another_width,
    "saved with form = 'simplified', expected 'full'": loads_another_cell,
    "feeding = 'both': expected one of none, input, context": lambda: attentional_decoder(
        writer(), feeding="both"
    ),
    "feeding = 'input': expected attention, or 'none'": lambda: attentional_decoder(
        writer(), feeding="input"
    ),
    "attention: expected seqpipe.Attention.v1, found linear": lambda: attentional_decoder(
        writer(), Linear(3)
    ),
    "encoder: initial = 'given', expected 'zero' or 'learned'": lambda: OneToOne(writer()),
    "encoder: return_state = True, expected False in this shape": lambda: ManyToOne(reader()),
    "encoder: return_state = False, expected True in this shape": lambda: EncoderDecoder(
        Recurrent("gru", 4), writer()
    ),
    "encoder: expected seqpipe.Recurrent.v1 or its kin, found linear": lambda: ManyToMany(Linear()),
    "encoder: expected seqpipe.Recurrent.v1 or its kin, found str": lambda: ManyToMany("gru"),
    "encoder: expected nO, its width, which no data gives": lambda: ManyToOne(Recurrent("gru")),
    "decoder: expected initial = 'given', the state that it goes on from": lambda: OneToMany(
        reader()
    ),
    "decoder: bi = True, expected False in this shape": lambda: OneToMany(writer(bi=True)),
    "decoder: return_state = False, expected True in this shape": lambda: OneToMany(
        writer(return_state=False)
    ),
}

INPUT = {
    "a list of arrays expected, found list in it": lambda: pack(OPS, [rows(2, 3), [0.0]]),
    "sequences of floats expected, found int32, int64": lambda: pack(
        OPS, [rows(2, 3), rows(1, 3, dtype="int64"), rows(1, 3, dtype="int32")]
    ),
    "sequences of shape (length, width) expected, one width; found {(2, 2)}": lambda: pack(
        OPS, [rows(3, 2, 2)]
    ),
    "sequences of shape (length, width) of floats expected, found 1 dimensions of "
    "float64": lambda: as_packed(OPS, Packed(numpy.ones(3), Packing.of([3]))),
    "sequences of shape (length, width) of floats expected, found 2 dimensions of int64": lambda: (
        as_packed(OPS, Packed(rows(3, 2, dtype="int64"), Packing.of([3])))
    ),
    "Ragged of 3 rows, lengths [2, 2]: expected their sum": lambda: as_packed(
        OPS, Ragged(rows(3, 2), numpy.array([2, 2], "i"))
    ),
    "a list of arrays, Ragged, Padded or Packed expected, found ndarray": lambda: as_packed(
        OPS, rows(3, 2)
    ),
    "input of width 5, expected nI=3": lambda: network().predict([rows(2, 5)]),
    "gradient of width 1, expected nO=4": lambda: network()([rows(2, 3)], True)[1]([rows(2, 1)]),
    "gradient of sequences of lengths [1], expected [2]": lambda: network()([rows(2, 3)], True)[1](
        [rows(1, 4)]
    ),
    "nI: expected it given, or a sample that shows it": lambda: Recurrent("gru", 4).initialize(
        X=[rows(2, 0)]
    ),
    "expected a pair of sequences and state, found list": lambda: ready(
        Recurrent("gru", 4, 3, **GIVEN)
    ).predict([rows(2, 3)]),
    "state of shape (2, 4) of float32, expected floats, (sequences, nS) = (1, 4)": lambda: ready(
        Recurrent("gru", 4, 3, **GIVEN)
    ).predict(([rows(2, 3)], rows(2, 4))),
    "state of shape None of list, expected floats, (sequences, nS) = (1, 4)": lambda: ready(
        Recurrent("gru", 4, 3, **GIVEN)
    ).predict(([rows(2, 3)], [0.0])),
    "a pass is run by its level: call recurrent_level, or Recurrent": lambda: recurrent_pass(
        CELLS["gru"]()
    ).predict(None),
    ONCE: twice,
    "expected a pair of queries and memory, found list": lambda: attention().predict([rows(2, 3)]),
    "queries of width 2, expected nQ=3": lambda: attention().predict(([rows(2, 2)], [rows(2, 2)])),
    "memory of width 3, expected nK=2": lambda: attention().predict(([rows(2, 3)], [rows(2, 3)])),
    "1 sequences of queries, 2 of memory: expected one for each": lambda: attention().predict(
        ([rows(2, 3)], [rows(2, 2), rows(1, 2)])
    ),
    "queries of int64, expected floats": lambda: attend(
        attention(), rows(1, 1, 3, dtype="int64"), remembered(2)
    ),
    "queries of shape (1, 1, 3), expected (2, steps, nQ=3)": lambda: attend(
        attention(), rows(1, 1, 3), remembered(2, 1)
    ),
    "mean pooling has no weights: expected attention": lambda: pooling_weights(
        ready(Pooling("mean", 2)), [rows(2, 2)]
    ),
    "input: expected an array (rows, width) of floats, found 3 dimensions of float32": lambda: (
        ready(linear(2, 3)).predict(rows(2, 2, 3))
    ),
    "input: expected an array (rows, width) of floats, found list": lambda: ready(
        linear(2, 3)
    ).predict([[1.0]]),
    "sample: expected an array (rows, width) of floats, found 2 dimensions of int64": lambda: (
        linear(2).initialize(X=rows(2, 3, dtype="int64"))
    ),
    "rows of width 2, expected nI=3": lambda: ready(FullSoftmax(5, 3)).predict((rows(1, 2), None)),
    "rows: expected an array (rows, width) of floats, found 1 dimensions of float32": lambda: ready(
        FullSoftmax(5, 3)
    ).predict((rows(3), None)),
    "expected a pair of rows and targets, found ndarray": lambda: ready(FullSoftmax(5, 3)).predict(
        rows(2, 3)
    ),
    "there is no loss to go back from, expected training with targets": lost,
    "gradient of shape (2, 3) for ids of shape (1,), expected (ids, width)": lambda: (
        RowGradient().add(numpy.array([1]), rows(2, 3))
    ),
    "expected a pair of vectors and lengths, found ndarray": lambda: ready(
        OneToMany(writer(), 2), (rows(2, 3), [1, 1])
    ).predict(rows(2, 3)),
    "lengths = [1, -2]: expected whole numbers from 0 on": lambda: vectors([1, -2]),
    "lengths = [1.0, 2.0]: expected whole numbers from 0 on": lambda: vectors([1.0, 2.0]),
    "2 vectors, 1 lengths: expected one for each": lambda: vectors([1]),
    "expected a pair of source and target sequences, found list": lambda: translator().predict(
        [rows(2, 3)]
    ),
    "2 source sequences, 1 target: one for each expected": lambda: translator().predict(
        ([rows(2, 3), rows(1, 3)], [rows(2, 2)])
    ),
    "targets of shape (2,): expected (1,), one for each row": lambda: cross_entropy(
        OPS, rows(1, 5), numpy.array([0, 1])
    ),
    "targets from 0 to 5: expected ids from 0 to 4, or -1 where there is none": lambda: (
        cross_entropy(OPS, rows(2, 5), numpy.array([0, 5]))
    ),
    "gold tags of shape (1,): expected (2,), one a token": lambda: crf_loss(
        potentials(), numpy.array([0])
    ),
    "gold tags from 1 to 3: expected 0 to 2, or -1 where there is none": lambda: crf_loss(
        potentials(), numpy.array([3, 1])
    ),
    "n=0: at least 1 expected": lambda: nbest(potentials(), 0),
}
REFUSED = {**ARGUMENTS, **INPUT}


@pytest.mark.parametrize("message", REFUSED)
def test_a_layer_says_what_it_found_and_what_it_expects(message):
    with pytest.raises(ValueError) as refusal:
        REFUSED[message]()
    assert str(refusal.value) == message
