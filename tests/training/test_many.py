"""What came of many runs is put together: mean and spread, the best, and those that failed."""

import json
import os
from pathlib import Path

import pytest

from seqpipe.training.grid import name_runs
from seqpipe.training.many import (
    THREADS,
    Outcome,
    best_outcome,
    group_outcomes,
    keep_outcomes,
    share_of_threads,
)
from tests.training.training_case import read, write_config


def outcomes(output, scores, *, key="training.dropout"):
    """Those of two settings with half of the scores each; None for a run that failed."""
    seeds = range(len(scores) // 2)
    runs = name_runs({key: [0.1, 0.3]}, seeds, output, {})
    return [
        Outcome(run, fault="no luck")
        if score is None
        else Outcome(run, score=score, step=4, scores={"tag_acc": score}, seconds=2.0)
        for run, score in zip(runs, scores, strict=True)
    ]


def test_setting_has_mean_and_sample_standard_deviation_over_its_seeds():
    first, second = group_outcomes(outcomes(Path("out"), [0.5, 0.7, 0.2, 0.2]))
    assert (first.name, first.setting) == ("dropout=0.1", {"training.dropout": 0.1})
    assert (first.score.mean, first.score.std) == pytest.approx((0.6, 0.02**0.5))
    assert (second.score.mean, second.score.std) == (0.2, 0.0)
    assert second.seconds.mean == 2.0


def test_failed_run_counts_for_nothing_but_is_counted():
    first, second = group_outcomes(outcomes(Path("out"), [None, 0.7, None, None]))
    assert (first.score.mean, first.score.std) == (0.7, None)
    assert (first.finished, first.planned) == (1, 2)
    assert (second.score, second.seconds, second.finished) == (None, None, 0)


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.1, 0.9, 0.9, 0.2], "dropout=0.1,seed=1"),
        ([-3.0, None, -2.0, -2.5], "dropout=0.3,seed=0"),
        ([None, 0.0], "dropout=0.3,seed=0"),
    ],
    ids=["the first of equals", "below zero", "zero"],
)
def test_best_run_has_the_highest_score(scores, best):
    assert best_outcome(outcomes(Path("out"), scores)).run.name == best


def test_where_all_failed_there_is_no_best():
    assert best_outcome(outcomes(Path("out"), [None, None])) is None


def test_all_figures_are_kept_and_the_best_model_is_linked(tmp_path):
    found = outcomes(tmp_path / "out", [0.5, None, 0.9, 0.7])
    model = found[2].run.folder / "model-best"
    model.mkdir(parents=True)
    keep_outcomes(read(write_config(tmp_path), max_steps=4), found, tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    assert (tmp_path / "moved/model-best").samefile(
        tmp_path / "moved/dropout=0.3,seed=0/model-best"
    )
    record = json.loads((tmp_path / "moved/runs.json").read_text())
    assert record["best"] == "dropout=0.3,seed=0"
    assert record["overrides"] == {"training.max_steps": 4}
    assert record["runs"][0] == {
        "folder": "dropout=0.1,seed=0",
        "setting": {"training.dropout": 0.1},
        "seed": 0,
        "fault": None,
        "score": 0.5,
        "step": 4,
        "scores": {"tag_acc": 0.5},
        "seconds": 2.0,
    }
    assert record["runs"][1]["fault"] == "no luck"
    assert record["settings"][1]["score"] == pytest.approx({"mean": 0.8, "std": 0.02**0.5})


@pytest.mark.parametrize(
    ("cores", "jobs", "share"),
    [(8, 1, "8"), (8, 3, "2"), (2, 5, "1")],
    ids=lambda value: str(value),
)
def test_processes_share_the_threads(monkeypatch, cores, jobs, share):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(cores), raising=False)
    assert share_of_threads(jobs, {}) == dict.fromkeys(THREADS, share)


def test_threads_that_the_user_has_set_stay():
    assert share_of_threads(2, {"OMP_NUM_THREADS": "3"}) == {}
