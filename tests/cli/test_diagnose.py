"""`seqpipe diagnose gradients` shows how far gradients get, and how often clipping fired."""

import os
import re
import signal
import time

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from typer.testing import CliRunner

from seqpipe.cli.app import build_app
from seqpipe.files import InputError
from tests.processes import Forked, seqpipe

WORDS, TAGS = ["Ann", "paid", "Bob", "in", "Leeds"] * 5, ["N", "V", "N", "P", "N"] * 5
CONFIG = {
    "paths": {"train": "train.spacy", "dev": "train.spacy"},
    "nlp": {"lang": "xx", "pipeline": ["tagger"]},
    "components": {
        "tagger": {
            "factory": "rnn_tagger",
            "max_gradient_value": 1e-5,
            "max_gradient_norm": 1000.0,
            "model": {
                "tok2vec": {"width": 6, "feature_width": 3, "characters": {"nO": 4, "width": 3}},
                "encoder": {"nO": 8},
            },
        }
    },
    "training": {"seed": 1, "gpu_allocator": None, "max_steps": 1000, "dropout": 0.1},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a config and its corpus."""
    monkeypatch.chdir(tmp_path)
    doc = Doc(spacy.blank("xx").vocab, words=WORDS, tags=TAGS)
    DocBin(docs=[doc] * 4).to_disk("train.spacy")
    Config(CONFIG).to_disk("a.cfg")
    return tmp_path


def run(*words, columns=80):
    env = {"COLUMNS": str(columns), "PYTHONIOENCODING": "utf-8"}
    result = CliRunner(env=env).invoke(build_app()[0], ["diagnose", "gradients", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_level_is_a_table_of_distances_and_directions():
    out = run("a.cfg", "--steps", "3").stdout
    assert out.startswith("What is left of a gradient T - t steps before the last: the median of")
    assert "tagger: level 1, lstm in recurrent, at initialisation → after 3 steps" in out
    assert re.search(r"^distance +sequences +forward +reverse *$", out, flags=re.MULTILINE)
    rows = re.findall(r"^(\d+) +(\d+) +([\d.e-]+ → [\d.e-]+) +([\d.e-]+ → [\d.e-]+) *$", out, re.M)
    assert [(distance, sequences) for distance, sequences, *_ in rows] == [
        (distance, "4") for distance in ("1", "2", "5", "10", "20")
    ]
    verdicts = re.findall(r"^(\w+, \w+): (?:below|[\d.e-]+ at distance 24)", out, re.M)
    assert verdicts == [f"{d}, {w}" for d in ("forward", "reverse") for w in ("initial", "trained")]


def test_how_often_clipping_fired_is_told():
    out = run("a.cfg", "--steps", "3", columns=100).stdout
    by_norm = "clipping by norm (max_gradient_norm = 1000) fired in 0 of 3 steps (0 %)"
    by_value = "clipping by value (max_gradient_value = 1e-05) fired in 3 of 3 steps (100 %)"
    assert f"tagger: {by_norm}\ntagger: {by_value}\n" in out
    out = run("a.cfg", "--steps", "3", "--components.tagger.max_gradient_norm", "0").stdout
    assert "tagger: clipping by norm (max_gradient_norm = 0) is off\n" in out


def test_without_steps_only_the_initial_model_is_shown():
    out = run("a.cfg", "--steps", "0").stdout
    assert "level 1, lstm in recurrent, at initialisation\n" in out
    assert "→" not in out
    assert "trained" not in out
    assert "clipping" not in out


def test_values_of_the_config_can_be_given_before_and_after_it():
    encoder = "--components.tagger.model.encoder"
    words = [f"{encoder}.@layers", "seqpipe.GRU.v1", "a.cfg", "--steps", "0", f"{encoder}.depth=2"]
    out = run(*words).stdout
    assert re.findall(r"level \d, \w+", out) == ["level 1, gru", "level 2, gru"]


def test_a_narrow_terminal_cuts_no_figure():
    wide, narrow = (run("a.cfg", "--steps", "3", columns=columns).stdout for columns in (100, 40))
    assert max(map(len, narrow.splitlines())) <= 40
    figures = re.compile(r"(?<!\S)\d\.\d+(?!\S)")
    assert sorted(figures.findall(narrow)) == sorted(figures.findall(wide))


def test_spacys_own_components_do_not_count_how_often_they_are_clipped(folder):
    encode = {"@architectures": "seqpipe.RNNEncoder.v1", "width": 8}
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["NORM"]}
    embed |= {"rows": [50], "include_static_vectors": False}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
    Config({**CONFIG, "components": {"tagger": {"factory": "tagger", "model": model}}}).to_disk(
        folder / "b.cfg"
    )
    out = run("b.cfg", "--steps", "2").stdout
    # The weights of spaCy's output layer start at zero.
    assert "forward, initial: no gradient arrives at any last step" in out
    assert re.search(r"^20 +4 +- → [\d.e-]+ +- → [\d.e-]+ *$", out, flags=re.MULTILINE)
    assert "tagger: how often the optimizer clips spaCy's components is not counted" in out


def test_the_plot_holds_both_directions_before_and_after(folder):
    pytest.importorskip("matplotlib")
    assert "The plot is in flow.svg" in run("a.cfg", "--steps", "2", "-o", "flow.svg").stdout
    text = (folder / "flow.svg").read_text(encoding="utf-8")
    for direction in ("forward", "reverse"):
        for when in ("initial", "trained"):
            assert f"<!-- tagger level 1 {direction}, {when} -->" in text


def test_without_matplotlib_a_plot_is_refused_before_the_work(folder):
    (folder / "blocked" / "matplotlib").mkdir(parents=True)
    missing = "raise ModuleNotFoundError('no', name='matplotlib')"
    (folder / "blocked" / "matplotlib" / "__init__.py").write_text(missing)
    environment = {**os.environ, "PYTHONPATH": str(folder / "blocked")}
    done = seqpipe("diagnose", "gradients", "a.cfg", "-o", "a.png", env=environment)
    message = "error: matplotlib is not installed: pip install 'seqpipe[plot]'\n"
    assert (done.stdout, done.stderr, done.returncode) == ("", message, 1)


def test_another_kind_of_picture_is_refused_before_the_config_is_read():
    with pytest.raises(InputError, match=r"^flow\.gif: expected a name that ends in"):
        run("nowhere.cfg", "-o", "flow.gif")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.cfg"], r"^nowhere\.cfg: no such config file"),
        (["a.cfg", "--steps", "-1"], r"^--steps -1: expected 0 or more"),
        (["a.cfg", "b.cfg"], r"expected one config file, not 2"),
        (["a.cfg", "--training.dropuot", "0"], r"--training\.dropuot 0: unknown key, did you mean"),
        (["a.cfg", "--gpu-id", "99"], "--gpu-id 99: "),
        (
            ["a.cfg", "--components.tagger.max_gradient_value", "nan"],
            r'^a\.cfg: --components\.tagger\.max_gradient_value "nan": expected a bound, or 0',
        ),
        (["a.cfg", "--code", "mine.py"], r"mine\.py: no such Python file"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_one_message(words, message):
    with pytest.raises(InputError, match=message):
        run(*words)


def test_the_initial_flow_of_a_training_that_diverges_is_shown(folder):
    optimizer = {"@optimizers": "Adam.v1", "learn_rate": 1e30}
    Config({**CONFIG, "training": {**CONFIG["training"], "optimizer": optimizer}}).to_disk("a.cfg")
    done = seqpipe("diagnose", "gradients", "a.cfg")
    assert done.returncode == 1
    assert "level 1, lstm in recurrent, at initialisation\n" in done.stdout
    assert "trained" not in done.stdout
    (only,) = done.stderr.splitlines()  # no warning of numpy's
    assert only.startswith("error: training stopped: in component 'tagger' at step ")


def test_a_plot_in_a_place_that_cannot_be_written_is_refused_before_the_config_is_read(folder):
    pytest.importorskip("matplotlib")
    (folder / "file").touch()
    with pytest.raises(InputError, match=r"^file/x\.png: the plot cannot be written: "):
        run("nowhere.cfg", "-o", "file/x.png")


def test_a_line_of_the_plot_that_ends_early_says_why(folder):
    pytest.importorskip("matplotlib")
    encoder = "--components.tagger.model.encoder"
    words = [f"{encoder}.@layers", "seqpipe.Recurrent.v1", f"{encoder}.cell", "rnn"]
    words += [f"{encoder}.activation", "relu", f"{encoder}.recurrent_init", "glorot"]
    run("a.cfg", *words, f"{encoder}.nO", "2", "--steps", "0", "-o", "flow.svg")
    text = (folder / "flow.svg").read_text(encoding="utf-8")
    assert re.search(r"<!-- tagger level 1 \w+, initial: 0 at distance \d+ -->", text)


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_traceback_or_half_a_picture(folder):
    pytest.importorskip("matplotlib")
    (folder / "mine.py").write_text(
        "from pathlib import Path\nfrom spacy import registry\n"
        "@registry.callbacks('mine.Begun.v1')\n"
        "def begun():\n    return lambda nlp, info: Path('begun').touch()\n"
    )
    training = {**CONFIG["training"], "max_steps": 0}
    training["before_update"] = {"@callbacks": "mine.Begun.v1"}
    Config({**CONFIG, "training": training}).to_disk("a.cfg")
    command = ["-m", "seqpipe", "diagnose", "gradients", "a.cfg", "-c", "mine.py"]
    process = Forked(*command, "--steps", "1000000", "-o", "new/a.png")
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send(signal.SIGINT)
    done = process.ended(seconds=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
    assert not (folder / "new").exists()
