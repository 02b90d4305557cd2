"""Metrics files: the suffix chooses the format, built in or a plugin's."""

import csv
import io
import json

import pytest

from seqpipe.files import InputError
from seqpipe.plugins import PluginError, load_plugins
from seqpipe.reporting.formats import check_format, render_csv, render_markdown, write_report
from tests.installed import Installed
from tests.pages import blocks

METRICS = {
    "scores": {
        "ents_f": {"mean": 0.75, "std": 0.01},
        "ents_per_type": {"A|B": {"p": 0.5, "r": None}},
        "name": "micro",
    },
    "runs": [{"seed": 7}, {"seed": 8}],
}
PLUGIN = """
from seqpipe import ReportFormat, hookimpl

@hookimpl
def seqpipe_report_formats():
    return [ReportFormat(".txt", "as text", {render})]
"""
EXAMPLE = next(
    body for body in blocks("docs/plugins.md", "python") if "def seqpipe_report_formats" in body
)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    packages = Installed(tmp_path / "site")
    packages.put_on_path(monkeypatch)
    return packages


def write(path, metrics=METRICS):
    write_report(path, metrics, check_format(path, load_plugins()))


@pytest.mark.parametrize("name", ["m.json", "m", "m.JSON"])
def test_json_holds_all_of_it_and_is_what_a_file_without_a_suffix_gets(tmp_path, name):
    write(tmp_path / name)
    record = json.loads((tmp_path / name).read_text())
    assert record["scores"] == METRICS["scores"]
    assert record["versions"]["seqpipe"]


def test_csv_has_a_row_a_value_under_its_whole_name():
    rows = list(csv.reader(io.StringIO(render_csv(METRICS))))
    assert rows == [
        ["name", "value"],
        ["scores.ents_f.mean", "0.75"],
        ["scores.ents_f.std", "0.01"],
        ["scores.ents_per_type.A|B.p", "0.5"],
        ["scores.ents_per_type.A|B.r", ""],
        ["scores.name", "micro"],
        ["runs.0.seed", "7"],
        ["runs.1.seed", "8"],
    ]


def test_markdown_is_a_table_of_the_scores_with_their_spread():
    assert render_markdown(METRICS).splitlines() == [
        "| score | value |",
        "| --- | ---: |",
        "| ents_f | 0.7500 ± 0.0100 |",
        "| ents_per_type.A\\|B.p | 0.5000 |",
        "| ents_per_type.A\\|B.r | - |",
        "| name | micro |",
    ]


def test_a_suffix_that_no_format_has_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(
        InputError, match=r"m\.xls: no format has the suffix \.xls, .*\.json \(.*\.md"
    ):
        check_format(tmp_path / "m.xls", load_plugins())


def test_example_of_the_documentation_writes_its_format(installed, tmp_path):
    installed.add("latex", EXAMPLE)
    write(tmp_path / "m.tex", {"scores": {"ents_f": 0.75, "name": "micro"}})
    assert (tmp_path / "m.tex").read_text() == "ents_f & 0.750 \\\\\n"


def test_a_format_may_be_bytes(installed, tmp_path):
    installed.add("raw", PLUGIN.format(render="lambda metrics: b'\\xff\\x00'"))
    write(tmp_path / "m.txt")
    assert (tmp_path / "m.txt").read_bytes() == b"\xff\x00"


@pytest.mark.parametrize(
    "render", ["lambda metrics: 1 / 0", "lambda metrics: 3", "lambda metrics: exit(5)"]
)
def test_a_format_that_fails_names_its_plugin_and_leaves_the_old_file(installed, tmp_path, render):
    installed.add("failing", PLUGIN.format(render=render))
    (tmp_path / "m.txt").write_text("old")
    with pytest.raises(PluginError, match=r"plugin failing \(seqpipe-failing 1\.5\) cannot write"):
        write(tmp_path / "m.txt")
    assert (tmp_path / "m.txt").read_text() == "old"


def test_what_a_format_prints_is_not_in_the_output(installed, tmp_path, capsys):
    installed.add("loud", PLUGIN.format(render="lambda metrics: print('loud') or 'text'"))
    write(tmp_path / "m.txt")
    assert (tmp_path / "m.txt").read_text() == "text"
    assert capsys.readouterr() == ("", "loud\n")


def test_a_format_that_cannot_be_called_sets_its_plugin_aside(installed, tmp_path):
    installed.add("bad", PLUGIN.format(render="None"))
    plugins = load_plugins()
    check_format(tmp_path / "m.csv", plugins)
    (bad,) = plugins.set_aside
    assert bad.error == "TypeError: render of '.txt' is None, expected a function"


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        (".csv", "the suffix '.csv' is there already"),
        ("csv", "expected one such as '.csv'"),
        (".Xls", "in lower case"),
        (".tar.gz", "expected one such as '.csv'"),
        (".", "expected one such as '.csv'"),
    ],
)
def test_a_suffix_that_cannot_be_sets_its_plugin_aside(installed, tmp_path, suffix, words):
    installed.add("bad", PLUGIN.format(render="repr").replace(".txt", suffix))
    plugins = load_plugins()
    plugin, _ = check_format(tmp_path / "m.csv", plugins)
    assert plugin.name == "reporting"
    (bad,) = plugins.set_aside
    assert words in bad.error
