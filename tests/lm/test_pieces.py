"""Language models on the pieces of a text that was cut into streams: what they say is what they say
of the whole text."""

import logging

import numpy as np
import pytest
import spacy

from seqpipe.files import InputError
from seqpipe.lm.streams import make_text_streams
from seqpipe.testing.case import copy_of, trained_once
from tests.lm.lm_case import RNN_LM, SENTENCES, lm_examples

TOKENIZER = {"@tokenizers": "seqpipe.UnkTokenizer.v1", "unit": "whitespace"}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(SENTENCES) + "\n", encoding="utf-8")
    return path


def counted(text, *, order=3, unit="whitespace", **initialize):
    tokenizer = {**TOKENIZER, "unit": unit}
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": tokenizer}})
    nlp.add_pipe("ngram_lm", config={"order": order})
    nlp.config["initialize"]["components"]["ngram_lm"] = initialize or {"text": str(text)}
    nlp.initialize()
    return nlp


def pieces(nlp, text, steps, *, streams=1, **options):
    return list(make_text_streams(text, streams=streams, steps=steps, **options)(nlp))


def said(found):
    """All numbers, whatever the docs: the tokens and their log-probabilities."""
    scores = [score for of_doc in found for score in of_doc]
    tokens = [token for score in scores for token in score.tokens]
    return tokens, np.concatenate([score.log_probs for score in scores])


@pytest.mark.parametrize("order", [1, 2, 3, 9])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_ngrams_score_pieces_as_the_whole_text(text, order, steps):
    nlp = counted(text, order=order)
    pipe = nlp.get_pipe("ngram_lm")
    expected = said(pipe.sentence_scores([nlp.make_doc(line) for line in SENTENCES]))
    found = said(pipe.sentence_scores([eg.reference for eg in pieces(nlp, text, steps)]))
    assert found[0] == expected[0]
    np.testing.assert_allclose(found[1], expected[1], atol=1e-9)


def test_ngrams_learn_from_pieces_what_they_learn_from_the_file(text):
    nlp = counted(text)
    for streams in (1, 3):
        other = spacy.blank("en", config={"nlp": {"tokenizer": TOKENIZER}})
        pipe = other.add_pipe("ngram_lm")
        examples = pieces(other, text, 3, streams=streams)
        other.initialize(lambda examples=examples: examples)
        if streams == 1:
            assert pipe.to_bytes() == nlp.get_pipe("ngram_lm").to_bytes()
        counts = pipe.model.vocabulary.counts, nlp.get_pipe("ngram_lm").model.vocabulary.counts
        assert counts[0].sum() == counts[1].sum()


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_pieces_are_read_on_from_batch_to_batch(text, batch_size):
    nlp = counted(text)
    (whole,) = pieces(nlp, text, 10**6)
    expected = nlp(whole.predicted)
    docs = [eg.predicted for eg in pieces(nlp, text, 4)]
    found = [token._.surprisal for doc in nlp.pipe(docs, batch_size=batch_size) for token in doc]
    np.testing.assert_allclose(found, [token._.surprisal for token in expected], atol=1e-9)


def mixture(text, cache):
    nlp = copy_of(trained_once(RNN_LM))
    ngram = nlp.add_pipe("ngram_lm")
    ngram.initialize(lambda: lm_examples(nlp), nlp=nlp)
    config = {"models": ["rnn_lm", "ngram_lm"], "cache": cache}
    mixed = nlp.add_pipe("interpolated_lm", config=config)
    mixed.initialize(lambda: [], nlp=nlp, corpus=lambda nlp: pieces(nlp, text, 5))
    return nlp, mixed


@pytest.mark.parametrize("cache", [0, 7])
def test_a_mixture_says_of_pieces_what_it_says_of_the_whole_text(text, cache):
    nlp, mixed = mixture(text, cache)
    expected = said(mixed.sentence_scores([eg.reference for eg in pieces(nlp, text, 10**6)]))
    found = said(mixed.sentence_scores([eg.reference for eg in pieces(nlp, text, 3)]))
    assert found[0] == expected[0]
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)
    docs = [eg.predicted for eg in pieces(nlp, text, 3)]
    total = sum(doc._.log_prob for doc in nlp.pipe(docs, batch_size=2))
    assert total == pytest.approx(expected[1].sum(), abs=1e-3)


def test_a_mixture_refuses_docs_of_another_pipeline(text):
    nlp, _ = mixture(text, 0)
    other = spacy.blank("xx")
    for name in ("rnn_lm", "ngram_lm", "interpolated_lm"):
        other.add_pipe(name, source=nlp)
    with pytest.raises(InputError, match="another pipeline"):
        other("the cat")


def test_ngrams_of_characters_know_blanks(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("to be or not to be\n", encoding="utf-8")
    nlp = counted(path, unit="char")
    assert nlp("to be")._.log_prob > nlp("tobe")._.log_prob
    assert all(token._.surprisal is not None for token in nlp("to be"))
    assert " " in nlp.get_pipe("ngram_lm").next_words


def test_a_piece_that_comes_alone_is_warned_of_once(text, caplog):
    nlp = trained_once(RNN_LM)
    docs = [eg.reference for eg in pieces(nlp, text, 3)]
    pipe = (
        spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes()).get_pipe("rnn_lm")
    )
    with caplog.at_level(logging.WARNING, "seqpipe"):
        pipe.sentence_scores(docs)
        assert "without the one before it" not in caplog.text
        pipe.sentence_scores(docs[1:2])
        pipe.sentence_scores(docs[2:3])
    assert caplog.text.count("without the one before it") == 1


def test_annotations_are_gone_when_tokens_have_changed(text):
    nlp = counted(text)
    doc = nlp("the cat sat on the mat .")
    before = doc._.log_prob
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[4], ["m", "at"], heads=[(doc[4], 1), doc[3]])
    assert len(doc) == 7
    assert before is not None
    assert doc._.log_prob is None
    assert doc._.perplexities == {}
    assert doc[0]._.surprisal is None
    assert doc[6]._.surprisal is not None  # the full stop is where it was


def test_the_model_that_training_watches_is_named(text, caplog):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config=RNN_LM.config)
    nlp.add_pipe("ngram_lm")
    with caplog.at_level(logging.WARNING, "seqpipe"):
        nlp.initialize(lambda: lm_examples(nlp))
    assert "lm_score is that of ngram_lm" in caplog.text
    assert "rnn_lm_score = 1.0" in caplog.text
