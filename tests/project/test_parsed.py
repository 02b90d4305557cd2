"""What is kept of a project.yml: the same as the file says, and never older than it."""

import pytest

from seqpipe.files import InputError
from seqpipe.project import parsed
from seqpipe.project.hashes import make_room
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records
from seqpipe.project.plan import plan
from seqpipe.project.source import parse_yaml

TEXT = """
vars: {a: 1, b: [x, null, true, 1.5], c: {d: "ä"}}
commands:
  - &one {name: one, script: ["x ${vars.b} ${vars.c.d}"]}
  - {name: two, deps: [y]}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "project.yml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def broken_yaml(content, path):
    raise AssertionError("the YAML was read")


def test_what_is_kept_is_what_the_file_says(path, monkeypatch):
    first = load_project(path)
    assert not (path.parent / ".seqpipe").exists()  # only a plan makes it
    make_room(path.parent)
    load_project(path)
    monkeypatch.setattr(parsed, "parse_yaml", broken_yaml)
    again = load_project(path)
    assert again == first
    assert [command.line for command in again.commands.values()] == [4, 5]
    assert again.commands["two"].deps[0].line == 5


def test_from_the_second_plan_on_the_yaml_is_not_read(path, monkeypatch):
    (path.parent / "y").write_text("")
    for _ in range(2):
        project = load_project(path)
        plan(project, "two", records=Records(project))
    monkeypatch.setattr(parsed, "parse_yaml", broken_yaml)
    assert load_project(path) == project


def test_what_was_hashed_is_what_is_parsed(path, monkeypatch):
    """An editor may save between two reads of a file."""
    make_room(path.parent)

    def edited_meanwhile(content, where):
        path.write_text(TEXT.replace("two", "six"))
        return parse_yaml(content, where)

    monkeypatch.setattr(parsed, "parse_yaml", edited_meanwhile)
    assert list(load_project(path).commands) == ["one", "two"]
    monkeypatch.undo()
    assert list(load_project(path).commands) == ["one", "six"]


def test_a_fault_has_its_line_from_what_is_kept_too(path, monkeypatch):
    path.write_text("vars: {}\ncommands:\n  - name: a\n    output: [x]\n")
    make_room(path.parent)
    for _ in range(2):
        with pytest.raises(InputError, match="line 4: unknown command key 'output'"):
            load_project(path)
        monkeypatch.setattr(parsed, "parse_yaml", broken_yaml)


def test_a_changed_file_is_read(path):
    make_room(path.parent)
    load_project(path)
    path.write_text(TEXT.replace("two", "six"), encoding="utf-8")
    assert list(load_project(path).commands) == ["one", "six"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 1, "digest": 1}'])
def test_a_broken_keep_is_none(path, text):
    make_room(path.parent)
    kept = path.parent / ".seqpipe/parsed-project.yml.json"
    kept.write_text(text)
    assert list(load_project(path).commands) == ["one", "two"]
    assert kept.read_text() != text


@pytest.mark.parametrize("value", ["2020-01-01", "{1: x}", "!!set {a, b}", ".nan"])
def test_what_json_cannot_say_is_not_kept(path, value):
    path.write_text(f"vars: {{a: {value}}}\n")
    make_room(path.parent)
    assert load_project(path) == load_project(path)
    assert not (path.parent / ".seqpipe/parsed-project.yml.json").exists()
