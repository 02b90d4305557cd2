"""Standard output that is closed, full, narrow or no terminal; and metrics in every format."""

import json
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.plugins import Choice
from tests.embeddings.featurised import table

NUMBERS = re.compile(r"\d[\d,]*\.\d+")
# Tables that need nothing but text files.
TABLES = {
    "bleu": "hyp.txt ref.txt",
    "embeddings similar": "apple -v vectors.txt",
    "embeddings evaluate": "vectors.txt --analogies questions.txt",
}


@pytest.fixture(scope="module")
def app():
    return build_app(Choice(only=()))[0]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    from seqpipe.embeddings import write_vectors

    monkeypatch.chdir(tmp_path)
    (tmp_path / "hyp.txt").write_text("the cat is on the mat\nit is so\n")
    (tmp_path / "ref.txt").write_text("there is a cat on the mat\nit is so\n")
    (tmp_path / "questions.txt").write_text(": family\nman woman king queen\n")
    write_vectors(table(), tmp_path / "vectors.txt")
    return tmp_path


def shown(app, name, columns):
    environment = {"COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8"}
    words = [*name.split(), *TABLES[name].split()]
    done = CliRunner(env=environment).invoke(app, words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("columns", [30, 40])
def test_a_narrow_table_cuts_no_number_and_has_no_escape_code(app, name, columns):
    narrow = shown(app, name, columns)
    assert set(NUMBERS.findall(narrow)) == set(NUMBERS.findall(shown(app, name, 200)))
    assert "\x1b" not in narrow
    lines = [line for line in narrow.splitlines() if " " in line]  # a signature is one word
    assert max(map(len, lines)) <= columns


def start(*words, **streams):
    command = [sys.executable, "-m", "seqpipe", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **streams)


def test_files_are_written_also_where_nobody_reads_on(folder):
    process = start("bleu", "hyp.txt", "ref.txt", "-o", "bleu.json", stdout=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert json.loads((folder / "bleu.json").read_text())["corpora"]


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /dev/full")
def test_a_full_standard_output_is_one_message():
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    with open("/dev/full", "wb") as full:
        process = start("plugins", "--json", stdout=full, env=buffered)
    _, said = process.communicate(timeout=60)
    message = "error: standard output: no space left on the device\n"
    assert (process.returncode, said) == (1, message)


@pytest.mark.parametrize("name", ["bleu", "embeddings evaluate"])
@pytest.mark.parametrize(("suffix", "begins"), [("csv", "name,value\n"), ("md", "| score | value")])
def test_metrics_have_every_format(app, folder, name, suffix, begins):
    words = [*name.split(), *TABLES[name].split(), "-o", f"metrics.{suffix}"]
    assert CliRunner().invoke(app, words).exit_code == 0
    written = (folder / f"metrics.{suffix}").read_text()
    assert written.startswith(begins)
    assert "{" not in written.replace('"{', "")
    assert ("sha256" in written) == (suffix == "csv")  # Markdown has the scores alone


def test_an_unknown_format_is_refused_before_the_work(app):
    done = CliRunner().invoke(app, ["bleu", "missing", "missing", "-o", "metrics.xyz"])
    assert str(done.exception).startswith("metrics.xyz: no format has the suffix .xyz, expected")


def test_json_is_ascii_where_the_terminal_is_no_utf_8(app):
    runner = CliRunner(charset="latin-1", env={"SEQPIPE_VECTORS": "vectors.txt"})
    done = runner.invoke(app, ["embeddings", "similar", "apple", "--json"])
    assert done.stdout_bytes.decode("ascii")
    assert json.loads(done.stdout_bytes)
