"""`seqpipe embeddings train`: options, what is left when it is stopped or killed, and bad input."""

import signal
import time

import numpy
import pytest
import spacy
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.embeddings.options import OBJECTIVES, learner_options, split_options
from seqpipe.files import InputError
from tests.processes import Forked

LONG = ["--epochs", "20", "--subsample", "0", "--checkpoint-seconds", "0.1"]


def write_text(folder, *, lines):
    words = numpy.random.default_rng(0).choice(list("abcdefgh"), (lines, 20))
    (folder / "text.txt").write_text("\n".join(map(" ".join, words)))
    return folder / "text.txt"


@pytest.fixture
def text(tmp_path):
    return write_text(tmp_path, lines=400)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A text that takes a while, and the pipeline that is learned from it without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    text = write_text(folder, lines=4_000)
    done = run(text, "-o", folder / "model", *LONG)
    assert done.returncode == 0, done.stderr
    return text, folder / "model"


def started(*arguments):
    command = ["-m", "seqpipe", "embeddings", "train", *arguments]
    return Forked(*command, "--tokenizer", "whitespace", "--width", "8")


def run(*arguments):
    return started(*arguments).ended()


def data(folder):
    return spacy.load(folder).vocab.vectors.data.tobytes()


def test_a_pipeline_with_vectors_is_saved(text, tmp_path):
    done = run(text, "-o", tmp_path / "model", "--window", 2, "--subsample", 0, "--epochs", 2)
    assert done.returncode == 0, done.stderr
    assert f"8 words, 8 dimensions, are in {tmp_path / 'model'}" in done.stdout
    assert "epoch 2, loss" in done.stderr
    nlp = spacy.load(tmp_path / "model")
    assert nlp.config["components"]["embedding_learner"]["objective"]["window"] == 2
    assert nlp.vocab.vectors.shape == (8, 8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "text.txt"]


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_is_learned_with(objective, text, tmp_path):
    done = run(text, "-o", tmp_path / "model", "--objective", objective, "--epochs", 1)
    assert done.returncode == 0, done.stderr
    assert spacy.load(tmp_path / "model").vocab.vectors.data.any()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_was_stopped_goes_on_to_the_same_vectors(number, whole, tmp_path):
    text, expected = whole
    model, checkpoint = tmp_path / "model", tmp_path / ".model.learning" / "checkpoint.npz"
    process = started(text, "-o", model, *LONG)
    until = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send(number)
    done = process.ended(seconds=60)
    if number == signal.SIGKILL:
        assert done.returncode == -signal.SIGKILL
        assert not model.exists()
    else:
        assert done.returncode == 130
        assert "--resume goes on" in done.stdout
        assert data(model) != data(expected)
    done = run(text, "-o", model, *LONG, "--resume")
    assert done.returncode == 0, done.stderr
    assert data(model) == data(expected)
    assert not checkpoint.parent.exists()


def test_a_checkpoint_is_given_up_without_resume_and_says_so(text, tmp_path):
    work = tmp_path / ".model.learning"
    work.mkdir()
    (work / "checkpoint.npz").write_bytes(b"something")
    done = run(text, "-o", tmp_path / "model", "--epochs", 1)
    assert done.returncode == 0
    assert "the checkpoint of an earlier run is given up" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--windo", "3"], "error: --windo: skip-gram has no such setting; did you mean --window?"),
        (["--zzz", "3"], "there are window, dynamic_window"),
        (["--window", "many"], "window"),
        (["--window"], "--window: expected a value after it"),
        (["--window", "0"], "window = 0: expected a whole number, at least 1"),
        (["--objective", "glov"], "no such objective, expected one of skip-gram, cbow"),
        (["--subsample", "nan"], "--subsample nan: expected a finite number"),
        (["--noise-exponent", "1e400"], "--noise-exponent 1e400: expected a finite number"),
        (["--noise-exponent", "100"], "noise_exponent = 100: expected a number from -10 to 10"),
        (["--subwords.foo", "2"], "--subwords.foo: subwords has no such setting"),
        (["--lang", "zz"], "--lang zz: spaCy has no such language"),
        (["--min-count", "1000000"], "min_count = 1000000: no word stands so often"),
        (["--begin-with", "nowhere"], "nowhere"),
        (["--output", "text.txt"], "text.txt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_one_message(text, tmp_path, options, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = [] if "--output" in options else ["-o", "model"]
    done = run("text.txt", *output, *options)
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


def test_help_names_the_options_of_the_command():
    shown = CliRunner().invoke(build_app()[0], ["embeddings", "train", "--help"]).output
    assert "--begin-with" in shown
    assert "--window 10" in shown


def test_options_are_told_from_those_of_the_command():
    arguments = ["a.txt", "--window", "3", "--seed", "1", "--alpha=0.5", "b.txt", "--", "--c.txt"]
    rest, found = split_options(arguments, {"--seed"})
    assert rest == ["a.txt", "--seed", "1", "b.txt", "--", "--c.txt"]
    assert found == {"window": "3", "alpha": "0.5"}


def test_settings_of_parts_make_the_parts():
    options = {"window": "3", "subwords.minn": "2", "phrases.delimiter": "+"}
    found = learner_options("cbow", options, phrases=False, subwords=False)
    assert found == {
        "objective": {
            "@misc": "seqpipe.CBOW.v1",
            "window": 3,
            "subwords": {"@misc": "seqpipe.Subwords.v1", "minn": 2},
        },
        "phrases": {"@misc": "seqpipe.Phrases.v1", "delimiter": "+"},
    }
    with pytest.raises(InputError, match=r"--subwords.min: .*did you mean --subwords.minn"):
        learner_options("cbow", {"subwords.min": "2"}, phrases=False, subwords=False)
    with pytest.raises(InputError, match="glove has no such setting"):
        learner_options("glove", {}, phrases=False, subwords=True)
