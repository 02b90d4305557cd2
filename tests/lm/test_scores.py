"""Perplexity and what goes with it; the Penn Treebank's."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from seqpipe.lm.arpa import write_arpa
from seqpipe.lm.scores import total
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.lm.ngram_case import SALADS, learned

PTB = Path(__file__).parents[3] / "shared" / "data" / "lm" / "ptb"


def test_perplexity_is_that_of_the_tokens_and_the_ends():
    model = learned([["a"], ["b"], ["c"]], order=1, smoothing="maximum_likelihood")
    text = total([model.score(["a", "b"])])
    assert text.tokens == 3
    assert text.log_prob == pytest.approx(math.log(1 / 6 * 1 / 6 * 3 / 6))
    assert text.perplexity == pytest.approx((6 * 6 * 2) ** (1 / 3))
    assert text.cross_entropy == pytest.approx(math.log(72) / 3)


def test_the_ends_of_a_sentence_can_be_left_out():
    model = learned([["a", "b"], ["b"]], order=2, smoothing="maximum_likelihood")
    assert math.exp(model.score(["b"], eos=False).log_prob) == pytest.approx(1 / 2)  # after <BOS>
    assert math.exp(model.score(["b"], bos=False, eos=False).log_prob) == pytest.approx(2 / 5)
    assert model.score(["b"]).tokens == ["b", "<EOS>"]
    assert model.score([], eos=False).log_prob == 0


def test_unknown_words_are_counted():
    model = learned(SALADS, order=3)
    text = total(model.score_sentences([["the", "zebra"], ["a", "pear"]]))
    assert (text.sentences, text.tokens, text.unknown) == (2, 6, 1)
    assert text.oov_rate == pytest.approx(1 / 6)
    assert text.perplexity_of_known < text.perplexity


def test_tokens_of_probability_0_are_named_with_their_number():
    model = learned([["a", "b"], ["b", "a"]], order=2, smoothing="maximum_likelihood")
    text = total(model.score_sentences([["a", "a"], ["zebra", "b"], ["a", "a"]]))
    assert text.perplexity == math.inf
    assert text.impossible == {"a": 2, "zebra": 1}
    assert text.zero_message().startswith("3 of 9 tokens have probability 0")
    assert text.zero_message().endswith("'a' (2), 'zebra' (1)")
    assert f"without them {text.perplexity_of_possible:.1f}" in text.zero_message()
    assert text.perplexity_of_known == math.inf
    assert total([model.score(["a", "b"])]).zero_message() == ""


def test_no_text_has_no_perplexity():
    text = total([])
    assert math.isnan(text.perplexity)
    assert math.isnan(text.perplexity_of_known)
    assert text.oov_rate == 0


def test_sentences_do_not_depend_on_each_other():
    model = learned(SALADS, order=3)
    together = model.score_sentences([*SALADS, [], ["zebra"]])
    for sentence, score in zip([*SALADS, [], ["zebra"]], together, strict=True):
        assert score.log_probs.tolist() == model.score(sentence).log_probs.tolist()


def test_words_are_looked_up_in_their_normal_form():
    model = learned([["The", "2", "Cats"]], vocabulary=Vocabulary(lower=True, zero_digits=True))
    assert not model.score(["THE", "7", "cats"]).is_unknown.any()


@pytest.fixture(scope="module", params=[(3, 148.3), (5, 141.2)], ids=["order 3", "order 5"])
def ptb(request):
    """A model of the Penn Treebank, its test text, and the perplexity in Mikolov's thesis."""
    if not PTB.is_dir():
        pytest.skip("shared/data/lm/ptb is not here")
    order, published = request.param
    with gzip.open(PTB / "ptb.train.txt.gz", "rt", encoding="utf-8") as stream:
        model = learned((line.split() for line in stream), order=order)
    return model, sentences("ptb.test.txt"), published


def sentences(name):
    return [line.split() for line in (PTB / name).read_text(encoding="utf-8").splitlines()]


def test_ptb_perplexity_is_that_of_mikolovs_thesis(ptb):
    model, of_test, published = ptb
    text = total(model.score_sentences(of_test))
    assert text.tokens == 82_430
    assert round(text.perplexity, 1) <= published


@pytest.mark.parametrize("order", [3, 5])
def test_ptb_scores_are_kenlms(order, tmp_path):
    """Of the smallest part, as a file for KenLM takes long to write and to read."""
    kenlm = pytest.importorskip("kenlm")
    if not PTB.is_dir():
        pytest.skip("shared/data/lm/ptb is not here")
    model = learned(sentences("ptb.valid.txt"), order=order)
    write_arpa(model, tmp_path / "ptb.arpa")
    theirs = kenlm.Model(str(tmp_path / "ptb.arpa"))
    of_test = sentences("ptb.test.txt")
    found = [score.log_probs / math.log(10) for score in model.score_sentences(of_test)]
    expected = [[p for p, _, _ in theirs.full_scores(" ".join(words))] for words in of_test]
    assert list(map(len, found)) == list(map(len, expected))
    np.testing.assert_allclose(
        np.concatenate(found), np.concatenate(expected), atol=1e-4, rtol=1e-6
    )
