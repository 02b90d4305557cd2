"""Vectors carry what was learned elsewhere over to a tagger: the lecture's orange farmer."""

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.util import fix_random_seed

ALIKE = ("orange apple durian", "farmer cultivator", "farm plantation", "is", "a an")


def trained(vectors):
    """A pipeline that learned from farmers and farms, with or without vectors of like words."""
    fix_random_seed(0)
    rng = np.random.default_rng(0)
    nlp = spacy.blank("xx")
    for words in ALIKE:
        center = rng.normal(size=20)
        for word in words.split():
            nlp.vocab.set_vector(word, center + 0.1 * rng.normal(size=20))
    tok2vec = {
        "@architectures": "seqpipe.WordFeatures.v1",
        "vocabulary": {"@misc": "seqpipe.Vocabulary.v1"},
        "features": [],
        "vectors": vectors,
    }
    nlp.add_pipe("rnn_ner", config={"model": {"tok2vec": tok2vec, "encoder": {"nO": 50}}})
    examples = [
        Example.from_dict(
            nlp.make_doc(f"{name} is an orange {noun}"), {"entities": [(0, len(name), label)]}
        )
        for name in ("Sally Johnson", "Kruger Hill", "Ada Green", "Long Acre")
        for noun, label in (("farmer", "PER"), ("farm", "LOC"))
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    return nlp


def found(nlp, text):
    return [(ent.text, ent.label_) for ent in nlp(text).ents]


@pytest.mark.parametrize("vectors", ["frozen", "tuned"])
def test_robert_lin_is_a_person_since_a_cultivator_is_like_a_farmer(vectors):
    nlp = trained(vectors)
    assert found(nlp, "Robert Lin is an apple farmer") == [("Robert Lin", "PER")]
    assert found(nlp, "Robert Lin is a durian cultivator") == [("Robert Lin", "PER")]
    assert found(nlp, "Robert Lin is a durian plantation") == [("Robert Lin", "LOC")]


def test_without_vectors_two_unknown_words_are_one():
    nlp = trained("none")
    sentences = ("Robert Lin is a durian cultivator", "Robert Lin is a durian plantation")
    assert found(nlp, sentences[0]) == found(nlp, sentences[1])
