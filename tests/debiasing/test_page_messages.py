"""docs/debiasing.md: the messages that it explains are those that a fault gives."""

import json
from pathlib import Path

import pytest
import spacy

from seqpipe.debiasing.debiaser import Settings, debias
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.files import InputError
from tests.debiasing.planted import along_first_axis
from tests.pages import page

TABLE = page("docs/debiasing.md").partition("## What can go wrong")[2]
PAIRS = [["she", "he"], ["woman", "man"], ["mother", "father"]]
LEANS = {word: lean for pair in PAIRS for word, lean in zip(pair, (0.7, -0.7), strict=True)}
NEUTRAL = {"nurse": 0.5, "doctor": -0.5}


def debiased(*, lacks=(), settings=None, **parts):
    """Debias a few words by lists with these parts."""
    Path("lists.json").write_text(json.dumps({"pairs": PAIRS, **parts}), encoding="utf-8")
    leans = {word: lean for word, lean in LEANS.items() if word not in lacks}
    lists = WordLists.load("lists.json")
    return debias(along_first_axis(leans | NEUTRAL), lists, settings or Settings())


def before_what_learns_vectors():
    nlp = spacy.blank("en")
    along_first_axis(LEANS | NEUTRAL).to_nlp(nlp)
    nlp.add_pipe("debiaser")
    nlp.add_pipe("embedding_learner")
    nlp.initialize()


FAULTS = {
    "too few pairs": lambda: debiased(lacks=("woman", "mother")),
    "a pair twice": lambda: debiased(pairs=[*PAIRS, ["he", "she"]]),
    "no set": lambda: debiased(equalise=[["grandmother", "grandfather"]]),
    "no definition": lambda: debiased(definitional=["Beard"]),
    "k": lambda: debiased(settings=Settings(k=9)),
    "k of a mean": lambda: debiased(settings=Settings(k=2, direction="mean")),
    "too few words": lambda: debiased(settings=Settings(method="double_hard")),
    "a part": lambda: debiased(pears=[]),
    "order": before_what_learns_vectors,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_a_message_of_the_page(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as found:
        FAULTS[name]()
    assert any(row.startswith(f"| `{found.value}` |") for row in TABLE.splitlines())


def test_every_message_of_the_page_has_a_fault_here():
    rows = [row for row in TABLE.splitlines() if row.startswith("| `") and ": " in row]
    assert len(rows) == len(FAULTS)
