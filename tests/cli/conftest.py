"""Saved pipelines for the commands that run one: spaCy's own components, made in a moment."""

import pytest
import spacy
from spacy.training import Example

from tests.cli.command_cases import make_inputs

PATTERNS = [{"label": "PER", "pattern": "Ann"}, {"label": "LOC", "pattern": "Leeds"}]


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a pipeline that tags tokens, knows Ann and Leeds, and reads column files."""
    nlp = spacy.blank("xx")
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


@pytest.fixture(scope="session")
def inputs(tmp_path_factory):
    """The folder that the cases of `command_cases` are run in; none of them changes it."""
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder
