"""Help that reads like a table of contents: sections, nothing cut off, one name for one thing."""

import io
import re
from contextlib import redirect_stdout

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.cli.groups import SECTIONS
from seqpipe.cli.narrow import fit_help
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


@pytest.mark.parametrize("columns", [30, 40, 55, 80])
def test_help_keeps_to_the_width_of_the_terminal(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    command = get_command(build_app(Choice(only=()))[0])
    fit_help(command)
    every = ["", *(name for name, _ in commands_of(command))]
    told = [helped(command, name) for name in every]
    wide = [line for text in told for line in text.splitlines() if len(line) > columns]
    assert not wide


def helped(command, name):
    """The help of a command that is built."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit):
        command([*name.split(), "--help"], prog_name="seqpipe")
    return printed.getvalue()


def test_on_a_narrow_screen_what_an_option_does_stands_below_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    command = get_command(build_app(Choice(only=()))[0])
    fit_help(command)
    told = helped(command, "embeddings convert")
    assert "  -h, --help\n      Show this message and exit.\n" in told
    assert (
        "  --from <word2vec|word2vec-binary|\n      glove|floret|spacy>\n      The source's" in told
    )


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
