"""Running commands: what runs, what is skipped, and what each failure says."""

import os
import signal
import subprocess
import sys
import time

import pytest

from seqpipe.files import InputError
from seqpipe.project import script
from seqpipe.project.lock import read_records
from seqpipe.project.run import CommandError, project_run

CHAIN = """
    workflows: {all: [copy, count]}
    commands:
      - name: copy
        script: ["cp in.txt copy.txt"]
        deps: [in.txt]
        outputs: [copy.txt]
      - name: count
        script: ["python count.py"]
        deps: [copy.txt, count.py]
        outputs: [count.txt]
"""
FIRST = ("never run", "runs always")
COUNT = "open('count.txt', 'w').write(str(len(open('copy.txt').read())))\n"


@pytest.fixture
def chain(write_project):
    path = write_project(CHAIN)
    (path.parent / "in.txt").write_text("four")
    (path.parent / "count.py").write_text(COUNT)
    return path


def ran(path, name="all", **options):
    """Run it; the commands that ran and the reasons of those that ran again."""
    events = []
    project_run(path, name, report=events.append, **options)
    done = [event.command for event in events if event.kind == "done"]
    started = {event.command: event.text for event in events if event.kind == "started"}
    again = {name: why for name, why in started.items() if not why.startswith(FIRST)}
    return done, again


def failed(path, **options):
    """Run it to its failure; how each command ended, by name, and the failure."""
    with pytest.raises(CommandError) as caught:
        project_run(path, **options)
    return {end.command: end for end in caught.value.summary.ends}, caught.value


def locked(path):
    return sorted(read_records(path.parent)[0])


def test_a_workflow_runs_its_commands_in_order_in_the_projects_folder(chain):
    assert ran(chain) == (["copy", "count"], {})
    assert (chain.parent / "count.txt").read_text() == "4"


def test_a_second_run_skips_everything(chain):
    ran(chain)
    assert ran(chain) == ([], {})


def test_force_runs_everything(chain):
    ran(chain)
    assert ran(chain, force=True) == (["copy", "count"], {"copy": "forced", "count": "forced"})


def test_a_changed_dependency_runs_what_hangs_on_it(chain):
    ran(chain)
    (chain.parent / "in.txt").write_text("fives")
    reasons = {"copy": "in.txt changed", "count": "copy.txt changed"}
    assert ran(chain) == (["copy", "count"], reasons)


def test_a_changed_script_file_runs_one_command(chain):
    ran(chain)
    (chain.parent / "count.py").write_text(COUNT + "# changed\n")
    assert ran(chain) == (["count"], {"count": "count.py changed"})


def test_a_missing_output_runs_its_command_only(chain):
    ran(chain)
    (chain.parent / "copy.txt").unlink()
    assert ran(chain) == (["copy"], {"copy": "copy.txt is missing"})


def test_an_output_changed_by_another_hand_runs_its_command(chain):
    ran(chain)
    (chain.parent / "count.txt").write_text("5")
    assert ran(chain) == (["count"], {"count": "count.txt changed"})
    assert (chain.parent / "count.txt").read_text() == "4"


def test_a_changed_definition_runs_its_command(chain):
    ran(chain)
    chain.write_text(chain.read_text().replace("cp in.txt", "cp -f in.txt"))
    assert ran(chain) == (["copy"], {"copy": "script line 1 changed"})


def test_a_changed_variable_is_a_changed_definition(write_project):
    path = write_project("""
        vars: {x: a}
        commands: [{name: all, script: ["touch o ${vars.x}"], outputs: [o]}]
    """)
    ran(path)
    assert ran(path) == ([], {})
    assert ran(path, overrides={"x": "b"}) == (["all"], {"all": "vars.x is b, was a"})


def test_a_changed_value_of_env_runs_again_and_is_written_nowhere(write_project, monkeypatch):
    path = write_project("""
        env: {token: TEST_TOKEN}
        commands: [{name: all, script: ["touch ${env.token}.txt"], outputs: ["${env.token}.txt"]}]
    """)
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    events = []
    project_run(path, report=events.append)
    assert (path.parent / "s3cret.txt").exists()
    monkeypatch.setenv("TEST_TOKEN", "0ther")
    project_run(path, report=events.append)
    assert [event.kind for event in events].count("done") == 2
    shown = (path.parent / "seqpipe.lock").read_text() + str(events)
    assert "s3cret" not in shown
    assert "0ther" not in shown


