"""The vocabulary: what is kept, how words are found, and what a damaged file says."""

import gzip
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.util import registry

from seqpipe.files import InputError
from seqpipe.vocabulary.vocabulary import Vocabulary

PTB = Path(__file__).parents[3] / "shared" / "data" / "lm" / "ptb" / "ptb.train.txt.gz"
COUNTS = {"the": 5, "cat": 2, "dog": 2, "Mau": 1, "spell": 1}

words = st.text(min_size=1, max_size=6) | st.sampled_from(["<UNK>", "<PAD>", "İ", "ΑΣ", "１2", "²"])
counts_of_words = st.dictionaries(words, st.integers(1, 9), max_size=30)
settings = st.fixed_dictionaries(
    {
        "max_size": st.none() | st.integers(1, 20),
        "min_count": st.integers(1, 4),
        "lower": st.booleans(),
        "zero_digits": st.booleans(),
    }
)


def test_empty_vocabulary_holds_the_specials_only():
    assert list(Vocabulary()) == ["<PAD>", "<UNK>", "<BOS>", "<EOS>"]


def test_words_are_ranked_by_count_then_by_string():
    assert list(Vocabulary().build(COUNTS))[4:] == ["the", "cat", "dog", "Mau", "spell"]


def test_build_leaves_the_vocabulary_it_came_from_alone():
    empty = Vocabulary(max_size=2)
    built = empty.build(COUNTS)
    assert (len(empty), len(built)) == (4, 6)


@given(counts_of_words, settings, st.randoms())
def test_the_order_of_counting_does_not_matter(counts, options, random):
    shuffled = list(counts.items())
    random.shuffle(shuffled)
    assert Vocabulary(**options).build(dict(shuffled)) == Vocabulary(**options).build(counts)


@given(counts_of_words, settings)
def test_every_counted_token_is_in_counts_once(counts, options):
    vocabulary = Vocabulary(**options).build(counts)
    assert vocabulary.counts.sum() == sum(counts.values())
    ids = Counter()
    for word, count in counts.items():
        ids[vocabulary.id(word)] += count
    assert [ids[i] for i in range(len(vocabulary))] == vocabulary.counts.tolist()


@given(counts_of_words, settings)
def test_a_word_has_the_id_of_its_normal_form(counts, options):
    vocabulary = Vocabulary(**options).build(counts)
    assert [vocabulary.id(word) for word in vocabulary] == list(range(len(vocabulary)))
    for word in counts:
        normal = vocabulary.normalise(word)
        assert vocabulary.normalise(normal) == normal
        known = vocabulary.words([vocabulary.id(word)]) == [normal]
        assert known == (word in vocabulary)


def test_max_size_counts_ordinary_words_and_the_rest_is_unknown():
    vocabulary = Vocabulary(max_size=2).build(COUNTS)
    assert vocabulary.words(range(6)) == ["<PAD>", "<UNK>", "<BOS>", "<EOS>", "the", "cat"]
    assert vocabulary.counts.tolist() == [0, 4, 0, 0, 5, 2]


def test_min_count_drops_rarer_words():
    assert list(Vocabulary(min_count=2).build(COUNTS))[4:] == ["the", "cat", "dog"]


def test_max_size_none_keeps_all():
    assert len(Vocabulary(max_size=None).build({str(i): 1 for i in range(20_000)})) == 20_004


def test_lower_merges_the_counts_of_one_word():
    vocabulary = Vocabulary(lower=True, min_count=3).build({"Bush": 2, "bush": 1, "BUSH": 1})
    assert vocabulary.ids(["bush", "Bush", "bUSH", "tree"]).tolist() == [4, 4, 4, 1]
    assert vocabulary.counts[4] == 4


def test_zero_digits_merges_numbers_of_one_shape():
    vocabulary = Vocabulary(zero_digits=True).build({"1996-08-22": 1, "2017-01-31": 1, "٣": 1})
    assert list(vocabulary)[4:] == ["0000-00-00", "0"]


def test_a_special_written_in_the_text_is_that_special():
    vocabulary = Vocabulary(lower=True).build({"<UNK>": 3, "<EOS>": 2, "a": 1})
    assert len(vocabulary) == 5
    assert vocabulary.counts.tolist() == [0, 3, 0, 2, 1]
    assert vocabulary.id("<UNK>") == Vocabulary.UNK_ID


def test_membership_goes_by_the_normal_form():
    vocabulary = Vocabulary(lower=True).build({"cat": 1})
    assert "Cat" in vocabulary
    assert "dog" not in vocabulary


def test_ids_of_no_words_are_an_empty_int64_array():
    ids = Vocabulary().ids([])
    assert (ids.shape, ids.dtype) == ((0,), np.int64)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({}, [5, 1]),
        ({"bos": True}, [2, 5, 1]),
        ({"eos": True}, [5, 1, 3]),
        ({"bos": True, "eos": True}, [2, 5, 1, 3]),
    ],
    ids=["no-ends", "bos", "eos", "both"],
)
def test_encode_adds_the_ends_on_request(ends, expected):
    assert Vocabulary().build(COUNTS).encode(["cat", "bat"], **ends).tolist() == expected


@pytest.mark.parametrize("id", [-1, 6, 10_000])
def test_an_id_that_no_word_has_is_a_key_error(id):
    vocabulary = Vocabulary(max_size=2).build(COUNTS)
    for call in (
        vocabulary.word,
        lambda i: vocabulary.words([i]),
        lambda i: vocabulary.one_hot([i]),
    ):
        with pytest.raises(
            KeyError, match=f"no word has id {id}: the vocabulary's 6 ids start at 0"
        ):
            call(id)


