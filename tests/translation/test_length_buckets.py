"""BLEU by length: every sentence is in one bucket, and no bucket is too small by default."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.translation.intervals import BLOCKS, block_interval, leave_out, score_interval
from seqpipe.translation.length_buckets import bleu_by_length, default_edges, split_by_length

LENGTHS = st.lists(st.integers(0, 80), min_size=1, max_size=300)


@given(LENGTHS)
def test_each_sentence_is_in_the_bucket_of_its_length(lengths):
    buckets = split_by_length(lengths)
    for (low, high), places in buckets.items():
        assert all(low <= lengths[place] <= (high or 80) for place in places)
    assert sorted(chain(*buckets.values())) == list(range(len(lengths)))


@given(LENGTHS)
def test_default_buckets_hold_twenty_sentences_unless_there_are_fewer(lengths):
    sizes = [len(places) for places in split_by_length(lengths).values()]
    assert len(sizes) == 1 or min(sizes) >= 20
    assert len(sizes) <= 20


def test_default_edges_are_round():
    lengths = np.random.default_rng(0).poisson(15, size=1000).tolist()
    assert default_edges(lengths) == [10, 15, 20]


def test_chosen_edges_are_the_longest_lengths_of_their_buckets():
    buckets = split_by_length([1, 5, 6, 10, 11, 99], [5, 10])
    assert buckets == {(1, 5): [0, 1], (6, 10): [2, 3], (11, None): [4, 5]}


@pytest.mark.parametrize("edges", [[0], [5, 5], [10, 5]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(InputError, match="expected whole numbers that rise"):
        split_by_length([1, 2], edges)


def test_bleu_and_exact_match_are_those_of_the_bucket():
    texts = ["the cat is on the mat", "a dog sat on the old log"]
    references = [["the cat is on the mat"], ["quite another sentence than that one"]]
    short, long = bleu_by_length(texts, references, [6, 7], edges=[6])
    assert (short.label, short.sentences, short.exact_match) == ("1-6", 1, 1.0)
    assert short.bleu == pytest.approx(1.0)
    assert (long.label, long.exact_match) == ("7+", 0.0)
    assert long.bleu < 0.1
    assert short.bleu_interval is None


def test_a_bucket_of_many_sentences_has_an_interval_around_its_bleu():
    rng = np.random.default_rng(0)
    references = [" ".join(rng.choice(list("abcdefgh"), size=8)) for _ in range(100)]
    texts = [
        " ".join(letter if rng.random() < 0.8 else "z" for letter in text.split())
        for text in references
    ]
    (found,) = bleu_by_length(texts, [[text] for text in references], [8] * 100)
    low, high = found.bleu_interval
    assert low < found.bleu < high
    assert 0.02 < high - low < 0.3
    assert found.as_dict()["label"] == "1+"


def test_lists_of_different_length_are_refused():
    with pytest.raises(InputError, match="2 translations, references for 1"):
        bleu_by_length(["a", "b"], [["a"]], [1, 1])


def test_the_block_interval_of_a_mean_is_students():
    values = np.random.default_rng(1).normal(size=200)
    without = leave_out(lambda places: float(values[places].mean()), len(values))
    low, high = block_interval(float(values.mean()), without)
    means = values.reshape(BLOCKS, -1).mean(axis=1)
    error = means.std(ddof=1) / np.sqrt(BLOCKS)
    assert (high - low) / 2 == pytest.approx(2.262157 * error)


def test_outputs_without_four_words_have_no_bleu():
    (found,) = bleu_by_length(["a b c"] * 30, [["a b c"], ["a"]] * 15, [1] * 30)
    assert (found.bleu, found.bleu_interval, found.exact_match) == (None, None, 0.5)


def test_outputs_whose_punctuation_makes_them_four_have_a_bleu():
    (found,) = bleu_by_length(["a, b c"] * 30, [["a, b c"]] * 30, [1] * 30)
    assert found.bleu == pytest.approx(1.0)


def test_right_outputs_never_have_a_bleu_of_0():
    (found,) = bleu_by_length(["a b"], [["a b"]], [1])
    assert (found.bleu, found.exact_match) == (None, 1.0)


def test_wrong_outputs_of_four_words_have_a_bleu_of_0():
    (found,) = bleu_by_length(["a b c d"], [["e f g h"]], [1])
    assert found.bleu == 0.0


def test_the_interval_of_a_score_is_within_0_and_1():
    without = np.array([0.9] + [1.0] * (BLOCKS - 1))
    for score, part in ((0.99, without), (0.01, 1 - without)):
        low, high = score_interval(score, part)
        wide = block_interval(score, part)
        assert (low, high) == (max(0.0, wide[0]), min(1.0, wide[1])) != wide
    assert score_interval(0.5, None) is None
