"""SemBias against a loop, and its ties."""

from pathlib import Path

import pytest

from seqpipe.debiasing.published_lists import SemBiasQuestion, read_sembias
from seqpipe.debiasing.sembias import sembias
from tests.debiasing.planted import along_first_axis, cosine, random_vectors

DATA = Path(__file__).parents[3] / "shared" / "data" / "debias" / "gn_glove" / "SemBias"
WORDS = [f"{kind}{i}{side}" for kind in "dsno" for i in range(30) for side in "ab"]
QUESTIONS = [
    SemBiasQuestion(
        definition=(f"d{i}a", f"d{i}b"),
        stereotype=(f"s{i}a", f"s{i}b"),
        others=((f"n{i}a", f"n{i}b"), (f"o{i}a", f"o{i}b")),
    )
    for i in range(30)
]


def best_kind(vectors, question):
    def score(pair):
        a, b = (vectors.unit[vectors.index[word]] for word in pair)
        he, she = (vectors.unit[vectors.index[word]] for word in ("he", "she"))
        u, v = he - she, a - b
        return (u @ v) / ((u @ u) * (v @ v)) ** 0.5

    pairs = {"d": question.definition, "s": question.stereotype}
    pairs |= {"n": question.others[0], "o": question.others[1]}
    return max(pairs, key=lambda kind: score(pairs[kind]))


def test_shares_are_those_of_a_loop():
    vectors = random_vectors([*WORDS, "he", "she"])
    kinds = [best_kind(vectors, question) for question in QUESTIONS]
    found, subset = sembias(vectors, QUESTIONS, subset=10)
    assert found.value == pytest.approx(kinds.count("d") / 30)
    assert found.stereotype == pytest.approx(kinds.count("s") / 30)
    assert found.none == pytest.approx((kinds.count("n") + kinds.count("o")) / 30)
    assert subset.value == pytest.approx(kinds[-10:].count("d") / 10)
    assert found.interval.low < found.value < found.interval.high


def test_questions_with_a_word_that_is_missing_are_left_out():
    vectors = random_vectors([*(word for word in WORDS if word != "n3b"), "he", "she"])
    found, _ = sembias(vectors, QUESTIONS)
    assert (found.coverage.found, found.coverage.given) == (29, 30)
    assert found.coverage.missing == ("n3b",)


def test_pairs_that_are_equally_near_share_the_question():
    vectors = along_first_axis({word: 0 for word in WORDS} | {"he": 0.9, "she": -0.9})
    matrix = vectors.matrix
    matrix[-1, 1:] = matrix[-2, 1:]
    found, _ = sembias(vectors, QUESTIONS)
    assert cosine(vectors, "he", "d0a") != 0
    assert (found.value, found.stereotype, found.none) == pytest.approx((0.25, 0.25, 0.5))


def test_without_the_direction_there_is_a_reason():
    for found in sembias(random_vectors([*WORDS, "he"]), QUESTIONS):
        assert found.value is None
        assert found.reason == "no vector for 'she'"


def test_without_a_question_there_is_a_reason():
    found, _ = sembias(random_vectors(["he", "she"]), QUESTIONS)
    assert "no question" in found.reason


@pytest.mark.skipif(not DATA.is_file(), reason="no shared/data/debias/gn_glove")
def test_the_published_file_has_440_questions_and_a_subset_of_40():
    questions = read_sembias(DATA)
    words = {w for q in questions for p in (q.definition, q.stereotype, *q.others) for w in p}
    found, subset = sembias(random_vectors([*sorted(words | {"he", "she"})]), questions)
    assert (found.coverage.given, subset.coverage.given) == (440, 40)
    assert found.value + found.stereotype + found.none == pytest.approx(1)
