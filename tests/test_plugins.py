"""Plugins: found when installed, listed, and set aside alone when they fail."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from seqpipe.plugins import BUILT_IN, load_plugins

GOOD = """
from seqpipe import hookimpl

@hookimpl
def seqpipe_commands(app):
    @app.command("greet")
    def greet(name: str) -> None:
        "Greet someone."
        print("hello", name)
"""
STARTER = """
from pathlib import Path
from seqpipe import Starter, hookimpl

@hookimpl
def seqpipe_starters():
    return [Starter("greeting", "A project that greets", Path(__file__).with_name("greeting"))]
"""
TAKES_RUN = GOOD.replace('"greet"', '"run"')
BAD = {
    "import error": ("import no_such_module", "ModuleNotFoundError: No module named"),
    "syntax error": ("def (", "SyntaxError"),
    "exit at import": ("raise SystemExit(3)", "SystemExit: 3"),
    "endless recursion at import": ("def f(): f()\nf()", "RecursionError"),
    "misspelt hook": (
        GOOD.replace("def seqpipe_commands", "def seqpipe_comands"),
        "no hook is named seqpipe_comands; did you mean seqpipe_commands?",
    ),
    "wrong signature": (
        GOOD.replace("seqpipe_commands(app)", "seqpipe_commands(app, config)"),
        "PluginValidationError",
    ),
    "hook that raises": (
        GOOD + "    raise KeyError('oh no')",
        "KeyError: 'oh no'",
    ),
    "hook that exits": (GOOD + "    raise SystemExit(1)", "SystemExit: 1"),
    "command that Typer cannot read": (
        GOOD.replace("name: str", "name: int | str"),
        "Union types",
    ),
    "name of a built-in command": (TAKES_RUN, "the command 'run' is there already"),
}


@dataclass
class Installed:
    """A folder that packages are installed into."""

    folder: os.PathLike

    def add(self, name, source):
        """Install a package as pip leaves it: a module, and its metadata with an entry point."""
        (self.folder / f"{name}_module.py").write_text(source)
        info = self.folder / f"seqpipe_{name}-1.5.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: seqpipe-{name}\nVersion: 1.5\n"
        (info / "METADATA").write_text(metadata)
        (info / "entry_points.txt").write_text(f"[seqpipe]\n{name} = {name}_module\n")

    def seqpipe(self, *args):
        """Run the command line beside these packages."""
        return subprocess.run(
            [sys.executable, "-m", "seqpipe", *args],
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def installed(tmp_path):
    return Installed(tmp_path)


def test_an_installed_plugin_adds_its_command(installed):
    installed.add("good", GOOD)
    done = installed.seqpipe("greet", "Ada")
    assert (done.stdout, done.stderr, done.returncode) == ("hello Ada\n", "", 0)
    assert "Greet someone." in installed.seqpipe("--help").stdout


def test_a_plugin_may_add_a_group_of_commands(installed):
    installed.add(
        "group",
        GOOD.replace("    @app.command", "    import typer\n    g = typer.Typer()\n    @g.command")
        + "    g.command('other')(greet)\n    app.add_typer(g, name='say')\n",
    )
    assert installed.seqpipe("say", "greet", "Ada").stdout == "hello Ada\n"


def test_plugins_lists_name_version_source_hooks_and_state(installed):
    installed.add("good", GOOD)
    installed.add("bad", BAD["import error"][0])
    rows = installed.seqpipe("plugins").stdout.splitlines()
    assert rows[0].split() == ["name", "version", "from", "hooks", "state"]
    assert "good 1.5 seqpipe-good seqpipe_commands ok" in {" ".join(row.split()) for row in rows}
    assert any(
        " ".join(row.split()).startswith("bad 1.5 seqpipe-bad - set aside: ModuleNotFoundError")
        for row in rows
    )


@pytest.mark.parametrize("fault", BAD)
def test_a_plugin_that_fails_is_named_once_and_all_else_goes_on(installed, fault):
    source, words = BAD[fault]
    installed.add("bad", source)
    installed.add("good", GOOD)
    done = installed.seqpipe("greet", "Ada")
    assert (done.stdout, done.returncode) == ("hello Ada\n", 0)
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: plugin bad (seqpipe-bad 1.5) is set aside: ")
    assert words in line
    assert installed.seqpipe("run", "--help").returncode == 0


def test_two_plugins_of_one_name_leave_the_first(installed):
    installed.add("tagging", GOOD)
    assert "a plugin named 'tagging' is there already" in installed.seqpipe("plugins").stdout


def test_what_a_plugin_raises_at_run_time_keeps_its_traceback(installed):
    installed.add("good", GOOD.replace('print("hello", name)', "raise RuntimeError('a bug')"))
    done = installed.seqpipe("greet", "Ada")
    assert "Traceback" in done.stderr
    assert "RuntimeError: a bug" in done.stderr
    assert done.returncode == 1


def test_every_built_in_plugin_loads():
    found = load_plugins().found[: len(BUILT_IN)]
    assert tuple(plugin.module for plugin in found) == BUILT_IN
    assert [plugin.error for plugin in found] == [None] * len(found)
    assert all(plugin.hooks for plugin in found)


def add_greeting(installed):
    """Install a plugin with a starter, of which only the language is left open."""
    installed.add("starting", STARTER)
    (installed.folder / "greeting").mkdir()
    text = "commands:\n  - name: all\n    script: ['python hello.py']\n"
    (installed.folder / "greeting" / "project.yml").write_text(text)
    (installed.folder / "greeting" / "hello.py").write_text("print('hello {{lang}}')\n")


def test_starter_of_a_plugin_is_listed_written_and_runs(installed, tmp_path):
    add_greeting(installed)
    listed = installed.seqpipe("init").stdout.splitlines()
    assert listed[0].startswith("ner ")
    assert ["greeting", "A project that greets"] in [line.split(maxsplit=1) for line in listed]
    done = installed.seqpipe("init", "greeting", str(tmp_path / "mine"), "--lang", "de")
    assert (done.stderr, done.returncode) == ("", 0)
    assert "hello de" in installed.seqpipe("run", str(tmp_path / "mine")).stdout


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (STARTER.replace("return", "raise KeyError('oh no')\n    return"), "KeyError: 'oh no'"),
        (STARTER.replace("return", "raise SystemExit(1)\n    return"), "SystemExit: 1"),
        (STARTER.replace('Starter("gr', 'str("gr'), "TypeError"),
        (STARTER.replace("[Starter", "['x', Starter"), "expected a list of seqpipe.Starter"),
        (
            STARTER.replace('Starter("greeting', 'Starter("ner'),
            "the starter 'ner' is there already",
        ),
        (STARTER.replace('with_name("greeting")', 'with_name("x")'), "has no project.yml in"),
    ],
    ids=["raises", "exits", "raises inside", "no starter", "a name that is taken", "no project"],
)
def test_plugin_whose_starters_fail_is_named_and_the_others_are_there(installed, source, words):
    add_greeting(installed)
    (installed.folder / "starting_module.py").write_text(source)
    done = installed.seqpipe("init")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[:2]] == ["ner", "tagger"]
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: plugin starting (seqpipe-starting 1.5) is set aside: ")
    assert words in line
    assert installed.seqpipe("--help").stderr == ""
