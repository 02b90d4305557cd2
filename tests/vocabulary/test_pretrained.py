"""The pipeline's vectors as part of a token's vector: frozen, or copied and tuned."""

import numpy
import pytest
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import Adam, Model

from seqpipe.files import InputError
from seqpipe.layers.characters import CharacterCNN
from seqpipe.layers.embed import keep_row_gradients, row_gradients, update_rows
from seqpipe.vocabulary.pretrained import pretrained
from tests.gradients import parameter_errors, to_float64
from tests.vocabulary.test_embed import docs_of, word_features

WIDTH = 5
KNOWN = ["anna", "Anna", "paid", "in", "bonn", "lima"]
MODES = ["frozen", "tuned"]
every_mode = pytest.mark.parametrize("mode", MODES)


def vocab_of(words=KNOWN, width: int = WIDTH) -> Vocab:
    """A vocab with random vectors, far from a standard deviation of 1, and some spare rows."""
    rng = numpy.random.default_rng(0)
    vocab = Vocab()
    for word in words:
        vocab.set_vector(word, 7 * rng.normal(size=width).astype("f"))
    return vocab


def floret(attr: str = "ORTH") -> Vectors:
    data = numpy.random.default_rng(0).normal(size=(20, WIDTH)).astype("f")
    return Vectors(data=data, mode="floret", minn=2, maxn=3, hash_count=2, attr=attr)


def layer(mode: str, vectors, *, std: float = 0.0, words=("Anna", "paid")) -> Model:
    model = pretrained(mode, std)
    model.initialize(X=(words, vectors))
    return model


def look_up(model: Model, texts: list[str], vectors) -> numpy.ndarray:
    return model.predict((texts, vectors))


# What is read


@every_mode
def test_a_word_is_looked_up_as_written_then_lower_cased(mode):
    vectors = vocab_of().vectors
    Y = look_up(layer(mode, vectors), ["Anna", "ANNA", "Paid", "BONN"], vectors)
    expected = [vectors[word] for word in ("Anna", "anna", "paid", "bonn")]
    numpy.testing.assert_allclose(Y, expected, rtol=1e-6)


@every_mode
def test_a_word_that_training_never_showed_has_its_vector(mode):
    vectors = vocab_of().vectors
    Y = look_up(layer(mode, vectors, words=["paid"]), ["lima"], vectors)
    numpy.testing.assert_allclose(Y[0], vectors["lima"], rtol=1e-6)


@every_mode
def test_words_without_a_vector_read_one_learned_row(mode):
    vectors = vocab_of().vectors
    model = layer(mode, vectors)
    model.layers[0].get_param("E")[0] = 3.0
    Y = look_up(model, ["Zagreb", "in", "42", ""], vectors)
    assert (Y[[0, 2, 3]] == 3.0).all()
    numpy.testing.assert_allclose(Y[1], vectors["in"], rtol=1e-6)


@every_mode
def test_words_that_share_a_row_have_the_same_vector(mode):
    vectors = vocab_of().vectors
    vectors.add("Bonn-on-Rhine", row=vectors.key2row[vectors.strings["bonn"]])
    Y = look_up(layer(mode, vectors), ["bonn", "Bonn-on-Rhine"], vectors)
    assert numpy.array_equal(Y[0], Y[1])


@every_mode
def test_the_vectors_are_scaled_to_the_deviation_that_is_asked(mode):
    vectors = vocab_of().vectors
    Y = look_up(layer(mode, vectors, std=0.25), KNOWN, vectors)
    assert Y.std() == pytest.approx(0.25, rel=1e-5)
    as_they_are = look_up(layer(mode, vectors), KNOWN, vectors)
    numpy.testing.assert_allclose(Y / as_they_are, Y[0, 0] / as_they_are[0, 0], rtol=1e-5)


def test_a_tuned_table_does_not_look_at_the_pipeline_again():
    vectors = vocab_of().vectors
    model = layer("tuned", vectors)
    expected = look_up(model, KNOWN, vectors)
    vectors.data[...] = 0.0
    assert numpy.array_equal(look_up(model, KNOWN, Vocab().vectors), expected)


def test_frozen_floret_vectors_give_every_word_its_own():
    vectors = floret()
    model = layer("frozen", vectors, std=0.5, words=["Anna", "paid", "Bonn"])
    Y = look_up(model, ["Anna", "anna", "Zagreb"], vectors)
    raw = vectors.get_batch(["Anna", "anna", "Zagreb"])
    numpy.testing.assert_allclose(Y, raw * model.attrs["scale"], rtol=1e-6)
    assert look_up(model, ["Anna", "paid", "Bonn"], vectors).std() == pytest.approx(0.5, rel=1e-5)


def test_floret_vectors_of_lower_cased_text_are_asked_in_lower_case():
    vectors = floret("LOWER")
    Y = look_up(layer("frozen", vectors, words=["paid"]), ["ANNA", "anna"], vectors)
    numpy.testing.assert_allclose(Y, vectors.get_batch(["anna", "anna"]), rtol=1e-6)


# What is learned


@pytest.mark.parametrize("static_vectors", [0, 2])
@pytest.mark.parametrize("characters", [False, True], ids=["no-characters", "characters"])
@every_mode
def test_gradient_matches_finite_differences(mode, characters, static_vectors):
    docs = docs_of(vocab=vocab_of())
    options = {"characters": CharacterCNN(6, width=3) if characters else None}
    model = to_float64(
        word_features(docs, vectors=mode, static_vectors=static_vectors, unk_rate=0.0, **options)
    )
    rng = numpy.random.default_rng(0)
    directions = [rng.normal(size=(len(doc), model.get_dim("nO"))) for doc in docs]

    def loss() -> float:
        return sum(
            float((y * d).sum()) for y, d in zip(model(docs, True)[0], directions, strict=True)
        )

    model(docs, True)[1](directions)
    (table,) = (node.layers[0] for node in model.walk() if node.name == mode)
    errors = parameter_errors(loss, model)
    assert max(errors.values()) < 1e-6, errors
    assert table.get_grad("E")[0].any()  # there are words without a vector


def test_an_update_touches_only_the_rows_that_were_read():
    vocab = vocab_of()
    docs = docs_of(["Anna paid 42", "Anna 43"], vocab)
    model = word_features(docs_of(vocab=vocab), vectors="tuned")
    keep_row_gradients(model)
    table = model.layers[-1].layers[0]
    before = table.get_param("E").copy()
    Y, backprop = model(docs, True)
    backprop([numpy.ones_like(y) for y in Y])
    optimizer = Adam(0.01)
    for node, gradient in row_gradients(model):
        update_rows(optimizer, node, gradient)
    changed = (table.get_param("E") != before).any(axis=1)
    read = model.layers[-1].attrs["rows"][
        numpy.isin(model.layers[-1].attrs["keys"], [vocab.strings["Anna"], vocab.strings["paid"]])
    ]
    assert set(numpy.flatnonzero(changed)) == {0, *read.tolist()}
    moments = optimizer.mom1[table.id, "E"].reshape(before.shape)
    assert set(numpy.flatnonzero(moments.any(axis=1))) == {0, *read.tolist()}


@every_mode
def test_the_pipeline_s_vectors_stay_as_they_are(mode):
    vocab = vocab_of()
    docs, before = docs_of(vocab=vocab), vocab.vectors.data.copy()
    model = word_features(docs, vectors=mode)
    keep_row_gradients(model)
    Y, backprop = model(docs, True)
    backprop([numpy.ones_like(y) for y in Y])
    for node, gradient in row_gradients(model):
        update_rows(Adam(0.1), node, gradient)
    assert numpy.array_equal(vocab.vectors.data, before)
    assert model.layers[-1].layers[0].get_param("E")[0].any()


def test_frozen_vectors_learn_the_row_of_the_unknown_alone():
    model = layer("frozen", vocab_of().vectors)
    assert model.layers[0].get_param("E").shape == (1, WIDTH)


# Nothing to read, other vectors, saved and loaded


@pytest.mark.parametrize("texts", [[], ["", ""]], ids=["no-docs", "empty-docs"])
@every_mode
def test_nothing_to_read(mode, texts):
    vocab = vocab_of()
    model = word_features(docs_of(vocab=vocab), vectors=mode)
    Y, backprop = model(docs_of(texts, vocab), True)
    assert [y.shape for y in Y] == [(0, model.get_dim("nO"))] * len(texts)
    backprop(Y)


def test_a_second_initialize_takes_other_vectors():
    docs = docs_of(vocab=vocab_of())
    model = word_features(docs, vectors="tuned")
    others = docs_of(vocab=vocab_of(["Ms", "Bell"], width=3))
    model.initialize(X=others)
    assert model.get_dim("nO") == 4 + 3 * 2 + 3
    assert model.layers[-1].layers[0].get_param("E").shape == (3, 3)
    assert model.predict(others)[0].shape == (len(others[0]), model.get_dim("nO"))


@every_mode
def test_round_trip_through_bytes(mode):
    vectors = vocab_of().vectors
    model = layer(mode, vectors, std=0.7)
    model.layers[0].get_param("E")[0] = 3.0
    loaded = pretrained(mode, 0.25).from_bytes(model.to_bytes())
    texts = ["Anna", "ANNA", "Zagreb"]
    assert numpy.array_equal(look_up(loaded, texts, vectors), look_up(model, texts, vectors))


# Faults


@every_mode
def test_a_pipeline_without_vectors_is_refused(mode):
    with pytest.raises(InputError, match=rf"vectors = '{mode}': the pipeline has no vectors"):
        layer(mode, Vocab().vectors)


def test_an_unknown_mode_is_refused():
    with pytest.raises(InputError, match="vectors = 'cold': expected 'none', 'frozen' or 'tuned'"):
        word_features(docs_of(), vectors="cold")


@pytest.mark.parametrize("std", [-0.1, float("nan"), float("inf")])
def test_a_deviation_that_is_none_is_refused(std):
    with pytest.raises(InputError, match=r"vectors_std = .*: expected a deviation"):
        word_features(docs_of(), vectors="tuned", vectors_std=std)


def test_floret_vectors_cannot_be_tuned():
    with pytest.raises(InputError, match=r"no table of words.*expected 'frozen'"):
        layer("tuned", floret())


@pytest.mark.parametrize("value", [0.0, float("nan")], ids=["zero", "nan"])
@every_mode
def test_vectors_that_cannot_be_scaled_are_refused(mode, value):
    vectors = vocab_of().vectors
    vectors.data[...] = value
    with pytest.raises(InputError, match="standard deviation of the pipeline's vectors is"):
        layer(mode, vectors, std=0.25)


def test_vectors_of_another_width_are_refused_at_use():
    model = layer("frozen", vocab_of().vectors)
    with pytest.raises(InputError, match="vectors have 3 dimensions, expected 5 as in training"):
        look_up(model, ["Anna"], vocab_of(width=3).vectors)
    with pytest.raises(InputError, match="the pipeline has no vectors"):
        look_up(model, ["Anna"], Vocab().vectors)