@pytest.mark.parametrize("block", ["no_skip: true, outputs: [o]", "deps: []"])
def test_no_skip_and_commands_without_outputs_run_each_time(write_project, block):
    path = write_project(f"commands: [{{name: all, script: [touch o], {block}}}]")
    assert ran(path) == (["all"], {})
    assert ran(path) == (["all"], {})


def test_a_file_worked_on_in_place_is_skipped_the_second_time(write_project):
    path = write_project("""
        commands:
          - {name: all, script: ["python grow.py"], deps: [grow.py, x.txt], outputs: [x.txt]}
    """)
    (path.parent / "grow.py").write_text("open('x.txt', 'a').write('x')\n")
    (path.parent / "x.txt").write_text("x")
    ran(path)
    assert ran(path) == ([], {})
    assert (path.parent / "x.txt").read_text() == "xx"


def test_listed_directories_are_made(write_project):
    path = write_project("""
        directories: [a/b]
        commands: [{name: all, script: [touch a/b/c]}]
    """)
    ran(path)
    assert (path.parent / "a" / "b" / "c").exists()


def test_pythons_programs_are_those_of_this_interpreter():
    assert script.arguments("python -m x 'a b'") == [sys.executable, "-m", "x", "a b"]
    assert script.arguments("pip list") == [sys.executable, "-m", "pip", "list"]
    assert script.arguments("spacy train") == [sys.executable, "-P", "-m", "spacy", "train"]
    assert script.arguments("seqpipe") == [sys.executable, "-P", "-m", "seqpipe"]
    assert script.arguments("  ") == []


