"""An entity's confidence: kept with label and offsets, and calibrated."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from seqpipe.tagging.confidence import clear_confidences, fit_temperature, set_confidence


@pytest.fixture
def doc() -> Doc:
    doc = spacy.blank("xx")("Yesterday Anna Bell of Acme spoke in Bonn")
    for start, end, label, value in [(1, 3, "PER", 0.75), (4, 5, "ORG", 0.5)]:
        span = Span(doc, start, end, label=label)
        set_confidence(doc, span.start_char, span.end_char, label, value)
        doc.set_ents([*doc.ents, span])
    return doc


def confidences(doc: Doc) -> dict[str, float | None]:
    return {ent.text: ent._.confidence for ent in doc.ents}


BOTH = {"Anna Bell": 0.75, "Acme": 0.5}


def test_an_entity_has_the_confidence_that_was_set(doc):
    assert confidences(doc) == BOTH


def test_it_belongs_to_just_these_characters(doc):
    assert Span(doc, 1, 2, label="PER")._.confidence is None
    assert Span(doc, 0, 3, label="PER")._.confidence is None


def test_it_belongs_to_just_this_label(doc):
    doc.set_ents([Span(doc, 1, 3, label="ORG"), doc.ents[1]])
    assert confidences(doc) == {"Anna Bell": None, "Acme": 0.5}


def test_another_components_entity_has_none(doc):
    doc.set_ents([*doc.ents, Span(doc, 7, 8, label="LOC")])
    assert confidences(doc) == {**BOTH, "Bonn": None}


def test_all_are_forgotten_and_other_user_data_stay(doc):
    doc.user_data["mine"] = 1
    clear_confidences(doc)
    assert confidences(doc) == dict.fromkeys(BOTH)
    assert doc.user_data == {"mine": 1}


def test_it_moves_with_a_span_that_becomes_a_doc(doc):
    part = doc[2:6].as_doc(copy_user_data=True)
    assert confidences(part) == {"Acme": 0.5}
    whole = doc[1:6].as_doc(copy_user_data=True)
    assert confidences(whole) == BOTH


def test_it_is_saved_with_the_doc(doc):
    loaded = Doc(spacy.blank("xx").vocab).from_bytes(doc.to_bytes())
    assert confidences(loaded) == BOTH


def test_it_is_saved_in_a_doc_bin(doc):
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (loaded,) = DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab)
    assert confidences(loaded) == BOTH


def test_it_stays_when_tokens_are_merged_or_split_elsewhere(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[5:7])
        retokenizer.split(doc[0], ["Yester", "day"], heads=[(doc[0], 1), doc[1]])
    assert confidences(doc) == BOTH


def test_it_stays_when_the_entitys_own_tokens_are_merged(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3], attrs={"ENT_TYPE": "PER"})
    assert confidences(doc) == BOTH


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0, 4.0])
def test_a_known_temperature_is_found_again(true):
    rng = numpy.random.default_rng(0)
    logits = rng.normal(scale=4, size=40_000)
    correct = rng.random(len(logits)) < 1 / (1 + numpy.exp(-logits / true))

    def at(temperature):
        return 1 / (1 + numpy.exp(-logits / temperature))

    assert fit_temperature(at, correct) == pytest.approx(true, rel=0.05)


def test_the_temperature_stays_in_its_bounds():
    overconfident = numpy.array([False] * 10)
    found = fit_temperature(lambda t: 1 / (1 + numpy.exp(-numpy.full(10, 5.0) / t)), overconfident)
    assert found == pytest.approx(8.0, rel=0.02)


def test_without_predictions_the_temperature_is_one():
    assert fit_temperature(lambda t: numpy.zeros(0), []) == 1.0
