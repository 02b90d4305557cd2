"""Several commands at a time: what waits for what, and what a failure stops."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqpipe.project import schedule
from seqpipe.project.children import own_peak
from seqpipe.project.lock import read_records
from seqpipe.project.output import LONGEST, Lines
from seqpipe.project.run import CommandError, project_run

MEET = """
    import pathlib, sys, time
    mine, other = sys.argv[1:]
    pathlib.Path(mine).touch()
    for _ in range(1000):
        if pathlib.Path(other).exists():
            sys.exit(0)
        time.sleep(0.02)
    sys.exit(f"{other} did not come")
"""


@pytest.fixture
def meeting(write_project):
    """Two commands that each wait for the other."""
    path = write_project("""
        workflows: {all: [one, two]}
        commands:
          - {name: one, script: ["python meet.py 1 2"], outputs: ["1"]}
          - {name: two, script: ["python meet.py 2 1"], outputs: ["2"]}
    """)
    lines = (line.removeprefix("    ") for line in MEET.splitlines())
    (path.parent / "meet.py").write_text("\n".join(lines))
    return path


def run(path, **options):
    """Run it to its end or its failure; events, and how each command ended."""
    events = []
    try:
        summary = project_run(path, report=events.append, **options)
    except CommandError as fault:
        summary = fault.summary
    return events, [(end.command, end.kind) for end in summary.ends]


def test_what_nothing_ties_runs_side_by_side(meeting):
    assert run(meeting, jobs=2)[1] == [("one", "done"), ("two", "done")]


def test_what_is_tied_waits(write_project):
    path = write_project("""
        workflows: {all: [last, first]}
        commands:
          - {name: last, script: [cp a b], deps: [a], outputs: [b]}
          - {name: first, script: [sleep 0.3, touch a], outputs: [a]}
    """)
    events, ends = run(path, jobs=4)
    assert ends == [("first", "done"), ("last", "done")]
    order = [(event.kind, event.command) for event in events if event.kind in ("started", "done")]
    assert order.index(("done", "first")) < order.index(("started", "last"))


FAILING = """
    workflows: {all: [bad, user, far, free, barrier, after]}
    commands:
      - {name: bad, script: ["python -c 'raise SystemExit(4)'"], outputs: [a]}
      - {name: user, script: [cp a b], deps: [a], outputs: [b]}
      - {name: far, script: [cp b c], deps: [b], outputs: [c]}
      - {name: free, script: [touch d], outputs: [d]}
      - {name: barrier, script: [touch e]}
      - {name: after, script: [touch f], outputs: [f]}
