"""The lecture's sentences about cats: ends are predicted, what is not known is <UNK>."""

import math

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.lm.learn import learn_ngrams, sentence_pieces
from seqpipe.testing.case import train

SLEEP = ["Cats", "average", "15", "hours", "of", "sleep", "a", "day", "."]
EGYPTIAN = ["The", "Egyptian", "is", "a", "breed", "of", "cat", "."]
MAU = ["The", "Egyptian", "Mau", "is", "a", "breed", "of", "cat", "."]


@pytest.fixture(scope="module")
def recurrent():
    nlp = spacy.blank("xx")
    vocabulary = {"@misc": "seqpipe.Vocabulary.v1", "min_count": 1}
    tok2vec = {"width": 8, "vocabulary": vocabulary}
    nlp.add_pipe("rnn_lm", config={"model": {"tok2vec": tok2vec, "encoder": {"nO": 16}}})
    docs = [Doc(nlp.vocab, words=words) for words in (SLEEP, EGYPTIAN)]
    train(nlp, [Example(doc.copy(), doc) for doc in docs], steps=40)
    return nlp


def scored(nlp, words):
    ((score,),) = nlp.get_pipe("rnn_lm").sentence_scores([Doc(nlp.vocab, words=words)])
    return score


def test_each_target_is_the_next_word_and_the_last_is_the_end(recurrent):
    score = scored(recurrent, SLEEP)
    assert list(score.tokens) == [*SLEEP, "<EOS>"]
    doc = recurrent(Doc(recurrent.vocab, words=SLEEP))
    assert doc._.log_prob == pytest.approx(math.fsum(score.log_probs))
    assert doc._.perplexity == pytest.approx(math.exp(-doc._.log_prob / 10))


def test_the_mau_is_unknown_to_both_kinds_of_model(recurrent):
    ngrams = learn_ngrams(sentence_pieces([SLEEP, EGYPTIAN]), order=2)
    for score in (scored(recurrent, MAU), ngrams.score(MAU)):
        unknown = [
            token for token, is_unk in zip(score.tokens, score.is_unknown, strict=True) if is_unk
        ]
        assert unknown == ["Mau"]


def test_an_unknown_word_is_scored_as_any_other(recurrent):
    other = ["Siamese" if word == "Mau" else word for word in MAU]
    assert scored(recurrent, MAU).log_probs == pytest.approx(scored(recurrent, other).log_probs)
