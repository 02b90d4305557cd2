"""`seqpipe run`: words, exit codes and overrides."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from seqpipe.cli.overrides import split_overrides
from tests.processes import seqpipe

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
    return seqpipe("run", *args, cwd=cwd)


def without_times(lines):
    return [" ".join(word for word in line.split() if not word[0].isdigit()) for line in lines]


def test_a_workflow_shows_each_command_its_output_and_a_summary(project):
    done = run(project)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if set(line) != {"─"}]
    assert without_times(lines) == [
        "── say ── echo hello",
        "hello",
        "✔ say s",
        "── made ── touch o",
        "✔ made s",
        "",
        "all",
        "command seconds peak MB",
        "say done",
        "made done",
        "all: run, skipped, s",
    ]
    assert "all: 2 run, 0 skipped" in done.stdout


def test_a_second_run_says_what_it_skips(project):
    run(project)
    done = run(project)
    assert "── made ──  skipped (nothing changed)\n" in done.stdout
    assert "all: 1 run, 1 skipped" in done.stdout
    assert "── made ──  again: forced\n" in run(project, "--force").stdout


def test_one_command_has_no_table(project):
    assert without_times(run(project, "made").stdout.splitlines()) == [
        "── made ── touch o",
        "✔ made s",
    ]


def test_a_run_that_skips_all_has_no_table_and_stays_light(project):
    project.write_text(project.read_text().replace("[say, made]", "[made]"))
    run(project)
    code = "import sys; sys.argv = ['seqpipe', 'run', sys.argv[1]]; from seqpipe.cli import main\n"
    code += "try: main()\nfinally: print([m for m in ('rich', 'spacy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, project], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["── made ──  skipped (nothing changed)", "[]"]


def test_a_dry_run_says_what_would_run_and_why_and_runs_nothing(project):
    done = run(project, "--dry-run")
    assert done.stdout.splitlines() == [
        "would run   say   runs always (no outputs)",
        "would run   made  never run",
    ]
    assert not (project.parent / "o").exists()
    run(project)
    for option in ("--dry", "-D"):
        assert "would skip  made  nothing changed" in run(project, option, "--from", "made").stdout


def test_only_and_from_take_a_part_of_the_plan(project):
    assert "── say ──" not in run(project, "--only", "made").stdout
    assert "── say ──" not in run(project, "--from", "made").stdout
    done = run(project, "--only", "maid")
    assert done.returncode == 1
    assert "--only maid" in done.stderr


def events(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_json_is_all_that_stands_on_stdout(project):
    found = events(run(project, "--json"))
    assert [(event["event"], event.get("command")) for event in found] == [
        ("planned", "say"),
        ("planned", "made"),
        ("started", "say"),
        ("script", "say"),
        ("output", "say"),
        ("done", "say"),
        ("started", "made"),
        ("script", "made"),
        ("done", "made"),
        ("end", None),
    ]
    planned = {"event": "planned", "command": "made", "text": "never run", "state": "run"}
    assert found[1] == {**planned, "index": 1}
    assert [event.get("index") for event in found] == [0, 1, 0, 0, 0, 0, 1, 1, 1, None]
    assert found[4]["text"] == "hello"
    assert {**found[-1], "seconds": 0} == {
        "event": "end",
        "name": "all",
        "done": 2,
        "skipped": 0,
        "failed": 0,
        "not_run": 0,
        "seconds": 0,
        "code": 0,
    }
    assert events(run(project, "--json", "--dry-run"))[1]["state"] == "maybe"


def test_json_has_the_failure_and_its_code(project):
    done = run(project, "fails", "--json")
    assert done.returncode == 7
    failed, end = events(done)[-2:]
    assert (failed["event"], failed["code"], end["code"]) == ("failed", 7, 7)


def test_several_jobs_say_whose_line_it_is(project):
    done = run(project, "-j", "2")
    assert "say | hello\n" in done.stdout
    assert "all: 2 run, 0 skipped" in done.stdout


def test_a_project_without_all_says_what_there_is(project):
    project.write_text(
        project.read_text()
        .replace("all:", "both:")
        .replace("name: made", "name: made\n    help: Makes it")
    )
    done = run(project)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].endswith(f"no workflow 'all'; name what to run: seqpipe run {project} NAME")
    assert "  workflow  both   say, made" in lines
    assert "  command   made   Makes it" in lines


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
@pytest.mark.parametrize("words", [[], ["-j", "2"]])
@pytest.mark.parametrize("no_color", [True, False])
def test_a_narrow_terminal_shows_it_too(project, words, no_color):
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40", "LINES": "20", "TERM": "xterm"}
    environment |= {"NO_COLOR": "1"} if no_color else {}
    with subprocess.Popen(
        command(project, *words), stdout=theirs, stderr=theirs, env=environment
    ) as child:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    assert child.returncode == 0
    assert b"hello" in shown
    assert (b"2/2 made" in shown) == (not words)
    assert b"all: 2 run, 0 skipped" in shown
    assert (b"\x1b[32m" in shown) == (not no_color)


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
    assert without_times(done.stdout.splitlines())[1] == "✘ fails s"
    assert done.stderr == (
        f"error: {project}, line 10: command 'fails': exit code 7: "
        "python -c 'raise SystemExit(7)'\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no such shell")
@pytest.mark.parametrize("closed", [[1], [2], [0, 1], [0, 1, 2]])
def test_closed_streams_do_not_send_output_into_our_files(project, closed):
    project.write_text(
        project.read_text().replace(
            "[touch o]",
            "[touch o, cat .seqpipe/run.lock, 'seqpipe --version', cp .seqpipe/run.lock o]",
        )
    )
    shut = " ".join(f"{number}>&-" for number in closed)
    words = ["sh", "-c", f'exec "$@" {shut}', "sh", *command(project)]
    assert subprocess.run(words, capture_output=True, timeout=60).returncode == 0
    held = (project.parent / "o").read_text()
    assert json.loads(held)["name"] == "all"
    assert (project.parent / ".seqpipe" / "run.lock").read_text() == ""


def test_an_unknown_option_is_a_usage_error(project):
    assert run(project, "--nope").returncode == 2


ENDINGS = {
    "ctrl-c": (os.killpg, signal.SIGINT, "interrupted\n", 130),
    "interrupt to the parent alone": (os.kill, signal.SIGINT, "interrupted\n", 130),
    "terminate the parent alone": (os.kill, signal.SIGTERM, "terminated\n", 143),
    "hang up": (os.killpg, signal.SIGHUP, "hung up\n", 129),
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


STUBBORN = """
import pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path("slow").touch()
time.sleep(2)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_broken_off_says_what_it_waits_for_and_how_it_ended(project, number, code):
    project.write_text(project.read_text().replace("touch slow, sleep 60", "python stubborn.py"))
    body = STUBBORN.replace("SIGINT", number.name)
    (project.parent / "stubborn.py").write_text(body)
    with subprocess.Popen(
        command(project, "slow", "--json"),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        wait_for(project.parent / "slow")
        parent.send_signal(number)
        out, err = parent.communicate(timeout=20)
    assert parent.returncode == code
    assert err.splitlines()[0] == "waiting for 'slow' to end; Ctrl-C again to stop waiting"
    ending, end = (json.loads(line) for line in out.splitlines()[-2:])
    assert ending == {"event": "ending", "text": "waiting for 'slow' to end"}
    assert (end["event"], end["state"], end["code"]) == ("end", "interrupted", code)
    assert (end["name"], end["done"]) == ("slow", 0)


def wait_for(path):
    for _ in range(1000):
        if path.exists():
            return
        time.sleep(0.02)


SETTINGS = pytest.mark.parametrize("words", [[], ["-j", "2"], ["--json"]], ids=str)


@SETTINGS
@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.skipif(sys.platform == "win32", reason="no shell")
def test_a_closed_stream_changes_no_exit_code(project, words, closed):
    line = shlex.join(command(project, "fails", *words))
    done = subprocess.run(f"{line} {closed}", shell=True, capture_output=True, text=True)
    assert done.returncode == 7
    assert ("exit code 7" in done.stderr) == (closed == ">&-")
    assert "Traceback" not in done.stderr


@SETTINGS
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE")
def test_a_reader_that_goes_ends_the_run_and_blames_no_command(project, words):
    child = subprocess.Popen(
        command(project, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    child.stdout.close()
    assert child.stderr.read() == ""
    assert child.wait(60) == 141


@pytest.mark.parametrize("words", [["-j", "2"], ["--json"]], ids=str)
def test_a_value_of_env_does_not_show_in_captured_lines(project, words):
    text = project.read_text().replace("vars: {", "env: {token: TEST_TOKEN}\nvars: {")
    project.write_text(text.replace("${vars.word}", "${env.token}"))
    environment = {**os.environ, "TEST_TOKEN": "s3cr3t"}
    done = subprocess.run(
        command(project, "say", *words), env=environment, capture_output=True, text=True
    )
    assert "s3cr3t" not in done.stdout
    assert done.stdout.count("${env.token}") == 2


def test_many_lines_come_in_order_and_before_what_follows(project):
    project.write_text(project.read_text().replace("touch o]", "seq 5000, touch o]"))
    found = [(event["event"], event.get("text")) for event in events(run(project, "--json"))]
    numbers = [text for kind, text in found if kind == "output"]
    assert numbers == ["hello", *map(str, range(1, 5001))]
    assert found.index(("output", "5000")) < found.index(("script", "touch o"))


def test_overrides_are_taken_out_of_the_line():
    line = ["a", "--vars.x", "1", "--force", "--vars.y.z=2=3", "b"]
    assert split_overrides(line) == (["a", "--force", "b"], {"x": "1", "y.z": "2=3"})
