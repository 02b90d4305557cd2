"""A metrics file says what was scored on what, by which code, on which machine."""

import hashlib
import json
import statistics
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.reporting.metrics import (
    Summary,
    describe_corpus,
    summarise,
    summarise_runs,
    write_metrics,
)


@given(st.lists(st.floats(0, 1), min_size=2))
def test_summary_is_mean_and_sample_standard_deviation(values):
    summary = summarise(values)
    assert summary.mean == pytest.approx(statistics.fmean(values))
    assert summary.std == pytest.approx(statistics.stdev(values))


def test_one_run_has_no_spread_and_none_has_no_summary():
    assert summarise([0.5]) == Summary(0.5)
    assert summarise([0.5, None]) == Summary(0.5)
    assert summarise([None]) is None


def test_nested_scores_of_several_runs_are_put_together():
    runs = [{"f": 0.5, "per_type": {"A": {"f": 1.0}}}, {"f": 0.7, "per_type": {}}]
    result = summarise_runs(runs)
    assert result["f"]["mean"] == pytest.approx(0.6)
    assert result["f"]["std"] == pytest.approx(0.1414, abs=1e-4)
    assert result["per_type"]["A"]["f"]["mean"] == 1.0


def test_scores_of_one_run_stay_numbers():
    assert summarise_runs([{"f": 0.5, "x": None}]) == {"f": 0.5, "x": None}


def test_corpus_file_has_the_sums_of_its_bytes(tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(b"Ann B-PER\n")
    assert describe_corpus(path) == {
        "path": str(path),
        "sha256": hashlib.sha256(b"Ann B-PER\n").hexdigest(),
        "md5": hashlib.md5(b"Ann B-PER\n").hexdigest(),
    }


def test_sum_of_a_folder_knows_names_and_contents(tmp_path):
    sums = set()
    for name, content in [("a", b"1"), ("a", b"2"), ("b", b"2")]:
        (tmp_path / name).write_bytes(content)
        sums.add(describe_corpus(tmp_path)["sha256"])
    assert len(sums) == 3


def test_file_has_versions_machine_and_memory(tmp_path):
    path = tmp_path / "metrics" / "ner.json"
    write_metrics(path, {"scores": {"ents_f": 0.5, "odd": float("nan")}})
    metrics = json.loads(path.read_text())
    assert metrics["scores"] == {"ents_f": 0.5, "odd": None}
    assert {"python", "seqpipe", "spacy", "thinc", "numpy"} <= set(metrics["versions"])
    assert metrics["machine"]["cores"] >= 1
    assert metrics["peak_memory_mb"] > 1


def test_commit_is_that_of_the_checkout_we_are_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_metrics("none.json", {})
    assert json.loads((tmp_path / "none.json").read_text())["commit"] is None
    (tmp_path / "none.json").unlink()
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    write_metrics("some.json", {})
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert json.loads((tmp_path / "some.json").read_text())["commit"] == head.stdout.strip()


def test_texts_among_the_scores_are_kept():
    assert summarise_runs([{"of": "macro F"}]) == {"of": "macro F"}
    assert summarise_runs([{"of": "a"}, {"of": None}, {"of": "b"}, {"of": "a"}]) == {"of": "a, b"}
