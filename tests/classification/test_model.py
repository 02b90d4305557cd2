"""The two architectures: their gradients, their pooling, padding that cannot leak, long texts."""

import numpy
import pytest
import spacy
from thinc.api import Model, set_dropout_rate

from seqpipe.classification.long_texts import cut, in_windows, read_tokens
from seqpipe.classification.model import AverageEmbedding, RNNClassifier
from seqpipe.files import InputError
from seqpipe.layers.packed import pack, unpack
from seqpipe.layers.recurrent import LSTM, Recurrent
from tests.classification.text_case import labelled
from tests.gradients import FLOAT64, gradient_errors, to_float64

LENGTHS = (4, 1, 7, 3)


def no_tok2vec():
    return Model("given", lambda model, X, is_train: (X, lambda dY: dY))


def recurrent(pooling="max", **options):
    return RNNClassifier(no_tok2vec(), LSTM(6, bi=True), pooling=pooling, **options)


def average(**options):
    return AverageEmbedding(no_tok2vec(), **options)


def initialised(model, *, width=3, classes=2):
    """The model in float64, and a batch of sequences."""
    rng = numpy.random.default_rng(0)
    sequences = [rng.normal(size=(length, width)) for length in LENGTHS]
    model.get_ref("output_layer").set_dim("nO", classes)
    spacy.util.fix_random_seed(0)
    model.initialize(X=[X.astype("f") for X in sequences])
    for node in model.walk():
        for name in node.param_names:
            value = node.get_param(name)
            node.set_param(name, value + 0.3 * rng.normal(size=value.shape).astype("f"))
    return to_float64(model), sequences


def rows_of(body):
    """The body with one array a text, as the gradient check wants it."""

    def forward(model, X, is_train):
        Y, backprop = model.layers[0](X, is_train)
        return list(Y), lambda dYs: backprop(numpy.stack(dYs))

    return Model("rows", forward, layers=[body])


MODELS = {
    **{pooling: lambda pooling=pooling: recurrent(pooling) for pooling in ("last", "mean", "max")},
    "attention": lambda: recurrent("attention"),
    "cut": lambda: recurrent("last", max_tokens=3, long_texts="both"),
    "windows": lambda: recurrent("mean", max_tokens=2, long_texts="windows"),
    "gru": lambda: RNNClassifier(no_tok2vec(), Recurrent("gru", 6, depth=2)),
    "average": lambda: average(word_dropout_rate=0.0),
    "deep average": lambda: average(word_dropout_rate=0.4, hidden_width=5, hidden_depth=2),
}


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_the_gradient_is_that_of_finite_differences(make, dropout):
    model, sequences = initialised(make())
    set_dropout_rate(model, dropout)
    for name, error in gradient_errors(rows_of(model.get_ref("body")), sequences).items():
        assert error < 1e-6, name


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_text_has_the_same_logits_in_any_batch(make):
    model, sequences = initialised(make())
    together = model.predict(sequences)
    for X, logits in zip(sequences, together, strict=True):
        numpy.testing.assert_allclose(model.predict([X])[0], logits, atol=1e-12)


def test_the_average_is_the_average():
    model, sequences = initialised(average())
    W, b = (model.get_ref("output_layer").get_param(name) for name in ("W", "b"))
    for X, logits in zip(sequences, model.predict(sequences), strict=True):
        numpy.testing.assert_allclose(logits, W @ X.mean(axis=0) + b, atol=1e-12)


@pytest.mark.parametrize(
    ("way", "expected"),
    [("start", [0, 1, 2]), ("end", [4, 5, 6]), ("both", [0, 1, 6])],
)
def test_long_texts_are_cut(way, expected):
    layer = cut(3, way)
    X = numpy.arange(14.0).reshape(7, 2)
    (Y, short), backprop = layer([X, X[:3]], True)
    numpy.testing.assert_array_equal(Y, X[expected])
    numpy.testing.assert_array_equal(short, X[:3])
    dX = backprop([numpy.ones((3, 2)), numpy.ones((3, 2))])[0]
    assert numpy.flatnonzero(dX.sum(axis=1)).tolist() == expected
    assert [i for part in read_tokens(layer, 7) for i in range(7)[part]] == expected


