"""projects/lm: the workflow `all` runs on a small text, the recipes fit their texts, the scripts do
what they say."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest
import spacy

from seqpipe.lm.streams import make_text_streams, stream_batches
from seqpipe.project.load import load_project
from seqpipe.training.config_file import parse_overrides
from seqpipe.vocabulary.tokenizer import create_unk_tokenizer
from tests.processes import python, without_torch

PROJECT = Path(__file__).parents[2] / "projects" / "lm"
SCRIPTS = PROJECT / "scripts"
DATA = PROJECT.parents[2] / "shared" / "data" / "lm"
SMALL = ["--vars.prose", "6000", "--vars.source", "6000"]
# Of both recurrent models.
QUICK = {
    "--training.max_epochs": "2",
    "--training.eval_frequency": "3",
    "--components.rnn_lm.model.tok2vec.width": "8",
    "--components.rnn_lm.model.encoder.nO": "8",
}


def run(folder, *words, expected=0, env=None):
    """What a program of ours says; the last line of what it complains, if it should fail."""
    done = python(*words, cwd=folder, env=env)
    assert done.returncode == expected, done.stderr
    return done.stderr.splitlines()[-1] if expected else done.stdout


def content(path):
    return json.loads(path.read_text(encoding="utf-8"))


def quick(text):
    """project.yml with the models of `all` cut down."""
    for option, value in QUICK.items():
        text = re.sub(rf"(library_.*{re.escape(option)}) \S+?([ \"])", rf"\1 {value}\2", text)
    return text


@pytest.mark.slow
def test_all_runs_and_ends_with_samples(tmp_path):
    project = tmp_path / "lm"
    for name in ("configs", "scripts"):
        shutil.copytree(PROJECT / name, project / name)
    text = quick((PROJECT / "project.yml").read_text(encoding="utf-8"))
    (project / "project.yml").write_text(text, encoding="utf-8")
    run(tmp_path, "-m", "seqpipe", "run", project, "all", *SMALL, env=without_torch())
    words, characters = (
        content(project / "metrics" / f"library_{name}.json")["scores"]
        for name in ("words", "characters")
    )
    perplexities = {row["model"]: row["perplexity"] for row in words}
    assert set(perplexities) == {"rnn_lm", "ngram_lm", "interpolated_lm"}
    assert len({row["vocabulary"] for row in words}) == 1
    assert characters[0]["model"] == "rnn_lm"
    page = (project / "models" / "library" / "surprisal.html").read_text(encoding="utf-8")
    assert "directory" in page


def steps_of(text, unit, overrides):
    """How many steps an epoch has."""
    nlp = spacy.blank("en")
    nlp.tokenizer = create_unk_tokenizer(unit=unit)(nlp)
    reader = make_text_streams(text, sentences=unit != "char", **overrides)
    return sum(1 for _ in stream_batches(reader(nlp)))


def settings(command, config):
    """The values of a training: those of its config, and what its line has beside."""
    project = load_project(PROJECT / "project.yml")
    (line,) = (line.value for line in project.commands[command].script)
    given = parse_overrides(re.sub(r"--output \S+", "", line).split()[2:])[1]
    text = (PROJECT / "configs" / f"{config}.cfg").read_text(encoding="utf-8")

    def value(key):
        section, _, name = key.rpartition(".")
        block = text[text.index(f"[{section}]\n") :]
        return given.get(key, json.loads(re.search(rf"^{name} = (.+)$", block, re.MULTILINE)[1]))

    return value


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "ptb").is_dir(), reason="shared/data/lm/ptb is missing")
@pytest.mark.parametrize("command", ["ptb-small", "ptb-best"])
def test_an_epoch_of_the_penn_treebank_has_as_many_steps_as_the_recipe_says(command):
    value = settings(command, "words")
    sizes = {key: value(f"corpora.train.{key}") for key in ("streams", "steps")}
    steps = steps_of(DATA / "ptb" / "ptb.train.txt.gz", "whitespace", sizes)
    assert value("training.optimizer.learn_rate.epoch_steps") == steps
    # Steps are numbered from 0: the last evaluation falls into the last epoch's end.
    epochs, frequency = value("training.max_epochs"), value("training.eval_frequency")
    assert 0 <= epochs * steps - 1 - epochs * frequency < epochs


@pytest.mark.skipif(
    not (DATA / "tinyshakespeare").is_dir(), reason="shared/data/lm/tinyshakespeare is missing"
)
def test_the_last_tenth_of_shakespeare_is_held_out(tmp_path):
    source = DATA / "tinyshakespeare" / "input.txt.gz"
    run(tmp_path, SCRIPTS / "hold_out.py", source, "out")
    train, dev = (
        (tmp_path / "out" / f"{name}.txt").read_bytes().decode() for name in ("train", "dev")
    )
    assert (len(train), len(dev)) == (1_003_854, 111_540)
    with gzip.open(source) as stream:
        assert stream.read().decode() == train + dev
    value = settings("shakespeare-train", "characters")
    sizes = {key: value(f"corpora.train.{key}") for key in ("streams", "steps")}
    steps = steps_of(tmp_path / "out" / "train.txt", "char", sizes)
    assert value("training.optimizer.learn_rate.total_steps") == steps * value(
        "training.max_epochs"
    )


def test_a_text_to_hold_out_of_that_there_is_not_is_named(tmp_path):
    said = run(tmp_path, SCRIPTS / "hold_out.py", "none.txt", "out", expected=1)
    assert said == "error: none.txt: no such file, expected a text"


def script(monkeypatch, name):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return __import__(name)


MODULE = '''"""This is a module. It has two sentences, e.g. this one.

    indented = "code"