FAILURES = {
    "exit code": ("python -c 'import sys; sys.exit(3)'", 3, "exit code 3: python -c"),
    "signal": (
        "python -c 'import os; os.kill(os.getpid(), 9)'",
        137,
        "killed by SIGKILL: python -c",
    ),
    "no such program": ("no-such-program x", 127, "program not found: no-such-program"),
    "not a program": ("./project.yml", 126, "not a program that can be run: ./project.yml"),
    "output not written": ("python -c pass", 1, "did not write o"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_names_command_line_and_cause_and_is_not_locked(write_project, failure):
    line, code, words = FAILURES[failure]
    path = write_project("vars: {}\nworkflows: {all: [bad, next]}\n")
    with path.open("a") as stream:
        stream.write(f'commands:\n  - name: bad\n    script: ["{line}"]\n    outputs: [o]\n')
        stream.write("  - name: next\n    script: [touch next]\n")
    with pytest.raises(CommandError) as caught:
        ran(path)
    assert str(caught.value).startswith(f"{path}, line 4: command 'bad': ")
    assert words in str(caught.value)
    assert caught.value.exit_code == code
    assert not (path.parent / "next").exists()
    assert locked(path) == []


def test_a_command_killed_by_a_signal_has_its_code_in_the_event_too(write_project):
    path = write_project("""
        commands: [{name: all, script: ["python -c 'import os; os.kill(os.getpid(), 11)'"]}]
    """)
    ends, fault = failed(path)
    assert (ends["all"].code, fault.exit_code) == (139, 139)


def test_a_lock_that_cannot_be_written_is_a_failure_that_says_so(write_project):
    path = write_project("""
        commands: [{name: all, script: ["mkdir seqpipe.lock", touch o], outputs: [o]}]
    """)
    _, fault = failed(path)
    assert str(fault) == (
        f"{path}, line 2: command 'all': seqpipe.lock cannot be written: Is a directory"
    )


def test_a_line_that_is_too_long_to_start_says_why(write_project):
    path = write_project(f"commands: [{{name: all, script: [echo {'x' * 140_000}]}}]")
    _, fault = failed(path)
    assert "command 'all': cannot be started (Argument list too long): echo x" in str(fault)
    assert fault.exit_code == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
@pytest.mark.parametrize("line", ["'true'", "seqpipe --version"])
@pytest.mark.parametrize("spare", [0, 2, 5])
def test_too_few_descriptors_are_a_failure_of_the_command(write_project, line, spare):
    path = write_project(f"""
        workflows: {{all: [one, two]}}
        commands:
          - {{name: one, script: [{line}], outputs: [a]}}
          - {{name: two, script: [{line}]}}
    """)
    program = f"""
import os, resource
from seqpipe.project.run import CommandError, project_run

def use_up(event):
    if event.kind == "started":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + {spare}, most))

try:
    project_run({str(path)!r}, report=use_up, captured=True)
except CommandError as fault:
    print(fault)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    assert f"{path}, line " in done.stdout
    if spare < 3:
        assert "command 'one': cannot be started (Too many open files)" in done.stdout


def test_a_command_that_fails_loses_its_lock_entry(write_project):
    path = write_project("""
        commands: [{name: all, script: ["python x.py"], deps: [x.py], outputs: [x.py]}]
    """)
    (path.parent / "x.py").write_text("")
    ran(path)
    assert locked(path) == ["all"]
    (path.parent / "x.py").write_text("raise SystemExit(1)")
    with pytest.raises(CommandError):
        ran(path)
    assert locked(path) == []


def test_a_failure_does_not_show_a_value_of_env(write_project, monkeypatch):
    path = write_project("""
        env: {token: TEST_TOKEN}
        commands: [{name: all, script: ["${env.token} --login"]}]
    """)
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    with pytest.raises(CommandError, match=r"program not found: \$\{env.token\}"):
        ran(path)


def test_a_quote_left_open_is_a_fault_before_anything_runs(write_project):
    path = write_project("""
        workflows: {all: [a, b]}
        commands:
          - {name: a, script: [touch made]}
          - {name: b, script: ["echo 'x"]}
    """)
    with pytest.raises(InputError, match=r"line 5: .*echo 'x: no closing quotation"):
        ran(path)
    assert not (path.parent / "made").exists()


MISSING = """
    vars: {data: ../corpora}
    assets:
      - {dest: assets/a.txt, url: "https://example.org/a"}
      - {dest: assets/b.txt, extra: true}
    commands:
      - {name: make, outputs: [made]}
      - {name: from-make, deps: [made/train.txt]}
      - {name: from-asset, deps: [assets/a.txt]}
      - {name: from-extra, deps: [assets/b.txt]}
      - {name: from-user, deps: ["${vars.data}/x.txt"]}
"""


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("from-make", 8, "needs made/train.txt, .*; the command 'make' makes it: .* make$"),
        ("from-asset", 9, "needs assets/a.txt, .*; fetch it: seqpipe assets .*project.yml$"),
        ("from-extra", 10, "needs assets/b.txt, .*; fetch it: seqpipe assets .* --extra$"),
        ("from-user", 11, "needs ../corpora/x.txt, which does not exist; no command makes it"),
    ],
)
def test_a_missing_dependency_says_where_it_comes_from(write_project, name, line, words):
    path = write_project(MISSING)
    with pytest.raises(InputError, match=f"line {line}: command '{name}' {words}"):
        ran(path, name)


def test_an_unknown_name_lists_what_there_is(chain):
    with pytest.raises(InputError, match=r"'trian'; workflows: all; commands: copy, count"):
        ran(chain, "trian")


def test_ctrl_c_ends_the_command_and_leaves_the_lock_true(write_project):
    path = write_project("""
        workflows: {all: [quick, slow]}
        commands:
          - {name: quick, script: [touch quick.txt], outputs: [quick.txt]}
          - {name: slow, script: [touch slow.txt, sleep 60], outputs: [slow.txt]}
    """)
    runner = f"from seqpipe.project.run import project_run\nproject_run({str(path)!r})"
    # A session of its own, so that the signal goes to all of it, as from a terminal.
    child = subprocess.Popen(
        [sys.executable, "-c", runner], start_new_session=True, stderr=subprocess.DEVNULL
    )
    for _ in range(1000):
        if (path.parent / "slow.txt").exists():
            break
        time.sleep(0.02)
    time.sleep(0.1)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(timeout=10) == -signal.SIGINT
    assert locked(path) == ["quick"]
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)
