"""`seqpipe run`: words, exit codes and overrides."""

import os
import signal
import subprocess
import sys
import time

import pytest

from seqpipe.cli.overrides import split_overrides

PROJECT = """
vars: {word: hello}
workflows: {all: [say, made]}
commands:
  - name: say
    script: ["echo ${vars.word}"]
  - name: made
    script: [touch o]
    outputs: [o]
  - name: fails
    script: ["python -c 'raise SystemExit(7)'"]
  - name: slow
    script: [touch slow, sleep 60]
    outputs: [slow]
"""


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "project.yml"
    path.write_text(PROJECT)
    return path


def command(*args):
    return [sys.executable, "-m", "seqpipe", "run", *map(str, args)]


def run(*args, cwd=None):
    return subprocess.run(
        command(*args), cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=60
    )


def without_times(lines):
    return [" ".join(word for word in line.split() if not word[0].isdigit()) for line in lines]


def test_a_workflow_shows_each_command_its_output_and_a_summary(project):
    done = run(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert without_times(done.stdout.splitlines()) == [
        "── say ── echo hello",
        "hello",
        "✔ say s",
        "── made ── touch o",
        "✔ made s",
        "all: run, skipped, s",
    ]
    assert "all: 2 run, 0 skipped" in done.stdout


def test_a_second_run_says_what_it_skips(project):
    run(project)
    done = run(project)
    assert "── made ──  skipped (nothing changed)\n" in done.stdout
    assert "all: 1 run, 1 skipped" in done.stdout
    assert "── made ──  again: forced\n" in run(project, "--force").stdout


def test_the_project_is_here_by_default(project):
    assert run(cwd=project.parent).returncode == 0
    assert run(".", "say", cwd=project.parent).stdout.splitlines()[1] == "hello"


@pytest.mark.parametrize(
    "override", [["--vars.word", "good bye"], ["--vars.word=good bye"], ["--vars.word", "-x"]]
)
def test_a_variable_is_set_anywhere_on_the_line(project, override):
    expected = override[-1].removeprefix("--vars.word=")
    for args in ([project, "say", *override], [*override, project, "say"]):
        assert run(*args).stdout.splitlines()[1] == expected


def test_a_variable_does_not_become_the_command(project):
    assert "all: 2 run" in run(project, "--vars.word", "say").stdout


def test_a_failing_command_gives_its_exit_code(project):
    done = run(project, "fails")
    assert done.returncode == 7
    assert done.stderr == (
        f"error: {project}, line 10: command 'fails': exit code 7: "
        "python -c 'raise SystemExit(7)'\n"
    )


def test_an_unknown_option_and_a_missing_value_are_usage_errors(project):
    assert run(project, "--nope").returncode == 2
    assert run(project, "--vars.word").returncode == 2


ENDINGS = {
    "ctrl-c": (os.killpg, signal.SIGINT, "interrupted\n", 130),
    "interrupt to the parent alone": (os.kill, signal.SIGINT, "interrupted\n", 130),
    "terminate the parent alone": (os.kill, signal.SIGTERM, "terminated\n", 143),
}


@pytest.mark.parametrize(("send", "number", "words", "code"), ENDINGS.values(), ids=ENDINGS)
def test_a_signal_ends_the_child_at_once_and_keeps_the_lock_true(
    project, send, number, words, code
):
    run(project, "made")
    lock = (project.parent / "seqpipe.lock").read_text()
    with subprocess.Popen(
        command(project, "slow"), start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as parent:
        for _ in range(1000):
            if (project.parent / "slow").exists():
                break
            time.sleep(0.02)
        time.sleep(0.1)
        send(parent.pid, number)
        # Less than the ten seconds that a child is given before it is terminated.
        assert parent.communicate(timeout=8)[1] == words
    assert parent.returncode == code
    with pytest.raises(ProcessLookupError):
        os.killpg(parent.pid, 0)
    assert (project.parent / "seqpipe.lock").read_text() == lock


def test_overrides_are_taken_out_of_the_line():
    line = ["a", "--vars.x", "1", "--force", "--vars.y.z=2=3", "b"]
    assert split_overrides(line) == (["a", "--force", "b"], {"x": "1", "y.z": "2=3"})
