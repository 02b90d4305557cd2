"""`--json`: every command that prints a table has it, and prints JSON and nothing else."""

import json

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.plugins import Choice
from tests.cli.command_cases import CASES, LINES, NO_TABLES


@pytest.fixture(scope="module")
def app():
    """The command line without what else is installed."""
    return build_app(Choice(only=()))[0]


def commands_of(group, path=()):
    """Every command below a group, with the words that lead to it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def options_of(command):
    return {name for parameter in command.params for name in parameter.opts}


def test_every_command_prints_json_or_says_why_it_prints_no_table(app):
    found = dict(commands_of(get_command(app)))
    with_json = {name for name, command in found.items() if "--json" in options_of(command)}
    assert with_json == set(CASES)
    assert set(found) - with_json == set(NO_TABLES)


@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_json_and_nothing_else(name, app, inputs, monkeypatch):
    monkeypatch.chdir(inputs)
    done = CliRunner().invoke(app, [*name.split(), *CASES[name].split(), "--json"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.stderr
    parts = done.stdout.splitlines() if name in LINES else [done.stdout]
    assert parts
    for part in parts:
        json.loads(part, parse_constant=lambda found: pytest.fail(f"{found} is no JSON"))
