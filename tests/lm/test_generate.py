"""New texts: what is written, what they begin with, and what is refused."""

import itertools
import logging

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.lm.component import make_rnn_lm
from seqpipe.lm.generate import generate
from seqpipe.lm.learn import sentence_pieces
from seqpipe.lm.ngram_steps import next_log_probs
from tests.lm.ngram_case import SALADS

assert make_rnn_lm  # registers the factory where the package is not installed
WORDS = {word for sentence in SALADS for word in sentence}


def salads(*, name="ngram_lm", nlp=None, sentences=SALADS, vocabulary=None, **config):
    nlp = nlp or spacy.blank("xx")
    component = nlp.add_pipe("ngram_lm", name=name, config=config)
    component.learn_from(sentence_pieces(sentences), vocabulary=vocabulary)
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return salads()


def characters(text="to be or not to be\nthat is the question\n", **config):
    """A model of characters without ends."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = spacy.util.registry.tokenizers.get("seqpipe.UnkTokenizer.v1")(unit="char")(nlp)
    return salads(nlp=nlp, sentences=[list(line) for line in text.splitlines()], **config)


def recurrent(texts, *, unit="word", **config):
    """A recurrent model that was never trained."""
    nlp = spacy.blank("xx")
    nlp.tokenizer = spacy.util.registry.tokenizers.get("seqpipe.UnkTokenizer.v1")(unit=unit)(nlp)
    small = {"encoder": {"nO": 16, "depth": 1}, "tok2vec": {"width": 16}}
    nlp.add_pipe("rnn_lm", config={"model": small, **config})
    docs = [nlp.make_doc(text) for text in texts]
    nlp.initialize(lambda: [Example(doc.copy(), doc) for doc in docs])
    return nlp


def log_prob_of(nlp, tokens):
    return nlp.get_pipe("ngram_lm").model.score(tokens).log_prob


def test_log_probability_is_that_of_the_sentence(nlp):
    for found in generate(nlp, samples=20, seed=0):
        assert found.finished
        assert set(found.tokens) <= WORDS
        assert found.log_prob == pytest.approx(log_prob_of(nlp, found.tokens), rel=1e-6)
        assert found.text == " ".join(found.tokens)


def test_a_prompt_stays_as_written_and_is_read(nlp):
    prompt = "the  apple and"
    for found in generate(nlp, prompt=prompt, samples=20, seed=0):
        assert found.text == " ".join([prompt, *found.tokens])
        whole = log_prob_of(nlp, ["the", "apple", "and", *found.tokens])
        begun = nlp.get_pipe("ngram_lm").model.score(["the", "apple", "and"], eos=False).log_prob
        assert found.log_prob == pytest.approx(whole - begun, rel=1e-6)


def test_a_seed_gives_the_same_texts_however_many(nlp):
    few, many = (generate(nlp, samples=count, seed=7) for count in (2, 9))
    assert few == many[:2]
    assert generate(nlp, samples=9, seed=8) != many
    assert len({found.text for found in many}) > 1


def test_greedy_takes_the_likeliest_word(nlp):
    model = nlp.get_pipe("ngram_lm").model
    [found] = generate(nlp, method="greedy", prompt="a")
    likeliest = next_log_probs(model, np.array([model.state(["a"])])).argmax()
    assert found.tokens[0] == model.vocabulary.word(likeliest)


def test_beam_finds_the_likeliest_sentences():
    sentences = [["a", "b"], ["b"], ["a", "a", "b"]]
    nlp = salads(sentences=sentences)
    found = generate(nlp, method="beam", samples=3, beam_width=200, length=5, alpha=0.0)
    best = sorted(
        (log_prob_of(nlp, words) for n in range(5) for words in itertools.product("ab", repeat=n)),
        reverse=True,
    )
    np.testing.assert_allclose([one.log_prob for one in found], best[:3], rtol=1e-5)
    assert all(one.finished for one in found)


def test_length_cuts_a_text_off(nlp):
    for found in generate(nlp, samples=20, length=2, seed=0):
        assert len(found.tokens) + found.finished <= 2
        assert found.finished or len(found.tokens) == 2


def test_unknown_words_are_written_only_if_asked_for():
    nlp = salads(min_count=2)
    assert not any("<UNK>" in found.tokens for found in generate(nlp, samples=50, seed=0))
    allowed = generate(nlp, samples=50, seed=0, unknown=True)
    assert any("<UNK>" in found.tokens for found in allowed)


def test_no_ngram_is_written_twice(nlp):
    for found in generate(nlp, samples=20, no_repeat=1, seed=0):
        assert len(set(found.tokens)) == len(found.tokens)


def test_where_nothing_known_can_follow_the_text_is_cut_off():
    sentences = [["a", "x"], ["a", "y"], ["a", "z"]]
    nlp = salads(sentences=sentences, smoothing="maximum_likelihood", order=2, min_count=2)
    [found] = generate(nlp, seed=0)
    assert found.tokens == ["a"]
    assert found.log_prob == pytest.approx(0.0)
    assert not found.finished


def test_characters_are_joined_as_they_are():
    nlp = characters()
    for found in generate(nlp, prompt="th", samples=5, seed=0):
        assert found.text == "th" + "".join(found.tokens)


def test_a_recurrent_model_of_words_writes_what_it_scores():
    nlp = recurrent([" ".join(words) for words in SALADS])
    many = generate(nlp, samples=6, length=1000, seed=3)
    for found in many:
        assert found.finished
        doc = Doc(nlp.vocab, words=found.tokens)
        [score] = nlp.get_pipe("rnn_lm").sentence_scores([doc])[0] or [None]
        assert score is None or found.log_prob == pytest.approx(score.log_prob, rel=1e-4)
    few = generate(nlp, samples=2, length=1000, seed=3)
    assert [found.tokens for found in few] == [found.tokens for found in many[:2]]


@pytest.mark.parametrize("method", ["sample", "greedy", "beam"])
def test_a_recurrent_model_of_characters_goes_on_to_the_length(method):
    nlp = recurrent(["to be or not to be\n", "that is the question\n"], unit="char", ends=False)
    [found] = generate(nlp, prompt="to be\n", length=30, method=method, seed=0)
    assert found.text == "to be\n" + "".join(found.tokens)
    assert len(found.tokens) == 30
    assert not found.finished
    whole = nlp.get_pipe("rnn_lm").sentence_scores([nlp.make_doc(found.text)])[0][0]
    assert found.log_prob == pytest.approx(float(whole.log_probs[6:].sum()), rel=1e-4)


def test_unknown_characters_are_refused_by_name():
    with pytest.raises(InputError, match=r"the prompt has 'é', 'ß': expected characters that ng"):
        generate(characters(), prompt="toéßé")


def test_a_prompt_of_unknown_words_is_refused(nlp):
    with pytest.raises(InputError, match=r"only 'zebra', 'ox': expected a word that ngram_lm"):
        generate(nlp, prompt="zebra ox zebra")


def test_an_unknown_word_among_known_ones_is_warned_of(nlp, caplog):
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        generate(nlp, prompt="the zebra and", seed=0)
    assert "does not know 'zebra' of the prompt" in caplog.text


def test_of_several_models_one_is_named():
    nlp = salads(nlp=salads(), name="other", sentences=[["z"]])
    assert generate(nlp, component="other", method="greedy")[0].tokens == ["z"]
    with pytest.raises(InputError, match="one language model"):
        generate(nlp)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature = 0.0: expected a number above 0"),
        ({"temperature": -2.0}, "temperature = -2.0"),
        ({"top_p": 0.0}, "top_p = 0.0: expected a number above 0, up to 1"),
        ({"top_p": 1.1}, "top_p = 1.1"),
        ({"top_k": -1}, "top_k = -1: expected at least 1, or 0 for all"),
        ({"length": 0}, "length = 0: expected at least 1"),
        ({"samples": 0}, "samples = 0: expected at least 1"),
        ({"beam_width": 0}, "beam_width = 0: expected at least 1"),
        ({"no_repeat": -1}, "no_repeat = -1: expected at least 0"),
        ({"alpha": -1.0}, "alpha = -1.0: expected 0 or more"),
        ({"seed": -1}, "seed = -1: expected 0 or more"),
        ({"method": "best"}, "method = 'best': expected one of sample, greedy, beam"),
        ({"method": "greedy", "samples": 2}, "samples = 2: expected 1, since greedy"),
        ({"method": "beam", "samples": 9}, "samples = 9: expected at most beam_width = 5"),
    ],
)
def test_wrong_settings_are_said(nlp, options, message):
    with pytest.raises(InputError, match=message):
        generate(nlp, **options)


def test_a_pipeline_without_a_model_is_refused():
    with pytest.raises(InputError, match="expected one language model"):
        generate(spacy.blank("xx"))


def test_a_model_that_learned_nothing_is_refused():
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm")
    with pytest.raises(InputError, match="has no model yet"):
        generate(nlp)
