"""`seqpipe train` trains what a config says, and says in a line why it does not."""

import json
import os
import random
import signal
import time

import pytest
import spacy
import typer
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from seqpipe.cli.train import train
from seqpipe.files import InputError
from tests.processes import Forked, python, seqpipe
from tests.training.training_case import content

CONFIG = """[paths]
train = "train.spacy"
dev = "train.spacy"

[nlp]
lang = "xx"
pipeline = ["tagger"]

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
width = 8
depth = 1
embed_size = 50
window_size = 1
maxout_pieces = 1
subword_features = false
pretrained_vectors = null

[corpora]

[training]
seed = 1
gpu_allocator = null
max_steps = 4
eval_frequency = 2

[initialize]

[initialize.components]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a config and its corpus."""
    monkeypatch.chdir(tmp_path)
    # The command sets this for the whole process; it is put back after the test.
    monkeypatch.setenv("ANSI_COLORS_DISABLED", "1")
    doc = Doc(spacy.blank("xx").vocab, words=["Ann", "sang"], tags=["N", "V"])
    DocBin(docs=[doc] * 4).to_disk("train.spacy")
    (tmp_path / "a.cfg").write_text(CONFIG)
    return tmp_path


def run(*words):
    app = typer.Typer()
    passing = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(context_settings=passing)(train)
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_trained_pipeline_loads_with_spacy(folder):
    result = run("a.cfg", "--output", "out")
    assert "LOSS TAGGER" in result.stdout
    assert "out/model-best" in result.stdout
    assert spacy.load(folder / "out" / "model-best").get_pipe("tagger").labels == ("N", "V")


@pytest.mark.parametrize(
    "words",
    [
        ("a.cfg", "-o", "out", "--training.max_steps", "0", "--training.seed=5"),
        ("--training.max_steps", "2", "--training.seed", "5", "a.cfg", "-o", "out"),
    ],
    ids=["after the config", "before the config"],
)
def test_values_of_the_config_can_be_given_as_options(words, folder):
    run(*words, "--training.max_epochs", "1")
    saved = spacy.load(folder / "out" / "model-best").config["training"]
    assert (saved["seed"], saved["max_epochs"]) == (5, 1)


def test_same_seed_gives_the_same_model(folder):
    run("a.cfg", "-o", "one")
    run("a.cfg", "-o", "two")
    model = "model-last/tagger/model"
    assert (folder / "one" / model).read_bytes() == (folder / "two" / model).read_bytes()


def test_faulty_config_leaves_no_output(folder):
    with pytest.raises(InputError, match=r"--training\.max_stepz 3: unknown key"):
        run("a.cfg", "-o", "out", "--training.max_stepz", "3")
    assert not (folder / "out").exists()


def test_wrong_argument_of_initialize_names_its_section(folder):
    text = CONFIG + "\n[initialize.components.tagger]\nlabls = 3\n"
    (folder / "a.cfg").write_text(text)
    with pytest.raises(InputError) as caught:
        run("a.cfg", "-o", "out")
    line = text.splitlines().index("labls = 3") + 1
    where = f"a.cfg, line {line}: [initialize.components.tagger] labls = 3: "
    assert str(caught.value).startswith(where)


def test_fault_of_a_corpus_comes_as_its_reader_says_it(folder):
    (folder / "bad.conll").write_text("Ann\tI-PER\n")
    reader = '@readers = "seqpipe.ConllCorpus.v1"\npath = "bad.conll"\n'
    text = CONFIG.replace("[corpora]\n", f"[corpora]\n[corpora.train]\n{reader}")
    (folder / "a.cfg").write_text(text)
    with pytest.raises(InputError, match=r"^bad\.conll, line 1: "):
        run("a.cfg", "-o", "out")


def test_fault_while_training_is_said_once(folder):
    (folder / "mine.py").write_text(
        "from spacy import registry\n"
        "@registry.batchers('mine.Refuse.v1')\n"
        "def refuse():\n"
        "    def batch(examples):\n"
        "        raise ValueError('a label that nobody knows')\n"
        "        yield []\n"
        "    return batch\n"
    )
    text = CONFIG.replace(
        "[initialize]\n", '[training.batcher]\n@batchers = "mine.Refuse.v1"\n[initialize]\n'
    )
    (folder / "a.cfg").write_text(text)
    done = seqpipe("train", "a.cfg", "-o", "out", "-c", "mine.py")
    assert done.returncode == 1
    assert "nobody" not in done.stdout
    assert done.stderr.splitlines()[-1] == "error: a label that nobody knows"
    assert done.stderr.count("nobody") == 1


