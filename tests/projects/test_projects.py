"""The projects that are shipped: they load, their configs are sound, their corpus as described."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
import spacy
from spacy.cli import app as spacy_app
from thinc.api import Config
from typer.main import get_command

from seqpipe.cli.app import build_app
from seqpipe.project.load import load_project
from seqpipe.tagging.corpus import make_conll_corpus
from seqpipe.training.config_check import load_checked_config
from seqpipe.training.config_file import parse_overrides, read_config_file

PROJECTS = Path(__file__).parents[2] / "projects"
FILES = sorted(PROJECTS.glob("*/project.yml"))
ASSETS = PROJECTS / "ner" / "assets"
LINES = [
    pytest.param(project.folder, line.value, id=f"{project.folder.name}: {line.value[:60]}")
    for project in map(load_project, FILES)
    for command in project.commands.values()
    for line in command.script
]
# Those that a pipeline is trained by.
CONFIGS = sorted(
    path for path in PROJECTS.glob("*/configs/*.cfg") if "[nlp]" in path.read_text(encoding="utf-8")
)
NLP = spacy.blank("xx")
# What the last component of a pipeline may be, by its name.
FACTORIES = {
    "ner": {"rnn_ner"},
    "textcat": {"rnn_sentiment", "textcat"},
    "rnn_lm": {"rnn_lm"},
    "ngram_lm": {"ngram_lm"},
    "rnn_translator": {"rnn_translator"},
}


def trainings():
    """The first `seqpipe train` line of each config: the config and its overrides."""
    found = {}
    for folder, line in (parameter.values for parameter in LINES):
        if line.startswith("seqpipe train "):
            own = re.sub(r"--(output|sweep|seeds|jobs)[ =]\S+", "", line)
            words, overrides = parse_overrides(shlex.split(own)[2:])
            found.setdefault(folder / words[0], overrides)
    return found


TRAININGS = trainings()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_project_has_a_workflow_all_and_names_only_commands_that_it_has(file):
    project = load_project(file)
    assert "all" in project.workflows
    assert {name for names in project.workflows.values() for name in names} == set(project.commands)


@pytest.mark.parametrize(("folder", "line"), LINES)
def test_script_line_names_a_command_and_options_that_exist(folder, line):
    program, *words = shlex.split(line)
    if words[:2] == ["-m", "spacy"]:
        assert words[2] in get_command(spacy_app).commands
        return
    if program == "python":
        assert (folder / words[0]).is_file()
        return
    assert program == "seqpipe"
    command = get_command(build_app()[0])
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    context = command.make_context(command.name, words)
    # What is left over are values of the config: each with a section.
    assert parse_overrides(context.args)[0] == []


def test_every_config_is_trained_by_its_project():
    assert sorted(TRAININGS) == CONFIGS


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_config_is_sound_with_what_its_project_gives(config, tmp_path, monkeypatch):
    monkeypatch.chdir(config.parents[1])
    own = Config().from_disk(config, interpolate=False).get("paths", {})
    overrides = {f"paths.{name}": value for name, value in own.items() if value}
    overrides |= TRAININGS[config]
    for name, value in overrides.items():
        if name.startswith("paths.") and not Path(value).exists():
            # A public corpus that was not fetched, or what an earlier command makes: the check asks
            # only whether the file is there.
            overrides[name] = str(tmp_path / Path(value).name)
            Path(overrides[name]).touch()
    loaded = load_checked_config(read_config_file(config, overrides))
    last = loaded["nlp"]["pipeline"][-1]
    assert loaded["components"][last]["factory"] in FACTORIES[last]


def documents(name):
    """The documents of a shipped file, each a list of sentences of (word, tag)."""
    found = []
    for block in (ASSETS / name).read_text(encoding="utf-8").split("\n\n"):
        rows = [tuple(line.split("\t")) for line in block.splitlines()]
        if rows and rows[0][0] == "-DOCSTART-":
            found.append([])
        elif rows:
            found[-1].append(tuple(rows))
    return found


def counts(name):
    """A file's row in the README."""
    texts = documents(name)
    sentences = [sentence for text in texts for sentence in text]
    tags = [tag for sentence in sentences for _, tag in sentence]
    labels = Counter(tag[2:] for tag in tags if tag.startswith("B-"))
    empty = sum(all(tag == "O" for _, tag in sentence) for sentence in sentences)
    by_label = [labels[label] for label in ("PER", "LOC", "ORG", "DATE")]
    return [len(texts), len(sentences), empty, len(tags), *by_label, sum(labels.values())]


def test_counts_of_the_shipped_corpus_are_those_of_its_readme():
    readme = (ASSETS / "README.md").read_text(encoding="utf-8").replace(",", "")
    rows = dict(re.findall(r"^\| `?([\w.]+)`? \| ([\d |]+) \|$", readme, flags=re.MULTILINE))
    said = {name: [int(cell) for cell in row.split("|")] for name, row in rows.items()}
    files = ["train.conll", "dev.conll", "test.conll"]
    assert said == {
        **{name: counts(name) for name in files},
        "all": [sum(column) for column in zip(*map(counts, files), strict=True)],
    }
    total = said["all"]
    words = (
        f"{total[0]} short documents {total[1]} sentences {total[3]} tokens {total[-1]} entities"
    )
    assert words in " ".join(readme.split())


@pytest.mark.parametrize("name", ["train.conll", "dev.conll", "test.conll"])
def test_shipped_file_has_legal_tags_of_four_types(name):
    examples = list(make_conll_corpus(ASSETS / name, separator="tab")(NLP))
    labels = {ent.label_ for eg in examples for ent in eg.reference.ents}
    assert labels == {"PER", "LOC", "ORG", "DATE"}
    assert sum(len(eg.reference.ents) for eg in examples) == counts(name)[-1]


def test_shipped_corpus_is_split_by_document_and_no_sentence_is_in_two_files():
    texts = {name: documents(f"{name}.conll") for name in ("train", "dev", "test")}
    for name, found in texts.items():
        assert (ASSETS / f"{name}.conll").read_text(encoding="utf-8").startswith("-DOCSTART-\tO\n")
        assert all(found), f"an empty document in {name}"
    sentences = {
        name: {tuple(word for word, _ in sentence) for text in found for sentence in text}
        for name, found in texts.items()
    }
    assert not sentences["train"] & sentences["test"]
    assert not sentences["train"] & sentences["dev"]
    assert not sentences["dev"] & sentences["test"]
