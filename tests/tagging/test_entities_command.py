"""`seqpipe tagging entities`: what it shows and writes, in three languages, and what it refuses."""

from __future__ import annotations

import json

import pytest
import spacy
import typer
from spacy.tokens import Doc, Span
from spacy.training import Example
from typer.testing import CliRunner

from seqpipe.files import InputError
from seqpipe.tagging.commands import seqpipe_commands
from seqpipe.testing.case import train

MODEL = {
    "tok2vec": {"width": 8, "feature_width": 4, "features": ["shape"], "characters": None},
    "encoder": {"nO": 8},
}
SENTENCES = [
    (["Mina", "moved", "."], "PER"),
    (["Huế", "moved", "."], "LOC"),
    (["Jürgen", "moved", "."], "PER"),
]
VIETNAMESE, GERMAN = "Huế moved.", "Jürgen moved."


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_ner", name="ner", config={"model": MODEL})
    examples = []
    for words, label in SENTENCES:
        reference = Doc(nlp.vocab, words=words)
        reference.set_ents([Span(reference, 0, 1, label)])
        examples.append(Example(Doc(nlp.vocab, words=words), reference))
    train(nlp, examples)
    folder = tmp_path_factory.mktemp("trained") / "model"
    nlp.to_disk(folder)
    return folder


def run(*words):
    app = typer.Typer()
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["tagging", "entities", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_entities_are_shown_with_label_and_confidence(model):
    lines = run(model, VIETNAMESE, GERMAN).stdout.splitlines()
    found = [ent for text in (VIETNAMESE, GERMAN) for ent in spacy.load(model)(text).ents]
    assert [ent.label_ for ent in found] == ["LOC", "PER"]
    assert lines == [
        f"[Huế](LOC {found[0]._.confidence:.2f}) moved.",
        "",
        f"[Jürgen](PER {found[1]._.confidence:.2f}) moved.",
        "",
    ]


def test_json_holds_offsets_label_and_confidence(model):
    (record,) = json.loads(run(model, GERMAN, "--json").stdout)
    (ent,) = record["ents"]
    assert record["text"] == GERMAN
    assert GERMAN[ent["start"] : ent["end"]] == ent["text"] == "Jürgen"
    assert 0 < ent["confidence"] <= 1


def test_the_page_has_all_texts(model, tmp_path):
    page = tmp_path / "new" / "page.html"
    assert "The page is in" in run(model, VIETNAMESE, GERMAN, "--html", page).stdout
    html = page.read_text(encoding="utf-8")
    assert html.count("<figure") == html.count("<mark") == 2
    json.loads(run(model, GERMAN, "--html", page, "--json").stdout)
    assert page.read_text(encoding="utf-8").count("<figure") == 1


def test_a_label_keeps_its_colour_whatever_is_found(model, tmp_path):
    styles = []
    for texts in ([GERMAN], [VIETNAMESE, GERMAN]):
        run(model, *texts, "--html", tmp_path / "page.html")
        html = (tmp_path / "page.html").read_text(encoding="utf-8")
        styles.append(html.partition(">Jürgen")[0].rpartition("<mark")[2])
    assert styles[0] == styles[1]


def test_entities_of_other_components_are_shown_too(tmp_path):
    nlp = spacy.blank("de")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "LOC", "pattern": "Ulm"}])
    nlp.to_disk(tmp_path / "ruler")
    shown = run(tmp_path / "ruler", "In Ulm regnet es.", "Hier nicht.").stdout
    assert shown == "In [Ulm](LOC) regnet es.\n\nHier nicht.\nno entity found\n\n"


def test_a_pipeline_that_finds_no_entities_is_refused(tmp_path):
    spacy.blank("xx").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match=r"blank: no component finds entities, .* among \[\]"):
        run(tmp_path / "blank", "Some text.")


def test_empty_texts_and_pages_that_cannot_be_written_are_refused(model, tmp_path):
    with pytest.raises(InputError, match="text 2 of 2 is empty, expected words"):
        run(model, GERMAN, " ")
    with pytest.raises(InputError, match="a folder stands there, expected a file for the page"):
        run(model, GERMAN, "--html", tmp_path)
    with pytest.raises(InputError, match=r"out\.txt: expected a name that ends in \.html"):
        run(model, GERMAN, "--html", tmp_path / "out.txt")
