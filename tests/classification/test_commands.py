"""`seqpipe classification explain`: what it shows and writes, and what it refuses."""

from __future__ import annotations

import json

import pytest
import spacy
import typer
from spacy.training import Example
from typer.testing import CliRunner

from seqpipe.classification.commands import seqpipe_commands, seqpipe_starters
from seqpipe.classification.explain import explain
from seqpipe.files import InputError
from seqpipe.testing.case import train

MODEL = {
    "tok2vec": {"width": 8, "features": [], "characters": None},
    "encoder": {"nO": 6},
    "pooling": "attention",
}
REVIEWS = [
    ("The dessert is excellent.", "positive"),
    ("An excellent quick meal.", "positive"),
    ("Service was quite slow.", "negative"),
    ("The slow meal is cold.", "negative"),
]
TEXT = "The excellent dessert."
SLOW = "Slow <b>service</b>."


def saved(folder, *, names=("sentiment",), model=MODEL):
    """A small trained pipeline with classifiers of these names, saved."""
    nlp = spacy.blank("xx")
    for name in names:
        nlp.add_pipe("rnn_sentiment", name=name, config={"model": model})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: 1.0}}) for text, label in REVIEWS
    ]
    train(nlp, examples)
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("trained") / "model")


def run(*words):
    app = typer.Typer()
    seqpipe_commands(app=app)
    result = CliRunner().invoke(app, ["classification", "explain", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_texts_are_shown_with_their_labels_and_the_words_that_speak_for_them(model):
    shown = run(model, TEXT, SLOW).stdout
    nlp = spacy.load(model)
    for text in (TEXT, SLOW):
        found = explain(nlp, text)
        assert f"label {found.label}, probability {found.probability:.4f}, gradient" in shown
    assert "excellent[+++] " in shown
    assert "speaks for the label" in shown


@pytest.mark.parametrize("method", ["gradient", "attention"])
def test_json_holds_the_weights(model, method):
    (first, second) = json.loads(run(model, TEXT, SLOW, "--json", "--method", method).stdout)
    expected = explain(spacy.load(model), TEXT, method=method)
    assert (first["text"], second["text"]) == (TEXT, SLOW)
    assert first["method"] == method
    assert first["label"] == "positive"
    assert first["probability"] == pytest.approx(expected.probability)
    assert [word["text"] for word in first["words"]] == list(expected.words)
    assert [word["weight"] for word in first["words"]] == pytest.approx(expected.weights)
    assert all(word["read"] is True for word in first["words"])


def test_label_can_be_asked_for(model):
    (found,) = json.loads(run(model, TEXT, "--label", "negative", "--json").stdout)
    assert found["label"] == "negative"
    assert found["probability"] < 0.5
    with pytest.raises(InputError, match="label 'negativ': did you mean 'negative'"):
        run(model, TEXT, "--label", "negativ")


def test_html_is_written_beside_what_is_shown(model, tmp_path):
    page = tmp_path / "new" / "page.html"
    shown = run(model, TEXT, SLOW, "--html", page).stdout
    assert f"The page is in {page}" in shown.replace("\n", "")
    html = page.read_text(encoding="utf-8")
    assert html.count("<figure") == 2
    assert "excellent</mark>" in html
    assert "<b>" not in html
    (found,) = json.loads(run(model, TEXT, "--html", page, "--json").stdout)
    assert found["label"] == "positive"
    assert page.read_text(encoding="utf-8").count("<figure") == 1


def test_page_that_cannot_be_written_is_named(model, tmp_path):
    with pytest.raises(InputError, match=r"a folder stands there, expected a file"):
        run(model, TEXT, "--html", tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file"):
        run(model, TEXT, "--html", tmp_path / "file" / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_empty_text_is_refused(model, text):
    with pytest.raises(InputError, match="the text is empty, expected words"):
        run(model, text)
    with pytest.raises(InputError, match="text 2 of 2 is empty"):
        run(model, TEXT, text)


def test_text_in_another_encoding_is_refused(model):
    with pytest.raises(InputError, match="the text is not UTF-8"):
        run(model, b"na\xefve".decode("utf-8", "surrogateescape"))


def test_pipeline_without_a_classifier_is_refused(tmp_path):
    spacy.blank("xx").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match=r"blank: expected one rnn_textcat .* components \[\]"):
        run(tmp_path / "blank", TEXT)


def test_of_two_classifiers_one_has_to_be_named(tmp_path):
    two = saved(tmp_path / "two", names=("one", "two"))
    with pytest.raises(InputError, match=r"two: expected one .* components \['one', 'two'\]"):
        run(two, TEXT)
    (found,) = json.loads(run(two, TEXT, "--component", "two", "--json").stdout)
    expected = explain(spacy.load(two), TEXT, component="two")
    assert [word["weight"] for word in found["words"]] == pytest.approx(expected.weights)


def test_attention_of_a_model_without_it_is_refused(tmp_path):
    path = saved(tmp_path / "max", model={**MODEL, "pooling": "max"})
    with pytest.raises(InputError, match="its pooling is 'max'"):
        run(path, TEXT, "--method", "attention")


def test_starter_is_there():
    (starter,) = seqpipe_starters()
    assert starter.name == "sentiment"
    assert (starter.folder / "project.yml").is_file()
