"""The tasks of projects/long_range are as described, and its scripts go on where they ended."""

import importlib.util
import json
import sys
from pathlib import Path
from random import Random

import numpy
import pytest

from tests.gradients import numeric_gradient, relative_error
from tests.processes import python

PROJECT = Path(__file__).parents[2] / "projects" / "long_range"
SCRIPTS = PROJECT / "scripts"


def script(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


tasks = script("tasks")
AGREEMENT, ADDING = tasks.TASKS["agreement"], tasks.TASKS["adding"]


@pytest.mark.parametrize("distance", [5, 6, 7, 10, 50, 200])
def test_so_many_words_stand_between_subject_and_verb(distance):
    rng = Random(0)
    for _ in range(20):
        words, plural = AGREEMENT.sentence(rng, distance)
        subject, between = words[1], words[2:]
        assert len(between) == distance
        assert (subject[:-1] in tasks.WORDS["nouns"]) == bool(plural)
        assert (words[0], between[:2], between[-1]) == ("The", [",", "which"], ",")
        assert set(words) <= set(AGREEMENT.words)


def test_the_vocabulary_has_a_few_hundred_words():
    assert 300 < len(AGREEMENT.words) < 500


def test_only_the_subject_tells_the_number():
    """Of the last plural or singular noun before the verb, as many agree with it as do not."""
    rng, agree = Random(1), []
    nouns = {*tasks.WORDS["nouns"], *tasks.WORDS["things"]}
    for _ in range(2000):
        words, plural = AGREEMENT.sentence(rng, 20)
        others = [word for word in words[2:] if word in nouns or word[:-1] in nouns]
        agree += [(others[-1] not in nouns) == bool(plural)] if others else []
    assert 0.46 < numpy.mean(agree) < 0.54


def test_two_values_are_marked_one_in_each_half_and_their_sum_is_the_answer():
    X, answers = ADDING.batch(Random(0), 50, 11)
    values, markers = X[..., 0], X[..., 1]
    assert (markers[:, :5].sum(axis=1) == 1).all()
    assert (markers[:, 5:].sum(axis=1) == 1).all()
    assert numpy.allclose((values * markers).sum(axis=1), answers, atol=1e-6)


@pytest.mark.parametrize("task", tasks.TASKS.values(), ids=tasks.TASKS.keys())
def test_gradient_of_the_loss(task):
    answers = task.batch(Random(0), 4, 6)[1]
    scores = numpy.random.default_rng(0).normal(size=(4, task.outputs))
    _, gradient = task.loss(scores, answers)
    numeric = numeric_gradient(lambda: task.loss(scores, answers)[0], scores)
    assert relative_error(gradient, numeric) < 1e-6


def run(folder, *words):
    done = python(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def trained(tmp_path):
    """The results of a very short run, and the command that made them."""
    config = (PROJECT / "configs" / "long_range.cfg").read_text(encoding="utf-8")
    config = config.replace("steps = 6000", "steps = 3").replace(
        "test_size = 1000", "test_size = 8"
    )
    (tmp_path / "short.cfg").write_text(config, encoding="utf-8")
    words = [str(SCRIPTS / "train.py"), "short.cfg", "--output", "out.json", "--jobs", "1"]
    words += ["--distances", "5,6", "--seeds", "1"]
    return tmp_path, words, run(tmp_path, *words)


@pytest.mark.slow
def test_training_writes_every_run_and_started_again_does_only_what_is_missing(trained):
    folder, words, said = trained
    results = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    assert len(results["runs"]) == said.count("runs left") == 16
    assert {"rnn", "rnn_identity", "gru", "lstm"} == {one["model"] for one in results["runs"]}
    lost = results["runs"].pop(3)
    (folder / "out.json").write_text(json.dumps(results), encoding="utf-8")
    again = run(folder, *words)
    assert again.count("runs left") == 1
    (found,) = [
        one
        for one in json.loads((folder / "out.json").read_text(encoding="utf-8"))["runs"]
        if all(one[name] == lost[name] for name in ("task", "model", "distance", "seed"))
    ]
    assert found["accuracy"] == lost["accuracy"]


@pytest.mark.slow
def test_results_are_drawn(trained):
    pytest.importorskip("matplotlib")
    folder, _, _ = trained
    said = run(folder, str(SCRIPTS / "draw.py"), "out.json", "out.png")
    assert "Agreement of subject and verb" in said
    assert (folder / "out.png").read_bytes().startswith(b"\x89PNG")
