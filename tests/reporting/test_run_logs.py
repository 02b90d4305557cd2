"""Run logs are found, told apart and read; what is wrong in one is said with file and line."""

import json
import os

import pytest

from seqpipe.files import InputError
from seqpipe.reporting.run_logs import read_runs
from tests.run_log_case import HEADER, evaluation, write_log

ONE = [evaluation(0, 0.5)]


def labels(*paths):
    return [run.label for run in read_runs(paths)]


def test_the_best_score_is_reached_once_and_saved_last(tmp_path):
    scores = [None, 0.5, 0.7, 0.7, None, 0.6]
    path = write_log(tmp_path / "a.jsonl", [evaluation(n, s) for n, s in enumerate(scores)])
    (run,) = read_runs([path])
    assert (run.reached.step, run.reached.score) == (2, 0.7)
    assert (run.best.step, run.best.score) == (3, 0.7)
    assert run.words_per_second == 20.0


def test_a_run_of_no_second_has_no_speed(tmp_path):
    assert read_runs([write_log(tmp_path / "a.jsonl", ONE)])[0].words_per_second is None


def test_labels_are_as_long_as_they_must_be(tmp_path):
    write_log(tmp_path / "seeds" / "one.jsonl", ONE)
    write_log(tmp_path / "x" / "seed=1" / "run.jsonl", ONE)
    write_log(tmp_path / "x" / "seed=2.5" / "run.jsonl", ONE)
    write_log(tmp_path / "y" / "seed=1" / "run.jsonl", ONE)
    assert labels(tmp_path / "seeds") == ["one"]
    assert labels(tmp_path / "x") == ["seed=1", "seed=2.5"]
    assert labels(tmp_path / "x", tmp_path / "y") == ["x/seed=1", "x/seed=2.5", "y/seed=1"]


def test_a_run_is_read_once_however_often_it_is_named(tmp_path, monkeypatch):
    path = write_log(tmp_path / "a" / "run.jsonl", ONE)
    monkeypatch.chdir(tmp_path / "a")
    assert labels("run.jsonl", path, tmp_path, tmp_path / "a") == ["a"]


def test_a_file_and_a_folder_of_one_name_are_told_apart(tmp_path):
    write_log(tmp_path / "a.jsonl", ONE)
    write_log(tmp_path / "a" / "run.jsonl", ONE)
    paths = [tmp_path / "a.jsonl", tmp_path / "a"]
    assert labels(*paths) == [str(tmp_path / "a.jsonl"), str(tmp_path / "a" / "run.jsonl")]


def test_other_files_of_a_folder_are_not_taken_for_runs(tmp_path):
    write_log(tmp_path / "run.jsonl", ONE)
    (tmp_path / "data.jsonl").write_text('{"text": "Ann sang"}\n')
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\n")
    (tmp_path / "folder.jsonl").mkdir()
    assert labels(tmp_path) == [tmp_path.name]


@pytest.mark.parametrize("tail", ["", '{"step": 8, "epo', '{"step": 8, "\xe4'])
def test_a_half_written_last_line_is_left_out(tmp_path, tail):
    path = write_log(tmp_path / "a.jsonl", [evaluation(0, 0.5), evaluation(4, 0.6)])
    with open(path, "ab") as stream:
        # In the midst of a character, in the last case.
        stream.write(tail.encode("utf-8")[: None if tail.isascii() else -1])
    assert [found.step for found in read_runs([path])[0].evaluations] == [0, 4]


def test_a_last_line_without_its_end_counts_if_it_is_whole(tmp_path):
    path = write_log(tmp_path / "a.jsonl", [evaluation(0, 0.5), evaluation(4, 0.6)])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [found.step for found in read_runs([path])[0].evaluations] == [0, 4]


def without(key):
    return {name: value for name, value in evaluation(0, 0.5).items() if name != key}


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], r"a\.jsonl, line 1: expected \{\"run_log\": 1, \.\.\.\}, a run log"),
        (["[]"], r"a\.jsonl, line 1: expected \{\"run_log\": 1"),
        ([{"text": "Ann"}], r"a\.jsonl, line 1: expected \{\"run_log\": 1"),
        ([{**HEADER, "run_log": 2}], r"a\.jsonl, line 1: expected \{\"run_log\": 1"),
        ([HEADER], r"a\.jsonl: no evaluation in this run log"),
        ([HEADER, "step 4", *ONE], r"a\.jsonl, line 2: no JSON in UTF-8 \(Expecting value"),
        ([HEADER, *ONE, [1]], r"a\.jsonl, line 3: expected an evaluation, a JSON object"),
        ([HEADER, without("words")], r'a\.jsonl, line 2: an evaluation without "words"'),
        (
            [HEADER, {**evaluation(0, 0.5), "score": "high"}],
            r'a\.jsonl, line 2: "score": "high": expected a number or null',
        ),
        (
            [HEADER, evaluation(4, 0.5), evaluation(4, 0.6)],
            r"a\.jsonl, line 3: step 4 behind step 4: did two runs write this file\?",
        ),
    ],
)
def test_what_is_wrong_in_a_log_is_said_with_its_line(tmp_path, records, message):
    texts = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (tmp_path / "a.jsonl").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_runs([tmp_path / "a.jsonl"])


def test_a_place_without_a_run_is_said(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such file or folder, expected a run log"):
        read_runs([tmp_path / "nowhere"])
    (tmp_path / "data.jsonl").write_text("{}\n")
    message = rf"{tmp_path.name}: no run log \(\*\.jsonl of seqpipe\.RunLog\.v1\) in this folder"
    with pytest.raises(InputError, match=message):
        read_runs([tmp_path])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_log_that_may_not_be_read_is_named(tmp_path):
    path = write_log(tmp_path / "a.jsonl", ONE)
    path.chmod(0)
    with pytest.raises(PermissionError):
        read_runs([path])
