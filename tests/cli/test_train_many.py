"""`seqpipe train` with seeds and sweeps: runs side by side, their summary, and their ends."""

import json
import os
import shutil
import signal
import time

import pytest
import spacy

from seqpipe.training.many import THREADS, share_of_threads
from tests.processes import Forked, without_torch
from tests.training.training_case import content, write_config, write_corpus

GRID = ["--sweep", "training.dropout=0.1,0.3", "--seeds", "2", "--jobs", "2"]
ENDLESS = ["--training.max_steps", "0", "--training.patience", "0"]
CODE = """import os, time
from spacy import registry
print("threads:", os.environ.get("OPENBLAS_NUM_THREADS"))

@registry.batchers("mine.Batcher.v1")
def make(size: int):
    def batch(examples):
        if size == 0:
            raise ValueError("batches of nothing")
        if size > 100:
            time.sleep(60)
        yield list(examples)
    return batch
"""
BATCHER = '[training.batcher]\n@batchers = "mine.Batcher.v1"\nsize = 1\n'


@pytest.fixture
def folder(tmp_path):
    """A working folder with a config, its corpus, and a config with a batcher of its own."""
    return prepare(tmp_path)


def prepare(folder):
    write_corpus(folder)
    write_config(folder, ner=False, tagger=True)
    text = (folder / "a.cfg").read_text()
    start = text.index("[training.batcher]")
    own = text[:start] + BATCHER + text[text.index("\n[initialize]") :]
    (folder / "own.cfg").write_text(own)
    (folder / "mine.py").write_text(CODE)
    return folder


def environment():
    """Without what the machine says of threads, which would be obeyed; each run starts quicker."""
    return without_torch({name: value for name, value in os.environ.items() if name not in THREADS})


def start(folder, *words):
    return Forked("-m", "seqpipe", "train", *words, cwd=folder, env=environment())


