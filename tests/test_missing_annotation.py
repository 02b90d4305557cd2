"""Components of one pipeline that learn from corpora of their own: a doc that says nothing of what
a component predicts leaves that component as it is."""

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from seqpipe.testing.case import without_annotation

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "tok2vec"}
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 8,
    "depth": 1,
    "embed_size": 64,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def entities(vocab):
    words = ["Ann", "met", "Bob", "in", "Oslo"]
    return Doc(vocab, words=words, ents=["B-PER", "O", "B-PER", "O", "B-LOC"])


def tags(vocab):
    return Doc(vocab, words=["Ann", "met", "Bob", "in", "Oslo"], tags=["N", "V", "N", "P", "N"])


def classes(vocab):
    doc = Doc(vocab, words=["Ann", "liked", "it"])
    doc.cats = {"positive": 1.0, "negative": 0.0}
    return doc


def disliked(vocab):
    doc = Doc(vocab, words=["Bob", "did", "not", "like", "Oslo"])
    doc.cats = {"positive": 0.0, "negative": 1.0}
    return doc


GOLD = {
    "rnn_ner": [entities],
    "rnn_tagger": [tags],
    "rnn_textcat": [classes, disliked],
    "rnn_sentiment": [classes, disliked],
}


def made(factory):
    """A pipeline of one component that has begun to learn, its examples and its optimizer."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    references = [make(nlp.vocab) for make in GOLD[factory]]
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in references]
    nlp.initialize(lambda: examples)
    sgd = Adam(0.01, L2=0.1)
    nlp.update(examples, sgd=sgd)
    return nlp, examples, sgd


def weights(nlp, factory):
    return nlp.get_pipe(factory).model.to_bytes()


@pytest.mark.parametrize("factory", GOLD)
def test_a_batch_that_says_nothing_takes_no_step(factory):
    nlp, examples, sgd = made(factory)
    before, steps = weights(nlp, factory), nlp.get_pipe(factory).steps
    losses = nlp.update([without_annotation(eg) for eg in examples], sgd=sgd)
    assert losses == {factory: 0.0}
    assert weights(nlp, factory) == before
    assert nlp.get_pipe(factory).steps == steps


@pytest.mark.parametrize("factory", GOLD)
def test_docs_that_say_nothing_change_no_step_of_the_others(factory):
    learned = []
    for silent in (0, 3):
        nlp, examples, sgd = made(factory)
        batch = [*(without_annotation(examples[0]) for _ in range(silent)), *examples]
        fix_random_seed(1)
        nlp.update(batch, sgd=sgd)
        learned.append(weights(nlp, factory))
    assert learned[0] == learned[1]


def test_a_listener_is_given_its_whole_batch():
    """Its share of the gradient belongs to the docs for which tok2vec has run."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": TOK2VEC})
    architecture = {"@architectures": "seqpipe.RNNTagger.v1", "tok2vec": LISTENER}
    nlp.add_pipe("rnn_ner", config={"model": architecture})
    reference = entities(nlp.vocab)
    eg = Example(nlp.make_doc(reference.text), reference)
    sgd = nlp.initialize(lambda: [eg])
    losses = nlp.update([without_annotation(eg), eg, without_annotation(eg)], sgd=sgd)
    assert losses["rnn_ner"] > 0.0


def test_two_components_learn_from_two_corpora_that_are_one_stream():
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_ner")
    nlp.add_pipe("rnn_sentiment")
    references = [make(nlp.vocab) for make in (entities, classes, disliked)]
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in references]
    sgd = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=sgd)
    doc = nlp("Ann met Bob in Oslo")
    assert [ent.label_ for ent in doc.ents] == ["PER", "PER", "LOC"]
    assert nlp("Ann liked it").cats["positive"] > 0.5
    scores = nlp.evaluate(examples)
    assert scores["ents_f"] == 1.0
    assert scores["cats_acc"] == 1.0