def test_one_hot_is_one_at_the_words_index():
    vectors = Vocabulary(max_size=2).build(COUNTS).one_hot([4, 1])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0]]


def test_the_lectures_words_have_their_numbers_and_one_hot_vectors():
    words = [f"word{rank}" for rank in range(10_000)]
    lecture = {"and": 367, "harry": 4075, "potter": 6830}
    for word, index in lecture.items():
        words[index - len(Vocabulary.SPECIALS)] = word
    counts = {word: 10_000 - rank for rank, word in enumerate(words)}
    vocabulary = Vocabulary(max_size=10_000, lower=True).build(counts)
    ids = vocabulary.ids(["Harry", "Potter", "and", "Hermione", "Granger"])
    assert ids.tolist() == [4075, 6830, 367, Vocabulary.UNK_ID, Vocabulary.UNK_ID]
    o = vocabulary.one_hot(ids)
    assert o.shape == (5, 10_004)
    assert [row.nonzero()[0].tolist() for row in o] == [[id] for id in ids]


def test_one_hot_of_no_ids():
    assert Vocabulary().one_hot([]).shape == (0, 4)


def test_coverage_is_the_share_of_known_tokens():
    vocabulary = Vocabulary(max_size=2).build(COUNTS)
    assert vocabulary.coverage({"the": 3, "Mau": 1}) == 0.75
    assert vocabulary.coverage({"<UNK>": 1}) == 0.0
    assert vocabulary.coverage({}) == 1.0


def test_counts_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        Vocabulary().counts[0] = 1


@given(counts_of_words, settings)
def test_round_trip_through_bytes_and_dict(counts, options):
    vocabulary = Vocabulary(**options).build(counts)
    assert Vocabulary.from_bytes(vocabulary.to_bytes()) == vocabulary
    assert Vocabulary.from_dict(vocabulary.to_dict()) == vocabulary


def test_equality_sees_settings_words_and_counts():
    vocabulary = Vocabulary().build({"a": 2, "b": 1})
    assert vocabulary != Vocabulary(lower=True).build({"a": 2, "b": 1})
    assert vocabulary != Vocabulary().build({"a": 2, "c": 1})
    assert vocabulary != Vocabulary().build({"a": 3, "b": 1})
    assert vocabulary != ["<PAD>", "<UNK>", "<BOS>", "<EOS>", "a", "b"]


def test_the_file_can_be_read_by_eye(tmp_path):
    Vocabulary().build({"naïve": 2, "猫": 1}).to_disk(tmp_path / "vocabulary.json")
    lines = (tmp_path / "vocabulary.json").read_text(encoding="utf-8").splitlines()
    assert lines[-4:-2] == ['  "naïve": 2,', '  "猫": 1']
    assert Vocabulary.from_disk(tmp_path / "vocabulary.json").id("猫") == 5


def saved(**changes):
    data = {**Vocabulary(lower=True).build({"a": 1}).to_dict(), **changes}
    return json.dumps(data).encode("utf-8")


SPECIAL_COUNTS = dict.fromkeys(Vocabulary.SPECIALS, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved()[:-4], "not a whole JSON file"),
        (b"", "not a whole JSON file"),
        (b"\xff\xfe{}", "not a whole JSON file"),
        (b"[" * 100_000, "not a whole JSON file"),
        (b"[]", 'expected "format": "seqpipe.Vocabulary.v1"'),
        (saved(format="other"), 'expected "format": "seqpipe.Vocabulary.v1"'),
        (saved(lower=1), '"lower" is 1, expected bool'),
        (saved(min_count=None), '"min_count" is None, expected int'),
        (saved(max_size=0), "max_size = 0: expected at least 1"),
        (saved(words=["a"]), 'expected "words", of which the first are <PAD> <UNK>'),
        (saved(words={"a": 1}), 'expected "words", of which the first are <PAD> <UNK>'),
        (saved(size=6), '5 different words, expected 6 as "size" says'),
        (saved(words={**SPECIAL_COUNTS, "a": -1}), "word 'a' has the count -1"),
        (saved(words={**SPECIAL_COUNTS, "a": 2**63}), "word 'a' has the count 9223372036854775808"),
        (saved(words={**SPECIAL_COUNTS, "a": "1"}), "word 'a' has the count '1'"),
        (saved(words={**SPECIAL_COUNTS, "A": 1}), "word 'A' is never found"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_damaged_file_is_named_with_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Vocabulary.from_disk(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json: cannot be read \(No such file"):
        Vocabulary.from_disk(tmp_path / "nowhere.json")


@pytest.mark.parametrize(("option", "value"), [("max_size", 0), ("max_size", -1), ("min_count", 0)])
def test_a_setting_out_of_range_is_named(option, value):
    with pytest.raises(InputError, match=f"{option} = {value}: expected at least 1"):
        Vocabulary(**{option: value})


def test_a_config_can_ask_for_one():
    block = {"@misc": "seqpipe.Vocabulary.v1", "max_size": None, "lower": True}
    vocabulary = registry.resolve({"vocabulary": block})["vocabulary"]
    assert vocabulary == Vocabulary(max_size=None, lower=True)


@pytest.mark.skipif(not PTB.exists(), reason="shared/data/lm/ptb is not there")
def test_penn_treebank_has_its_published_vocabulary():
    with gzip.open(PTB, "rt", encoding="utf-8") as file:
        counts = Counter(word for line in file for word in line.split())
    vocabulary = Vocabulary().build(counts)
    assert len(vocabulary) == 9_999 + 4  # 10,000 with the end mark, which is a special here
    assert vocabulary.coverage(counts) == 1.0
