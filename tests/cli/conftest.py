"""Saved pipelines for the commands that run one: spaCy's own components, made in a moment."""

import pytest
import spacy
from spacy.training import Example

PATTERNS = [{"label": "PER", "pattern": "Ann"}, {"label": "LOC", "pattern": "Leeds"}]


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a pipeline that tags tokens, knows Ann and Leeds, and reads column files."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    doc = nlp.make_doc("Ann sang")
    gold = {"tags": ["N", "V"]}
    nlp.initialize(lambda: [Example.from_dict(doc, gold)])
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    reader = {"@readers": "seqpipe.ConllCorpus.v1", "path": "dev.conll"}
    nlp.config["corpora"]["dev"] = reader
    nlp.config["training"]["seed"] = 7
    folder = tmp_path_factory.mktemp("models") / "ruler"
    nlp.to_disk(folder)
    return folder
