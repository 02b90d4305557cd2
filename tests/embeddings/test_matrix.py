"""The embedding matrix: lookup, the one-hot product, spaCy's vectors, and what it refuses."""

import subprocess
import sys
import time

import numpy as np
import pytest
import spacy
from spacy.vectors import Vectors
from spacy.vocab import Vocab

from seqpipe.embeddings import Embeddings, UnknownWordError
from seqpipe.embeddings.matrix import near_spellings
from seqpipe.files import InputError
from tests.embeddings.featurised import TABLE, table


def floret_vocab():
    """A vocabulary with a floret table of 50 random rows."""
    vocab = Vocab()
    data = np.random.default_rng(0).standard_normal((50, 8)).astype("f")
    vocab.vectors = Vectors(
        strings=vocab.strings, data=data, mode="floret", minn=3, maxn=5, hash_count=2
    )
    return vocab


def test_one_hot_product_is_lookup():
    embeddings = table()
    for word in TABLE:
        o = embeddings.one_hot(word)
        assert sorted(o) == [0, 0, 0, 0, 0, 1]
        np.testing.assert_array_equal(embeddings.E.T @ o, embeddings[word])
    words = ["orange", "man", "orange"]
    np.testing.assert_array_equal(embeddings.one_hot(words) @ embeddings.E, embeddings[words])


def test_lookup_takes_words_and_rows():
    embeddings = table()
    np.testing.assert_array_equal(embeddings["king"], np.float32(TABLE["king"]))
    np.testing.assert_array_equal(embeddings[2], embeddings["king"])
    np.testing.assert_array_equal(embeddings[[5, 0]], embeddings[["orange", "man"]])
    assert embeddings[[]].shape == (0, 4)
    assert "king" in embeddings
    assert "kind" not in embeddings


def test_unit_rows_have_length_one_and_zero_stays_zero():
    embeddings = Embeddings(["a", "nothing"], [[3, 4], [0, 0]])
    np.testing.assert_allclose(embeddings.unit, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_unknown_word_is_a_key_error_with_near_spellings():
    with pytest.raises(KeyError) as caught:
        table()["quen"]
    assert str(caught.value) == "no vector for 'quen'; did you mean 'queen'?"
    with pytest.raises(UnknownWordError, match=r"^no vector for 'xylophone'$"):
        table().one_hot("xylophone")


def test_other_case_of_a_word_is_the_nearest_spelling():
    assert near_spellings("paris", ["pairs", "parks", "Paris"])[0] == "Paris"


def test_near_spellings_among_100_000_words_take_under_a_second():
    rng = np.random.default_rng(0)
    letters = rng.integers(97, 123, size=(100_000, 9)).astype("u1")
    words = ["embedding", *(row.tobytes().decode() for row in letters)]
    began = time.perf_counter()
    assert near_spellings("embeding", words)[0] == "embedding"
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("words", "E", "message"),
    [
        (["a", "b"], [[1, 2]], "2 words and 1 × 2 values, expected a row a word"),
        (["a", "b", "a"], [[1], [2], [3]], "the word 'a' is there twice"),
        (["a", "b"], [[1, 2], [3, np.nan]], "the vector of 'b' has the value nan"),
        (["a", "b"], [[-np.inf, 2], [3, 4]], "the vector of 'a' has the value -inf"),
    ],
)
def test_what_is_no_matrix_of_words_is_refused(words, E, message):
    with pytest.raises(InputError, match=message):
        Embeddings(words, E)


def test_not_a_number_is_found_among_many_rows():
    E = np.zeros((20_000, 2), dtype="f")
    E[17_171, 1] = np.nan
    with pytest.raises(InputError, match="vector of '17171'"):
        Embeddings(map(str, range(20_000)), E)


def test_vocab_round_trip():
    nlp = spacy.blank("en")
    table().to_vocab(nlp.vocab)
    np.testing.assert_array_equal(nlp.vocab["queen"].vector, np.float32(TABLE["queen"]))
    again = Embeddings.from_pipeline(nlp)
    assert again.words == list(TABLE)
    np.testing.assert_array_equal(again.E, table().E)


def test_words_that_share_a_row_in_spacy_have_equal_vectors():
    vocab = Vocab()
    for word in ("b", "a", "c"):
        vocab.strings.add(word)
    vocab.vectors = Vectors(strings=vocab.strings, data=np.eye(2, dtype="f"))
    for word, row in (("b", 1), ("a", 0), ("c", 1)):
        vocab.vectors.add(word, row=row)
    embeddings = Embeddings.from_vocab(vocab)
    assert embeddings.words == ["b", "a", "c"]
    np.testing.assert_array_equal(embeddings.E, [[0, 1], [1, 0], [0, 1]])


def test_order_of_the_words_outlives_spacys_merging_of_equal_rows():
    vocab = Vocab()
    words, data = ["the", "of", "and"], np.array([[9, 9], [1, 1], [1, 1]], dtype="f")
    vocab.vectors = Vectors(strings=vocab.strings, data=data, keys=[vocab[w].orth for w in words])
    vocab.deduplicate_vectors()
    embeddings = Embeddings.from_vocab(vocab)
    assert embeddings.words == words
    np.testing.assert_array_equal(embeddings.E, data)


def test_floret_vectors_have_words_as_given_and_a_vector_for_any_other():
    vocab = floret_vocab()
    embeddings = Embeddings.from_vocab(vocab, words=["embedding", "matrix", "matrix"])
    assert embeddings.words == ["embedding", "matrix"]
    for word in ("matrix", "neverseen"):
        assert word in embeddings
        np.testing.assert_array_equal(embeddings[word], vocab.vectors[word])
    np.testing.assert_array_equal(
        embeddings[["neverseen", "matrix"]], vocab.vectors.get_batch(["neverseen", "matrix"])
    )
    with pytest.raises(UnknownWordError):
        embeddings[""]
    again = Vocab()
    embeddings.to_vocab(again)
    np.testing.assert_array_equal(again["unseen"].vector, vocab.vectors["unseen"])


def test_subset_keeps_the_order_given_and_leaves_out_what_has_no_vector():
    chosen = table().subset(["queen", "nobody", "man"])
    assert chosen.words == ["queen", "man"]
    np.testing.assert_array_equal(chosen.E, np.float32([TABLE["queen"], TABLE["man"]]))


def test_vocabulary_without_vectors_is_refused():
    with pytest.raises(InputError, match="no word vectors"):
        Embeddings.from_pipeline(spacy.blank("en"))


def test_importing_the_concept_loads_nothing_heavy():
    source = (
        "import sys, seqpipe.embeddings, seqpipe.embeddings.commands\n"
        "heavy = {'numpy', 'spacy', 'thinc', 'rich', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert all(getattr(seqpipe.embeddings, name) for name in seqpipe.embeddings.PUBLIC)"
    )
    subprocess.run([sys.executable, "-c", source], check=True)
