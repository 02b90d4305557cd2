"""The hooks before and after a project's command: who is told what, and when."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.installed import Installed
from tests.pages import blocks

NOTES = """
from seqpipe import hookimpl

@hookimpl
def seqpipe_before_command(project, command):
    print("before", command)
    with (project.parent / "notes.txt").open("a") as stream:
        stream.write(f"{command} starts\\n")

@hookimpl
def seqpipe_after_command(project, command, outcome):
    memory = outcome.peak_memory_mb
    assert memory is None or memory > 1
    with (project.parent / "notes.txt").open("a") as stream:
        stream.write(f"{command} {outcome.state} {outcome.exit_code} {outcome.seconds < 60}\\n")
"""
EXAMPLES = [body for body in blocks("docs/plugins.md", "python") if "_command(project" in body]
PROJECT = """
    workflows: {all: [make, fail, after]}
    commands:
      - {name: make, script: ["touch made"], outputs: [made]}
      - {name: fail, script: ["python -c 'raise SystemExit(3)'"], outputs: [never]}
      - {name: after, script: [], deps: [never], outputs: [last]}
      - {name: sleep, script: ["touch asleep", "sleep 60"]}
"""


@pytest.fixture
def installed(tmp_path):
    (tmp_path / "packages").mkdir()
    return Installed(tmp_path / "packages")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project.yml").write_text(textwrap.dedent(PROJECT))
    return tmp_path


def notes(project):
    return (project / "notes.txt").read_text().splitlines()


def test_plugins_learn_what_starts_and_how_it_went(installed, project):
    installed.add("notes", NOTES)
    assert installed.seqpipe("run", project).returncode == 3
    assert notes(project) == [
        "make starts",
        "make done 0 True",
        "fail starts",
        "fail failed 3 True",
    ]


def test_examples_of_the_documentation_tell_of_a_run(installed, project):
    for number, example in enumerate(EXAMPLES):
        installed.add(f"example{number}", example)
    done = installed.seqpipe("run", project, "make")
    assert f"{project.name}: make starts" in done.stdout
    (line,) = (project / "times.tsv").read_text().splitlines()
    assert line.split("\t")[:2] == ["make", "done"]


def test_what_is_skipped_does_not_start(installed, project):
    installed.add("notes", NOTES)
    installed.seqpipe("run", project, "make")
    installed.seqpipe("run", project, "make")
    assert notes(project) == ["make starts", "make done 0 True"]


def test_events_as_json_stay_alone_on_stdout(installed, project):
    installed.add("notes", NOTES)
    done = installed.seqpipe("run", project, "make", "--json")
    assert all(json.loads(line)["event"] for line in done.stdout.splitlines())
    assert "before make" in done.stderr


def test_a_hook_that_raises_is_named_and_the_run_goes_on(installed, project):
    installed.add("bad", NOTES.replace('print("before", command)', "raise KeyError('oh no')"))
    done = installed.seqpipe("run", project, "make")
    assert done.returncode == 0
    assert re.search(
        r"plugin bad \(seqpipe-bad 1\.5\) is set aside: KeyError: 'oh no'", done.stderr
    )
    assert (project / "made").exists()


def test_an_interrupted_command_has_its_call_too(installed, project):
    installed.add("notes", NOTES)
    running = subprocess.Popen(
        [sys.executable, "-m", "seqpipe", "run", str(project), "sleep"],
        env={**os.environ, "PYTHONPATH": str(installed.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(project / "asleep")
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=60) == 143
    assert notes(project) == ["sleep starts", "sleep interrupted 143 True"]


def test_a_hook_that_raises_changes_nothing_of_an_interruption(installed, project):
    """With --strict too: it is named, and the plugins behind it are told."""
    installed.add("bad", NOTES.replace("    memory =", "    1 / 0\n    memory ="))
    installed.add("notes", NOTES)
    running = subprocess.Popen(
        [sys.executable, "-m", "seqpipe", "--strict", "run", str(project), "sleep"],
        env={**os.environ, "PYTHONPATH": str(installed.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(project / "asleep")
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 143
    assert "plugin bad (seqpipe-bad 1.5) is set aside: ZeroDivisionError" in errors
    assert notes(project) == ["sleep starts", "sleep starts", "sleep interrupted 143 True"]


@pytest.mark.parametrize("named", [".", "project.yml", "../{name}/project.yml"])
def test_the_project_is_a_whole_path_however_it_was_named(installed, project, monkeypatch, named):
    installed.add("path", NOTES.replace('print("before", command)', 'print("project", project)'))
    monkeypatch.chdir(project)
    done = installed.seqpipe("run", named.format(name=project.name), "make")
    assert f"project {project.resolve() / 'project.yml'}" in done.stdout.splitlines()


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
