"""Generated analogies against a loop over all pairs."""

import numpy as np
import pytest

from seqpipe.debiasing import generated_analogies
from seqpipe.debiasing.generated_analogies import generate_analogies
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.planted import letters, random_vectors

WORDS = ["she", "he", *letters(40)]


def by_hand(vectors, delta=1.0):
    """The best y of each x, by S_(a,b)(x, y)."""
    unit = vectors.unit.astype(float)
    u = unit[vectors.index["she"]] - unit[vectors.index["he"]]
    best = {}
    for i, x in enumerate(vectors.words):
        for j, y in enumerate(vectors.words):
            v = unit[i] - unit[j]
            length = np.linalg.norm(v)
            if i != j and length <= delta:
                score = u @ v / (np.linalg.norm(u) * length)
                if score > best.get(x, ("", 0.001))[1]:
                    best[x] = y, score
    return sorted(((x, y, score) for x, (y, score) in best.items()), key=lambda one: -one[2])


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize("seed", range(3))
def test_the_list_is_that_of_a_loop(seed, block, monkeypatch):
    monkeypatch.setattr(generated_analogies, "BLOCK", block)
    vectors = random_vectors(WORDS, seed, width=3)
    found = generate_analogies(vectors, ("she", "he"), n=1000)
    expected = by_hand(vectors)
    assert [(one.x, one.y) for one in found.analogies] == [(x, y) for x, y, _ in expected]
    assert [one.score for one in found.analogies] == pytest.approx(
        [score for *_, score in expected], abs=1e-4
    )
    assert found.words == 42


def test_definitional_pairs_are_marked_and_the_list_is_cut():
    matrix = np.array([[1, 0.2, 0], [1, -0.2, 0], [0.2, 0, 1], [-0.1, 0.3, 1]])
    vectors = WordVectors(("she", "he", "boss", "nurse"), matrix)
    found = generate_analogies(vectors, ("she", "he"), definitional={"she", "he"})
    assert [(one.x, one.y, one.definitional) for one in found.analogies] == [
        ("she", "he", True),
        ("nurse", "boss", False),
    ]
    assert found.analogies[0].score == pytest.approx(1)
    assert len(generate_analogies(vectors, ("she", "he"), n=1).analogies) == 1


def test_words_of_equal_vectors_make_no_analogy():
    matrix = np.array([[1.0, 0.2], [1.0, -0.2], [0.9, 0.1], [0.9, 0.1]])
    vectors = WordVectors(("she", "he", "nurse", "carer"), matrix)
    found = generate_analogies(vectors, ("she", "he"))
    assert ("nurse", "carer") not in {(one.x, one.y) for one in found.analogies}
    assert all(np.isfinite(one.score) for one in found.analogies)


def test_words_that_are_far_apart_make_no_analogy():
    vectors = WordVectors(("she", "he", "nurse"), np.eye(3))
    found = generate_analogies(vectors, ("she", "he"))
    assert found.analogies == ()
    assert "within 1.0" in found.reason


def test_a_missing_word_gives_the_reason():
    found = generate_analogies(random_vectors(WORDS), ("she", "him"))
    assert (found.analogies, found.reason) == ((), "no vector for 'him'")
