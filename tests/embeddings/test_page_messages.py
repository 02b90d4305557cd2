"""docs/embeddings.md: the messages that it explains are those that a fault gives."""

from pathlib import Path

import pytest
import spacy

from seqpipe.embeddings import Embeddings, UnknownWordError, most_similar
from seqpipe.files import InputError
from tests.pages import page

TABLE = page("docs/embeddings.md").partition("| message | what to do |")[2]
GLOVE = {"@misc": "seqpipe.GloVe.v1"}


def learned(text, *, file="text.txt", begin_with=None, **settings):
    """Learn vectors from a text."""
    Path(file).write_bytes(text)
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner", config={"epochs": 1, "width": 4, **settings})
    given = {"text": [file], "begin_with": begin_with}
    nlp.config["initialize"]["components"] = {"embedding_learner": given}
    nlp.initialize()
    return nlp


def of_a_folder():
    Path("text").mkdir()
    nlp = spacy.blank("xx")
    nlp.add_pipe("embedding_learner")
    nlp.config["initialize"]["components"] = {"embedding_learner": {"text": ["text"]}}
    nlp.initialize()


def added_to(saved, **settings):
    Path("models").mkdir()
    learned(b"a b c d e f g h\n" * 5, **saved).to_disk("models/tagger")
    learned(b"a b\n", begin_with="models/tagger", **settings)


FAULTS = {
    "no word": lambda: learned(b" \n"),
    "too rare": lambda: learned(b"a b c\n"),
    "binary": lambda: learned(b"\0\1", file="binary.txt"),
    "latin": lambda: learned(b"\xff", file="latin.txt"),
    "folder": of_a_folder,
    "vocabulary": lambda: added_to({}, max_vocabulary=2),
    "lines of one word": lambda: learned(b"a\nb\nc\nd\ne\nf\ng\nh\ni\n" * 5, objective=GLOVE),
    "without tables": lambda: added_to({"keep_tables": False}),
    "another objective": lambda: added_to({"objective": GLOVE}),
    "a word": lambda: most_similar(Embeddings(["king", "a"], [[1.0], [2.0]]), "kign"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gives_a_message_of_the_page(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((InputError, UnknownWordError)) as found:
        FAULTS[name]()
    assert any(row.startswith(f"| `{found.value}` |") for row in TABLE.splitlines())
