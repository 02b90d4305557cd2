"""docs/evaluation.md is held to the code: its config, its examples, its counts."""

from __future__ import annotations

import re

import spacy
from spacy.language import Language
from thinc.api import Config

import seqpipe.evaluation.component  # noqa: F401
from seqpipe.evaluation.bleu import corpus_scores
from tests import pages

PAGE = "docs/evaluation.md"


def blocks(language):
    return pages.blocks(PAGE, language)


def test_the_config_on_the_page_has_the_defaults_of_the_factory():
    (body,) = blocks("ini")
    block = Config().from_str("[components]\n" + body)["components"]["bleu_evaluator"]
    assert block.pop("factory") == "bleu_evaluator"
    spacy.blank("en").get_factory_meta("bleu_evaluator")
    assert block == Language.get_factory_meta("bleu_evaluator").default_config


def test_the_examples_on_the_page_give_what_they_say(capsys):
    pipeline, function = blocks("python")
    exec(pipeline, {})
    bleu, exact = map(float, capsys.readouterr().out.split())
    assert (bleu, exact) == (1, 1)
    exec(function, {})
    assert capsys.readouterr().out.strip() == function.partition("# ")[2].strip()


def test_the_table_of_the_lectures_example_is_counted():
    references = ("the cat is on the mat", "there is a cat on the mat")
    rows = re.findall(r"^\| (the .*?) \| (\d.*) \|$", pages.page(PAGE), flags=re.MULTILINE)
    assert len(rows) == 2
    for text, cells in rows:
        bleu = corpus_scores([text], [references]).bleu
        counts = [f"{c}/{t}" for c, t in zip(bleu.clipped, bleu.totals, strict=True)]
        assert cells.split(" | ") == counts
