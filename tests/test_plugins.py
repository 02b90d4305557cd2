"""Plugins: found when installed, listed, and set aside alone when they fail."""

import json
import os

import pytest

from seqpipe.plugins import BUILT_IN, load_plugins
from tests.installed import Installed

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
GROUP = """
import typer
from seqpipe import hookimpl

@hookimpl
def seqpipe_commands(app):
    group = typer.Typer({name})
    group.command("{command}")(print)
    app.add_typer({added})
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
    "name of a built-in command, as that of a group": (
        GROUP.format(name='name="run"', command="x", added="group"),
        "the command 'run' is there already",
    ),
    "name of a built-in command, in a group without one": (
        GROUP.format(name="", command="run", added="group"),
        "the command 'run' is there already",
    ),
    "one command twice": (
        GOOD + "    app.command('greet')(greet)",
        "the command 'greet' is there already",
    ),
    "command that is an option": (GOOD.replace('"greet"', '"--strict"'), "the command '--strict'"),
    "command of two words": (GOOD.replace('"greet"', '"a b"'), "the command 'a b', expected"),
    "group whose name is no text": (
        GROUP.format(name="", command="x", added="group, name=5"),
        "the command 5, expected a name of letters, digits, - and _",
    ),
    "help that raises": (
        GOOD.replace('"greet"', '"greet", cls=Odd')
        + "\nfrom typer.core import TyperCommand\n"
        + "class Odd(TyperCommand):\n"
        + "    def get_short_help_str(self, limit=45): raise RuntimeError('no help')\n",
        "RuntimeError: no help",
    ),
    "help that cannot be written": (
        GOOD.replace('"greet"', '"greet", help="\\ud800"'),
        "UnicodeEncodeError",
    ),
    "generator": (
        GOOD + "    yield",
        "seqpipe_commands is a generator, expected a plain function",
    ),
    "generator of progress": (
        GOOD + "\n@hookimpl\ndef seqpipe_training_progress(progress): yield",
        "seqpipe_training_progress is a generator, expected a plain function",
    ),
    "coroutine": (
        GOOD.replace("def seqpipe", "async def seqpipe"),
        "seqpipe_commands is a coroutine, expected a plain function",
    ),
    "around the hooks of others": (
        GOOD.replace("@hookimpl", "@hookimpl(wrapper=True)") + "    return (yield)",
        "seqpipe_commands is a generator, expected a plain function",
    ),
    "no hook": ("def greet(): pass", "implements no hook, expected a function marked with"),
    "hook without its mark": (
        GOOD.replace("@hookimpl", ""),
        "seqpipe_commands is not marked with @seqpipe.hookimpl",
    ),
    "skipped as a test": (
        "class Skipped(BaseException): pass\nraise Skipped('not here')",
        "Skipped: not here",
    ),
    "error that cannot be shown": (
        "class Odd(Exception):\n    def __str__(self): return self.x\nraise Odd",
        "Odd",
    ),
    "error that exits when it is shown": (
        "class Odd(Exception):\n    def __str__(self): raise SystemExit(4)\nraise Odd",
        "Odd",
    ),
    "entry point that names nothing": ("", "AttributeError", "bad_module:nothing"),
}


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
    source, words, *target = BAD[fault]
    installed.add("bad", source, *target)
    installed.add("good", GOOD)
    done = installed.seqpipe("greet", "Ada")
    assert (done.stdout, done.returncode) == ("hello Ada\n", 0)
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: plugin bad (seqpipe-bad 1.5) is set aside: ")
    assert words in line


def test_with_all_failing_plugins_at_once_every_built_in_command_is_there(installed):
    commands = installed.seqpipe("--help").stdout
    for number, (source, _, *target) in enumerate(BAD.values()):
        installed.add(
            f"bad{number}", source, *(one.replace("bad", f"bad{number}") for one in target)
        )
    done = installed.seqpipe("--help")
    assert (done.stdout, done.returncode) == (commands, 0)
    named = [line.split()[2] for line in done.stderr.splitlines()]
    assert named == sorted(f"bad{number}" for number in range(len(BAD)))


def test_what_a_plugin_prints_while_it_loads_is_not_in_the_output(installed):
    loud = GOOD.replace("@hookimpl", "print('loud')\n\n@hookimpl")
    installed.add("loud", loud.replace("    @app", "    print('louder')\n    @app"))
    done = installed.seqpipe("greet", "Ada")
    assert (done.stdout, done.stderr) == ("hello Ada\n", "loud\nlouder\n")


def test_a_hook_of_another_version_may_be_marked_as_optional(installed):
    later = "\n@hookimpl(optionalhook=True)\ndef seqpipe_of_tomorrow(): pass\n"
    installed.add("good", GOOD + later)
    assert installed.state("good") == ("ok", ["seqpipe_commands"], None)
    assert installed.seqpipe("greet", "Ada").stderr == ""


def test_a_plugin_whose_hooks_are_all_of_another_version_is_no_fault(installed):
    later = (
        "from seqpipe import hookimpl\n@hookimpl(optionalhook=True)\ndef seqpipe_later(): pass\n"
    )
    installed.add("later", later)
    assert installed.state("later") == ("ok", [], None)


@pytest.mark.parametrize("entries", ["", "[seqpipe]\ngood = good_module\n"])
def test_of_two_versions_of_a_package_the_first_on_the_path_counts(tmp_path, entries):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        Installed(tmp_path / folder).add("good", GOOD)
    first = Installed(tmp_path / "first")
    first.damage("good", "METADATA", b"Metadata-Version: 2.1\nName: SeqPipe.Good\nVersion: 2\n")
    first.damage("good", "entry_points.txt", entries.encode())
    both = f"{tmp_path / 'first'}{os.pathsep}{tmp_path / 'second'}"
    listed = first.seqpipe("plugins", "--json", PYTHONPATH=both).stdout
    found = [one for one in json.loads(listed)["plugins"] if one["name"] == "good"]
    assert [(one["version"], one["state"]) for one in found] == ([("2", "ok")] if entries else [])


def test_one_package_may_have_two_plugins(installed):
    installed.add("good", GOOD, "good_module\nsecond = good_second")
    other = GOOD.replace('"greet"', '"wave"')
    (installed.folder / "good_second.py").write_text(other)
    assert [installed.state(name)[0] for name in ("good", "second")] == ["ok", "ok"]
    assert installed.seqpipe("wave", "Ada").stdout == "hello Ada\n"


def test_one_module_is_one_plugin(installed):
    installed.add("good", GOOD, "good_module\nagain = good_module")
    assert installed.state("again")[2] == "ValueError: good_module is the plugin 'good' already"
    assert installed.seqpipe("greet", "Ada").stdout == "hello Ada\n"


BROKEN = {
    "no metadata": ("METADATA", None, "without metadata in "),
    "empty metadata": ("METADATA", b"", "without metadata in "),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_lost_its_metadata_works_and_is_listed(installed, fault):
    installed.add("good", GOOD)
    name, content, words = BROKEN[fault]
    installed.damage("good", name, content)
    done = installed.seqpipe("greet", "Ada")
    assert (done.stdout, done.stderr) == ("hello Ada\n", "")
    assert words in installed.seqpipe("plugins").stdout


@pytest.mark.parametrize("content", [b"[seqpipe]\nno equals sign\n", b"[seqpipe]\na = \xff\n"])
def test_a_package_whose_entry_points_cannot_be_read_is_named(installed, content):
    installed.add("bad", GOOD)
    installed.damage("bad", "entry_points.txt", content)
    done = installed.seqpipe("--help")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: plugin seqpipe-bad (seqpipe-bad 1.5) is set aside: its entry_")
    assert line.endswith("pip uninstall seqpipe-bad")


def test_a_plugin_can_be_left_out_built_in_or_not(installed):
    installed.add("good", GOOD)
    installed.add("bad", BAD["import error"][0])
    done = installed.seqpipe(
        "--no-plugin", "good", "--no-plugin=bad", "--no-plugin", "lm", "--help"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert " greet " not in done.stdout
    assert " lm " not in done.stdout
    assert " tagging " in done.stdout
    listed = installed.seqpipe("--no-plugin", "good", "--no-plugin", "bad", "plugins").stdout
    assert "left out: --no-plugin" in listed


def test_a_plugin_to_leave_out_that_is_not_there_is_an_error_with_the_nearest(installed):
    done = installed.seqpipe("--no-plugin", "taging", "plugins")
    assert (done.stdout, done.returncode) == ("", 1)
    message = "--no-plugin taging: no plugin is named so; did you mean tagging?"
    assert done.stderr == f"error: {message}\n"


@pytest.mark.parametrize(
    ("listed", "loaded"),
    [("", []), ("good", ["good"]), (" good , other,", ["good", "other"])],
)
def test_environment_lists_the_installed_plugins_that_load(installed, listed, loaded):
    installed.add("good", GOOD)
    installed.add("other", GOOD.replace('"greet"', '"wave"'))
    shown = installed.seqpipe("plugins", "--json", SEQPIPE_PLUGINS=listed)
    assert shown.stderr == ""
    states = {one["name"]: one["state"] for one in json.loads(shown.stdout)["plugins"]}
    assert [name for name in ("good", "other") if states[name] == "ok"] == loaded
    assert states["tagging"] == "ok"


def test_environment_that_lists_a_plugin_that_is_not_there_is_a_warning(installed):
    installed.add("good", GOOD)
    done = installed.seqpipe("greet", "Ada", SEQPIPE_PLUGINS="good,goood")
    assert (done.stdout, done.returncode) == ("hello Ada\n", 0)
    message = "SEQPIPE_PLUGINS: no plugin is named goood; did you mean good?"
    assert done.stderr == f"warning: {message}\n"


def test_strict_makes_a_plugin_that_fails_fatal(installed):
    installed.add("bad", BAD["import error"][0])
    installed.add("good", GOOD)
    done = installed.seqpipe("--strict", "greet", "Ada")
    assert (done.stdout, done.returncode) == ("", 1)
    warning, error = done.stderr.splitlines()
    assert warning.startswith("warning: plugin bad (seqpipe-bad 1.5) is set aside: ")
    assert error == ("error: --strict: a failing plugin is fatal: bad; to go on: --no-plugin bad")
    done = installed.seqpipe("--strict", "--no-plugin", "bad", "greet", "Ada")
    assert (done.stdout, done.stderr, done.returncode) == ("hello Ada\n", "", 0)


def test_strict_makes_a_hook_that_fails_later_fatal(installed):
    add_greeting(installed)
    (installed.folder / "starting_module.py").write_text(
        STARTER.replace("return", "1 / 0\n    return")
    )
    assert installed.seqpipe("--strict", "plugins").returncode == 0
    done = installed.seqpipe("--strict", "init")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: --strict: ")


def test_calls_of_hooks_can_be_traced(installed):
    installed.add("good", GOOD)
    done = installed.seqpipe("greet", "Ada", SEQPIPE_TRACE_PLUGINS="1")
    assert done.stdout == "hello Ada\n"
    assert done.stderr.count("seqpipe_commands") >= 2  # the built-in ones too
    assert installed.seqpipe("greet", "Ada", SEQPIPE_TRACE_PLUGINS="0").stderr == ""


def test_help_with_twenty_plugins_comes_in_half_a_second(installed):
    for number in range(20):
        command = GOOD.replace('"greet"', f'"greet{number}"')
        installed.add(f"good{number}", command)
    assert installed.seqpipe("--help").stdout.count("Greet someone.") == 20
    assert min(installed.processor_seconds("--help") for _ in range(5)) < 0.5


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
            STARTER.replace("return", "return None #"),
            "seqpipe_starters gave None, expected a list of seqpipe.Starter",
        ),
        (STARTER.replace('"greeting", "A', '3, "A'), "the starter 3, expected a name"),
        (STARTER.replace('"greeting", "A', '"../x", "A'), "the starter '../x', expected a name"),
        (STARTER.replace('"A project that greets"', "None"), "help of 'greeting' is None"),
        (
            STARTER.replace("Path(__file__)", "str").replace('.with_name("greeting")', '("x")'),
            "Path",
        ),
        (
            STARTER.replace('Starter("greeting', 'Starter("ner'),
            "the starter 'ner' is there already",
        ),
        (STARTER.replace('with_name("greeting")', 'with_name("x")'), "has no project.yml in"),
    ],
    ids=[
        "raises",
        "exits",
        "raises inside",
        "no starter",
        "nothing",
        "a number for a name",
        "a path for a name",
        "no help",
        "text for a folder",
        "a name that is taken",
        "no project",
    ],
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
