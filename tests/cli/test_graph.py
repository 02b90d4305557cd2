"""`seqpipe graph`: where it draws, and what it knows of a run."""

import json

import pytest

from tests.processes import seqpipe

PROJECT = """
env: {token: GRAPH_TEST_TOKEN}
workflows: {all: [make, use]}
commands:
  - {name: use, help: Reads it, script: ["python use.py"], deps: [a.txt], outputs: [b.txt]}
  - {name: make, script: ["python make.py ${env.token}"], deps: [make.py], outputs: [a.txt]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPH_TEST_TOKEN", "s3cret")
    (tmp_path / "project.yml").write_text(PROJECT)
    (tmp_path / "make.py").write_text("open('a.txt', 'w').write('1')")
    (tmp_path / "use.py").write_text("open('b.txt', 'w').write('2')")
    return tmp_path


def states(project):
    commands = json.loads(seqpipe("graph", project, "--json").stdout)["commands"]
    return {command["name"]: (command["state"], command["reason"]) for command in commands}


def test_it_is_listed_and_drawn(project):
    listed = seqpipe("graph", project)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "← a.txt (make)" in listed.stdout
    for name in ("w.svg", "w.html"):
        done = seqpipe("graph", project, "all", "-o", project / name)
        assert done.stdout == f"The picture is in {project / name}\n"
        assert ">use</text>" in (project / name).read_text(encoding="utf-8")


def test_once_it_was_run_each_command_has_its_state(project):
    assert states(project) == {"make": (None, ""), "use": (None, "")}
    assert seqpipe("run", project).returncode == 0
    assert [state for state, _ in states(project).values()] == ["skip", "skip"]
    (project / "make.py").write_text("open('a.txt', 'w').write('3')")
    assert states(project)["make"] == ("run", "make.py changed")
    assert states(project)["use"][0] == "maybe"


def test_what_could_not_be_run_is_drawn_all_the_same(project):
    seqpipe("run", project)
    (project / "make.py").unlink()
    done = seqpipe("graph", project)
    assert done.returncode == 0
    assert "what a run would do is not known: " in done.stderr
    assert "○ make" in done.stdout


def test_what_has_no_order_is_said_once(project):
    seqpipe("run", project)
    ring = PROJECT.replace("deps: [make.py]", "deps: [make.py, b.txt]")
    (project / "project.yml").write_text(ring)
    done = seqpipe("graph", project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("a ring of commands") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nope"], "no command or workflow 'nope'"),
        (["all", "-o", "w.png"], "w.png: expected a name that ends in .svg or .html"),
    ],
)
def test_what_cannot_be_drawn_is_one_message(project, args, said):
    done = seqpipe("graph", project, *args)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
