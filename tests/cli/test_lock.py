"""`seqpipe lock`: the table, JSON, and the export."""

import json

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records
from seqpipe.project.run import project_plan

PROJECT = """
vars: {word: hello}
commands:
  - {name: made, script: ["make ${vars.word}"], outputs: [made]}
  - {name: gone, script: [], outputs: [gone]}
"""


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "project.yml"
    path.write_text(PROJECT)
    loaded = load_project(path)
    records = Records(loaded)
    for name in ("made", "gone"):
        (tmp_path / name).write_text(name)
        records.begin(loaded.commands[name])
        records.succeed(loaded.commands[name])
    (tmp_path / "gone").unlink()
    return path


def invoke(*args):
    app, plugins = build_app()
    done = CliRunner().invoke(app, ["lock", *map(str, args)], obj=plugins, catch_exceptions=False)
    assert done.exit_code == 0
    return done


def lock(*args):
    return invoke(*args).stdout


def test_each_command_has_its_state_and_why(project):
    rows = [line.split() for line in lock(project).splitlines()]
    assert ["made", "up", "to", "date", "nothing", "changed"] in rows
    assert ["gone", "would", "run", "gone", "is", "missing"] in rows


def test_overrides_count_and_json_says_the_same(project):
    assert json.loads(lock(project.parent, "--json", "--vars.word", "bye")) == [
        {"command": "made", "state": "run", "reason": "vars.word is bye, was hello"},
        {"command": "gone", "state": "run", "reason": "gone is missing"},
    ]


FLOW = """
commands:
  - {name: use, script: [], deps: [made], outputs: [used]}
  - {name: make, script: [], deps: [in], outputs: [made]}
"""


@pytest.fixture
def flow(tmp_path):
    """A project whose commands all succeeded; then a file that the first of them reads changed."""
    path = tmp_path / "project.yml"
    path.write_text(FLOW)
    (tmp_path / "in").write_text("before")
    loaded = load_project(path)
    records = Records(loaded)
    for name, output in (("make", "made"), ("use", "used")):
        (tmp_path / output).write_text(name)
        records.begin(loaded.commands[name])
        records.succeed(loaded.commands[name])
    (tmp_path / "in").write_text("after")
    return path


def test_it_says_what_a_run_of_all_commands_would_do(flow):
    found = {row["command"]: row["state"] for row in json.loads(lock(flow, "--json"))}
    assert found == {"use": "maybe", "make": "run"}
    flow.write_text(f"{FLOW}workflows: {{all: [make, use]}}\n")
    assert found == {one.step.command.name: one.state for one in project_plan(flow)}


def test_commands_that_no_plan_holds_are_looked_at_one_by_one_and_that_is_said(flow):
    flow.write_text(f"{FLOW}  - {{name: other, script: [], deps: [in], outputs: [made]}}\n")
    done = invoke(flow, "--json")
    found = {row["command"]: row["state"] for row in json.loads(done.stdout)}
    assert found == {"use": "skip", "make": "run", "other": "run"}
    assert "each command as if run alone, since not all can be in one run: " in done.stderr
    assert "the commands 'make' and 'other' both write made" in done.stderr


def test_what_is_no_longer_in_the_project_is_said(project):
    project.write_text(PROJECT.replace("name: gone", "name: new"))
    assert json.loads(lock(project, "--json"))[-1] == {
        "command": "gone",
        "state": "locked",
        "reason": "not in project.yml",
    }


def test_the_export_says_what_it_leaves_out(project):
    path = project.parent / "project.lock"
    assert lock(project, "--weasel").splitlines() == [
        "left out: gone (gone is missing)",
        f"{path}: 1 command, as weasel locks them",
    ]
    assert path.read_text().startswith("made:\n")
    found = json.loads(lock(project, "--weasel", "--json"))
    assert found == {
        "path": str(path),
        "written": ["made"],
        "left_out": {"gone": "gone is missing"},
    }