def test_words_that_are_no_options_are_refused():
    with pytest.raises(InputError, match=r"expected one config file, not 2: a\.cfg b\.cfg"):
        run("a.cfg", "b.cfg", "-o", "out")


def test_code_registers_functions_that_the_config_names(folder):
    (folder / "mine.py").write_text(
        "from spacy import registry\n"
        "@registry.callbacks('mine.Note.v1')\n"
        "def note():\n    return lambda nlp: nlp\n"
    )
    text = CONFIG.replace(
        "[initialize]\n", '[training.before_to_disk]\n@callbacks = "mine.Note.v1"\n[initialize]\n'
    )
    (folder / "a.cfg").write_text(text)
    with pytest.raises(InputError, match=r'@callbacks = "mine\.Note\.v1": no such function'):
        run("a.cfg", "-o", "out")
    assert run("a.cfg", "-o", "out", "--code", "mine.py").exit_code == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [(None, r"mine\.py: no such Python file"), ("1 / 0", r"mine\.py: ZeroDivisionError: division")],
)
def test_code_that_does_not_import_is_named(folder, code, message):
    if code is not None:
        (folder / "mine.py").write_text(code)
    with pytest.raises(InputError, match=message):
        run("a.cfg", "-o", "out", "--code", "mine.py")


def test_missing_gpu_is_one_message():
    with pytest.raises(InputError, match="--gpu-id 99: "):
        run("a.cfg", "-o", "out", "--gpu-id", "99")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_training_ends_with_a_checkpoint_and_goes_on(folder, number):
    command = ["-m", "seqpipe", "train", "a.cfg", "-o", "out"]
    command += ["--training.max_steps", "0", "--training.patience", "0"]
    process = Forked(*command)
    meta = folder / "out" / "model-best" / "meta.json"
    deadline = time.monotonic() + 60
    while not meta.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send(number)
    stopped = process.ended(seconds=60)
    assert stopped.returncode == 130
    assert "stopped, with a checkpoint in out; the same with --resume goes on" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert json.loads(meta.read_text())["pipeline"] == ["tagger"]
    step = json.loads((folder / "out/checkpoint/state.json").read_text())["loop"]["step"]
    command[command.index("--training.max_steps") + 1] = str(step + 3)
    done = python(*command, "--resume")
    assert done.returncode == 0
    assert f"Going on behind step {step}" in done.stdout
    assert json.loads((folder / "out/finished.json").read_text())["step"] == step + 3


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(folder):
    """Killed at random moments, in the writing of a checkpoint too; each time gone on with."""
    text = CONFIG.replace("max_steps = 4", "max_steps = 30").replace(
        "_frequency = 2", "_frequency = 7"
    )
    (folder / "a.cfg").write_text(text)

    def start(*words):
        return Forked("-m", "seqpipe", "train", "a.cfg", "--checkpoint-steps", "1", "-o", *words)

    began = time.monotonic()
    assert start("whole").ended(seconds=60).returncode == 0
    seconds = time.monotonic() - began
    codes, rng = [], random.Random(0)
    for _ in range(5):
        process = start("parts", "--resume")
        if not process.is_over(rng.uniform(0.1, 0.6) * seconds):
            process.send(signal.SIGKILL)
        codes.append(process.ended(seconds=60).returncode)
    assert -signal.SIGKILL in codes
    assert set(codes) <= {0, -signal.SIGKILL}
    assert start("parts", "--resume").ended(seconds=60).returncode == 0
    for name in ("model-best", "model-last"):
        assert content(folder / "parts" / name) == content(folder / "whole" / name)


def test_a_dry_run_reads_everything_and_writes_nothing(folder):
    before = sorted(os.listdir(folder))
    result = run("a.cfg", "-o", "out", "--dry-run")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["train", "4", "8"] in lines
    assert ["dev", "4", "8"] in lines
    component = next(line for line in lines if line[:1] == ["tagger"])
    assert component[-2:] == ["N,", "V"]
    assert float(component[2]) > 0.0
    assert sorted(os.listdir(folder)) == before


def test_a_dry_run_says_what_is_wrong_with_the_data(folder):
    (folder / "dev.conll").write_text("Ann\tI-PER\n")
    reader = '@readers = "seqpipe.ConllCorpus.v1"\npath = "dev.conll"\n'
    text = CONFIG.replace("[corpora]\n", f"[corpora]\n[corpora.dev]\n{reader}")
    (folder / "a.cfg").write_text(text)
    with pytest.raises(InputError, match=r"^dev\.conll, line 1: "):
        run("a.cfg", "-o", "out", "--dry-run")