"""


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_failure_stops_what_needs_it_and_nothing_else(write_project, jobs):
    path = write_project(FAILING)
    events, ends = run(path, jobs=jobs)
    assert dict(ends) == {
        "bad": "failed",
        "user": "not_run",
        "far": "not_run",
        "free": "done",
        "barrier": "not_run",
        "after": "not_run",
    }
    why = {event.command: event.text for event in events if event.kind == "not_run"}
    assert why["user"] == "needs 'bad', which failed"
    assert why["far"] == "needs 'user', which did not run"
    assert sorted(read_records(path.parent)[0]) == ["free"]


def test_the_exit_code_is_that_of_the_first_failure(write_project):
    path = write_project("""
        workflows: {all: [slow, quick]}
        commands:
          - {name: slow, script: [sleep 1, "sh -c 'exit 5'"], outputs: [a]}
          - {name: quick, script: ["sh -c 'exit 6'"], outputs: [b]}
    """)
    with pytest.raises(CommandError, match="'quick': exit code 6") as caught:
        project_run(path, jobs=2)
    assert caught.value.exit_code == 6
    assert [end.code for end in caught.value.summary.ends] == [5, 6]


def test_a_dependency_that_has_gone_meanwhile_is_a_failure(write_project):
    path = write_project("""
        workflows: {all: [remove, use]}
        commands:
          - {name: remove, script: [rm in.txt]}
          - {name: use, script: [cp in.txt out.txt], deps: [in.txt], outputs: [out.txt]}
    """)
    (path.parent / "in.txt").touch()
    events, ends = run(path)
    assert dict(ends) == {"remove": "done", "use": "failed"}
    assert "needs in.txt, which does not exist" in events[-1].text


def test_what_commands_write_is_told_line_by_line_and_kept_apart(write_project):
    path = write_project("""
        workflows: {all: [one, two]}
        commands:
          - {name: one, script: ["python say.py 1"], outputs: ["1"]}
          - {name: two, script: ["python say.py 2"], outputs: ["2"]}
    """)
    (path.parent / "say.py").write_text(
        "import sys\n"
        "for i in range(2000):\n"
        "    print(sys.argv[1] * 40, i, flush=True, file=(sys.stdout, sys.stderr)[i % 2])\n"
        "print(sys.stdin.read() + 'no line end', end='')\n"
        "open(sys.argv[1], 'w')\n"
    )
    events, _ = run(path, jobs=2)
    for name, mark in (("one", "1"), ("two", "2")):
        said = [event.text for event in events if (event.kind, event.command) == ("output", name)]
        assert said == [f"{mark * 40} {i}" for i in range(2000)] + ["no line end"]


def test_what_stays_in_the_background_does_not_hold_a_command_up(write_project):
    path = write_project("""
        commands: [{name: all, script: ["sh -c 'sleep 30 & echo started'"]}]
    """)
    began = time.perf_counter()
    events, ends = run(path, captured=True)
    assert ends == [("all", "done")]
    assert [event.text for event in events if event.kind == "output"] == ["started"]
    assert time.perf_counter() - began < 20


def test_memory_is_that_of_the_largest_process(write_project):
    # A child is a copy of this process before it is another program: what is less is not known.
    size = own_peak() + 200_000_000
    path = write_project(f"""
        workflows: {{all: [large, small]}}
        commands:
          - {{name: large, script: ["python -c 'x = bytearray({size})'", "true"]}}
          - {{name: small, script: ["true"]}}
    """)
    summary = project_run(path)
    large, small = summary.ends
    assert size < large.memory < size + 200_000_000
    assert small.memory is None


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"a\nb", b"c\n"], ["a", "bc"]),
        ([b"10%\r", b"20%\r", b"done\nnext"], ["done", "next"]),
        ([b"windows\r\nends\r", b"\n"], ["windows", "ends"]),
        ([b"\xc3", b"\xa9\n\xff\n"], ["é", "\ufffd"]),
        ([b"\n\n"], ["", ""]),
        ([b"10%\r20%\r"], ["20%"]),
    ],
)
def test_lines_are_what_a_terminal_would_leave(pieces, lines):
    cut = Lines()
    found = [line for piece in pieces for line in cut.feed(piece)]
    assert found + cut.end() == lines


def test_a_progress_bar_or_a_line_without_end_takes_no_memory():
    cut = Lines()
    for _ in range(100):
        assert cut.feed(b"x" * 1000 + b"\r") == []
    assert cut.unfinished == "x" * 1000
    assert cut.feed(b"\n" + b"y" * (LONGEST + 1)) == ["x" * 1000, "y" * (LONGEST + 1)]


SLEEPS = """
    workflows: {all: [plain, forked, other]}
    commands:
      - {name: plain, script: [touch a, "python sleeps.py plain"], outputs: [a]}
      - {name: forked, script: [touch b, "seqpipe run . inner"], outputs: [b]}
      - name: other
        script: [touch c, "seqpipe --version", "python sleeps.py other"]
        outputs: [c]
      - {name: inner, script: ["python sleeps.py inner"]}
"""
SLEEPER = """
import os, sys, time
with open(f"{sys.argv[1]}.pid", "w") as stream:
    stream.write(str(os.getpid()))
