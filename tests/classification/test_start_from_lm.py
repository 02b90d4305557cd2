"""A classifier that begins with what a language model learned (Dai & Le 2015; Howard & Ruder 2018):
the two know of each other through a folder alone."""

import numpy
import spacy
from spacy.training import Example

from seqpipe.testing.case import train
from tests.lm.lm_case import MODEL, SENTENCES

ENCODER = {**MODEL["encoder"], "depth": 1}


def language_model(folder):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm", config={"model": {**MODEL, "encoder": ENCODER}})
    docs = [nlp.make_doc(text) for text in SENTENCES]
    train(nlp, [Example(doc.copy(), doc) for doc in docs], steps=5)
    nlp.to_disk(folder)
    return nlp.get_pipe("rnn_lm")


def test_a_classifier_starts_from_a_language_model(tmp_path):
    lm = language_model(tmp_path / "lm")
    nlp = spacy.blank("xx")
    model = {
        "@architectures": "seqpipe.RNNClassifier.v1",
        "tok2vec": {**MODEL["tok2vec"], "features": []},
        "encoder": ENCODER,
    }
    pipe = nlp.add_pipe("rnn_textcat", config={"model": model})
    settings = {"start_from": str(tmp_path / "lm")}
    nlp.config["initialize"]["components"]["rnn_textcat"] = settings
    texts = {"the cat ran": {"cat": 1.0}, "the dog ran": {"dog": 1.0}}
    examples = [Example.from_dict(nlp.make_doc(t), {"cats": cats}) for t, cats in texts.items()]
    nlp.initialize(lambda: examples)
    docs = [nlp.make_doc("the mouse ran under the rug .")]
    mine, theirs = (one.model.get_ref("tok2vec").predict(docs)[0] for one in (pipe, lm))
    numpy.testing.assert_array_equal(mine, theirs)
    for one, other in zip(
        pipe.model.get_ref("encoder").walk(), lm.model.get_ref("encoder").walk(), strict=True
    ):
        for name in one.param_names:
            numpy.testing.assert_array_equal(one.get_param(name), other.get_param(name))
    losses = [nlp.update(examples, sgd=nlp.create_optimizer(), losses={}) for _ in range(5)]
    assert losses[-1]["rnn_textcat"] < losses[0]["rnn_textcat"]