def run(folder, *words):
    done = start(folder, *words).ended()
    return done.returncode, done.stdout, done.stderr


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def runs_of(output):
    return {run["folder"]: run for run in json.loads((output / "runs.json").read_text())["runs"]}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A grid that was trained: its folder, and what was written."""
    folder = prepare(tmp_path_factory.mktemp("grid"))
    code, out, errors = run(folder, "a.cfg", "-o", "out", "--code", "mine.py", *GRID)
    assert code == 0, out + errors
    return folder, out


@pytest.mark.slow
def test_each_run_has_its_folder_with_its_log(grid):
    folder, out = grid
    names = [f"dropout={dropout},seed={seed}" for dropout in (0.1, 0.3) for seed in (3, 4)]
    assert list(runs_of(folder / "out")) == names
    for name in names:
        log = (folder / "out" / name / "train.log").read_text()
        assert "Pipeline: tagger" in log
        assert f"threads: {share_of_threads(2, {})['OPENBLAS_NUM_THREADS']}\n" in log
        assert set(log.splitlines()) <= {
            line.removeprefix(f"[{name}] ") for line in out.splitlines()
        }


@pytest.mark.slow
def test_run_of_a_grid_is_that_of_the_command_by_itself(grid):
    folder, _ = grid
    words = ["--training.dropout", "0.3", "--training.seed", "4"]
    assert run(folder, "a.cfg", "-o", "alone", *words)[0] == 0
    alone, one = folder / "alone/model-last", folder / "out/dropout=0.3,seed=4/model-last"
    assert content(alone) == content(one)


@pytest.mark.slow
def test_figures_are_those_of_each_best_model(grid):
    folder, out = grid
    found = runs_of(folder / "out")
    for name, figures in found.items():
        meta = json.loads((folder / "out" / name / "model-best/meta.json").read_text())
        assert figures["scores"] == meta["performance"]
        assert figures["score"] == pytest.approx(meta["performance"]["tag_acc"])
        assert figures["step"] == int((folder / "out" / name / "model-best").resolve().name)
        assert figures["seconds"] > 0
    best = max(found, key=lambda name: found[name]["score"])
    assert f"The best run is {best}: " in out
    assert (folder / "out/model-best").samefile(folder / "out" / best / "model-best")
    assert spacy.load(folder / "out/model-best").pipe_names == ["tagger"]


@pytest.mark.slow
def test_table_has_a_row_for_each_setting(grid):
    rows = [line.split() for line in grid[1].splitlines() if line.startswith("dropout=")]
    assert [row[0] for row in rows] == ["dropout=0.1", "dropout=0.3"]
    assert all(row[2][0] == "±" and row[-1] == "2" for row in rows)


@pytest.mark.slow
def test_what_came_to_its_end_is_not_trained_again(grid, tmp_path):
    folder, _ = grid
    before = {name: figures["seconds"] for name, figures in runs_of(folder / "out").items()}
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    part = [word.replace("0.1,0.3", "0.3") for word in GRID]
    code, out, _ = run(tmp_path / "copy", "a.cfg", "-o", "out", *part, "--resume")
    assert code == 0
    assert out.count("this run has come to its end already") == 2
    after = {name: run["seconds"] for name, run in runs_of(tmp_path / "copy" / "out").items()}
    assert len(after) == 2
    assert after.items() <= before.items()


@pytest.mark.slow
def test_failed_run_is_named_and_the_others_go_on(folder):
    words = ["--code", "mine.py", "--sweep", "training.batcher.size=0,1", "--jobs", "2"]
    code, out, errors = run(folder, "own.cfg", "-o", "out", *words)
    assert code == 1
    assert "error: size=0: batches of nothing (out/size=0/train.log)" in errors
    assert "Traceback" not in errors
    assert "; without 1 that failed" in out
    assert (folder / "out/model-best").samefile(folder / "out/size=1/model-best")
    assert runs_of(folder / "out")["size=0"]["fault"] == "batches of nothing"


@pytest.mark.slow
def test_interrupted_runs_end_with_checkpoints_and_go_on(folder):
    words = ["a.cfg", "-o", "out", "--seeds", "3", "--jobs", "2", *ENDLESS]
    process = start(folder, *words)
    begun = [folder / f"out/seed={seed}" for seed in (3, 4)]
    wait_for(lambda: all((path / "model-best").exists() for path in begun))
    process.send(signal.SIGINT)
    done = process.ended(seconds=60)
    out, errors = done.stdout, done.stderr
    assert done.returncode == 130, out + errors
    assert "stopped, 0 of 3 runs have come to their end; the same with --resume goes on" in errors
    assert "Traceback" not in out + errors
    assert not (folder / "out/seed=5").exists()
    states = [json.loads((path / "checkpoint/state.json").read_text()) for path in begun]
    steps = [state["loop"]["step"] for state in states]
    words[words.index("--training.max_steps") + 1] = str(max(steps) + 3)
    code, out, errors = run(folder, *words, "--resume")
    assert code == 0, out + errors
    for path, step in zip(begun, steps, strict=True):
        assert f"[{path.name}] Going on behind step {step}" in out
    assert set(runs_of(folder / "out")) == {"seed=3", "seed=4", "seed=5"}


@pytest.mark.slow
def test_second_interrupt_ends_runs_that_do_not_listen(folder):
    sleepy = ["--code", "mine.py", "--sweep", "training.batcher.size=101,102", "--jobs", "2"]
    process = start(folder, "own.cfg", "-o", "out", *sleepy)
    logs = [folder / f"out/size={size}/train.log" for size in (101, 102)]
    wait_for(lambda: all(log.exists() and "Pipeline" in log.read_text() for log in logs))
    for _ in range(2):
        time.sleep(0.7)
        process.send(signal.SIGINT)
    done = process.ended(seconds=20)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "0"], "--seeds 0: expected at least 1"),
        (["--jobs", "2"], "--jobs 2: is for several runs, with --seeds or --sweep"),
        (
            ["--sweep", "training.dropout=0.1,7"],
            "a.cfg: --training.dropout 7: expected at least 0 and below 1",
        ),
    ],
    ids=["no seed", "one run", "value not allowed"],
)
def test_bad_input_is_one_message_before_anything_runs(folder, words, message):
    code, out, errors = run(folder, "a.cfg", "-o", "out", *words)
    assert (code, out, errors) == (1, "", f"error: {message}\n")
    assert not (folder / "out").exists()
