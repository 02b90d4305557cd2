"""The scripts of projects/benchmarks: what they write, and what they measure it with."""

import json
import os
import time
from pathlib import Path

import numpy
import pytest

from tests.processes import python, without_torch

BENCHMARKS = Path(__file__).parents[2] / "projects" / "benchmarks"
SCRIPTS = BENCHMARKS / "scripts"
CONFIG = BENCHMARKS.parent / "ner" / "configs" / "conll2003.cfg"
SENTENCE = "EU NNP I-NP I-ORG\nrejects VBZ I-VP O\nGerman JJ I-NP I-MISC\n. . O O\n\n"


def script(monkeypatch, name):
    """A module of the scripts; they import each other by name."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return __import__(name)


def run(folder, name, *words, env=None):
    done = python(SCRIPTS / f"{name}.py", *words, "--output", "out.json", cwd=folder, env=env)
    return done, folder / "out.json"


def results(folder, name, *words, env=None):
    done, output = run(folder, name, *words, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text(encoding="utf-8"))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "train.conll"
    path.write_text(SENTENCE * 32, encoding="utf-8")
    return path


@pytest.mark.slow
def test_layers_are_timed_after_they_are_found_to_be_the_same(tmp_path):
    pytest.importorskip("torch")
    words = ["--cells", "gru", "--shapes", "1", "--directions", "2", "--threads", "1,2"]
    words += ["--seconds", "0.01", "--rounds", "2"]
    # A thread of torch that waits would take the time of other tests.
    found = results(
        tmp_path, "layer_speed", *words, env=os.environ | {"OMP_WAIT_POLICY": "passive"}
    )
    names = ["gru training", "gru inference"]
    assert [(row["name"], row["threads"]) for row in found["rows"]] == [
        (name, threads) for threads in (1, 2) for name in names
    ]
    for row in found["rows"]:
        assert row["shape"] == "32,30,100→100 ragged, two directions"
        assert row["rival"] == max(row["torch_packed"], row["torch_padded"])
        assert ("times one thread" in row["limit"]) == (row["threads"] == 2)
        assert ("rest" in row["limit"]) == (row["threads"] == 1)
    assert {line["verdict"] for line in found["summary"]} <= {"pass", "short"}


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("directions", [1, 2])
def test_a_layer_with_other_weights_than_torch_is_not_timed(monkeypatch, cell, directions):
    pytest.importorskip("torch")
    cases, rival = (script(monkeypatch, name) for name in ("layer_cases", "torch_rival"))
    batch = cases.Batch.of(cases.Shape(4, 5, 3, 6, is_ragged=True), directions)
    ours = cases.Ours(cases.KINDS[cell], batch)
    torch_layer = rival.Torch(cases.KINDS[cell], batch)
    torch_layer.give_weights(ours)
    torch_layer.check(ours)
    ours.passes[-1].get_param("b")[0] += 0.01
    with pytest.raises(ValueError, match=r"output: ours and torch's differ by .*do not compute"):
        torch_layer.check(ours)


@pytest.mark.slow
def test_products_are_timed_beside_their_rivals(tmp_path):
    pytest.importorskip("torch")
    found = results(tmp_path, "product_speed", "--shapes", "1", "--seconds", "0.01")
    rivals = [row["rival_name"].split()[0] for row in found["rows"]]
    assert rivals[:2] == ["numpy", "torch"]
    assert (len(rivals) == 2) == bool(found["skipped"])


@pytest.mark.slow
def test_shares_of_a_step_are_those_of_a_whole(tmp_path, corpus):
    words = [str(corpus), "--config", str(CONFIG), "--seconds", "0.1", "--widths", "20,40"]
    found = results(tmp_path, "step_shares", *words, env=without_torch())["rows"]
    shapes = {row["shape"] for row in found}
    assert len(shapes) == 3
    for shape in shapes:
        rows = [row for row in found if row["shape"] == shape]
        assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=0.01)
        pieces = {row["piece"] for row in rows}
        assert {"recurrent", "embedding lookup", "row gradient", "Adam over rows"} <= pieces
        assert ("CRF with its loss" in pieces) != ("softmax with its loss" in pieces)


@pytest.mark.slow
def test_both_named_entity_recognisers_are_timed_on_each_number_of_threads(tmp_path, corpus):
    words = [str(corpus), "--config", str(CONFIG), "--sentences", "32", "--repeats", "1"]
    found = results(tmp_path, "ner_speed", *words, env=without_torch())["rows"]
    names = ["ner training", "ner tagging"]
    assert [(row["name"], row["threads"]) for row in found] == [
        (name, threads) for threads in (1, 2) for name in names
    ]


@pytest.mark.parametrize("name", ["layer_speed", "product_speed"])
def test_without_torch_one_message_says_what_to_install(tmp_path, name):
    (tmp_path / "without_torch.py").write_text(
        "import runpy, sys\n"
        "sys.modules['torch'] = None\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n",
        encoding="utf-8",
    )
    command = [tmp_path / "without_torch.py", SCRIPTS / f"{name}.py", "--output", "out.json"]
    done = python(*command, cwd=tmp_path, env={"PYTHONPATH": str(SCRIPTS)}, seconds=60)
    assert done.returncode == 1
    assert done.stderr == "error: torch is not installed: pip install 'seqpipe[rivals]'\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cells", "lstm,elman"], "--cells lstm,elman: 'elman' is none of lstm, gru"),
        (["--shapes", "0"], "--shapes 0: expected whole numbers from 1 to 5"),
        (["--threads", "two"], "--threads two: expected whole numbers from 1 to 64"),
    ],
)
def test_a_bad_option_is_named(tmp_path, words, said):
    pytest.importorskip("torch")
    done, output = run(tmp_path, "layer_speed", *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not output.exists()


def test_a_clock_takes_what_runs_inside_a_piece_off_it(monkeypatch):
    clock = script(monkeypatch, "clock").Clock()
    inner = clock.timed("inner", lambda: time.sleep(0.05))
    outer = clock.timed("outer", lambda: (inner(), time.sleep(0.02)))
    clock.step(lambda: (outer(), time.sleep(0.01)))
    seconds = clock.seconds
    assert list(seconds) == ["rest", "outer", "inner"]
    assert seconds["inner"] > seconds["outer"] > seconds["rest"] >= 0.01


def test_ways_are_run_in_turn_and_each_is_first_by_turns(monkeypatch):
    interleaved = script(monkeypatch, "interleaved")
    calls = []
    ways = {name: interleaved.Way(lambda name=name: calls.append(name)) for name in "abc"}
    times = interleaved.in_turn(ways, seconds=0.0, threads=1)
    assert {len(found) for found in times.values()} == {interleaved.ROUNDS}
    turns = numpy.array(calls[6:]).reshape(-1, 2)  # each a run that does not count, and one more
    assert "".join(turns[:, 0])[:12] == "abcbcacababc"


def test_a_summary_says_what_fell_short(monkeypatch):
    summarise = script(monkeypatch, "layer_summary").summarise
    shape = "64,40,300→512 ragged, one direction"
    rows = [
        {"cell": "lstm", "mode": mode, "threads": 1, "sgemm_share": 0.7, **row}
        for mode in ("training", "inference")
        for row in ({"shape": shape, "ratio": 0.95}, {"shape": "other", "ratio": 2.0})
    ]
    training, inference = summarise(rows)
    assert (training["geometric_mean"], training["least"]) == (1.38, 0.95)
    assert (training["short"], training["verdict"]) == ([shape], "short")
    assert (inference["short"], inference["verdict"]) == ([], "pass")
    assert not inference["reaches_higher"]
    slow = [{**row, "sgemm_share": 0.5, "ratio": 2.0} for row in rows]
    assert [line["verdict"] for line in summarise(slow)] == ["short", "pass"]


@pytest.mark.slow
def test_both_runners_are_timed_on_one_project(tmp_path):
    words = ["--repeats", "1", "--workflows", "3"]
    found = results(tmp_path, "run_speed", *words, env=without_torch())["rows"]
    row = ("ten of seqpipe", "weasel run")
    assert [(one["shape"], one["rival_name"]) for one in found] == [row]
    assert found[0]["ratio"] > 1
