"""`seqpipe curves` lists and draws runs, and says in a line why it cannot."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.cli.curves import Axis
from seqpipe.files import InputError
from seqpipe.reporting.curves import AXES
from tests.processes import seqpipe
from tests.run_log_case import evaluation, write_log


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with two runs."""
    monkeypatch.chdir(tmp_path)
    for name, best in (("one", 0.75), ("two", 0.8)):
        evaluations = [evaluation(0, 0.25), evaluation(500, best, ents_f=best / 2)]
        write_log(tmp_path / "runs" / name / "run.jsonl", evaluations)
    return tmp_path


def run(*words):
    result = CliRunner(env={"COLUMNS": "80"}).invoke(build_app()[0], ["curves", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_without_a_file_a_table_is_printed():
    rows = [line.split() for line in run("runs", "--metric", "ents_f").stdout.splitlines()]
    assert ["one", "0.7500", "0.3750", "500", "250", "20"] in rows
    assert ["two", "0.8000", "0.4000", "500", "250", "20"] in rows


@pytest.mark.parametrize("name", ["curves.png", "curves.svg", "curves.html"])
def test_with_a_file_the_curves_are_drawn(folder, name):
    if not name.endswith("html"):
        pytest.importorskip("matplotlib")
    words = ("runs/one", "runs/two/run.jsonl", "--output", name, "--x", "words")
    assert run(*words).stdout == f"The curves are in {name}\n"
    assert (folder / name).stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], r"^nowhere: no such file or folder"),
        (["other"], r"^other: no run log"),
        (["broken.jsonl"], r"^broken\.jsonl, line 2: no JSON in UTF-8"),
        (["empty.jsonl"], r"^empty\.jsonl: no evaluation in this run log"),
        (["runs", "--metric", "ent_f"], r"^--metric ent_f: did you mean ents_f\?"),
        (["runs", "--metric", "xyz"], r"^--metric xyz: expected one of ents_f, score, tag_acc"),
        (["runs", "-o", "curves.gif"], r"^curves\.gif: curves end in \.png, \.svg, \.pdf or"),
    ],
)
def test_what_is_wrong_is_one_message(folder, words, message):
    (folder / "other").mkdir()
    log = write_log(folder / "broken.jsonl", []).read_text()
    (folder / "empty.jsonl").write_text(log)
    (folder / "broken.jsonl").write_text(f"{log}step 4\n")
    with pytest.raises(InputError, match=message):
        run(*words)


def test_an_axis_that_is_none_is_refused_with_the_choice(folder):
    done = run("runs", "--x", "step")
    assert done.exit_code == 2
    assert "'step' is not one of 'steps', 'words', 'seconds'" in done.stderr
    assert list(Axis) == list(AXES)


def test_a_place_that_cannot_be_written_is_one_message(folder):
    (folder / "file").touch()
    done = seqpipe("curves", "runs", "-o", "file/a.html")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("error: file")
    assert len(done.stderr.splitlines()) == 1


def test_without_matplotlib_a_page_is_written_and_a_picture_refused(folder):
    (folder / "blocked" / "matplotlib").mkdir(parents=True)
    missing = "raise ModuleNotFoundError('no', name='matplotlib')"
    (folder / "blocked" / "matplotlib" / "__init__.py").write_text(missing)
    paths = [str(folder / "blocked"), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}

    def curves(output):
        command = [sys.executable, "-m", "seqpipe", "curves", "runs", "-o", output]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    assert curves("a.html") == (0, "The curves are in a.html\n")
    message = "error: matplotlib is not installed: pip install 'seqpipe[plot]'\n"
    assert curves("a.png") == (1, message)


def test_help_names_the_logger():
    assert "seqpipe.RunLog.v1" in run("--help").stdout
