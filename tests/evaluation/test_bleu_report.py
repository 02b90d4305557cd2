"""Files of translations from end to end: what is scored unless more is asked for, what is asked of
other systems, and what is said, word for word, when texts do not belong together."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from seqpipe.evaluation.bleu import BleuOptions, corpus_scores, sentence_bleu
from seqpipe.evaluation.bleu_compare import compare_systems
from seqpipe.evaluation.bleu_files import read_parallel
from seqpipe.evaluation.bleu_report import score_files
from seqpipe.evaluation.bleu_scorer import make_bleu_scorer, score_translations
from seqpipe.files import InputError

TEXTS = ["the cat sat on the mat", "a dog barked at night", "Red birds sing"]
GOLD = [["the cat is on the mat"], ["a dog barked all night"], ["red birds sing"]]
WORSE = ["cat mat", "dogs bark at night", "red sing"]


@pytest.fixture
def files(tmp_path):
    """The paths of hypotheses, references and another system's hypotheses."""
    texts = {"hyp": TEXTS, "ref": [one for (one,) in GOLD], "other": WORSE}
    for name, lines in texts.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [tmp_path / name for name in texts]


def test_bleu_alone_is_scored_unless_more_is_asked_for(files):
    found = corpus_scores(TEXTS, GOLD)
    assert (found.chrf, found.ter, set(found.signatures)) == (None, None, {"bleu"})
    assert set(compare_systems([("a", TEXTS), ("b", WORSE)], GOLD).scores) == {"bleu"}
    report = score_files(files[0], files[1:2])
    assert report.scores == found
    assert (report.sentences, report.comparison) == (None, None)
    assert report.as_dict() == {"scores": found.as_dict()}


def test_a_pipeline_is_scored_by_chrf_too_unless_it_says_otherwise():
    nlp = spacy.blank("xx")
    predicted, reference = nlp.make_doc("Le chat"), nlp.make_doc("Le chat")
    predicted._.translation, reference._.references = TEXTS[0], GOLD[0]
    examples = [Example(predicted, reference)]
    for scores in (score_translations(examples), make_bleu_scorer()(examples)):
        assert "chrf" in scores
        assert "ter" not in scores
        expected = corpus_scores(TEXTS[:1], GOLD[:1], chrf=True)
        assert scores["chrf"] == expected.chrf / 100
        assert scores["bleu_ratio"] == expected.bleu.ratio
        assert scores["bleu_signature"] == expected.signatures["bleu"]


def test_all_that_is_asked_for_reaches_each_part_of_a_report(files):
    hypotheses, references, other = files
    options = BleuOptions(lowercase=True)
    asked = {"options": options, "chrf": True, "ter": True}
    report = score_files(hypotheses, [references], others=[other], sentences=True, **asked)
    assert report.scores == corpus_scores(TEXTS, GOLD, **asked)
    assert [one.bleu for one in report.sentences] == sentence_bleu(TEXTS, GOLD, options=options)
    assert [(one.line, one.hypothesis, one.references) for one in report.sentences] == [
        (line, text, tuple(some))
        for line, (text, some) in enumerate(zip(TEXTS, GOLD, strict=True), start=1)
    ]
    names = [str(hypotheses), str(other)]
    expected = compare_systems(list(zip(names, (TEXTS, WORSE), strict=True)), GOLD, **asked)
    assert report.comparison == expected
    assert set(expected.scores) == {"bleu", "chrf", "ter"}
    record = report.as_dict()
    assert set(record) == {"scores", "sentences", "systems"}
    assert record["systems"] == expected.as_dict()
    first = report.sentences[0]
    assert record["sentences"][0] == {
        "line": 1,
        **first.bleu.as_dict(),
        "hypothesis": TEXTS[0],
        "references": ("the cat is on the mat",),
    }


def test_a_comparison_draws_a_thousand_samples_unless_told_otherwise():
    systems = [("a", TEXTS), ("b", WORSE)]
    assert "bs:1000|" in compare_systems(systems, GOLD).signatures["bleu"]


def test_standard_input_may_stand_for_one_file(files, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO("caf\u00e9\n".encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert read_parallel([Path("-")]) == [["café"]]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(InputError) as refusal:
        read_parallel([Path("-")])
    assert str(refusal.value) == "standard input: no text in it, expected a sentence a line"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError) as refusal:
        read_parallel([Path("-")])
    assert str(refusal.value) == "standard input is closed, expected a sentence a line"


REFUSED = {
    "tokenize = 'moses': expected one of 13a, none, intl, char, zh, ja-mecab, ko-mecab": lambda: (
        BleuOptions(tokenize="moses")
    ),
    "smoothing = 'laplace': expected one of exp, floor, add-k, none": lambda: BleuOptions(
        smoothing="laplace"
    ),
    "smoothing_value = 1.0: smoothing 'exp' takes none, expected one of floor, add-k": lambda: (
        BleuOptions(smoothing_value=1.0)
    ),
    "smoothing_value = 0.0: expected a number above 0": lambda: BleuOptions(
        smoothing="floor", smoothing_value=0.0
    ),
    "smoothing_value = inf: expected a number above 0": lambda: BleuOptions(
        smoothing="add-k", smoothing_value=float("inf")
    ),
    "no hypothesis, expected one or more": lambda: corpus_scores([], []),
    "1 hypotheses and references for 2 sentences: expected as many": lambda: sentence_bleu(
        ["a"], [["a"], ["b"]]
    ),
    "sentence 2: references 'b', expected a list of strings": lambda: corpus_scores(
        ["a", "b"], [["a"], "b"]
    ),
    "sentence 1: references ['a', None], expected a list of strings": lambda: corpus_scores(
        ["a"], [["a", None]]
    ),
    "standard input (-) stands for several files, expected one at most": lambda: read_parallel(
        [Path("-"), Path("-")]
    ),
    "1 system(s) to compare, expected two or more": lambda: compare_systems([("a", TEXTS)], GOLD),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_refusal_says_what_was_found_and_what_is_expected(message):
    with pytest.raises(InputError) as refusal:
        REFUSED[message]()
    assert str(refusal.value) == message


def test_notes_are_whole_sentences():
    marked = corpus_scores(["\ufeffthe cat ."] + ["a dog ."] * 99, [["x"]] * 100)
    assert marked.notes() == [
        '100 hypotheses end in " .": texts in tokens are compared with tokenize = none, or should '
        "be joined first",
        "the first line begins with a byte order mark, which is scored with it, as sacreBLEU does",
    ]
    assert corpus_scores(["a dog ."] * 99, [["x"]] * 99).notes() == []
    assert corpus_scores(["a dog"], [["\ufeffa dog"]]).has_byte_order_mark
    assert not corpus_scores(["a", "\ufeffb"], [["a"], ["b"]]).has_byte_order_mark


def test_lengths_have_a_ratio_where_there_is_something_to_compare_with():
    assert corpus_scores(["a b c"], [["a b c d"]]).bleu.ratio == 3 / 4
    assert corpus_scores(["a"], [[""]]).bleu.ratio is None
