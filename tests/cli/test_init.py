"""`seqpipe init` writes a project that runs as it stands, or says in a line why it does not."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import typer
from typer.testing import CliRunner

from seqpipe.cli.init import find_starters, init, write_project
from seqpipe.files import InputError
from seqpipe.hookspecs import Starter
from seqpipe.plugins import load_plugins
from tests.processes import python, seqpipe, without_torch

STARTERS = ("ner", "tagger", "sentiment")
# What their corpora give with ease, on any machine.
SCORES = {"ner": ("ents_f", 0.75), "tagger": ("tag_acc", 0.9), "sentiment": ("cats_acc", 0.45)}

# What of the README's example they get right without fail.
EXAMPLES = {
    "ner": "Oslo LOC ",
    "tagger": "('book', 'VERB'), ('a', 'DET'), ('table', 'NOUN')",
    "sentiment": "{'1': 0.",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    """Run the command with the plugins of this installation."""
    app = typer.Typer()
    app.command()(init)
    result = CliRunner().invoke(app, list(words), obj=load_plugins())
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def surroundings(folder):
    """A working folder and, for the processes that a command starts, one thread and no torch."""
    return {"cwd": folder, "env": without_torch() | {"OPENBLAS_NUM_THREADS": "1"}}


def test_without_a_name_it_lists_what_there_is():
    lines = run().stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == list(STARTERS)
    assert lines[0].endswith("Named entities, each with its probability: a BiLSTM-CRF")


def test_project_goes_into_a_folder_of_the_starters_name(folder):
    result = run("ner")
    assert (folder / "ner" / "project.yml").is_file()
    assert "  configs/ner.cfg\n" in result.stdout
    assert result.stdout.endswith("Next: seqpipe run ner\n")


@pytest.mark.parametrize("name", STARTERS)
def test_project_has_all_files_of_the_starter_and_nothing_to_fill_in(name, folder):
    run(name, "new/project")
    starter = find_starters(load_plugins())[name]
    names = {file.relative_to(starter.folder) for file in starter.folder.rglob("*")}
    assert {file.relative_to("new/project") for file in Path("new/project").rglob("*")} == names
    assert {"README.md", "project.yml"} <= set(map(str, names))
    for file in filter(Path.is_file, Path("new/project").rglob("*")):
        assert "{{" not in file.read_text(encoding="utf-8")
    assert [path.name for path in folder.rglob(".*")] == []


@pytest.mark.parametrize(
    ("words", "code"), [((), "en"), (("--lang", "de"), "de"), (("-l", "deu"), "de")]
)
def test_language_is_put_into_the_config(words, code, folder):
    run("ner", *words)
    assert f'\nlang = "{code}"\n' in (folder / "ner" / "configs" / "ner.cfg").read_text()


@pytest.mark.parametrize("code", ["xq", "", "..", 'en"'])
def test_unknown_language_writes_nothing(code, folder):
    with pytest.raises(InputError, match="expected the code of one of spaCy's languages"):
        run("ner", "--lang", code)
    assert list(folder.iterdir()) == []


def test_language_of_a_starter_that_has_its_own_is_refused(folder):
    (folder / "starter").mkdir()
    (folder / "starter" / "project.yml").write_text("commands: []\n")
    starter = Starter("dna", "Genes", folder / "starter")
    write_project(starter, folder / "without")
    with pytest.raises(InputError, match="'dna' has a language of its own"):
        write_project(starter, folder / "with", "en")
    assert sorted(path.name for path in folder.iterdir()) == ["starter", "without"]


def test_what_python_compiled_beside_a_script_is_left_out(folder):
    (folder / "starter" / "scripts" / "__pycache__").mkdir(parents=True)
    for name in ("project.yml", "scripts/a.py", "scripts/__pycache__/a.cpython-311.pyc"):
        (folder / "starter" / name).write_bytes(b"\xff")
    write_project(Starter("bytes", "Bytes", folder / "starter"), folder / "new")
    written = [path for path in (folder / "new").rglob("*") if path.is_file()]
    assert {path.name for path in written} == {"project.yml", "a.py"}
    assert all(path.read_bytes() == b"\xff" for path in written)


@pytest.mark.skipif(os.name == "nt", reason="files have no such mark there")
def test_a_script_that_can_be_run_stays_one(folder):
    (folder / "starter").mkdir()
    for name in ("project.yml", "run.sh"):
        (folder / "starter" / name).write_text("echo {{lang}}\n")
    (folder / "starter" / "run.sh").chmod(0o555)  # as where packages are only read
    write_project(Starter("bash", "Bash", folder / "starter"), folder / "new")
    made = folder / "new"
    assert subprocess.check_output([made / "run.sh"], text=True, shell=True) == "en\n"
    assert not os.access(made / "project.yml", os.X_OK)
    assert os.stat(made / "run.sh").st_mode & 0o200


def test_unknown_starter_is_told_the_nearest():
    with pytest.raises(InputError, match=r"no starter is named 'nre'; did you mean 'ner'\?"):
        run("nre")
    with pytest.raises(InputError, match="expected one of ner, tagger, sentiment"):
        run("translation")


def fill_with_a_project(folder):
    folder.mkdir()
    (folder / "project.yml").write_text("commands: []")


def fill_with_something(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (fill_with_a_project, r"^my names: a project is there already: seqpipe run 'my names'; "),
        (fill_with_something, "^my names: this folder is not empty; choose another one"),
        (lambda folder: folder.write_text("a file"), "^my names: a file stands there"),
    ],
    ids=["a project", "something else", "a file"],
)
def test_what_is_there_is_left_as_it_is(fill, message, folder):
    fill(folder / "my names")
    before = {path: path.is_file() and path.read_text() for path in folder.rglob("*")}
    with pytest.raises(InputError, match=message):
        run("ner", "my names")
    assert {path: path.is_file() and path.read_text() for path in folder.rglob("*")} == before


def test_current_folder_is_refused_with_the_way_to_do_it(folder):
    with pytest.raises(InputError, match=r"cd \.\. && seqpipe init ner"):
        run("ner", ".")
    assert list(folder.iterdir()) == []


def test_empty_folder_is_filled(folder):
    (folder / "empty").mkdir()
    run("tagger", "empty")
    assert (folder / "empty" / "project.yml").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTERS)
def test_project_runs_at_once_with_a_sensible_score_and_only_once(name, folder):
    run(name)
    done = seqpipe("run", name, **surroundings(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    key, least = SCORES[name]
    scores = json.loads((folder / name / "metrics" / "test.json").read_text())["scores"]
    assert scores[key] > least
    assert spacy.load(folder / name / "training" / "model-best").pipe_names == [name]
    again = seqpipe("run", name, **surroundings(folder))
    assert "all: 0 run, 2 skipped" in again.stdout
    readme = (folder / name / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    (folder / "example.py").write_text(example)
    shown = python("../example.py", **surroundings(folder / name))
    assert EXAMPLES[name] in shown.stdout


@pytest.mark.slow
def test_check_of_the_project_shows_what_the_corpus_holds(folder):
    run("ner")
    done = seqpipe("run", "ner", "check", **surroundings(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOC, ORG, PER" in done.stdout
    assert not (folder / "ner" / "training" / "model-best").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTERS)
def test_config_passes_plain_spacy_train(name, folder):
    run(name)
    words = ["train", f"configs/{name}.cfg", "--output", "training", "--training.max_steps", "2"]
    # A process of its own: spaCy finds what is ours by itself, nothing has been imported before.
    command = [sys.executable, "-m", "spacy", *words]
    done = subprocess.run(command, capture_output=True, text=True, **surroundings(folder / name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / name / "training" / "model-last" / "config.cfg").is_file()