def test_windows_know_nothing_of_each_other():
    encoder = LSTM(4, 3, bi=True)
    encoder.initialize()
    to_float64(encoder)
    sequences = [numpy.random.default_rng(i).normal(size=(n, 3)) for i, n in enumerate((7, 2, 0))]
    whole = unpack(FLOAT64, in_windows(encoder, 3).predict(pack(FLOAT64, sequences)))
    for X, Y in zip(sequences, whole, strict=True):
        for start in range(0, len(X), 3):
            alone = encoder.predict([X[start : start + 3]])[0]
            numpy.testing.assert_allclose(Y[start : start + 3], alone, atol=1e-12)


def test_an_average_of_windows_reads_all():
    one, sequences = initialised(average(max_tokens=2, long_texts="windows"))
    other, _ = initialised(average())
    numpy.testing.assert_allclose(one.predict(sequences), other.predict(sequences))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tokens": -1}, "max_tokens = -1"),
        ({"long_texts": "middle"}, "long_texts = 'middle': expected one of start, end, both"),
        ({"long_texts": "windows"}, "expected max_tokens, the size of a window"),
        ({"hidden_depth": 1}, "hidden_depth = 1, hidden_width = 0"),
        ({"hidden_width": 5}, "hidden_depth = 0, hidden_width = 5"),
        ({"word_dropout_rate": 1.0}, "word_dropout_rate = 1.0"),
    ],
)
def test_settings_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        average(**options)


def test_the_last_step_of_windows_is_refused():
    with pytest.raises(InputError, match="pooling = 'last' with long_texts = 'windows'"):
        recurrent("last", max_tokens=2, long_texts="windows")


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_every_token_of_windows_is_read(pooling):
    model, sequences = initialised(recurrent(pooling, max_tokens=2, long_texts="windows"))
    Y, backprop = model(sequences, True)
    for dX in backprop(numpy.ones_like(Y)):
        assert (abs(dX).sum(axis=1) > 0).all()


def test_an_encoder_that_gives_its_state_is_refused():
    with pytest.raises(ValueError, match="return_state = True, expected False"):
        RNNClassifier(no_tok2vec(), LSTM(6, return_state=True))


def test_the_lecture_s_sentence_shows_what_the_average_gets_wrong():
    """The average cannot tell "lacking in good taste" from "good, lacking in taste"."""
    pairs = [(["good", "not", "bad"], "positive"), (["bad", "not", "good"], "negative")]
    results = {}
    for name in ("seqpipe.RNNClassifier.v1", "seqpipe.AverageEmbedding.v1"):
        nlp = spacy.blank("xx")
        tok2vec = {"@architectures": "seqpipe.WordFeatures.v1", "width": 8, "features": []}
        tok2vec |= {"vocabulary": {"@misc": "seqpipe.Vocabulary.v1"}}
        model = {"@architectures": name, "tok2vec": tok2vec}
        if name == "seqpipe.RNNClassifier.v1":
            model |= {"encoder": {"@layers": "seqpipe.LSTM.v1", "nO": 8}}
        nlp.add_pipe("rnn_textcat", config={"model": model})
        examples = [labelled(nlp, " ".join(words), {label: 1.0}) for words, label in pairs] * 4
        spacy.util.fix_random_seed(0)
        optimizer = nlp.initialize(lambda given=examples: given)
        optimizer.learn_rate = 0.02
        for _ in range(60):
            nlp.update(examples, sgd=optimizer)
        results[name] = [nlp(" ".join(words)).cats["positive"] for words, _ in pairs]
    assert results["seqpipe.RNNClassifier.v1"] == pytest.approx([1.0, 0.0], abs=0.2)
    assert results["seqpipe.AverageEmbedding.v1"] == pytest.approx([0.5, 0.5], abs=0.1)
