"""Double-hard debiasing on vectors where a frequency direction keeps the sides apart."""

import numpy as np
import pytest

from seqpipe.debiasing.double_hard import find_frequency_direction
from seqpipe.debiasing.roles import assign_roles
from seqpipe.debiasing.subspace import find_subspace
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.debias_case import LISTS, PAIRS, changed, letters, planted

pytest.importorskip("sklearn")


def with_frequency(n=400, width=12):
    """Neutral words lean to a side along axis 0; how frequent they are, which goes with it, lies
    along axis 1. On axis 2 a few words lie far out, which have nothing to do with it."""
    rng = np.random.default_rng(0)
    some = planted(n=0, width=width, dtype="float64")
    lean = rng.choice([-1.0, 1.0], n)
    rows = 0.2 * rng.normal(size=(n, width))
    rows[:, 0] += lean
    rows[:, 1] += 2 * lean
    rows[::20, 2] += 20 * rng.normal(size=n // 20)
    matrix = np.concatenate([some.matrix, rows])
    matrix[:, 3] += 1
    return WordVectors((*some.words, *letters(n)), matrix.astype("float32"))


def found_in(vectors):
    subspace = find_subspace(vectors, PAIRS)
    neutral = assign_roles(vectors, LISTS, equalise=True, cases=False).neutral
    return find_frequency_direction(vectors, subspace, neutral)


def test_the_planted_direction_is_chosen_and_the_clusters_go():
    found = found_in(with_frequency())
    assert abs(found.direction[1]) > 0.85  # the rest is the lean, which goes with it
    assert found.component == 2
    assert found.accuracies[1] == min(found.accuracies) < 0.75 < found.hard_accuracy
    assert found.biased == 100
    np.testing.assert_allclose(found.mean, with_frequency().matrix.mean(axis=0), atol=1e-6)


def test_the_direction_is_gone_from_all_vectors_and_they_are_centred():
    vectors = with_frequency()
    found = found_in(vectors)
    left = found.take_from(vectors)
    assert abs(left.matrix @ found.direction).max() < 1e-5
    assert abs(left.matrix.mean(axis=0)).max() < 1e-5
    expected = vectors.matrix - found.mean
    expected = expected - np.outer(expected @ found.direction, found.direction)
    np.testing.assert_allclose(left.matrix, expected, atol=1e-5)


def test_zero_vectors_do_not_count_and_stay():
    vectors = with_frequency()
    zeroed = changed(vectors, aaaa=np.zeros(12))
    kept = np.array([word != "aaaa" for word in vectors.words])
    found = found_in(zeroed)
    np.testing.assert_allclose(found.mean, vectors.matrix[kept].mean(axis=0), atol=1e-6)
    assert found.take_from(zeroed).empty == ("aaaa",)


def test_the_components_are_the_principal_ones():
    vectors = with_frequency()
    found = found_in(vectors)
    centred = vectors.matrix - vectors.matrix.mean(axis=0)
    _, singular, basis = np.linalg.svd(centred.astype("float64"), full_matrices=False)
    assert abs(basis[found.component - 1] @ found.direction) == pytest.approx(1)
    share = singular[found.component - 1] ** 2 / (singular**2).sum()
    assert found.variance == pytest.approx(share, rel=1e-5)


def test_the_same_seed_chooses_the_same():
    one, again = found_in(with_frequency()), found_in(with_frequency())
    assert one.as_dict() == again.as_dict()


def test_too_few_neutral_words_are_refused():
    with pytest.raises(InputError, match=r"'double_hard': 12 neutral words .* at least 20"):
        found_in(planted(n=12))
