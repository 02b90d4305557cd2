"""rnn_tagger: the shared checks, tags and extensions as targets, and the CRF head."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Token
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.testing import LabelledComponentChecks, SharedTok2VecChecks
from seqpipe.testing.case import ComponentCase, copy_of, train, trained_on

TINY = {
    "model": {
        "tok2vec": {
            "width": 8,
            "feature_width": 4,
            "features": ["shape", "suffix2"],
            "characters": {"nO": 4, "width": 4},
        },
        "encoder": {"nO": 8},
    }
}
PEOPLE = ["Mina", "Ada", "Jonas", "Tove"]
VERBS = ["sees", "greets", "calls", "knows"]
THINGS = ["dog", "boat", "mayor", "tree"]
POTTER = ["Harry", "Potter", "and", "Hermione", "Granger", "invented", "a", "new", "spell."]
POTTER_IS_NAME = [1, 1, 0, 1, 1, 0, 0, 0, 0]


def make_examples(nlp):
    """Sixteen sentences like "Mina sees the old dog ."."""
    examples = []
    for i, person in enumerate(PEOPLE):
        for j, verb in enumerate(VERBS):
            words = [person, verb, "the", "old", THINGS[(i + j) % 4], "."]
            examples.append(tagged(nlp, words, ["NNP", "VBZ", "DT", "JJ", "NN", "."]))
    return examples


def tagged(nlp, words, tags):
    return Example(Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words, tags=tags))


CASE = ComponentCase(
    factory="rnn_tagger",
    make_examples=make_examples,
    annotations=lambda doc: [token.tag_ for token in doc],
    unseen=lambda nlp: tagged(nlp, ["Mina", "sees"], ["NNP", "NEVER"]),
    score="tag_acc",
    reach=0.95,
    golden=Path(__file__).parents[1] / "golden",
    config=TINY,
)


class TestTagger(LabelledComponentChecks, SharedTok2VecChecks):
    case = CASE


NAMES = TINY | {
    "target": "_.is_name",
}


def name_example(nlp):
    """The person-name labels y of the motivating example, 1 for a token of a name."""
    if not Token.has_extension("is_name"):
        Token.set_extension("is_name", default=None)
    eg = Example(Doc(nlp.vocab, words=POTTER), Doc(nlp.vocab, words=POTTER))
    for token, label in zip(eg.reference, POTTER_IS_NAME, strict=True):
        token._.is_name = label
    return eg


@pytest.fixture(scope="module")
def names():
    """No test may change it."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config=NAMES)
    train(nlp, [name_example(nlp)])
    return nlp


def test_person_name_labels_of_the_motivating_example_are_learned(names):
    eg = name_example(names)
    doc = names(eg.predicted)
    assert [int(token._.is_name) for token in doc] == POTTER_IS_NAME
    assert not any(token.tag_ for token in doc)


def test_an_extension_is_scored_under_its_name(names):
    assert names.evaluate([name_example(names)])["is_name_acc"] == 1.0


def test_a_wrong_value_of_an_extension_is_a_miss(names):
    eg = name_example(names)
    eg.reference[0]._.is_name = 0
    assert names.evaluate([eg])["is_name_acc"] == pytest.approx(8 / 9)


def test_tokens_whose_extension_has_no_value_are_not_scored(names):
    eg = name_example(names)
    for token in eg.reference[:4]:
        token._.is_name = None
    eg.reference[4]._.is_name = 0
    assert names.evaluate([eg])["is_name_acc"] == pytest.approx(4 / 5)


def test_extension_labels_survive_saving(names, tmp_path):
    names.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    text = name_example(names).reference.text
    found = [[token._.is_name for token in nlp(text)] for nlp in (loaded, names)]
    assert found[0] == found[1]
    assert set(found[0]) == {"0", "1"}


def test_labels_are_strings_in_order(names):
    assert names.get_pipe("rnn_tagger").labels == ("0", "1")


@pytest.mark.parametrize("target", ["pos", "_.", "_.not a name", "tag"])
def test_an_unknown_target_is_refused(target):
    with pytest.raises(InputError, match=r"rnn_tagger: .*expected 'tag_' or '_\.' and a name"):
        spacy.blank("xx").add_pipe("rnn_tagger", config={"target": target})


def test_training_data_without_a_tag_are_refused():
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config=TINY)
    bare = Example(Doc(nlp.vocab, words=["A"]), Doc(nlp.vocab, words=["A"]))
    with pytest.raises(InputError, match="rnn_tagger: the training data show no label"):
        nlp.initialize(lambda: [bare])


def test_a_label_unknown_to_initialize_is_named():
    nlp = trained_on(CASE, spacy_blank_with_tagger(), steps=1)
    with pytest.raises(ValueError, match=r"'NEVER'.*expected one of"):
        nlp.get_pipe("rnn_tagger").update([CASE.unseen(nlp)])


def spacy_blank_with_tagger(**config):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config={**TINY, **config})
    return nlp


def test_the_crf_head_tags_too():
    nlp = spacy.blank("xx")
    model = {**TINY["model"], "head": {"@layers": "seqpipe.CRF.v1"}}
    nlp.add_pipe("rnn_tagger", config={"model": model})
    trained_on(CASE, nlp)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] >= 0.95
    texts = [eg.text for eg in make_examples(nlp)]
    assert [CASE.annotations(doc) for doc in copy_of(nlp).pipe(texts)] == [
        CASE.annotations(doc) for doc in nlp.pipe(texts)
    ]


def test_a_token_without_a_tag_does_not_change_the_gradient():
    """Its emission has no gradient: the loss is that of the others alone."""
    nlp = trained_on(CASE, spacy_blank_with_tagger(), steps=1)
    pipe = nlp.get_pipe("rnn_tagger")
    words = ["Mina", "sees", "the"]
    whole = tagged(nlp, words, ["NNP", "VBZ", "DT"])
    partly = tagged(nlp, words, ["NNP", "", "DT"])
    scores, _ = pipe.model.begin_update([whole.predicted])
    loss, gradient = pipe.get_loss([whole], scores)
    partly_loss, partly_gradient = pipe.get_loss([partly], scores)
    assert 0 < partly_loss < loss
    assert not partly_gradient.emissions[1].any()
    assert (partly_gradient.emissions[[0, 2]] == gradient.emissions[[0, 2]]).all()
