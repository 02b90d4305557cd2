"""The classifier that finds definitional words."""

import numpy as np
import pytest

from seqpipe.debiasing.definitional import find_definitional
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.debias_case import letters

pytest.importorskip("sklearn")


def separable(n=300, definitional=40, width=10):
    """Vectors of which the first words stand out, to either side of the first axis."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, width))
    matrix[:definitional, 1] += 9
    return WordVectors(letters(n), matrix.astype("float32"))


def test_words_like_the_seed_are_found_and_the_scores_say_so():
    vectors = separable()
    found = find_definitional(vectors, [*vectors.words[:30], "unknown"])
    assert set(vectors.words[:30]) <= set(found.words)
    assert len(set(found.words) & set(vectors.words[:40])) > 37
    assert len(found.words) < 45
    assert (found.seed, found.missing, found.trained_on) == (30, ("unknown",), 300)
    assert found.recall > 0.9
    assert found.accuracy > 0.9
    assert 0.6 < found.precision < 1  # ten others are like the seed


def test_a_seed_like_any_other_word_scores_low_and_is_kept():
    rng = np.random.default_rng(1)
    vectors = WordVectors(letters(300), rng.normal(size=(300, 10)).astype("float32"))
    found = find_definitional(vectors, vectors.words[::10])
    assert set(vectors.words[::10]) <= set(found.words)
    assert found.f < 0.4


def test_zero_vectors_are_never_found():
    vectors = separable()
    vectors.matrix[35] = 0
    assert vectors.words[35] not in find_definitional(vectors, vectors.words[:30]).words


@pytest.mark.parametrize("seed", [[], ["aaaa", "aaab"], ["unknown"] * 30], ids=len)
def test_too_small_a_seed_is_refused(seed):
    with pytest.raises(InputError, match=r"seed: . of .* words have a vector.*at least 10"):
        find_definitional(separable(), seed)


def test_the_report_is_plain():
    found = find_definitional(separable(), separable().words[:30]).as_dict()
    assert found["words"] >= 30
    assert found["weight"] in (1.0, 3.0, 10.0)
