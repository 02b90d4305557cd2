"""Variables from the command line and from the environment, as weasel takes them."""

import json

import pytest
import typer
from typer.testing import CliRunner
from weasel.util.config import parse_config_overrides

from seqpipe.cli.app import build_app
from seqpipe.cli.overrides import VARIABLE, environment_overrides, split_overrides
from seqpipe.project.load import load_project
from seqpipe.project.lock import Records

LINES = [
    ["--vars.x", "1", "--vars.y.z=2=3"],
    ["--vars.x", "-1", "--vars.y="],
    ["--vars.on", "--vars.off", "false"],
    ["--vars.last"],
    ["--vars.x", "a", "--vars.x", "b"],
    ["--vars.x", "two words", "--vars.y='q'"],
]


@pytest.mark.parametrize("line", LINES)
def test_the_words_mean_what_they_mean_to_weasel(line):
    theirs = {
        name.removeprefix("vars."): written(value)
        for name, value in parse_config_overrides(list(line), env_var=None).items()
    }
    assert split_overrides(line) == ([], theirs)


def written(value):
    return value if isinstance(value, str) else str(value).lower()


def test_what_is_no_override_stays_in_its_place():
    line = ["a", "--vars.x", "1", "--force", "--vars.on", "--only", "c", "b", "--vars.y", "2"]
    assert split_overrides(line) == (
        ["a", "--force", "--only", "c", "b"],
        {"x": "1", "on": "true", "y": "2"},
    )


def test_the_environment_sets_variables_too(monkeypatch):
    monkeypatch.setenv(VARIABLE, "--vars.x 'two words' --vars.y=2 --vars.on")
    assert environment_overrides() == {"x": "two words", "y": "2", "on": "true"}
    monkeypatch.delenv(VARIABLE)
    assert environment_overrides() == {}


@pytest.mark.parametrize("words", ["--training.x 1", "x", "--vars.x 'a"])
def test_an_environment_that_cannot_be_read_is_named(monkeypatch, words):
    monkeypatch.setenv(VARIABLE, words)
    with pytest.raises(typer.BadParameter, match=VARIABLE):
        environment_overrides()


def test_the_command_line_counts_more_than_the_environment(monkeypatch, tmp_path):
    (tmp_path / "project.yml").write_text("""
vars: {a: 1, b: 1}
commands: [{name: x, script: ["${vars.a}${vars.b}"], outputs: [o]}]
""")
    (tmp_path / "o").write_text("")
    project = load_project(tmp_path, {"a": "2", "b": "3"})
    records = Records(project)
    records.begin(project.commands["x"])
    records.succeed(project.commands["x"])
    monkeypatch.setenv(VARIABLE, "--vars.a 2 --vars.b 2")
    assert state(tmp_path, "--vars.b", "3") == "skip"
    assert state(tmp_path) == "run"


def state(*args):
    app, plugins = build_app()
    done = CliRunner().invoke(app, ["lock", *map(str, args), "--json"], obj=plugins)
    return json.loads(done.stdout)[0]["state"]
