"""The readers of labelled texts: what they warn of, and that they say it once."""

from __future__ import annotations

import json
import logging

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from seqpipe.classification.corpus import make_labelled_texts

NLP = spacy.blank("xx")
NUMBERED = {"text": 0, "label": 1}
CONTRADICT = "texts that are there more than once, with labels that contradict each other: "


@pytest.fixture
def warnings(caplog):
    """Read a corpus to its end, give the warnings without its path."""

    def read(path, **options):
        caplog.clear()
        list(make_labelled_texts(path, **options)(NLP))
        assert {(record.name, record.levelno) for record in caplog.records} <= {
            ("seqpipe", logging.WARNING)
        }
        return [record.getMessage().removeprefix(f"{path}: ") for record in caplog.records]

    return read


def written(path, *labels):
    """A file with the text "so so" under each of the labels."""
    lines = [json.dumps({"text": "so so", "label": label}) for label in labels]
    path.write_text("\n".join(lines))
    return path


def saved(path, *cats):
    """A .spacy file with the text "so so" under each of the cats."""
    docs = [NLP.make_doc("so so") for _ in cats]
    for doc, given in zip(docs, cats, strict=True):
        doc.cats = given
    DocBin(docs=docs).to_disk(path)
    return path


def test_contradictions_are_counted_with_an_instance(tmp_path, warnings):
    path = tmp_path / "a.tsv"
    path.write_text("so so\t0\nfine\t1\nso so\t1\nso so\t1\nfine\t1\nmeh\t0\nmeh\t1\n")
    assert warnings(path, **NUMBERED) == [
        f"{CONTRADICT}2; all are kept. Such as 'so so': 0 in {path}, line 1, 1 in {path}, line 3"
    ]


def test_a_warning_is_given_once_by_all_readers_of_a_corpus(tmp_path, warnings):
    (tmp_path / "a.tsv").write_text("so so\t0\nso so\t1\nmeh\t2\n" * 3)
    split = {"names": {"2": "", "4": "5"}, "folds": 3, **NUMBERED}
    assert len(warnings(tmp_path / "a.tsv", part="train", **split)) == 3
    assert warnings(tmp_path / "a.tsv", part="train", **split) == []
    assert warnings(tmp_path / "a.tsv", part="dev", **split) == []
    (tmp_path / "b.tsv").write_text("so so\t0\nso so\t1\n")
    assert len(warnings(tmp_path / "b.tsv", **NUMBERED)) == 1


def test_labels_that_become_one_do_not_contradict(tmp_path, warnings):
    path = written(tmp_path / "a.jsonl", "0", "1")
    assert warnings(path, names={"0": "negative", "1": "negative"}) == []


@pytest.mark.parametrize(
    ("one", "other", "instance"),
    [
        (["a"], [], "a in {}, line 1, none in {}, line 2"),
        (["a"], ["b", "a"], "a in {}, line 1, a, b in {}, line 2"),
        ("a", {"a": 0, "b": 1}, "a in {}, line 1, a 0, b 1 in {}, line 2"),
        ({"a": 1}, ["b"], "a 1 in {}, line 1, b in {}, line 2"),
        ({"a": 0.75, "b": 0.25}, "a", "a 0.75, b 0.25 in {}, line 1, a in {}, line 2"),
        ({"a": 1, "b": 1}, {"b": 0, "c": 1}, "a 1, b 1 in {}, line 1, b 0, c 1 in {}, line 2"),
        ({"a": 1}, {"b": 1}, "a 1 in {}, line 1, b 1 in {}, line 2"),
    ],
)
def test_labels_contradict(tmp_path, warnings, one, other, instance):
    path = written(tmp_path / "a.jsonl", one, other)
    instance = instance.format(path, path)
    assert warnings(path) == [f"{CONTRADICT}1; all are kept. Such as 'so so': {instance}"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 0}, "a"),
        ("a", ["a"]),
        ({"a": True, "b": 0}, {"a": 1.0}),
        ({"a": 1, "b": 1}, {"b": 1, "c": 1}),
        ({"a": 0, "b": 0}, []),
    ],
)
def test_labels_do_not_contradict(tmp_path, warnings, one, other):
    assert warnings(written(tmp_path / "a.jsonl", one, other)) == []


def test_what_a_third_text_contradicts_is_found(tmp_path, warnings):
    path = written(tmp_path / "a.jsonl", {"a": 1, "b": 1}, {"c": 1}, {"c": 0})
    (warning,) = warnings(path)
    assert warning.endswith(f"c 1 in {path}, line 2, c 0 in {path}, line 3")


def test_docs_contradict_in_the_labels_that_both_annotate(tmp_path, warnings):
    assert warnings(saved(tmp_path / "a.spacy", {"a": 1.0, "b": 1.0}, {"b": 1.0})) == []
    path = saved(tmp_path / "b.spacy", {"a": 1.0, "b": 1.0}, {"b": 0.0})
    instance = f"'so so': a 1, b 1 in {path}, doc 1, b 0 in {path}, doc 2"
    assert warnings(path) == [f"{CONTRADICT}1; all are kept. Such as {instance}"]


def test_docs_that_are_empty_or_say_nothing_are_counted(tmp_path, warnings):
    docs = [NLP.make_doc("fine"), Doc(NLP.vocab), NLP.make_doc("unread"), NLP.make_doc("fine")]
    docs[0].cats = {"good": 1.0}
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    assert warnings(tmp_path / "a.spacy") == [
        "1 of 4 docs are empty and are passed over",
        "2 of 3 docs have no cats, so nothing is known of them",
    ]


def test_texts_that_are_left_out_are_counted_by_the_labels_that_held(tmp_path, warnings):
    path = written(tmp_path / "a.jsonl", ["x"], ["y"], ["x", "y"], {"x": 0, "y": 1}, ["x", "z"])
    assert warnings(path, names={"x": None, "y": ""}) == [
        "texts left out for their labels: 4 ('x' 1, 'x, y' 1, 'y' 2)"
    ]


def test_a_name_of_no_label_is_told_with_the_nearest(tmp_path, warnings):
    path = written(tmp_path / "a.jsonl", "negative")
    assert warnings(path, names={"negatve": "0", "negative": "1", "+": "2"}) == [
        "no text has the label 'negatve', which names would rename; did you mean 'negative'?",
        "no text has the label '+', which names would rename; found 'negative'",
    ]
