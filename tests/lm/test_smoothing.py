"""Probabilities are those of the definitions, and those of each context add up to 1."""

import logging
import math

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.ngram_counts import count_text
from seqpipe.lm.ngram_steps import next_log_probs
from seqpipe.lm.smoothing import FALLBACK, SMOOTHINGS, discounts_of, kneser_ney
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.lm.ngram_case import SALADS, SENTENCES, BruteForce, learned

MANY = ["abcabd", "abcab", "cabbad", "bacad", "ddabc", "aabbccdd", "badcab", "cadab", "abcd"] * 2
OTHER = st.lists(st.sampled_from("abcdx"), max_size=5)


def probs(model, context, *, bos=True):
    found = numpy.exp(following(model, context, bos=bos))
    return dict(zip(model.vocabulary, found.tolist(), strict=True))


def following(model, context, *, bos=True):
    return next_log_probs(model, numpy.array([model.state(context, bos=bos)]))[0]


def contexts(sentences):
    return {tuple(words[:i]) for words in sentences for i in range(len(words) + 1)}


@settings(deadline=None)
@given(
    SENTENCES, st.integers(1, 4), st.sampled_from(SMOOTHINGS), st.lists(st.sampled_from("abcdx"))
)
def test_probabilities_of_every_context_add_up_to_one(sentences, order, smoothing, other):
    model = learned(sentences, order=order, smoothing=smoothing, k=0.5)
    for context in {*contexts(sentences), tuple(other)}:
        for bos in (True, False):
            found = probs(model, context, bos=bos)
            assert sum(found.values()) == pytest.approx(1, abs=1e-5)
            assert found["<PAD>"] == found["<BOS>"] == 0


@settings(deadline=None, max_examples=50)
@given(SENTENCES, st.integers(1, 4), OTHER)
@example(MANY, 3, ["a"])
def test_kneser_ney_equals_the_definition(sentences, order, other):
    model, brute = learned(sentences, order=order), BruteForce(sentences, order)
    for context in {*contexts(sentences), tuple(other)}:
        found = probs(model, context)
        for word in brute.words:
            expected = brute.kneser_ney(("<BOS>", *context), word)
            assert found[word] == pytest.approx(expected, rel=1e-5, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(SENTENCES, st.integers(1, 4), st.sampled_from([0.0, 0.1, 1.0]))
def test_add_k_and_maximum_likelihood_equal_the_definition(sentences, order, k):
    smoothing = "add_k" if k else "maximum_likelihood"
    model = learned(sentences, order=order, smoothing=smoothing, k=k)
    brute = BruteForce(sentences, order, k)
    for context in contexts(sentences):
        found = probs(model, context)
        for word in brute.words:
            expected = brute.add_k(("<BOS>", *context), word)
            assert found[word] == pytest.approx(expected, rel=1e-5)


@settings(deadline=None)
@given(
    SENTENCES, st.integers(1, 4), st.sampled_from(SMOOTHINGS), st.lists(st.sampled_from("abcdx"))
)
def test_score_of_each_token_is_that_among_all_that_may_follow(sentences, order, smoothing, words):
    model = learned(sentences, order=order, smoothing=smoothing)
    score = model.score(words)
    for i, token in enumerate(score.tokens):
        among = following(model, words[:i])
        id = model.vocabulary.id(token)
        assert score.log_probs[i] == pytest.approx(among[id], abs=1e-5)


def test_maximum_likelihood_is_the_lectures_counting():
    model = learned(SALADS, order=2, smoothing="maximum_likelihood")
    assert probs(model, ["apple"])["and"] == pytest.approx(3 / 4)  # the fourth is "apple juice"
    assert probs(model, ["a", "pair"])["of"] == pytest.approx(2 / 4)


def test_discounts_by_hand():
    # n1 = 4, n2 = 2, n3 = 1, n4 = 1: Y = 4 / 8.
    found = discounts_of(numpy.array([1, 1, 1, 1, 2, 2, 3, 4, 9]))
    assert found == pytest.approx((1 - 2 * 0.5 * 2 / 4, 2 - 3 * 0.5 * 1 / 2, 3 - 4 * 0.5 * 1 / 1))


@pytest.mark.parametrize(
    "counts", [[], [1, 2], [2, 3], [1, 3, 3], [1, 2] + 3 * [3] + 9 * [4]], ids=str
)
def test_counts_of_counts_that_give_no_sound_discount(counts):
    assert discounts_of(numpy.array(counts, dtype=numpy.int64)) is None


def test_a_small_text_falls_back_and_says_for_which_lengths(caplog):
    ids = numpy.array([2, 4, 4, 5, 3])
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        found = kneser_ney(count_text(ids, order=3, size=6, bos=2), never=(0, 2))
    assert found.fell_back == (1, 2, 3)
    assert found.discounts[1:, 1:].tolist() == [list(FALLBACK)] * 3
    assert "n-grams of 1, 2, 3 words" in caplog.text


def test_a_large_text_has_its_own_discounts():
    generator = numpy.random.default_rng(1)
    words = [f"w{i}" for i in range(200)]
    odds = 1 / numpy.arange(1, 201)
    sentences = [generator.choice(words, 9, p=odds / odds.sum()).tolist() for _ in range(40)]
    brute, model = BruteForce(sentences, 2), learned(sentences, order=2)
    assert FALLBACK not in brute.discounts.values()
    words = sentences[30][:9]
    for i, log_prob in enumerate(model.score(words, eos=False).log_probs):
        expected = brute.kneser_ney(("<BOS>", *words[:i]), words[i])
        assert math.exp(log_prob) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", ["kneser_ney", "add_k"])
@pytest.mark.parametrize("order", [2, 3, 5])
def test_the_apple_and_pear_salad_is_likelier_than_the_pair(smoothing, order):
    model = learned(SALADS, order=order, smoothing=smoothing, k=0.1)
    pear, pair = (
        model.score(f"The apple and {word} salad".lower().split()) for word in ("pear", "pair")
    )
    assert pear.log_prob > pair.log_prob + 1


def test_an_unknown_word_has_the_uniform_share_of_the_shortest_context():
    model = learned(SALADS, order=1)
    brute = BruteForce(SALADS, 1)
    expected = brute.kneser_ney((), "<UNK>")
    assert math.exp(model.score(["zebra"], eos=False).log_prob) == pytest.approx(expected)
    assert model.vocabulary.counts[Vocabulary.UNK_ID] == 0


@pytest.mark.parametrize("k", [0.0, -1.0, math.nan, math.inf])
def test_add_k_wants_a_number_above_0(k):
    with pytest.raises(InputError, match=r"k = .*expected a number above 0"):
        learned(SALADS, smoothing="add_k", k=k)


def test_unknown_smoothing_is_named():
    with pytest.raises(InputError, match="smoothing = 'katz': expected one of maximum_likelihood"):
        learned(SALADS, smoothing="katz")


def test_an_empty_text_is_refused():
    with pytest.raises(InputError, match="the text is empty"):
        learned([[]])
