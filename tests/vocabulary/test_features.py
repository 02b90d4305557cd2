"""What a model knows of a token's text: features by example, ids, the cache, round trips."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from seqpipe.files import InputError
from seqpipe.vocabulary import features
from seqpipe.vocabulary.features import EXTRACTORS, MAX_CHARACTERS, TokenVocabulary
from seqpipe.vocabulary.vocabulary import Vocabulary

COUNTS = {"Anna": 2, "annual": 1, "paid": 3, "42": 2, "17": 1, "in": 4}
UNK, BOS, EOS = Vocabulary.UNK_ID, Vocabulary.BOS_ID, Vocabulary.EOS_ID


def built(*names: str, counts=COUNTS, **settings) -> TokenVocabulary:
    return TokenVocabulary(Vocabulary(**settings), names).build(counts)


def doc(*words: str, vocab: Vocab | None = None) -> Doc:
    return Doc(vocab if vocab is not None else Vocab(), words=list(words))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("shape", "Anna-42x", "Xxxx-ddx"),
        ("shape", "internationally", "xxxx"),
        ("prefix1", "Anna", "a"),
        ("prefix2", "Anna", "an"),
        ("prefix3", "Anna", "ann"),
        ("prefix4", "Annas", "anna"),
        ("suffix1", "PAID", "d"),
        ("suffix2", "PAID", "id"),
        ("suffix3", "PAID", "aid"),
        ("suffix4", "REPAID", "paid"),
        ("prefix3", "in", "in"),
        ("suffix3", "in", "in"),
    ],
)
def test_a_feature_by_example(name, text, value):
    assert EXTRACTORS[name](text) == value


def test_every_feature_has_an_example():
    marks = test_a_feature_by_example.pytestmark[0].args[1]
    assert {name for name, _, _ in marks} == set(EXTRACTORS)


def test_an_unknown_feature_is_refused():
    with pytest.raises(InputError, match=r"unknown feature 'suffix9', expected one of .*'suffix4'"):
        TokenVocabulary(Vocabulary(), ["shape", "suffix9"])


def test_ids_are_those_of_each_types_text():
    vocabulary = built("prefix2", "shape")
    tokens = vocabulary.encode([doc("Anna", "paid", "Anna"), doc(), doc("in", "paid")])
    by_token = tokens.ids[tokens.types]
    texts = ["Anna", "paid", "Anna", "in", "paid"]
    assert len(tokens.ids) == 3
    assert tokens.lengths == [3, 0, 2]
    for column, (name, extract) in enumerate(
        {"word": str, "prefix2": EXTRACTORS["prefix2"], "shape": EXTRACTORS["shape"]}.items()
    ):
        expected = vocabulary.vocabularies[name].ids(map(extract, texts))
        assert by_token[:, column].tolist() == expected.tolist()


def test_characters_stand_between_bos_and_eos():
    vocabulary = built()
    tokens = vocabulary.encode([doc("Anna")])
    letters = vocabulary.vocabularies["character"]
    assert tokens.characters[0].tolist() == [BOS, *letters.ids("Anna").tolist(), EOS]


def test_a_long_word_keeps_its_first_and_last_characters():
    vocabulary = built(counts={"ab": 9, "cd": 9})
    half = MAX_CHARACTERS // 2
    long, exact = "a" * half + "x" * 1000 + "d" * half, "a" * half + "d" * half
    for text in (long, exact):
        (characters,) = vocabulary.encode([doc(text)]).characters
        assert vocabulary.vocabularies["character"].words(characters[1:-1]) == list(exact)


def test_a_feature_or_character_seen_once_is_unknown():
    vocabulary = built("prefix2", "suffix2", counts={"paid": 1, "pain": 1, "Xx": 1})
    tokens = vocabulary.encode([doc("paid", "Xx")])
    by_token = tokens.ids[tokens.types]
    assert by_token[0, 1] != UNK  # "pa", twice
    assert by_token[0, 2] == UNK  # "id", once
    (x,) = (characters for characters in tokens.characters if len(characters) == 4)
    assert x.tolist() == [BOS, UNK, UNK, EOS]


def test_a_word_seen_once_is_known():
    assert built().words.id("annual") != UNK


def test_a_feature_counts_as_often_as_its_tokens():
    assert built("shape", counts={"Anna": 5}).vocabularies["shape"].counts[-1] == 5


def test_an_adopted_vocabulary_of_words_is_taken_as_it_is():
    adopted = Vocabulary(lower=True).build({"other": 1})
    vocabulary = TokenVocabulary(Vocabulary(), ["shape"]).build(COUNTS, words=adopted)
    assert vocabulary.words is adopted


def test_docs_of_different_vocabs_in_one_batch():
    vocabulary = built("suffix2")
    ours, other = doc("Anna", "paid"), doc("unheard", "Anna", vocab=Vocab(strings=["noise"]))
    together = vocabulary.encode([ours, other])
    alone = [vocabulary.encode([one]) for one in (ours, other)]
    expected = numpy.concatenate([tokens.ids[tokens.types] for tokens in alone])
    assert numpy.array_equal(together.ids[together.types], expected)


def test_no_docs():
    tokens = built("shape").encode([])
    assert tokens.ids.shape == (0, 2)
    assert (len(tokens.types), tokens.characters, tokens.lengths) == (0, [], [])


def test_the_cache_is_emptied_when_it_is_full(monkeypatch):
    monkeypatch.setattr(features, "CACHE_SIZE", 5)
    vocabulary, fresh = built("prefix2"), built("prefix2")
    vocab = Vocab()
    for n in range(20):
        batch = [doc(f"word{n}", "Anna", f"other{n % 3}", vocab=vocab)]
        tokens, expected = vocabulary.encode(batch), built("prefix2").encode(batch)
        assert numpy.array_equal(tokens.ids[tokens.types], expected.ids[expected.types])
        assert len(vocabulary._cache) <= 5 + 3  # what it may hold before a batch, and the batch
    assert fresh.to_dict() == vocabulary.to_dict()


def test_threads_that_share_a_vocabulary_read_the_same_ids():
    vocabulary, vocab = built("prefix2"), Vocab()
    texts = [f"word{n}" for n in range(2000)]
    expected = built("prefix2").encode([doc(*texts, vocab=vocab)])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            batches = [[doc(*texts, vocab=vocab)] for _ in range(4)]
            results = list(pool.map(vocabulary.encode, batches))
    finally:
        sys.setswitchinterval(interval)
    for tokens in [*results, vocabulary.encode([doc(*texts, vocab=vocab)])]:
        assert numpy.array_equal(tokens.ids[tokens.types], expected.ids[expected.types])
        for ours, theirs in zip(tokens.characters, expected.characters, strict=True):
            assert numpy.array_equal(ours, theirs)


def test_a_batch_with_more_types_than_the_cache_holds(monkeypatch):
    monkeypatch.setattr(features, "CACHE_SIZE", 2)
    words = list(COUNTS)
    vocabulary = built()
    for _ in range(2):
        tokens = vocabulary.encode([doc(*words)])
        assert tokens.ids[tokens.types][:, 0].tolist() == vocabulary.words.ids(words).tolist()


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.integers(1, 3), max_size=8))
def test_round_trip_through_json(counts):
    names = ("shape", "suffix3")
    saved = built(*names, counts=counts, lower=True)
    loaded = built(*names).from_dict(json.loads(json.dumps(saved.to_dict())))
    assert loaded.vocabularies == saved.vocabularies
    assert loaded.features == names


@pytest.mark.parametrize("data", [[], "words", {}, {"word": {}}])
def test_other_vocabularies_are_refused(data):
    with pytest.raises(InputError, match=r"expected \['word', 'shape', 'character'\]"):
        built("shape").from_dict(data)


def test_vocabularies_of_other_features_are_refused():
    with pytest.raises(InputError, match=r"\['word', 'prefix2', 'character'\], expected"):
        built("shape").from_dict(built("prefix2").to_dict())
