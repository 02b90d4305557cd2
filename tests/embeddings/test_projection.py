"""Projections: principal components against numpy's own, t-SNE's neighbours, the same bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seqpipe.embeddings.matrix import Embeddings
from seqpipe.embeddings.projection import pca, tsne, usual_perplexity
from seqpipe.files import InputError


def named(E):
    return Embeddings([f"w{i}" for i in range(len(E))], np.asarray(E, dtype="float32"))


def random_words(words=40, width=8, seed=0):
    return named(np.random.default_rng(seed).normal(size=(words, width)))


def test_components_are_those_of_the_covariance_matrix():
    words = random_words()
    unit = words.unit.astype("float64")
    values, directions = np.linalg.eigh(np.cov(unit.T))
    places, shares = pca(words)
    centred = unit - unit.mean(axis=0)
    for component in (0, 1):
        expected = centred @ directions[:, -1 - component]
        assert abs(places[:, component] @ expected) == pytest.approx(expected @ expected)
        assert shares[component] == pytest.approx(values[-1 - component] / values.sum())


def test_a_component_does_not_turn_round_with_the_order_of_the_words():
    words = random_words()
    turned = words.subset(words.words[::-1])
    np.testing.assert_allclose(pca(turned).places[::-1], pca(words).places, atol=1e-6)


def test_only_the_direction_of_a_vector_counts():
    words = random_words()
    lengths = np.linspace(0.5, 20, len(words))[:, None].astype("float32")
    longer = Embeddings(words.words, words.E * lengths)
    np.testing.assert_allclose(pca(longer).places, pca(words).places, atol=1e-6)


def test_two_words_lie_on_a_line():
    places, shares = pca(named([[1, 0, 0], [0, 1, 0]]))
    assert shares == pytest.approx([1, 0])
    np.testing.assert_allclose(abs(places), [[np.sqrt(0.5), 0]] * 2, atol=1e-7)


def test_vectors_of_one_number_have_one_component():
    places, shares = pca(named([[1.0], [-1.0], [2.0]]))
    assert shares == pytest.approx([1, 0])
    assert places[:, 1].tolist() == [0, 0, 0]


@given(arrays("float32", (6, 3), elements=st.floats(-1e3, 1e3, width=32)))
def test_places_are_finite_or_the_fault_is_said(E):
    words = named(E)
    if np.ptp(words.unit, axis=0).max() < 1e-7:
        with pytest.raises(InputError, match="point the same way"):
            pca(words)
    elif np.ptp(words.unit, axis=0).max() > 1e-5:
        places, shares = pca(words)
        assert np.isfinite(places).all()
        assert 0 <= shares[1] <= shares[0] <= 1


@pytest.mark.parametrize("words", [0, 1])
def test_a_map_needs_two_words(words):
    with pytest.raises(InputError, match=f"words to draw: {words}, expected at least 2"):
        pca(named(np.ones((words, 3))))


def test_usual_perplexity_is_30_or_a_third_of_few_words():
    assert usual_perplexity(1000) == 30
    assert usual_perplexity(31) == 10


@pytest.fixture
def groups():
    """Three groups of twenty words, each around a direction of its own."""
    pytest.importorskip("sklearn")
    noise = np.random.default_rng(0).normal(0, 0.05, (60, 12))
    return named(np.repeat(np.eye(12)[:3], 20, axis=0) + noise)


@pytest.mark.parametrize("seed", [None, 1])
def test_words_lie_nearest_to_those_of_their_group(groups, seed):
    places = tsne(groups, perplexity=10, seed=seed)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) // 20 == np.arange(60) // 20).all()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(groups):
    assert tsne(groups).tobytes() == tsne(groups).tobytes()
    assert tsne(groups, seed=1).tobytes() == tsne(groups, seed=1).tobytes()
    assert tsne(groups, seed=1).tobytes() != tsne(groups, seed=2).tobytes()


@pytest.mark.parametrize("perplexity", [0.5, -1.0, 60.0, float("nan")])
def test_a_perplexity_that_does_not_fit_is_refused(groups, perplexity):
    with pytest.raises(InputError, match="expected at least 1 and less than the 60 words drawn"):
        tsne(groups, perplexity=perplexity)


def test_the_fewest_words_are_placed_and_fewer_are_refused():
    pytest.importorskip("sklearn")
    assert np.isfinite(tsne(random_words(4))).all()
    with pytest.raises(InputError, match="words to draw: 3, expected at least 4 for t-SNE"):
        tsne(random_words(3))


def test_equal_vectors_are_refused(groups):
    with pytest.raises(InputError, match="all vectors point the same way"):
        tsne(named(np.arange(1, 11)[:, None] * np.ones((1, 4))))
