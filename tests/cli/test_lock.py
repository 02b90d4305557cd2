"""`seqpipe lock`: the table, JSON, and the export."""

import json

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records

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


def lock(*args):
    app, plugins = build_app()
    done = CliRunner().invoke(app, ["lock", *map(str, args)], obj=plugins, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_each_command_has_its_state_and_why(project):
    rows = [line.split() for line in lock(project).splitlines()]
    assert ["made", "up", "to", "date"] in rows
    assert ["gone", "has", "to", "run", "gone", "is", "missing"] in rows


def test_overrides_count_and_json_says_the_same(project):
    assert json.loads(lock(project.parent, "--json", "--vars.word", "bye")) == [
        {"command": "made", "state": "has to run", "reason": "vars.word is bye, was hello"},
        {"command": "gone", "state": "has to run", "reason": "gone is missing"},
    ]


def test_what_is_no_longer_in_the_project_is_said(project):
    project.write_text(PROJECT.replace("name: gone", "name: new"))
    assert json.loads(lock(project, "--json"))[-1] == {
        "command": "gone",
        "state": "locked",
        "reason": "not in project.yml",
    }


def test_the_export_says_what_it_leaves_out(project):
    path = project.parent / "project.lock"
    assert lock(project, "--weasel", path).splitlines() == [
        "left out: gone (gone is missing)",
        f"{path}: 1 command, as weasel locks them",
    ]
    assert path.read_text().startswith("made:\n")
    found = json.loads(lock(project, "--weasel", path, "--json"))
    assert found == {"written": ["made"], "left_out": {"gone": "gone is missing"}}
