"""Mixing probabilities, the weights that EM finds, and the component that does both."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.lm import interpolation
from seqpipe.lm.interpolation import fit_weights, mix
from seqpipe.lm.joined import join_pipelines
from seqpipe.lm.scores import total
from tests.lm.fresh_process import doc_of_fresh_process
from tests.lm.lm_case import MODEL, lm_examples
from tests.lm.mixture_case import MODELS, mixed, sentences, write_text

# What two to four models say of some tokens.
LOG_PROBS = st.tuples(st.integers(2, 4), st.integers(1, 30)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.floats(-20, -0.01))
)
TEXT = "the cat sees the cat"


def likelihood(log_probs, weights):
    return mix(log_probs, np.asarray(weights)).mean()


def golden_section(function):
    """Where a concave function over 0 to 1 is highest."""
    low, high, ratio = 0.0, 1.0, (math.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if function(left) < function(right):
            low = left
        else:
            high = right
    return (low + high) / 2


@given(LOG_PROBS)
def test_a_mixture_is_the_weighted_sum_of_probabilities(log_probs):
    weights = np.arange(1, len(log_probs) + 1) / sum(range(len(log_probs) + 1))
    assert np.exp(mix(log_probs, weights)) == pytest.approx(weights @ np.exp(log_probs))


def test_a_mixture_of_what_is_hardly_possible_is_not_rounded_to_nothing():
    assert mix(np.array([[-900.0], [-901.0]]), np.array([0.5, 0.5]))[0] == pytest.approx(
        -900 + math.log(0.5 + 0.5 * math.exp(-1))
    )


def test_a_token_is_possible_if_one_model_holds_it_so():
    log_probs = np.array([[-1.0, -np.inf, -np.inf], [-np.inf, -2.0, -np.inf]])
    found = mix(log_probs, np.array([0.25, 0.75]))
    assert found == pytest.approx([-1 + math.log(0.25), -2 + math.log(0.75), -np.inf])
    assert mix(log_probs, np.array([1.0, 0.0]))[1] == -np.inf


@given(arrays(np.float64, (2, 40), elements=st.floats(-8, -0.01)))
def test_the_weights_of_two_models_are_those_of_a_search(log_probs):
    weights = fit_weights(log_probs)
    best = golden_section(lambda weight: likelihood(log_probs, [weight, 1 - weight]))
    expected = likelihood(log_probs, [best, 1 - best])
    assert likelihood(log_probs, weights) == pytest.approx(expected, abs=1e-6)


def test_the_weights_of_two_models_that_differ_are_those_of_a_search_to_five_digits():
    log_probs = np.log(np.random.default_rng(0).uniform(0.01, 1, (2, 500)))
    best = golden_section(lambda weight: likelihood(log_probs, [weight, 1 - weight]))
    assert fit_weights(log_probs)[0] == pytest.approx(best, abs=1e-5)


@given(LOG_PROBS)
def test_weights_are_a_distribution_that_no_other_betters(log_probs):
    weights = fit_weights(log_probs)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    found = likelihood(log_probs, weights)
    others = np.random.default_rng(0).dirichlet(np.ones(len(log_probs)), size=50)
    for other in [*others, *np.eye(len(log_probs)), np.full(len(weights), 1 / len(weights))]:
        assert likelihood(log_probs, other) <= found + 1e-6


@given(LOG_PROBS)
def test_the_likelihood_never_falls(log_probs):
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for rounds in range(8):
            patch.setattr(interpolation, "ROUNDS", rounds)
            found.append(likelihood(log_probs, fit_weights(log_probs)))
    assert (np.diff(found) >= -1e-12).all()


def test_a_model_that_holds_tokens_impossible_has_weight_for_the_others():
    log_probs = np.log(np.array([[0.5, 0.5, 0.5, 1e-9], [0.1, 0.1, 0.1, 0.1]]))
    log_probs[0, 3] = -np.inf
    weights = fit_weights(log_probs)
    assert weights[0] == pytest.approx(golden_section(lambda w: likelihood(log_probs, [w, 1 - w])))


def test_tokens_that_no_model_holds_possible_are_left_out_and_said(caplog):
    log_probs = np.log(np.random.default_rng(0).uniform(0.01, 1, (2, 50)))
    impossible = np.full((2, 3), -np.inf)
    both = np.concatenate([log_probs, impossible], axis=1)
    assert fit_weights(both) == pytest.approx(fit_weights(log_probs))
    assert "3 of 53 tokens have probability 0 in every model" in caplog.text
    with pytest.raises(InputError, match="no token with a probability above 0"):
        fit_weights(impossible)
    with pytest.raises(InputError, match="no token"):
        fit_weights(np.zeros((2, 0)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mixture")


@pytest.fixture(scope="module")
def nlp(folder):
    return mixed(folder, config={"cache": 16})


def docs(nlp, seed=3, count=40):
    """One doc of many sentences."""
    found = sentences(seed, count)
    words = [word for one in found for word in one]
    starts = [i == 0 for one in found for i in range(len(one))]
    return [Doc(nlp.vocab, words=words, sent_starts=starts)]


def said(doc):
    return [doc._.log_prob, doc._.perplexity, [token._.surprisal for token in doc]]


def test_the_mixture_is_better_than_each_of_its_models_on_another_text(nlp):
    perplexity = {
        name: total(nlp.get_pipe(name).sentence_scores(docs(nlp))[0]).perplexity
        for name in nlp.pipe_names
    }
    assert perplexity["interpolated_lm"] < min(perplexity[name] for name in MODELS)


def test_what_it_says_is_the_mixture_of_what_its_models_say(folder):
    nlp = mixed(folder, config={"weights": [0.3, 0.7]}, settings={})
    doc = nlp(TEXT)
    for token in doc:
        long, short = (math.exp(-token._.surprisals[name]) for name in MODELS)
        assert math.exp(-token._.surprisals["interpolated_lm"]) == pytest.approx(
            0.3 * long + 0.7 * short
        )
    assert doc._.log_prob == doc._.log_probs["interpolated_lm"]


def test_the_cache_makes_repeated_words_likelier(folder):
    nlp = mixed(folder, config={"weights": [1, 0], "cache": 10, "cache_weight": 0.5}, settings={})
    doc = nlp(TEXT)
    for number, token in enumerate(doc):
        before = [other.text for other in doc[:number]]
        cached = (
            before.count(token.text) / number if number else 1 / nlp.get_pipe("long").predictable
        )
        expected = 0.5 * math.exp(-token._.surprisals["long"]) + 0.5 * cached
        assert math.exp(-token._.surprisals["interpolated_lm"]) == pytest.approx(expected)


def test_the_cache_lasts_over_the_sentences_of_a_doc_and_no_longer(folder):
    nlp = mixed(folder, config={"weights": [1, 0], "cache": 10, "cache_weight": 0.5}, settings={})
    whole = Doc(nlp.vocab, words=["the", "cat", "the", "cat"], sent_starts=[1, 0, 1, 0])
    nlp(whole)
    assert whole[3]._.surprisal < whole[1]._.surprisal
    first, second = nlp.pipe(["the cat", "the cat"])
    assert said(first) == said(second)


@pytest.mark.parametrize("cache", [0, 3])
def test_the_next_words_have_the_probability_1_and_that_of_the_score(folder, cache):
    settings = {"cache": cache, "cache_weight": 0.4 if cache else None, "weights": [0.5, 0.5]}
    nlp = mixed(folder, config=settings, settings={})
    mixture = nlp.get_pipe("interpolated_lm")
    words = mixture.next_words
    texts = ["the cat sees the dog", "a dog a dog a"]
    scores = [found[0] for found in mixture.sentence_scores(list(map(nlp.make_doc, texts)))]
    log_probs, state = mixture.begin([["the"], ["a"]])
    for place in range(1, 5):
        assert np.exp(log_probs).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
        ids = np.array([words.index(text.split()[place]) for text in texts])
        expected = [score.log_probs[place] for score in scores]
        assert log_probs[[0, 1], ids] == pytest.approx(expected, abs=1e-5)
        state = mixture.select(state, np.array([1, 0, 1]))
        state = mixture.select(state, np.array([1, 0]))
        log_probs, state = mixture.step(ids, state)
    assert log_probs[:, words.index("<EOS>")] == pytest.approx(
        [score.log_probs[-1] for score in scores], abs=1e-5
    )


def test_next_words_of_models_with_different_vocabularies_are_those_of_all(folder):
    config = {"models": {"short": {"max_vocabulary": 2}}, "config": {"weights": [0.5, 0.5]}}
    nlp = mixed(folder, settings={}, **config)
    mixture = nlp.get_pipe("interpolated_lm")
    assert set(mixture.next_words) == set(nlp.get_pipe("long").next_words)
    assert mixture.predictable == nlp.get_pipe("short").predictable
    log_probs, state = mixture.begin([["the"]])
    rare = next(
        w for w in nlp.get_pipe("long").next_words if w not in nlp.get_pipe("short").next_words
    )
    assert np.isfinite(log_probs[0, mixture.next_words.index(rare)])
    log_probs, _ = mixture.step(np.array([mixture.next_words.index(rare)]), state)
    assert np.exp(log_probs).sum() == pytest.approx(1, abs=1e-5)


def test_words_that_only_some_models_know_are_said_once(folder, caplog):
    nlp = mixed(
        folder,
        settings={},
        models={"short": {"max_vocabulary": 2}},
        config={"weights": [0.5, 0.5]},
    )
    mixture = nlp.get_pipe("interpolated_lm")
    (score,) = mixture.sentence_scores([nlp.make_doc("tree zebra")])[0]
    mixture.sentence_scores([nlp.make_doc("tree zebra")])
    assert score.is_unknown.tolist() == [True, True, False]
    assert caplog.text.count("over different vocabularies the mixture is no proper") == 1
    assert "'tree' is unknown to short and not to others" in caplog.text


def test_it_is_saved_and_loaded_with_its_weights(nlp, tmp_path):
    weights = nlp.get_pipe("interpolated_lm").weights
    assert sum(weights) == pytest.approx(1)
    expected = said(nlp(TEXT))
    nlp.to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    assert again.get_pipe("interpolated_lm").weights == weights
    assert said(again(TEXT)) == expected
    kept = json.loads((tmp_path / "model" / "interpolated_lm" / "weights.json").read_text())
    assert list(kept["weights"]) == [*MODELS, "cache"]
    assert said(again.from_bytes(nlp.to_bytes())(TEXT)) == expected


def test_a_process_that_imports_only_spacy_gives_the_same(nlp, tmp_path):
    doc = doc_of_fresh_process(nlp, TEXT, tmp_path)
    assert doc._.log_prob == nlp(TEXT)._.log_prob


def test_two_processes_give_what_one_gives(nlp):
    texts = [TEXT, "", "a zebra", "the old dog"] * 3
    alone = [said(doc) for doc in nlp.pipe(texts)]
    assert [said(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=3)] == alone


def test_it_can_be_sent_to_a_process_that_was_not_forked(nlp):
    mixture = pickle.loads(pickle.dumps(nlp.get_pipe("interpolated_lm")))
    doc = nlp.make_doc(TEXT)
    (expected,) = nlp.get_pipe("interpolated_lm").sentence_scores([doc])
    (found,) = mixture.sentence_scores([doc])
    assert found[0].log_probs.tolist() == expected[0].log_probs.tolist()


def test_its_models_may_be_disabled(nlp):
    expected = nlp(TEXT)._.log_prob
    with nlp.select_pipes(disable=MODELS):
        doc = nlp(TEXT)
        assert doc._.log_prob == expected
        assert list(doc._.log_probs) == ["interpolated_lm"]


def test_a_model_that_is_not_there_is_named(folder):
    nlp = mixed(folder)
    nlp.remove_pipe("short")
    with pytest.raises(InputError, match="interpolated_lm: mixes 'short', which is no language"):
        nlp(TEXT)


@pytest.mark.parametrize("content", ["", "  \n"], ids=repr)
def test_a_doc_without_words_has_no_perplexity(nlp, content):
    doc = nlp(content)
    assert (doc._.log_prob, doc._.perplexity) == (0.0, None)


def test_the_score_is_that_of_the_references(nlp):
    (reference,) = docs(nlp)
    scores = nlp.get_pipe("interpolated_lm").score([Example(nlp.make_doc(""), reference)])
    expected = total(nlp.get_pipe("interpolated_lm").sentence_scores([reference])[0])
    assert scores["interpolated_lm_perplexity"] == pytest.approx(expected.perplexity)
    assert scores["lm_vocabulary"] == nlp.get_pipe("long").predictable


def test_weights_that_are_given_need_no_text(folder):
    config = {"weights": [0.25, 0.75], "cache": 5, "cache_weight": 0.2}
    nlp = mixed(folder, config=config, settings={})
    assert nlp.get_pipe("interpolated_lm").weights == pytest.approx([0.2, 0.6, 0.2])


def test_weights_are_learned_from_a_reader_too(folder, tmp_path):
    expected = mixed(folder).get_pipe("interpolated_lm").weights
    nlp = mixed(folder)
    path = tmp_path / "dev.spacy"
    found = [Doc(nlp.vocab, words=words) for words in sentences(2, 40)]
    spacy.tokens.DocBin(docs=found).to_disk(path)
    reader = {"@readers": "spacy.Corpus.v1", "path": str(path), "gold_preproc": False}
    reader |= {"max_length": 0, "limit": 0, "augmenter": None}
    again = mixed(folder, settings={"corpus": reader})
    assert again.get_pipe("interpolated_lm").weights == pytest.approx(expected)


def test_without_weights_or_a_text_to_learn_them_it_says_so(folder):
    with pytest.raises(InputError, match="expected text or corpus, of development data"):
        mixed(folder, settings={})
    nlp = spacy.blank("xx")
    for name in MODELS:
        nlp.add_pipe("ngram_lm", name=name)
    nlp.add_pipe("interpolated_lm", config={"models": MODELS})
    with pytest.raises(InputError, match="long has no model yet"):
        nlp.get_pipe("interpolated_lm")(nlp.make_doc(TEXT))


def test_it_stands_behind_the_models_that_it_mixes(folder):
    nlp = spacy.blank("xx")
    text = write_text(folder / "order.txt", sentences(1, 20))
    nlp.add_pipe("interpolated_lm", config={"models": MODELS})
    for name in MODELS:
        nlp.add_pipe("ngram_lm", name=name)
        nlp.config["initialize"]["components"][name] = {"text": text}
    nlp.config["initialize"]["components"]["interpolated_lm"] = {"text": text}
    with pytest.raises(InputError, match="stands before long in the pipeline"):
        nlp.initialize()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"models": ["a"]}, "names of two or more other language models"),
        ({"models": ["a", "a"]}, "names of two or more other"),
        ({"models": ["a", "interpolated_lm"]}, "names of two or more other"),
        ({"cache": -1}, "cache = -1: expected a number of tokens"),
        ({"unit": "hartley"}, "unit = 'hartley': expected one of nats, bits, log10"),
        ({"weights": [0.5]}, "expected 2 numbers from 0 to 1"),
        ({"weights": [1.5, -0.5]}, "expected 2 numbers from 0 to 1"),
        ({"weights": [0.5, 0.4]}, "have the sum 0.9: expected 1"),
        ({"weights": [0.5, 0.5], "cache": 9}, "cache_weight = None: expected both"),
        ({"cache": 9, "cache_weight": 0.1}, "weights = None, cache_weight = 0.1: expected both"),
        ({"cache_weight": 0.1}, "cache_weight = 0.1 without a cache"),
        (
            {"weights": [0.5, 0.5], "cache": 9, "cache_weight": 1.5},
            "cache_weight = 1.5: expected a number from 0 to 1",
        ),
    ],
)
def test_a_wrong_setting_is_refused(config, message):
    with pytest.raises(InputError, match=message):
        spacy.blank("xx").add_pipe("interpolated_lm", config={"models": ["a", "b"], **config})


@pytest.mark.parametrize(
    "content", ["", "{}", '{"weights": [1], "cache": 16}', '{"weights": {"long": 1}, "cache": 16}']
)
def test_damaged_weights_are_refused(nlp, tmp_path, content):
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "model" / "interpolated_lm" / "weights.json").write_text(content)
    with pytest.raises(InputError, match=r"weights\.json: (no weights of a mixture|weights of)"):
        spacy.load(tmp_path / "model")


def test_models_of_other_units_are_not_mixed_and_an_untrained_one_is_told(folder, caplog):
    text = write_text(folder / "more.txt", sentences(1, 60))
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config={"model": MODEL})
    nlp.add_pipe("ngram_lm")
    nlp.config["initialize"]["components"]["ngram_lm"] = {"text": text}
    nlp.add_pipe("interpolated_lm")
    nlp.config["initialize"]["components"]["interpolated_lm"] = {"text": text}
    nlp.initialize(lambda: lm_examples(nlp))
    assert "as if it were not trained" in caplog.text
    nlp.get_pipe("rnn_lm")._ends = False
    with pytest.raises(InputError, match="ngram_lm does not predict the same tokens as rnn_lm"):
        nlp.get_pipe("interpolated_lm").sentence_scores([nlp.make_doc(TEXT)])


def test_the_models_of_two_pipelines_are_joined_under_names_of_their_own(folder):
    text = write_text(folder / "joined.txt", sentences(2, 40))
    pipelines = []
    for order in (3, 1):
        nlp = spacy.blank("xx")
        nlp.add_pipe("ngram_lm", config={"order": order})
        nlp.config["initialize"]["components"]["ngram_lm"] = {"text": text}
        nlp.initialize()
        pipelines.append(nlp)
    nlp, mixture = join_pipelines(pipelines, cache=20)
    assert nlp.pipe_names == ["ngram_lm", "ngram_lm_2", "interpolated_lm"]
    mixture.initialize(lambda: [], nlp=nlp, text=text)
    assert mixture.names == ["ngram_lm", "ngram_lm_2", "cache"]
    assert set(nlp(TEXT)._.log_probs) == set(nlp.pipe_names)
    with pytest.raises(InputError, match="expected a language model in it, and no mixture"):
        join_pipelines([nlp, pipelines[1]])
