"""Hard debiasing: against the paper's equations, and what must hold after it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.debiasing.hard import equalise, hard_debias
from seqpipe.debiasing.roles import assign_roles
from seqpipe.debiasing.subspace import Subspace, find_subspace
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.debias_case import EQUAL, LISTS, PAIRS, changed, letters, planted

# Equalised too, so that all pairs of the lists are.
ALL = replace(LISTS, equalise=(*PAIRS, *EQUAL))


def debiased(vectors, lists=ALL, *, k=1, lengths=None):
    subspace = find_subspace(vectors, lists.pairs, k=k)
    roles = assign_roles(vectors, lists, equalise=True, cases=False)
    return hard_debias(vectors, subspace, roles, lengths=lengths), subspace, roles


def of_the_paper(vectors, lists):
    """Bolukbasi et al. 2016, section 5, line by line, for one dimension and pairs."""
    w = {}
    for word, row in zip(vectors.words, vectors.matrix, strict=True):
        w[word] = np.array([float(value) for value in row])
        w[word] = w[word] / np.sqrt(np.sum(w[word] ** 2))
    # Step 1: C, and its first singular vector.
    C = 0
    for a, b in lists.pairs:
        mu = (w[a] + w[b]) / 2
        C = C + (np.outer(w[a] - mu, w[a] - mu) + np.outer(w[b] - mu, w[b] - mu)) / 2
    u, _, _ = np.linalg.svd(C)
    g = u[:, 0]
    specific = {*lists.definitional}
    for pair in (*lists.pairs, *lists.equalise):
        specific |= set(pair)
    # Step 2a: neutralise.
    for word in w:
        if word not in specific:
            w_B = np.dot(w[word], g) * g
            w[word] = (w[word] - w_B) / np.sqrt(np.sum((w[word] - w_B) ** 2))
    # Equalise.
    for pair in lists.equalise:
        mu = (w[pair[0]] + w[pair[1]]) / 2
        mu_B = np.dot(mu, g) * g
        nu = mu - mu_B
        new = {}
        for word in pair:
            w_B = np.dot(w[word], g) * g
            side = (w_B - mu_B) / np.sqrt(np.sum((w_B - mu_B) ** 2))
            new[word] = nu + np.sqrt(1 - np.sum(nu**2)) * side
        w.update(new)
    return np.array([w[word] for word in vectors.words])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fifty_words_equal_the_papers_equations(dtype):
    vectors = planted(n=36, width=20, dtype=dtype)
    assert len(vectors.words) == 50
    found, _, _ = debiased(vectors)
    assert found.vectors.matrix.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(found.vectors.matrix, of_the_paper(vectors, ALL), atol=tolerance)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    width=st.integers(3, 40),
    k=st.integers(1, 2),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    keep=st.booleans(),
)
def test_neutral_words_have_no_projection_and_pairs_are_equally_near(seed, width, k, scale, keep):
    vectors = planted(n=20, width=width, seed=seed)
    vectors = replace(vectors, matrix=vectors.matrix * np.float32(scale))
    lengths = vectors.lengths if keep else None
    found, subspace, roles = debiased(vectors, k=k, lengths=lengths)
    neutral = found.vectors.unit_rows(roles.neutral)
    assert abs(subspace.coordinates(neutral)).max() < 1e-6
    for places in roles.rows:
        one, other = found.vectors.unit_rows(places)
        assert abs(neutral @ one - neutral @ other).max() < 1e-6
        distances = [np.linalg.norm(neutral - word, axis=1) for word in (one, other)]
        np.testing.assert_allclose(*distances, atol=1e-6)
    np.testing.assert_allclose(
        found.vectors.lengths, _expected_lengths(vectors, roles, keep), rtol=1e-6
    )


def _expected_lengths(vectors, roles, keep):
    if not keep:
        return np.ones(len(vectors.words))
    lengths = vectors.lengths.copy()
    for places in roles.rows:
        lengths[places] = lengths[places].mean()
    return lengths


@given(st.permutations(range(74)))
@settings(max_examples=10)
def test_the_order_of_words_and_lists_does_not_matter(order):
    vectors = planted(n=60)
    shuffled = WordVectors(tuple(vectors.words[i] for i in order), vectors.matrix[order])
    lists = replace(ALL, pairs=ALL.pairs[::-1], equalise=ALL.equalise[::-1])
    one, other = debiased(vectors)[0].vectors, debiased(shuffled, lists)[0].vectors
    np.testing.assert_allclose(other.matrix, one.matrix[order], atol=1e-6)


def test_words_of_an_equalised_set_differ_in_the_subspace_alone_and_keep_their_sides():
    found, subspace, roles = debiased(planted())
    for places in roles.rows:
        one, other = found.vectors.unit_rows(places)
        np.testing.assert_allclose(one - subspace.project(one), other - subspace.project(other),
                                   atol=1e-6)  # fmt: skip
        assert subspace.coordinates(one)[0] > 0 > subspace.coordinates(other)[0]


def test_definitional_words_stay_but_for_their_length():
    vectors = planted()
    found, _, _ = debiased(vectors)
    row = vectors.index["beard"]
    np.testing.assert_allclose(found.vectors.matrix[row], vectors.unit[row], atol=1e-7)


def test_sets_of_three_are_equally_near_to_neutral_words():
    rng = np.random.default_rng(0)
    words = tuple("abcdef")
    vectors = WordVectors((*words, *letters(30)), rng.normal(size=(36, 16)).astype("float32"))
    lists = replace(LISTS, pairs=(words[:3], words[3:]), equalise=(words[:3], words[3:]))
    lists = replace(lists, definitional=())
    found, subspace, roles = debiased(vectors, lists, k=2)
    neutral = found.vectors.unit_rows(roles.neutral)
    assert abs(subspace.coordinates(neutral)).max() < 1e-6
    for places in roles.rows:
        near = neutral @ found.vectors.unit_rows(places).T
        np.testing.assert_allclose(near, near[:, :1].repeat(3, axis=1), atol=1e-6)


def test_the_vectors_given_are_not_changed():
    vectors = planted()
    before = vectors.matrix.copy()
    debiased(vectors)
    np.testing.assert_array_equal(vectors.matrix, before)


def test_zero_vectors_stay_and_those_that_lie_in_the_direction_are_named():
    vectors = planted(dtype="float64")
    direction = find_subspace(vectors, PAIRS).direction
    vectors = changed(vectors, aaaa=np.zeros(12), aaab=-3 * direction)
    found, _, _ = debiased(vectors)
    assert found.vanished == ("aaab",)
    assert found.vectors.empty == ("aaaa", "aaab")
    assert np.isfinite(found.vectors.matrix).all()


def test_a_set_whose_words_project_alike_is_left_as_it_is():
    vectors = planted(dtype="float64")
    queen = vectors.matrix[vectors.index["queen"]]
    mirrored = queen * np.where(np.arange(12) == 3, -1, 1)
    vectors = changed(vectors, king=mirrored)
    subspace = Subspace(np.eye(12)[:1], np.ones(1), "svd", PAIRS)
    roles = assign_roles(vectors, LISTS, equalise=True, cases=False)
    found = hard_debias(vectors, subspace, roles)
    assert [str(left) for left in found.left_out] == ["queen/king (its words project alike)"]
    row = vectors.index["queen"]
    np.testing.assert_allclose(found.vectors.matrix[row], vectors.unit[row])


def test_equalising_twice_changes_nothing_more():
    subspace = find_subspace(planted(), PAIRS)
    once = equalise(planted().unit_rows(slice(0, 2)), subspace)
    np.testing.assert_allclose(equalise(once, subspace), once, atol=1e-12)
