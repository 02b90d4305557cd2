"""The starters of `ner` and `tagger`: configs explained to the last key, corpora properly split."""

import re
from itertools import pairwise

import pytest
import spacy
from spacy.language import Language
from spacy.util import load_config, registry

from seqpipe.project.load import load_project
from seqpipe.tagging.commands import seqpipe_starters
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import read_config_file

FOLDERS = {starter.name: starter.folder for starter in seqpipe_starters()}
FACTORIES = {"ner": "rnn_ner", "tagger": "rnn_tagger"}
EACH = pytest.mark.parametrize("name", FOLDERS)
# Left to the language and to spaCy: a tokenizer of the language's own, and its table of vectors.
LEFT_OUT = {
    ("nlp", "tokenizer"),
    ("nlp", "vectors"),
    ("paths", "vectors"),
    ("paths", "init_tok2vec"),
}


def config_of(name):
    return load_config(FOLDERS[name] / "configs" / f"{name}.cfg", interpolate=False)


def keys(block, place=()):
    """Every key of a config, each with the sections around it."""
    for key, value in block.items():
        if (*place, key) in LEFT_OUT:
            continue
        yield (*place, key)
        if isinstance(value, dict) and key != "columns":
            yield from keys(value, (*place, key))


@EACH
def test_every_value_of_the_config_is_explained(name):
    text = (FOLDERS[name] / "configs" / f"{name}.cfg").read_text(encoding="utf-8")
    lines = text.splitlines()
    for above, line in pairwise(lines):
        # A value that is taken from elsewhere is explained there.
        if re.match(r"@?\w+ = (?!\$)", line):
            assert above.startswith("# "), line
    assert max(map(len, lines)) <= 100


@EACH
def test_config_is_complete(name):
    config = config_of(name)
    nlp = spacy.blank("xx")
    nlp.get_factory_meta(FACTORIES[name])  # loads the entry point
    component = Language.get_factory_meta(FACTORIES[name]).default_config
    spacys = nlp.Defaults.config
    expected = {key for key in keys(spacys) if key[0] in ("nlp", "initialize", "training")}
    # Which arguments these have depends on the function: the config may name another one.
    expected -= {key for key in expected if key[:2] in {("training", "batcher")} and len(key) > 2}
    expected |= {("components", name, *key) for key in keys(component)}
    assert expected <= set(keys(config))


@EACH
def test_config_is_sound(name, monkeypatch):
    monkeypatch.chdir(FOLDERS[name])
    file = read_config_file(f"configs/{name}.cfg", {"nlp.lang": "en"})
    assert load_checked_config(file)["components"][name]["factory"] == FACTORIES[name]


@EACH
def test_project_has_what_its_commands_need(name):
    project = load_project(FOLDERS[name])
    assert project.workflows == {"all": ("train", "evaluate")}
    made = {output.value for command in project.commands.values() for output in command.outputs}
    for command in project.commands.values():
        for dep in command.deps:
            assert dep.value in made or (FOLDERS[name] / dep.value).is_file()


@EACH
def test_no_sentence_of_the_corpus_is_in_two_files(name, monkeypatch):
    monkeypatch.chdir(FOLDERS[name])
    reader = config_of(name)["corpora"]["train"]
    texts = {}
    for part in ("train", "dev", "test"):
        read = registry.resolve({"reader": {**reader, "path": f"corpus/{part}.conll"}})["reader"]
        texts[part] = [eg.text for eg in read(spacy.blank("xx"))]
        assert len(texts[part]) >= 60
    found = [text for part in texts.values() for text in part]
    assert len(found) == len(set(found))


@EACH
def test_readme_names_every_file(name):
    readme = (FOLDERS[name] / "README.md").read_text(encoding="utf-8")
    for mentioned in ("project.yml", f"configs/{name}.cfg", "corpus/", "training/model-best"):
        assert f"`{mentioned}`" in readme
