"""The direction: three ways to find it, its sign, and what cannot be used."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.debiasing.subspace import METHODS, find_subspace
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.debias_case import PAIRS, changed, planted, without


def angle_free(a, b):
    """Whether two directions are the same line."""
    return abs(abs(float(a @ b)) - 1) < 1e-10


def unit(vectors, word):
    row = vectors.matrix[vectors.index[word]].astype("float64")
    return row / np.sqrt((row**2).sum())


@pytest.mark.parametrize("method", METHODS)
def test_the_planted_direction_is_found_with_the_first_group_positive(method):
    vectors = planted(width=8)
    subspace = find_subspace(vectors, PAIRS, method=method)
    assert subspace.basis.shape == (1, 8)
    assert subspace.basis.dtype == np.float64
    assert subspace.direction[0] > 0.9
    turned = find_subspace(vectors, [pair[::-1] for pair in PAIRS], method=method)
    np.testing.assert_allclose(turned.basis, -subspace.basis, atol=1e-12)


def test_svd_is_the_first_eigenvector_of_the_papers_matrix():
    vectors = planted()
    C = np.zeros((12, 12))
    for pair in PAIRS:  # C = Σ_i Σ_w (w - μ_i)ᵀ (w - μ_i) / |D_i|
        mean = sum(unit(vectors, word) for word in pair) / len(pair)
        for word in pair:
            C += np.outer(unit(vectors, word) - mean, unit(vectors, word) - mean) / len(pair)
    values, columns = np.linalg.eigh(C)
    subspace = find_subspace(vectors, PAIRS, k=2)
    assert angle_free(subspace.basis[0], columns[:, -1])
    assert angle_free(subspace.basis[1], columns[:, -2])
    np.testing.assert_allclose(subspace.variance, values[[-1, -2]] / values.sum())


def test_difference_is_that_of_the_means_and_mean_counts_each_pair_alike():
    vectors = planted()
    apart = [unit(vectors, a) - unit(vectors, b) for a, b in PAIRS]
    for method, parts in [
        ("difference", apart),
        ("mean", [part / np.linalg.norm(part) for part in apart]),
    ]:
        expected = sum(parts) / np.linalg.norm(sum(parts))
        found = find_subspace(vectors, PAIRS, method=method).direction
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_of_one_pair_all_methods_find_its_difference(method):
    vectors = planted()
    expected = unit(vectors, "she") - unit(vectors, "he")
    subspace = find_subspace(vectors, PAIRS[:1], method=method)
    np.testing.assert_allclose(subspace.direction, expected / np.linalg.norm(expected), atol=1e-12)
    np.testing.assert_allclose(subspace.variance, [1.0])


@given(st.permutations(PAIRS), st.sampled_from(METHODS))
def test_the_order_of_the_pairs_does_not_matter_where_they_agree(pairs, method):
    vectors = planted(n=0)
    first, again = (find_subspace(vectors, given, method=method) for given in (PAIRS, pairs))
    np.testing.assert_allclose(again.basis, first.basis, atol=1e-12)
    np.testing.assert_allclose(again.variance, first.variance, atol=1e-12)


def test_the_basis_is_orthonormal_and_sets_of_three_have_two_dimensions_each():
    rng = np.random.default_rng(0)
    words = tuple("abcdef")
    vectors = WordVectors(words, rng.normal(size=(6, 9)))
    subspace = find_subspace(vectors, [("a", "b", "c"), ("d", "e", "f")], k=4)
    np.testing.assert_allclose(subspace.basis @ subspace.basis.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(subspace.variance.sum(), 1.0)
    with pytest.raises(InputError, match=r"k = 5: expected at most 4, .* of 2 pairs differ"):
        find_subspace(vectors, [("a", "b", "c"), ("d", "e", "f")], k=5)


def test_a_pair_without_a_vector_is_left_out_and_named():
    subspace = find_subspace(without(planted(), "girl"), PAIRS)
    assert subspace.pairs == (PAIRS[0], PAIRS[1], PAIRS[3])
    assert [str(left) for left in subspace.left_out] == ["girl/boy (no vector for 'girl')"]


def test_a_pair_with_a_zero_vector_or_equal_ones_is_left_out():
    vectors = planted()
    zero = changed(vectors, girl=np.zeros(12))
    same = changed(vectors, girl=2 * vectors.matrix[vectors.index["boy"]])
    reasons = [find_subspace(v, PAIRS).left_out[0].reason for v in (zero, same)]
    assert reasons == ["no vector for 'girl'", "its words have equal vectors"]


def test_too_few_pairs_stop_and_name_what_is_missing():
    vectors = without(planted(), "girl", "father")
    message = r"2 of 4 pairs can be used, expected at least 3: without girl/boy .*mother/father"
    with pytest.raises(InputError, match=message):
        find_subspace(vectors, PAIRS)
    assert find_subspace(vectors, PAIRS[:2]).k == 1
    with pytest.raises(InputError, match="0 of 1 pairs"):
        find_subspace(vectors, PAIRS[2:3])
    with pytest.raises(InputError, match="0 of 0 pairs"):
        find_subspace(vectors, [])


@pytest.mark.parametrize("again", [("she", "he"), ("he", "she")])
def test_a_pair_that_comes_twice_is_refused(again):
    with pytest.raises(InputError, match=f"{again[0]}/{again[1]} is there twice"):
        find_subspace(planted(), [*PAIRS, again])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "pca"}, "direction = 'pca': expected 'svd', 'mean', 'difference'"),
        ({"k": 0}, "k = 0: expected a whole number, at least 1"),
        ({"k": 2, "method": "mean"}, "k = 2 with direction = 'mean': expected 1"),
        ({"k": 5}, "k = 5: expected at most 4"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        find_subspace(planted(), PAIRS, **settings)


def test_only_svd_takes_sets_of_three():
    vectors = WordVectors(tuple("abc"), np.eye(3))
    with pytest.raises(InputError, match="direction = 'mean' with sets of 3 words"):
        find_subspace(vectors, [tuple("abc")], method="mean")


def test_differences_that_cancel_out_are_no_direction():
    vectors = WordVectors(tuple("abcd"), np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype="f"))
    with pytest.raises(InputError, match="cancel out"):
        find_subspace(vectors, [("a", "b"), ("c", "d")], method="difference")
