"""Words as character n-grams: the same rows and vectors as spaCy's floret vectors."""

import numpy
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry
from spacy.vocab import Vocab

from seqpipe.embeddings.subwords import (
    Subwords,
    floret_vectors,
    subword_means,
    subword_rows,
)
from seqpipe.files import InputError
from seqpipe.kernels.ngrams import murmur128

WORDS = [
    "orange",
    "a",
    "banana",  # repeats n-grams
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "größer",
    "Straße",
    "nghiêng",
    "đường",
    "việt_nam",
    "👩‍👩‍👧‍👦",
    "🍊",
    "café",
    "東京都",
    "<",
    "don't",
]
CHOICES = [
    Subwords(rows=500),
    Subwords(minn=1, maxn=1, rows=7, hash_count=1),
    Subwords(minn=3, maxn=6, rows=1000, hash_count=4, hash_seed=0),
    Subwords(minn=2, maxn=60, rows=101, hash_count=3, bow="^^", eow="ß"),
    Subwords(minn=1, maxn=2, rows=50, bow="", eow=""),
]


def trained(subwords, width=8):
    rng = numpy.random.default_rng(0)
    return rng.normal(size=(subwords.rows, width)).astype("float32")


@pytest.mark.parametrize("subwords", CHOICES)
def test_mean_of_the_rows_is_the_vector_that_spacy_computes(subwords):
    table, vocab = trained(subwords), Vocab()
    vocab.vectors = floret_vectors(table, subwords)
    means = subword_means(table, *subword_rows(WORDS, subwords))
    expected = [vocab.get_vector(word) for word in WORDS]
    numpy.testing.assert_array_equal(means, expected)


@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), max_size=5),
    minn=st.integers(1, 5),
    more=st.integers(0, 4),
    hash_count=st.integers(1, 4),
)
@settings(max_examples=100, deadline=None)
def test_rows_are_those_of_spacy_in_order_and_number(words, minn, more, hash_count):
    subwords = Subwords(minn=minn, maxn=minn + more, rows=997, hash_count=hash_count)
    vectors = floret_vectors(trained(subwords), subwords)
    offsets, rows = subword_rows(words, subwords)
    assert (offsets.dtype, rows.dtype, len(offsets)) == (numpy.int64, numpy.int32, len(words) + 1)
    assert offsets[-1] == len(rows)
    for i, word in enumerate(words):
        expected = [
            hashed % 997
            for ngram in (vectors._get_ngrams(word) if word else [])
            for hashed in vectors._get_ngram_hashes(ngram)
        ]
        assert rows[offsets[i] : offsets[i + 1]].tolist() == expected


@pytest.mark.parametrize("length", range(40))
def test_hash_is_murmurhash3(length):
    data = "".join(chr(33 + i * 7 % 90) for i in range(length))
    subwords = Subwords(hash_count=4, hash_seed=length * 77_777_777)
    low, high = murmur128(
        numpy.frombuffer(b"x" + data.encode(), dtype=numpy.uint8), 1, length + 1, subwords.hash_seed
    )
    expected = floret_vectors(trained(subwords, 1), subwords)._get_ngram_hashes(data)
    assert [int(h) >> shift & 0xFFFFFFFF for h in (low, high) for shift in (0, 32)] == expected


def test_short_word_stands_twice_as_it_is_an_ngram_of_itself():
    offsets, rows = subword_rows(["a"], Subwords(minn=3, maxn=6, hash_count=1))
    assert offsets.tolist() == [0, 2]
    assert rows[0] == rows[1]


def test_empty_word_has_no_rows_and_the_vector_zero():
    subwords = Subwords(rows=20)
    offsets, rows = subword_rows(["", "ab", ""], subwords)
    means = subword_means(trained(subwords), offsets, rows)
    assert offsets[0] == offsets[1] < offsets[2] == offsets[3]
    assert not means[[0, 2]].any()
    assert means[1].any()
    assert subword_rows([""], subwords)[0].tolist() == [0, 0]


def test_many_words_are_averaged_block_by_block():
    subwords = Subwords(rows=300)
    words = [f"word{i}" for i in range(2_500)]
    table = trained(subwords)
    means = subword_means(table, *subword_rows(words, subwords))
    expected = floret_vectors(table, subwords).get_batch(words)
    numpy.testing.assert_array_equal(means, expected)


def test_pipeline_keeps_its_vectors_on_disk_and_gives_unseen_words_one(tmp_path):
    subwords = Subwords(rows=200, hash_seed=5, bow="[", eow="]")
    nlp = spacy.blank("de")
    nlp.vocab.vectors = floret_vectors(trained(subwords), subwords, name="de_test", attr="LOWER")
    nlp.to_disk(tmp_path)
    doc = spacy.load(tmp_path)("Ungesehenes ÜBERMASS")
    expected = subword_means(
        trained(subwords), *subword_rows(["ungesehenes", "übermass"], subwords)
    )
    numpy.testing.assert_array_equal([token.vector for token in doc], expected)


def test_table_of_other_size_is_refused():
    with pytest.raises(ValueError, match=r"shape \(30, 8\): expected \(20, width\)"):
        floret_vectors(trained(Subwords(rows=30)), Subwords(rows=20))


def test_config_gives_the_settings():
    config = {"subwords": {"@misc": "seqpipe.Subwords.v1", "minn": 2, "maxn": 3, "bow": "^"}}
    assert registry.resolve(config)["subwords"] == Subwords(minn=2, maxn=3, bow="^")
    assert registry.resolve({"subwords": {"@misc": "seqpipe.Subwords.v1"}})["subwords"] == (
        Subwords()
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minn": 0}, "minn = 0: expected at least 1"),
        ({"minn": 6, "maxn": 5}, "maxn = 5: expected at least minn, which is 6"),
        ({"rows": 0}, "rows = 0: expected at least 1 and less than 2^31"),
        ({"rows": 2**31}, "rows = 2147483648: expected at least 1 and less than 2^31"),
        ({"hash_count": 0}, "hash_count = 0: expected 1 to 4"),
        ({"hash_count": 5}, "hash_count = 5: expected 1 to 4"),
        ({"hash_seed": -1}, "hash_seed = -1: expected at least 0 and less than 2^32"),
        (
            {"eow": " "},
            "eow = ' ': expected no white space, which floret's files part marks by",
        ),
    ],
)
def test_bad_settings_are_named(given, message):
    with pytest.raises(InputError) as error:
        Subwords(**given)
    assert str(error.value) == message
