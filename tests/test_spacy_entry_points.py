"""A package whose factory cannot be imported breaks spaCy: it is found and named."""

import json

import pytest

from tests.installed import Installed

FAULTS = {
    "import error": ("import no_such_module", "No module named 'no_such_module'"),
    "no such function": ("", "AttributeError"),
    "exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "endless recursion": ("def f(): f()\nf()", "RecursionError"),
}
CRASHES = {"crash": ("import os\nos._exit(0)", "it ended the process")}
WAY_OUT = "pip uninstall seqpipe-bad"


@pytest.fixture
def installed(tmp_path):
    return Installed(tmp_path)


def add(installed, name, source):
    installed.add(name, source, f"{name}_module:make", group="spacy_factories")


def test_plugins_finds_all_packages_that_break_spacy_and_names_no_other(installed):
    sources = {**FAULTS, **CRASHES}
    for number, (source, _) in enumerate(sources.values()):
        add(installed, f"bad{number}", source)
    add(installed, "good", "def make(nlp, name): return print")
    done = installed.seqpipe("plugins", "--json")
    assert (done.stderr, done.returncode) == ("", 0)
    broken = json.loads(done.stdout)["broken_factories"]
    found = {one["name"]: one for one in broken}
    assert len(found) == len(broken) == len(sources)
    for number, (_, words) in enumerate(sources.values()):
        one = found[f"bad{number}"]
        assert (one["distribution"], one["version"]) == (f"seqpipe-bad{number}", "1.5")
        assert words in one["error"]


def test_the_table_of_plugins_warns_of_them(installed):
    add(installed, "bad", "import no_such_module")
    (line,) = installed.seqpipe("plugins").stderr.splitlines()
    assert line.startswith("warning: the package seqpipe-bad 1.5 registers 'bad'")
    assert line.endswith(WAY_OUT)


@pytest.mark.parametrize("fault", ["import error", "exit"])
def test_a_command_that_meets_one_names_it_and_the_way_out(installed, tmp_path, fault):
    source, words = FAULTS[fault]
    add(installed, "bad", source)
    done = installed.seqpipe("new", "plugin", "mood", tmp_path / "mood")  # makes a pipeline
    assert (done.stdout, done.returncode) == ("", 1)
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: the package seqpipe-bad 1.5 registers 'bad' (spacy_factories)")
    assert words in line
    assert line.endswith(WAY_OUT)
    assert not (tmp_path / "mood").exists()


def test_a_saved_pipeline_is_not_blamed_for_them(installed, tmp_path):
    import spacy

    spacy.blank("en").to_disk(tmp_path / "model")
    (tmp_path / "data.spacy").touch()
    add(installed, "bad", "import no_such_module")
    done = installed.seqpipe("evaluate", tmp_path / "model", tmp_path / "data.spacy")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith(WAY_OUT)


def test_commands_that_need_no_pipeline_work_beside_one(installed):
    add(installed, "bad", "import no_such_module")
    done = installed.seqpipe("--help")
    assert (done.stderr, done.returncode) == ("", 0)
