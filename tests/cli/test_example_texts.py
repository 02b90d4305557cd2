"""Example texts of `seqpipe evaluate`: which component is shown, and what is right."""

import pytest
import spacy
from click import Command, Context
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from seqpipe.cli.evaluate import evaluate
from seqpipe.cli.example_texts import Classifier, find_classifier, pick_texts
from tests.classification.text_case import labelled


class Aspects:
    """Gives each label that is a word of the text 0.9, the others 0.2."""

    labels, kind, threshold = ("food", "service", "price"), "multilabel", 0.4

    def __call__(self, doc: Doc) -> Doc:
        doc.cats |= {label: 0.9 if label in doc.text else 0.2 for label in self.labels}
        return doc


@Language.factory("aspects_in_test", assigns=["doc.cats"])
def make_aspects(nlp: Language, name: str) -> Aspects:
    return Aspects()


@pytest.fixture
def aspects():
    nlp = spacy.blank("xx")
    nlp.add_pipe("aspects_in_test")
    return nlp


def texts_of(nlp, *pairs):
    """Of each text all labels are known."""
    return [
        labelled(nlp, text, {label: float(label in given) for label in Aspects.labels})
        for text, given in pairs
    ]


def picked(nlp, examples, count=9):
    return pick_texts(nlp, examples, count, classifier=find_classifier(nlp, examples))


def test_of_several_labels_a_text_all_must_be_right(aspects):
    examples = texts_of(
        aspects,
        ("food and service", ["food", "service"]),
        ("food", ["food", "price"]),
        ("nothing", []),
        ("price", []),
    )
    found = [(one.predicted, one.gold, one.is_right) for one in picked(aspects, examples)]
    assert found == [
        ({"food": 0.9, "service": 0.9}, ("food", "service"), True),
        ({"food": 0.9}, ("food", "price"), False),
        ({}, (), True),
        ({"price": 0.9}, (), False),
    ]


def test_threshold_of_the_component_counts(aspects):
    aspects.get_pipe("aspects_in_test").threshold = 0.1
    examples = texts_of(aspects, ("nothing", []))
    assert list(picked(aspects, examples)[0].predicted) == list(Aspects.labels)


def test_no_text_is_picked_twice(aspects):
    pairs = [("food", ["food"]), ("food ", ["food"]), ("price", ["price"]), ("food", [])]
    examples = texts_of(aspects, *pairs)
    assert [one.text for one in picked(aspects, examples)] == ["food", "price"]


def test_sets_of_labels_are_printed(aspects, tmp_path, capsys):
    pairs = [("food, service", ["food"]), ("price", ["price"]), ("all", ["food"]), ("none", [])]
    examples = texts_of(aspects, *pairs)
    aspects.to_disk(tmp_path / "model")
    DocBin(docs=[eg.reference for eg in examples]).to_disk(tmp_path / "test.spacy")
    evaluate(
        Context(Command("evaluate")), [tmp_path / "model"], tmp_path / "test.spacy", examples=4
    )
    shown = capsys.readouterr().out.partition("\nexamples\n")[2]
    blocks = shown.replace("✗", "x").strip().split("\n\n")
    assert blocks == [
        "food 0.90, service 0.90 x gold: food\nfood, service",
        "price 0.90\nprice",
        "none x gold: food\nall",
        "none\nnone",
    ]


def test_entities_are_shown_where_no_component_has_classes(model, tmp_path, capsys):
    nlp = spacy.blank("xx")
    doc = nlp.make_doc("Ann left Leeds")
    doc.ents = [doc.char_span(0, 3, "PER")]
    doc.cats = {"travel": 1.0}
    DocBin(docs=[doc]).to_disk(tmp_path / "test.spacy")
    evaluate(Context(Command("evaluate")), [model], tmp_path / "test.spacy", examples=1)
    assert "[Ann](PER) left [Leeds](LOC" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("factory", "kind", "threshold"),
    [("textcat", "exclusive", 0.0), ("textcat_multilabel", "multilabel", 0.7)],
)
def test_classes_of_spacys_own_components_are_shown(factory, kind, threshold):
    nlp = spacy.blank("xx")
    nlp.add_pipe(factory, config={"threshold": threshold})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {"a": value, "b": 1.0 - value}})
        for text, value in (("One.", 1.0), ("Two.", 0.0))
    ]
    nlp.initialize(lambda: examples)
    assert find_classifier(nlp, examples) == Classifier(("a", "b"), kind, threshold)
    assert len(picked(nlp, examples)) == 2


def test_of_two_components_the_one_whose_classes_the_data_have_is_shown(aspects):
    textcat = aspects.add_pipe("textcat", first=True)
    for label in ("good", "bad"):
        textcat.add_label(label)
    good = labelled(aspects, "Good.", {"good": 1.0})
    food = labelled(aspects, "Food.", {"food": 1.0})
    assert find_classifier(aspects, [good]).labels == textcat.labels
    assert find_classifier(aspects, [food]).labels == Aspects.labels
    assert find_classifier(aspects, [labelled(aspects, "Food.", {})]) is None
