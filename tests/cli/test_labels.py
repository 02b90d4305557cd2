"""`seqpipe labels` writes the files and the part of a config that takes them."""

import pytest
import spacy
import typer
from thinc.api import Config
from typer.testing import CliRunner

from seqpipe.cli.labels import labels
from seqpipe.files import InputError
from tests.training.training_case import write_config, write_corpus


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a config and its corpus."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    write_config(tmp_path)
    return tmp_path


def run(*words):
    app = typer.Typer()
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(context_settings=passing)(labels)
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_what_it_prints_goes_into_the_config(folder):
    printed = run("a.cfg", "--output", "labels")
    assert printed.startswith("21 examples, 117 tokens\n")
    block = printed.partition("For the config:\n\n")[2]
    given = Config().from_str(f"[initialize]\n[initialize.components]\n{block}")
    ner = given["initialize"]["components"]["ner"]
    assert ner["vocabulary"] == "labels/ner.vocabulary.json"
    assert ner["labels"] == {"@readers": "spacy.read_labels.v1", "path": "labels/ner.json"}
    assert spacy.util.registry.resolve(ner)["labels"] == ["LOC", "PER"]


def test_values_of_the_config_can_be_given_as_options(folder):
    assert run("--paths.train", "dev.spacy", "a.cfg", "-o", "labels").startswith("4 examples")


def test_a_fault_leaves_no_files(folder):
    with pytest.raises(InputError, match=r"a\.cfg: --training\.seeed 3: unknown key"):
        run("a.cfg", "-o", "labels", "--training.seeed", "3")
    assert not (folder / "labels").exists()
