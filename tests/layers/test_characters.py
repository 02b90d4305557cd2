import numpy
import pytest
from thinc.types import Ragged

from seqpipe.layers.characters import CharacterCNN, CharacterLSTM
from tests.gradients import parameter_errors, to_float64

WORDS = [[2, 5, 3], [2, 4, 4, 5, 3], [2, 3], [2, 6, 3]]


def ragged(words) -> Ragged:
    flat = numpy.array([i for word in words for i in word], dtype=numpy.int64)
    return Ragged(flat, numpy.array([len(word) for word in words], dtype="i"))


def encoder(kind):
    numpy.random.seed(0)
    model = kind(6, width=4)
    model.set_dim("nV", 8)
    model.initialize()
    return model


@pytest.mark.parametrize("kind", [CharacterCNN, CharacterLSTM])
def test_gradient_matches_finite_differences(kind):
    model = to_float64(encoder(kind))
    X = ragged(WORDS)
    direction = numpy.random.normal(size=(len(WORDS), 6))
    _, backprop = model(X, True)
    backprop(direction)
    errors = parameter_errors(lambda: float((model.predict(X) * direction).sum()), model)
    assert errors
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("kind", [CharacterCNN, CharacterLSTM])
def test_a_word_alone_gives_what_it_gives_among_others(kind):
    model = encoder(kind)
    together = model.predict(ragged(WORDS))
    for i, word in enumerate(WORDS):
        assert numpy.allclose(model.predict(ragged([word])), together[i], atol=1e-6)


def test_the_convolution_is_the_maximum_over_windows_of_three():
    model = encoder(CharacterCNN)
    E, W, b = (model.get_param(name) for name in ("E", "W", "b"))
    word = [2, 4, 5, 3]
    padded = numpy.vstack([numpy.zeros(4), E[word], numpy.zeros(4)])
    windows = [sum(padded[t + k] @ W[k] for k in range(3)) + b for t in range(4)]
    expected = numpy.maximum(windows, 0).max(axis=0)
    assert numpy.allclose(model.predict(ragged([word]))[0], expected, atol=1e-6)


@pytest.mark.parametrize("kind", [CharacterCNN, CharacterLSTM])
def test_round_trip_through_bytes(kind):
    model = encoder(kind)
    other = kind(6, width=4).from_bytes(model.to_bytes())
    assert numpy.array_equal(model.predict(ragged(WORDS)), other.predict(ragged(WORDS)))


@pytest.mark.parametrize("kind", [CharacterCNN, CharacterLSTM])
def test_no_words(kind):
    assert encoder(kind).predict(ragged([])).shape == (0, 6)
