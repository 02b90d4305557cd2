"""Counts of n-grams equal those of a dictionary of tuples, whole or in pieces."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.learn import sentence_pieces
from seqpipe.lm.ngram_counts import count_pieces, count_text
from seqpipe.lm.sentences import number_text
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.lm.ngram_case import SENTENCES, count, learned

VOCABULARY = Vocabulary().build(dict.fromkeys("abcd", 1))


def ids_of(sentences):
    parts = [VOCABULARY.encode(sentence, bos=True, eos=True) for sentence in sentences]
    return numpy.concatenate(parts) if parts else numpy.zeros(0, numpy.int64)


def counted(pieces, order):
    counts = count_pieces(pieces, order=order, size=len(VOCABULARY), bos=VOCABULARY.BOS_ID)
    found = {}
    for length in range(1, order + 1):
        begin, end = counts.trie.levels[length : length + 2]
        for ngram, times in zip(
            counts.trie.ngrams(length), counts.counts[begin:end].tolist(), strict=True
        ):
            if times:
                found[tuple(VOCABULARY.words(ngram))] = times
    return found


@settings(deadline=None)
@given(SENTENCES, st.integers(1, 5))
def test_counts_are_those_of_a_dictionary_of_tuples(sentences, order):
    assert counted([ids_of(sentences)], order) == count(sentences, order)


@settings(deadline=None)
@given(st.lists(SENTENCES, max_size=6), st.integers(1, 4))
def test_counts_of_pieces_add_up_to_those_of_the_whole(parts, order):
    whole = [sentence for part in parts for sentence in part]
    assert counted([ids_of(part) for part in parts], order) == count(whole, order)


def test_hand_counts():
    found = counted([ids_of(["aab", "ab"])], 3)
    assert found["a",] == 3
    assert found["a", "b"] == 2
    assert found["<BOS>", "a"] == 2
    assert found["a", "a", "b"] == 1
    assert found["a", "b", "<EOS>"] == 2
    assert ("b", "a") not in found  # no n-gram reaches into the next sentence


def test_nodes_of_ngrams_are_found_and_others_are_not():
    trie = count_text(ids_of(["abc"]), order=3, size=len(VOCABULARY), bos=2).trie
    ngrams = trie.ngrams(3)
    assert trie.nodes(ngrams).tolist() == list(range(trie.levels[3], len(trie)))
    assert trie.nodes(ngrams[:, ::-1]).tolist() == [-1] * len(ngrams)


def test_order_below_one_is_refused():
    with pytest.raises(InputError, match="order = 0: expected at least 1"):
        learned(["ab"], order=0)


def test_text_is_cut_at_sentences_however_small_the_pieces(tmp_path):
    sentences = [list("abc"), [], list("dddd"), ["a"]]
    text = number_text(tmp_path / "ids", ((words, True) for words in sentences))
    for size in (1, 3, 100):
        pieces = list(text.pieces(VOCABULARY, size))
        assert all(piece[0] == 2 and piece[-1] == 3 for piece in pieces)
        assert numpy.concatenate(pieces).tolist() == ids_of(filter(None, sentences)).tolist()


def test_a_sentence_may_come_in_parts_and_without_an_end(tmp_path):
    parts = [("ab", False), ("", False), ("c", True), ("", True), ("d", False)]
    text = number_text(tmp_path / "ids", iter(parts))
    assert (
        numpy.concatenate(list(text.pieces(VOCABULARY))).tolist() == ids_of(["abc", "d"]).tolist()
    )


def test_words_that_are_dropped_are_counted_as_unknown():
    model = learned([list("aabbc")], order=1, vocabulary=Vocabulary(max_size=2))
    assert list(model.vocabulary)[4:] == ["a", "b"]
    assert model.vocabulary.counts[Vocabulary.UNK_ID] == 1


@pytest.mark.parametrize("mark", ["<s>", "</s>", "<unk>", "<BOS>", "<EOS>", "<PAD>", "<UNK>"])
def test_a_mark_within_a_sentence_is_an_unknown_word(mark):
    model = learned([["a", mark, "b"]], order=2)
    assert mark not in list(model.vocabulary)[4:]
    assert model.vocabulary.counts[Vocabulary.UNK_ID] == 1
    assert model.score(["a", mark]).is_unknown.tolist() == [False, True, False]


def test_an_empty_word_is_refused(tmp_path):
    with pytest.raises(InputError, match="an empty word"):
        number_text(tmp_path / "text", sentence_pieces([["a", "", "b"]]))
