"""Neighbours and analogies: the lecture's table, exhaustive search, and gensim's results."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.embeddings import (
    Embeddings,
    UnknownWordError,
    analogy,
    cosine,
    most_similar,
    most_similar_batch,
)
from seqpipe.embeddings.similarity import METHODS
from seqpipe.files import InputError
from tests.embeddings.featurised import table


def random_embeddings(words=200, width=7):
    E = np.random.default_rng(0).standard_normal((words, width))
    return Embeddings([f"w{row}" for row in range(words)], E)


@pytest.fixture
def gensim_vectors():
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    embeddings = random_embeddings()
    vectors = keyed(embeddings.width)
    vectors.add_vectors(embeddings.words, embeddings.E)
    return embeddings, vectors


@pytest.mark.parametrize("method", METHODS)
def test_man_is_to_woman_as_king_is_to_queen(method):
    first, *others = analogy(table(), "man", "woman", "king", method=method)
    assert first.word == "queen"
    assert {word for word, _ in others} == {"apple", "orange"}


LECTURE = (
    ("man", "woman", "boy", "girl"),
    ("ottawa", "canada", "nairobi", "kenya"),
    ("big", "bigger", "tall", "taller"),
    ("yen", "japan", "ruble", "russia"),
)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("question", LECTURE, ids=" ".join)
def test_analogies_of_the_lecture_are_answered_where_differences_are_alike(question, method):
    rng = np.random.default_rng(0)
    rows = {}
    for a, b, c, d in LECTURE:
        step, of_pair, of_other = rng.normal(size=(3, 20))
        rows |= {a: of_pair, b: of_pair + step, c: of_other, d: of_other + step}
    noise = 0.1 * rng.normal(size=(len(rows), 20))
    embeddings = Embeddings(rows, np.array(list(rows.values())) + noise)
    *given, answer = question
    assert analogy(embeddings, *given, method=method)[0].word == answer


def test_apple_is_like_orange_and_not_like_king():
    assert most_similar(table(), "apple", n=1)[0].word == "orange"
    assert cosine(table(), "apple", "orange") > 0.99
    assert abs(cosine(table(), "apple", "king")) < 0.05
    assert cosine(table(), "man", "woman") < -0.99


def test_equals_come_in_the_order_of_their_rows():
    words = list("qabcdefgh")
    embeddings = Embeddings(words, np.ones((9, 2)))
    assert [word for word, _ in most_similar(embeddings, "q", n=3)] == ["a", "b", "c"]
    assert [word for word, _ in most_similar(embeddings, "c", n=3)] == ["q", "a", "b"]


def test_asking_for_more_words_than_there_are_gives_all_the_others():
    assert len(most_similar(table(), ["apple", "king"], n=100)) == 4
    assert most_similar(Embeddings(["a"], [[1.0]]), "a") == []


@settings(deadline=None)
@given(st.integers(0, 199), st.integers(1, 250))
def test_neighbours_are_those_of_an_exhaustive_search(row, n):
    embeddings = random_embeddings()
    scores = embeddings.unit @ embeddings.unit[row]
    wanted = [other for other in np.argsort(-scores) if other != row][:n]
    found = most_similar(embeddings, f"w{row}", n=n)
    assert [word for word, _ in found] == [f"w{other}" for other in wanted]
    np.testing.assert_allclose([score for _, score in found], scores[wanted], atol=1e-6)


def test_batch_gives_what_single_queries_give(monkeypatch):
    embeddings = random_embeddings()
    monkeypatch.setattr("seqpipe.embeddings.similarity.SCORES", 1000)  # five queries a product
    words = embeddings.words[3:20]
    rows = zip(words, most_similar_batch(embeddings, words, n=4), strict=True)
    for word, found in rows:
        alone = most_similar(embeddings, word, n=4)
        assert [neighbour.word for neighbour in found] == [neighbour.word for neighbour in alone]
    by_vector = most_similar_batch(embeddings, embeddings.E[3:20], n=1)
    assert [found[0].word for found in by_vector] == words
    assert most_similar_batch(embeddings, []) == []


def test_vector_is_a_query():
    assert most_similar(table(), np.array([1, 1, 0.7, 0]), n=1)[0].word == "queen"


def test_most_similar_agrees_with_gensim(gensim_vectors):
    embeddings, vectors = gensim_vectors
    for positive, negative in ((["w1"], []), (["w1", "w2"], []), (["w1", "w2"], ["w3", "w4"])):
        ours = most_similar(embeddings, positive, negative=negative, n=20)
        theirs = vectors.most_similar(positive, negative, topn=20)
        assert [word for word, _ in ours] == [word for word, _ in theirs]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in theirs], atol=1e-6)


@pytest.mark.filterwarnings("ignore:Call to deprecated")
@pytest.mark.parametrize("method", METHODS)
def test_analogies_agree_with_gensim(gensim_vectors, method):
    embeddings, vectors = gensim_vectors
    theirs = vectors.most_similar if method == "3CosAdd" else vectors.most_similar_cosmul
    for a, b, c in (("w1", "w2", "w3"), ("w50", "w9", "w7"), ("w8", "w8", "w199")):
        ours = analogy(embeddings, a, b, c, method=method, n=20)
        wanted = theirs([b, c], [a], topn=20)
        assert [word for word, _ in ours] == [word for word, _ in wanted]
        np.testing.assert_allclose([s for _, s in ours], [s for _, s in wanted], rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: most_similar(e, []), "no word to look for"),
        (lambda e: most_similar(e, "king", n=0), "n is 0, expected 1 or more"),
        (lambda e: most_similar(e, np.ones(3)), "shape 1 × 3, expected vectors of width 4"),
        (lambda e: analogy(e, "man", "woman", "king", method="add"), "expected 3CosAdd or 3CosMul"),
        (lambda e: most_similar(e.subset([]), np.ones(4)), "no words to look among"),
    ],
)
def test_what_cannot_be_asked_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(table())


def test_unknown_word_in_a_query_is_named():
    for call in (
        lambda e: most_similar(e, ["king", "quene"]),
        lambda e: analogy(e, "man", "woman", "quene", method="3CosMul"),
        lambda e: cosine(e, "quene", "king"),
    ):
        with pytest.raises(UnknownWordError, match="'quene'; did you mean 'queen'"):
            call(table())
