"""docs/vocabulary.md: the messages that it explains are those that a fault gives."""

from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.vocabulary.bpe import Subwords
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.pages import page

PAGE = page("docs/vocabulary.md")


def tokenizer(text="a", initialize=None, **options):
    """Make and initialise a tokenizer from a config."""
    block = {"@tokenizers": "seqpipe.UnkTokenizer.v1", **options}
    nlp = spacy.blank("xx", config={"nlp": {"tokenizer": block}})
    nlp.config["initialize"]["tokenizer"] = initialize or {}
    doc = nlp.make_doc(text)
    nlp.initialize(lambda: [Example(doc, doc)])
    return nlp.tokenizer


def adopt_from_a_plain_tokenizer():
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config={"target": "tag_"})
    nlp.config["initialize"]["components"] = {"rnn_tagger": {"vocabulary": "tokenizer"}}
    eg = Example.from_dict(nlp.make_doc("Ada slept"), {"tags": ["NNP", "VBD"]})
    nlp.initialize(lambda: [eg])


def load_characters_as_words():
    Path("model").mkdir()
    tokenizer(unit="char").to_disk("model/tokenizer")
    tokenizer(unit="word").from_disk("model/tokenizer")


FAULTS = {
    "unit": lambda: tokenizer(unit="words"),
    "size": lambda: Vocabulary(max_size=0),
    "two sources": lambda: tokenizer(
        initialize={"text_file": "text.txt", "vocabulary": "words.json"}
    ),
    "no text in the file": lambda: tokenizer(initialize={"text_file": "text.txt"}),
    "no text in the examples": lambda: tokenizer(text=""),
    "bytes": lambda: tokenizer(initialize={"text_file": "latin.txt"}),
    "adopting": adopt_from_a_plain_tokenizer,
    "another unit": load_characters_as_words,
    "too few pieces": lambda: Subwords.learn(Counter({"low": 5}), size=3),
    "codes": lambda: Subwords.from_codes("codes.txt"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_a_message_of_the_page(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").touch()
    (tmp_path / "latin.txt").write_bytes(b"a\ncaf\xe9\n")
    (tmp_path / "codes.txt").write_text("#version: 0.3\na b\n", encoding="utf-8")
    with pytest.raises(InputError) as found:
        FAULTS[name]()
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    said = str(found.value).replace("latin.txt", "text.txt")
    assert any(row.startswith(f"| `{said}` |") for row in rows)


def test_every_message_of_the_page_has_a_fault_here():
    table = PAGE.partition("## What can go wrong")[2]
    messages = [
        line for line in table.splitlines() if line.startswith("| `") and "expected" in line
    ]
    assert len(messages) == len(FAULTS)