>>> Nobody.reads("an example")
What it says here is not read.

a list of names and so on
"""


def call():
    """Return a list of strings."""


def other():
    """Return a list of strings."""
    return "A string that is no docstring."
'''


def test_docstrings_are_read_as_prose_each_once(monkeypatch):
    prose = script(monkeypatch, "standard_library").Prose()
    assert prose(MODULE).splitlines() == [
        "This is a module.",
        "It has two sentences, e.g. this one.",
        "Return a list of strings.",
    ]
    assert prose(MODULE) == ""


def test_whole_modules_are_held_out_and_the_order_is_always_the_same(monkeypatch, tmp_path):
    library = script(monkeypatch, "standard_library")
    for name in ("b.py", "a.py", "json/tool.py", "site-packages/own.py", "json/tests/test.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name} = 0\n")
    found = [path.relative_to(tmp_path).as_posix() for path in library.modules(tmp_path)]
    assert sorted(found) == ["a.py", "b.py", "json/tool.py"]
    assert found == [path.relative_to(tmp_path).as_posix() for path in library.modules(tmp_path)]
    texts = ["one module\n", "another\n", "and\nmore than is asked for\n", "left\n"]
    parts = library.parts(texts, 10)
    assert parts == {"test": "one module\n", "dev": "another\n", "train": "and\n"}


@pytest.mark.slow
def test_the_standard_library_is_long_enough_for_what_the_project_asks(tmp_path):
    project = load_project(PROJECT / "project.yml")
    (line,) = (line.value for line in project.commands["text"].script)
    run(tmp_path, SCRIPTS / Path(line.split()[1]).name, *line.split()[2:])
    for kind, size in (("words", 450_000), ("characters", 500_000)):
        folder = tmp_path / "corpus" / "library" / kind
        lengths = {
            name: len((folder / f"{name}.txt").read_text(encoding="utf-8"))
            for name in ("train", "dev", "test")
        }
        assert 0.99 * size < lengths["train"] <= size
        assert min(lengths["dev"], lengths["test"]) >= 0.1 * size
