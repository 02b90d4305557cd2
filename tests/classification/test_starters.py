"""The starter of `sentiment`: a config explained to the last key, a corpus properly split."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.util import load_config, registry

from seqpipe.classification.commands import seqpipe_starters
from seqpipe.project.load import load_project
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import read_config_file

(STARTER,) = seqpipe_starters()
CONFIG = STARTER.folder / "configs" / "sentiment.cfg"
ASSETS = Path(__file__).parents[2] / "projects" / "classification" / "assets"
REVIEWS = ("train/reviews", "dev", "test")
# Left to the language and to spaCy: a tokenizer of the language's own, and its table of vectors.
LEFT_OUT = {
    ("nlp", "tokenizer"),
    ("nlp", "vectors"),
    ("paths", "vectors"),
    ("paths", "init_tok2vec"),
}


@pytest.fixture
def in_folder(monkeypatch):
    """Paths start from the folder of the starter."""
    monkeypatch.chdir(STARTER.folder)


def keys(block, place=()):
    """Every key of a config, each with the sections around it."""
    for key, value in block.items():
        if (*place, key) in LEFT_OUT:
            continue
        yield (*place, key)
        if isinstance(value, dict):
            yield from keys(value, (*place, key))


def test_every_value_of_the_config_is_explained():
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        # A value that is taken from elsewhere is explained there.
        if re.match(r"@?\w+ = (?!\$)", line):
            assert above.startswith("# "), line
    assert max(map(len, lines)) <= 100


def test_config_is_complete():
    nlp = spacy.blank("xx")
    nlp.get_factory_meta("rnn_sentiment")  # loads the entry point
    component = Language.get_factory_meta("rnn_sentiment").default_config
    spacys = nlp.Defaults.config
    expected = {key for key in keys(spacys) if key[0] in ("nlp", "initialize", "training")}
    # Which arguments these have depends on the function: the config may name another one.
    expected -= {key for key in expected if key[:2] in {("training", "batcher")} and len(key) > 2}
    expected |= {("components", "sentiment", *key) for key in keys(component)}
    assert expected <= set(keys(load_config(CONFIG, interpolate=False)))


def test_config_is_sound(in_folder):
    file = read_config_file("configs/sentiment.cfg", {"nlp.lang": "en"})
    loaded = load_checked_config(file)
    assert loaded["components"]["sentiment"]["factory"] == "rnn_sentiment"


def test_project_has_what_its_commands_need():
    project = load_project(STARTER.folder)
    assert project.workflows == {"all": ("train", "evaluate")}
    made = {output.value for command in project.commands.values() for output in command.outputs}
    for command in project.commands.values():
        for dep in command.deps:
            assert dep.value in made or (STARTER.folder / dep.value).exists()


def test_no_review_of_the_corpus_is_in_two_files_and_each_file_has_all_stars(in_folder):
    reader = load_config(CONFIG, interpolate=True)["corpora"]["train"]
    found = []
    for part in REVIEWS:
        read = registry.resolve({"reader": {**reader, "path": f"corpus/{part}.tsv"}})["reader"]
        examples = list(read(spacy.blank("xx")))
        assert len(examples) >= 60
        assert sorted(examples[0].reference.cats) == ["1", "2", "3", "4", "5"]
        found += [eg.text for eg in examples]
    assert len(found) == len(set(found)) == 400


def test_training_reads_reviews_and_phrases(in_folder):
    reader = load_config(CONFIG, interpolate=True)["corpora"]["train"]
    texts = {eg.text for eg in registry.resolve({"reader": reader})["reader"](spacy.blank("xx"))}
    assert {"not good", "nothing was fresh", "Mediocre at best, and slow."} <= texts


@pytest.mark.parametrize("part", [*REVIEWS, "train/phrases"])
def test_the_corpus_is_that_of_the_project(part):
    ours = (STARTER.folder / "corpus" / f"{part}.tsv").read_bytes()
    assert ours == (ASSETS / f"{part}.tsv").read_bytes()


def test_readme_names_every_file():
    readme = (STARTER.folder / "README.md").read_text(encoding="utf-8")
    for mentioned in ("project.yml", "configs/sentiment.cfg", "corpus/", "training/model-best"):
        assert f"`{mentioned}`" in readme
