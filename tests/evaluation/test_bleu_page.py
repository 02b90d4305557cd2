"""docs/evaluation.md is held to the code: its counts and its messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from seqpipe.evaluation.bleu import BleuOptions, corpus_scores
from seqpipe.evaluation.bleu_report import score_files
from seqpipe.evaluation.bleu_scorer import score_translations
from seqpipe.files import InputError
from tests import pages

PAGE = "docs/evaluation.md"


def test_the_table_of_the_lectures_example_is_counted():
    references = ("the cat is on the mat", "there is a cat on the mat")
    rows = re.findall(r"^\| (the .*?) \| (\d.*) \|$", pages.page(PAGE), flags=re.MULTILINE)
    assert len(rows) == 2
    for text, cells in rows:
        bleu = corpus_scores([text], [references]).bleu
        counts = [f"{c}/{t}" for c, t in zip(bleu.clipped, bleu.totals, strict=True)]
        assert cells.split(" | ") == counts


def of_files(hypotheses, reference, **options):
    Path("hyp.txt").write_text(hypotheses, encoding="utf-8")
    Path("ref1.txt").write_text(reference, encoding="utf-8")
    score_files(Path("hyp.txt"), [Path("ref1.txt")], options=BleuOptions(**options))


def of_a_pipeline_that_translates_nothing():
    reference = spacy.blank("xx").make_doc("le chat")
    reference._.references = ["the cat"]
    score_translations([Example(reference.copy(), reference)])


FAULTS = {
    "lines": lambda: of_files("a\nb\nc\n", "a\nb\n"),
    "text": lambda: of_files("a\n", "\n"),
    "tokenizer": lambda: BleuOptions(tokenize="foo"),
    "value": lambda: BleuOptions(smoothing_value=3.0),
    "input": lambda: score_files(Path("-"), [Path("-")]),
    "references": lambda: corpus_scores(["a cat"], ["the cat"]),
    "translation": of_a_pipeline_that_translates_nothing,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_a_message_of_the_page(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as found:
        FAULTS[name]()
    table = pages.page(PAGE).partition("## What can go wrong")[2]
    assert any(row.startswith(f"| `{found.value}` |") for row in table.splitlines())
