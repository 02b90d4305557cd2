"""Help that reads like a table of contents: sections, nothing cut off, one name for one thing."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.cli.groups import SECTIONS
from seqpipe.plugins import Choice
from tests.cli.test_json import commands_of

# By option: the short name and the help that it has wherever it stands, if it stands often.
SAME = ("--output", "--json", "--html", "--gpu-id", "--component", "--code", "--lang", "--jobs")


@pytest.fixture(scope="module")
def app():
    return build_app(Choice(only=()))[0]


def shown(app, *words, columns=80):
    done = CliRunner(env={"COLUMNS": str(columns)}).invoke(app, [*words, "--help"])
    assert done.exit_code == 0
    return done.stdout


def test_the_commands_stand_in_sections_in_the_order_of_their_use(app):
    headings = re.findall(r"^(\w[\w ]*):$", shown(app), flags=re.MULTILINE)
    assert headings == ["Options", *SECTIONS]


def test_the_first_paragraphs_say_where_to_begin(app):
    told = " ".join(shown(app).split())
    assert "To begin: `seqpipe init` lists projects" in told


@pytest.mark.parametrize("words", [(), ("embeddings",), ("translation",), ("lm",)])
def test_no_help_line_is_cut_off(app, words):
    assert "..." not in shown(app, *words).replace("[ARGS]...", "")


@pytest.mark.parametrize("columns", [40, 80])
def test_help_keeps_to_the_width_of_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    app = build_app(Choice(only=()))[0]
    assert max(map(len, shown(app, columns=columns).splitlines())) <= columns


def test_a_plugins_command_stands_under_plugins():
    pytest.importorskip("seqpipe_dna")
    told = shown(build_app()[0])
    assert re.search(r"^Plugins:\n(  .*\n)*  dna ", told, flags=re.MULTILINE)


@pytest.mark.parametrize("option", SAME)
def test_an_option_has_one_short_name_everywhere(app, option):
    found = [
        tuple(sorted(parameter.opts))
        for _, command in commands_of(get_command(app))
        for parameter in command.params
        if option in parameter.opts
    ]
    assert len(found) > 1
    assert len(set(found)) == 1


def test_every_argument_and_option_has_help(app):
    without = [
        (name, parameter.name)
        for name, command in commands_of(get_command(app))
        for parameter in command.params
        if not parameter.help
    ]
    assert not without
