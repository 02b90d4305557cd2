"""Word vectors as arrays: from spaCy and files, and back, without touching what others hold."""

import numpy as np
import pytest
import spacy
from spacy.vectors import Vectors

from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError

WORDS = ("apple", "juice", "nothing", "sea")
MATRIX = np.array([[3, 4], [0, 2], [0, 0], [-1, 1]], dtype="float32")


def nlp_with(*, attr="ORTH"):
    nlp = spacy.blank("xx")
    keys = [nlp.vocab.strings.add(word) for word in WORDS]
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=MATRIX.copy(), keys=keys, name="some", attr=attr
    )
    return nlp


def test_rows_have_length_1_and_zero_rows_stay_and_are_named():
    vectors = WordVectors(WORDS, MATRIX)
    np.testing.assert_allclose(vectors.unit, [[0.6, 0.8], [0, 1], [0, 0], [-(0.5**0.5), 0.5**0.5]])
    assert vectors.unit.dtype == np.float32
    assert vectors.unit_rows(np.array([0, 2])).tolist() == [[0.6, 0.8], [0, 0]]
    assert vectors.empty == ("nothing",)


def test_lookup_gives_rows_in_order_once_and_what_has_no_direction():
    rows, missing = WordVectors(WORDS, MATRIX).of(["sea", "none", "apple", "sea", "nothing"])
    assert rows.tolist() == [3, 0]
    assert missing == ("none", "nothing")


def test_a_word_twice_is_refused():
    with pytest.raises(InputError, match="'a' is there twice"):
        WordVectors(("a", "a"), np.eye(2))


def test_shapes_that_differ_are_refused():
    with pytest.raises(InputError, match="1 words and 2 × 2 values"):
        WordVectors(("a",), np.eye(2))


def test_a_pipeline_gets_a_new_table_and_another_keeps_the_old_one():
    nlp, other = nlp_with(), spacy.blank("xx")
    other.vocab.vectors = shared = nlp.vocab.vectors
    WordVectors(WORDS, -MATRIX).to_nlp(nlp)
    assert nlp("apple")[0].vector.tolist() == [-3, -4]
    assert other.vocab.vectors is shared
    np.testing.assert_array_equal(shared.data, MATRIX)
    assert nlp.vocab.vectors.name == "some"


def test_two_pipelines_never_share_what_is_put_into_both():
    vectors = WordVectors.from_nlp(nlp_with())
    one, other = spacy.blank("xx"), spacy.blank("en")
    vectors.to_nlp(one)
    vectors.to_nlp(other)
    one.vocab.vectors.data[0] = 9
    assert other("apple")[0].vector.tolist() == [3, 4]
    assert vectors.matrix[0].tolist() == [3, 4]


def test_words_are_still_looked_up_in_lower_case():
    nlp = nlp_with(attr="LOWER")
    WordVectors.from_nlp(nlp).to_nlp(nlp)
    assert nlp("Apple")[0].vector.tolist() == [3, 4]


def test_keys_that_share_a_row_have_a_row_each():
    nlp = nlp_with()
    nlp.vocab.strings.add("pear")
    nlp.vocab.vectors.add("pear", row=0)
    vectors = WordVectors.from_nlp(nlp)
    assert vectors.words == (*WORDS, "pear")
    assert vectors.matrix[4].tolist() == [3, 4]


def test_floret_vectors_are_refused():
    nlp = spacy.blank("xx")
    nlp.vocab.vectors = Vectors(
        strings=nlp.vocab.strings, data=np.ones((9, 2), "f"), mode="floret", minn=2, maxn=3
    )
    with pytest.raises(InputError, match=r"floret vectors: .* expected a table with a row"):
        WordVectors.from_nlp(nlp)


def test_no_vectors_are_refused():
    with pytest.raises(InputError, match="no word vectors"):
        WordVectors.from_nlp(spacy.blank("xx"))


def test_files_and_pipelines_load_alike(tmp_path):
    nlp_with().to_disk(tmp_path / "pipeline")
    (tmp_path / "v.txt").write_text("4 2\napple 3 4\njuice 0 2\nnothing 0 0\nsea -1 1\n")
    for name in ("pipeline", "v.txt"):
        loaded = WordVectors.load(tmp_path / name)
        assert loaded.words == WORDS
        np.testing.assert_array_equal(loaded.matrix, MATRIX)