time.sleep(120)
"""


def started(path, *options, names=("plain", "inner", "other")):
    """A run whose commands all sleep; the process and theirs."""
    (path.parent / "sleeps.py").write_text(SLEEPER)
    runner = subprocess.Popen(
        [sys.executable, "-m", "seqpipe", "run", str(path), "-j", "3", *options],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pids = []
    for name in names:
        file = path.parent / f"{name}.pid"
        for _ in range(3000):
            if file.exists() and file.read_text():
                break
            time.sleep(0.02)
        pids.append(int(file.read_text()))
    return runner, pids


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_gone(pids, seconds):
    for _ in range(int(seconds / 0.05)):
        if not any(map(is_alive, pids)):
            return True
        time.sleep(0.05)
    return False


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux kills them")


@linux
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["to us", "to all"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_commands(write_project, send, number):
    path = write_project(SLEEPS)
    runner, pids = started(path)
    send(runner.pid, number)
    _, said = runner.communicate(timeout=9)
    assert runner.returncode == 128 + number
    words = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
    assert said == f"{words[number]}\n"
    assert all_gone(pids, 5)
    assert read_records(path.parent)[0] == {}


@linux
@pytest.mark.parametrize("line", ["python sleeps.py far; true", "python sleeps.py far & wait"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_also_what_commands_have_started(write_project, line, number):
    path = write_project(f"""
        commands: [{{name: all, script: ["sh -c '{line}'"]}}]
    """)
    runner, pids = started(path, names=["far"])
    os.kill(runner.pid, number)
    runner.communicate(timeout=9)
    assert runner.returncode == 128 + number
    assert not any(map(is_alive, pids))


@linux
def test_what_an_interrupted_run_leaves_behind_keeps_the_project(write_project):
    # Once what started it is gone, nothing tells whose it is but the file that it has open.
    path = write_project("""
        commands:
          - name: all
            script: ["sh -c '(trap : TERM; python sleeps.py orphan) &'", "python sleeps.py last"]
          - {name: next, script: ["true"]}
    """)
    runner, (orphan, _) = started(path, "all", names=["orphan", "last"])
    os.kill(runner.pid, signal.SIGTERM)
    runner.communicate(timeout=9)
    command = [sys.executable, "-m", "seqpipe", "run", str(path), "next", "--no-wait"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"process {orphan} (python" in done.stderr
    os.kill(orphan, signal.SIGKILL)
    all_gone([orphan], 5)
    time.sleep(0.2)
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_a_command_that_will_not_end_is_killed(write_project, monkeypatch):
    monkeypatch.setattr(schedule, "GRACE", 0.2)
    path = write_project("commands: [{name: all, script: ['python stubborn.py']}]")
    (path.parent / "stubborn.py").write_text(
        "import os, signal, time\n"
        "for number in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(number, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(60)\n"
    )
    pids = []

    def interrupt(event):
        if event.kind == "output":
            pids.append(int(event.text))
            raise KeyboardInterrupt

    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        project_run(path, captured=True, report=interrupt)
    assert time.perf_counter() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@linux
def test_a_report_that_fails_does_not_keep_commands_alive(write_project):
    path = write_project("""
        workflows: {all: [one, two]}
        commands:
          - {name: one, script: ["python says.py 1"], outputs: ["1"]}
          - {name: two, script: ["python says.py 2"], outputs: ["2"]}
    """)
    (path.parent / "says.py").write_text(
        "import os, time\n"
        "try:\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "finally:\n"
        "    print('the end', flush=True)\n"
    )
    pids = []

    def broken(event):
        if event.kind == "output":
            pids.append(int(event.text))
        if len(pids) == 2:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        project_run(path, jobs=2, report=broken)
    assert len(pids) == 2
    assert not any(map(is_alive, pids))


@linux
def test_commands_do_not_outlive_a_run_that_is_killed(write_project):
    path = write_project(SLEEPS)
    runner, pids = started(path)
    runner.kill()
    runner.wait()
    assert all_gone(pids, 5)
    runner.communicate()


@linux
def test_what_outlives_a_killed_run_keeps_the_project(write_project):
    path = write_project("""
        commands:
          - {name: all, script: ["sh -c 'python sleeps.py orphan & wait'"]}
          - {name: next, script: ["true"]}
    """)
    runner, (orphan,) = started(path, "all", names=["orphan"])
    runner.kill()
    runner.communicate()
    command = [sys.executable, "-m", "seqpipe", "run", str(path), "next"]
    done = subprocess.run([*command, "--no-wait"], capture_output=True, text=True)
    assert done.returncode == 1
    said = "was broken off, and something that it started still runs, process"
    assert f"{said} {orphan} (python" in done.stderr
    os.kill(orphan, signal.SIGKILL)
    assert subprocess.run([*command, "--no-wait"], capture_output=True).returncode == 0


def test_a_second_run_waits_for_the_first_or_says_who_holds_the_project(write_project):
    path = write_project("""
        commands:
          - {name: long, script: ["python sleeps.py long"]}
          - {name: short, script: ["true"]}
    """)
    runner, (pid,) = started(path, "long", names=["long"])
    command = [sys.executable, "-m", "seqpipe", "run", str(path), "short"]
    done = subprocess.run([*command, "--no-wait"], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"the run of 'long' (process {runner.pid} on " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    # A plan takes no hold.
    assert subprocess.run([*command, "--dry-run"], capture_output=True).returncode == 0
    second = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True)
    waiting = json.loads(second.stdout.readline())
    assert waiting["event"] == "waiting"
    assert str(runner.pid) in waiting["text"]
    os.kill(pid, signal.SIGKILL)
    runner.communicate()
    assert second.wait(20) == 0
    second.communicate()


def test_a_run_inside_a_run_of_the_same_project_does_not_wait_for_itself(write_project):
    path = write_project("""
        commands:
          - {name: all, script: ["seqpipe run . inner --no-wait"]}
          - {name: inner, script: ["touch made"], outputs: [made]}
    """)
    assert run(path)[1] == [("all", "done")]
    assert (path.parent / "made").exists()


def test_what_an_earlier_run_left_in_the_hold_does_not_count(write_project):
    path = write_project("commands: [{name: all, script: ['true']}]")
    run(path)
    (path.parent / ".seqpipe" / "run.lock").write_text('{"pid": 1, "name": "gone"}')
    assert run(path, wait=False)[1] == [("all", "done")]
    assert (path.parent / ".seqpipe" / "run.lock").read_text() == ""


@linux
@pytest.mark.slow
def test_a_killed_run_resumes_and_its_lock_claims_nothing_that_is_not_there(tmp_path):
    script = Path(__file__).parents[2] / "projects" / "benchmarks" / "scripts" / "kill_run.py"
    output = tmp_path / "out.json"
    subprocess.run([sys.executable, script, "--kills", "4", "--output", output], check=True)
    summary = json.loads(output.read_text())["summary"]
    assert (summary["kills"], summary["same_outputs"]) == (4, 4)
    assert summary["locks_that_claim_too_much"] == 0
