"""The loop: the models of spaCy's, byte for byte, and one that is stopped and goes on as well."""

import contextlib
import errno
import io
import json
import os
import shutil
from importlib.util import find_spec

import pytest
import spacy
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from seqpipe.files import InputError
from seqpipe.pipe import DivergedError
from seqpipe.reporting.long_work import only_run
from seqpipe.training.checkpoint import read_checkpoint
from seqpipe.training.loop import Cadence, TrainingLoop
from seqpipe.training.run import train_from_config
from tests.training.training_case import (
    CNN,
    SPACY_NER,
    TORCH,
    WARM,
    content,
    read,
    write_config,
    write_corpus,
)

STREAM = {"training": "max_epochs = -1"}
SHUFFLED = """
[corpora.train]
@readers = "seqpipe.ShuffledCorpus.v1"
buffer = 8

[corpora.train.corpus]
@readers = "spacy.Corpus.v1"
path = "train.spacy"
gold_preproc = false
max_length = 0
limit = 0
augmenter = null
"""
CASES = {
    "rnn_ner": {},
    "rnn_ner, no averages": {"more": WARM.replace('"Adam.v1"', '"Adam.v1"\nuse_averages = false')},
    "rnn_ner, RAdam": {"more": '[training.optimizer]\n@optimizers = "RAdam.v1"\n'},
    "tagger": {"ner": "", "tagger": True},
    "spaCy's ner": {"ner": SPACY_NER.format(**CNN), "tagger": True},
    "both, subbatches": {"tagger": True, "training": "accumulate_gradient = 2"},
    "both, annotating": {"tagger": True, "training": 'annotating_components = ["tagger"]'},
    "stream": STREAM,
    "stream, shuffled": {**STREAM, "more": SHUFFLED},
    "patience": {"training": "patience = 6", "more": WARM},
    "epochs": {"training": "max_epochs = 2"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    return tmp_path


def run(file, output, *, resume=False, **overrides):
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    cadence = Cadence(seconds=0.0)
    train_from_config(read(file, **overrides), output, resume=resume, cadence=cadence, **streams)
    return streams["stdout"].getvalue()


def stopped(file, output, *, after):
    """A run that ended in the middle: it has just written its last checkpoint."""
    from seqpipe.training import run as running
    from seqpipe.training.checkpoint import origins
    from seqpipe.training.config_check import filled_config

    config = read(file)
    nlp = running.initialized_pipeline(config)
    loop = TrainingLoop(nlp, output, origins=origins(filled_config(config)))
    with only_run(output):
        is_whole = loop.run(
            cadence=Cadence(seconds=0.0),
            log=lambda report: None,
            shown=lambda loop, report: None,
            is_stopped=lambda: loop.counters.step == after,
        )
    assert not is_whole


@pytest.fixture(scope="module", params=CASES.values(), ids=list(CASES))
def whole(request, tmp_path_factory):
    """A case, the folder of its run from the beginning to the end, and what that printed."""
    folder = tmp_path_factory.mktemp("whole")
    write_corpus(folder)
    with contextlib.chdir(folder):
        said = run(write_config(folder, **request.param), folder / "whole")
    return request.param, folder / "whole", said


@pytest.fixture(scope="module")
def ended_once(tmp_path_factory):
    """The folder of a run that has come to its end, with what it was trained on."""
    folder = tmp_path_factory.mktemp("ended")
    write_corpus(folder)
    with contextlib.chdir(folder):
        run(write_config(folder), folder / "out")
    return folder


@pytest.fixture(scope="module")
def begun_once(tmp_path_factory):
    """The folder of a run that was stopped behind step 5, with what it is trained on."""
    folder = tmp_path_factory.mktemp("begun")
    write_corpus(folder)
    with contextlib.chdir(folder):
        stopped(write_config(folder), folder / "out", after=5)
    return folder


@pytest.fixture
def ended(folder, ended_once):
    """The same run in the working folder; its config."""
    shutil.copytree(ended_once, folder, symlinks=True, dirs_exist_ok=True)
    return folder / "a.cfg"


@pytest.fixture
def begun(folder, begun_once):
    """The same run in the working folder; its config."""
    shutil.copytree(begun_once, folder, symlinks=True, dirs_exist_ok=True)
    return folder / "a.cfg"


def test_models_and_table_are_those_of_spacys_own_loop(folder, whole):
    case, output, ours = whole
    file = write_config(folder, **case)
    table = io.StringIO()
    (folder / "theirs").mkdir()
    nlp = init_nlp(load_config(file))
    train(nlp, folder / "theirs", stdout=table, stderr=io.StringIO())
    for name in ("model-best", "model-last"):
        assert content(output / name) == content(folder / "theirs" / name)
    rows = [line for line in table.getvalue().splitlines() if line[:1] in " E-"]
    assert len(rows) > 3
    assert [line for line in ours.splitlines() if line[:1] in " E-"] == rows


@pytest.mark.parametrize("after", [3, 4])
def test_a_run_that_goes_on_ends_with_the_same_bytes(folder, whole, after):
    case, output, _ = whole
    file = write_config(folder, **case)
    assert last_step(output) > after
    stopped(file, folder / "parts", after=after)
    assert read_checkpoint(folder / "parts").step == after
    assert f"step {after}" in run(file, folder / "parts", resume=True)
    for name in ("model-best", "model-last"):
        assert content(output / name) == content(folder / "parts" / name)
    assert sorted(os.listdir(output)) == sorted(os.listdir(folder / "parts"))


def test_examples_since_the_last_evaluation_are_counted_and_kept(folder):
    file = write_config(folder)
    batcher = '"spacy.batch_by_words.v1"\ndiscard_oversize = false\ntolerance = 0.2'
    by_number = '"spacy.batch_by_sequence.v1"\nget_length = null'
    file.write_text(file.read_text().replace(batcher, by_number))
    counts = []
    for after in (3, 4):
        stopped(file, folder / str(after), after=after)
        counts.append(read_checkpoint(folder / str(after)).state["loop"]["recent_examples"])
    # The batches grow: 6, 7 and 8 texts in the first epoch, then 12. Steps 0 and 4 are evaluated.
    assert counts == [7 + 8 + 12, 0]


def test_a_checkpoint_from_before_examples_were_counted_is_gone_on_from(folder, begun, ended_once):
    path = (folder / "out" / "checkpoint").resolve() / "state.json"
    state = json.loads(path.read_text())
    del state["loop"]["recent_examples"]
    path.write_text(json.dumps(state))
    run(begun, folder / "out", resume=True)
    assert content(ended_once / "out" / "model-last") == content(folder / "out" / "model-last")


def last_step(output):
    return json.loads((output / "finished.json").read_text())["step"]


def test_a_run_may_go_on_for_longer_than_it_was_meant_to(folder):
    file = write_config(folder)
    run(file, folder / "whole", max_steps=20)
    stopped(file, folder / "parts", after=9)
    run(file, folder / "parts", resume=True, max_steps=20)
    assert content(folder / "whole" / "model-last") == content(folder / "parts" / "model-last")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dropout": 0.3}, r"\[training\] dropout = 0\.3: expected 0\.2, as in the checkpoint at"),
        ({"seed": 4}, r"\[training\] seed = 4: expected 3"),
    ],
)  # fmt: skip
def test_another_config_is_refused_and_leaves_everything(folder, begun, values, message):
    before = content(folder / "out")
    with pytest.raises(InputError, match=message):
        run(begun, folder / "out", resume=True, **values)
    assert content(folder / "out") == before


def test_a_corpus_that_changed_is_refused_and_leaves_everything(folder, begun):
    before = content(folder / "out")
    (folder / "train.spacy").write_bytes((folder / "dev.spacy").read_bytes())
    with pytest.raises(InputError, match=r"^train\.spacy: has changed since the checkpoint"):
        run(begun, folder / "out", resume=True)
    assert content(folder / "out") == before


def test_two_runs_into_one_folder_are_refused(folder):
    file = write_config(folder)
    with only_run(folder / "out"), pytest.raises(InputError, match="another run trains into this"):
        run(file, folder / "out")
    run(file, folder / "out")


def test_a_run_that_has_ended_is_not_run_again(folder, ended):
    before = content(folder / "out")
    assert "has come to its end already" in run(ended, folder / "out", resume=True)
    assert content(folder / "out") == before


def test_without_a_checkpoint_resume_begins(folder, ended_once):
    file = write_config(folder)
    run(file, folder / "out", resume=True)
    assert content(ended_once / "out" / "model-last") == content(folder / "out" / "model-last")


def test_a_disk_that_is_full_leaves_the_last_model(folder, monkeypatch):
    """At the second evaluation there is room for nothing more."""
    from spacy.language import Language

    file, written = write_config(folder), Language.to_disk

    def refuse(nlp, path, **options):
        if "000004" in str(path):
            (path / "half").touch()
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written(nlp, path, **options)

    monkeypatch.setattr(Language, "to_disk", refuse)
    with pytest.raises(InputError, match="No space left on device, at step 4; what was"):
        run(file, folder / "out")
    assert spacy.load(folder / "out" / "model-best").pipe_names == ["ner"]
    assert os.listdir(folder / "out" / "models") == ["000000"]


def test_a_new_run_takes_the_place_of_an_old_one(folder, ended_once):
    file = write_config(folder)
    run(file, folder / "one", dropout=0.4)
    stopped(file, folder / "one", after=5)
    run(file, folder / "one")
    assert content(folder / "one" / "model-best") == content(ended_once / "out" / "model-best")
    assert sorted(os.listdir(folder / "one")) == sorted(os.listdir(ended_once / "out"))


def test_a_loop_that_fails_leaves_the_last_model(folder):
    """What is not finite stops the training, and is not saved."""
    file = write_config(folder, more=WARM.replace("0.01", "1e30"))
    with pytest.raises(DivergedError, match="component 'ner'"):
        run(file, folder / "out")
    assert spacy.load(folder / "out" / "model-best").pipe_names == ["ner"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dropout": 0.3}, r"\[training\] dropout = 0\.3: expected 0\.2, as in the run that has"),
        ({"max_steps": 20}, r"\[training\] max_steps = 20: expected 14"),
    ],
)
def test_a_run_that_has_ended_is_not_lost_to_another_one(folder, ended, values, message):
    before = content(folder / "out")
    with pytest.raises(InputError, match=message):
        run(ended, folder / "out", resume=True, **values)
    assert content(folder / "out") == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "state.json").write_text("[1]"),
        lambda folder: (folder / "state.json").write_text('{"loop": '),
        lambda folder: (folder / "optimizer.npz").write_bytes(b"PK cut"),
        lambda folder: (folder / "optimizer.npz").unlink(),
        lambda folder: shutil.rmtree(folder / "pipeline"),
        lambda folder: (folder / "pipeline/ner/model").write_bytes(b"x"),
        shutil.rmtree,
    ],
    ids=["other state", "half a state", "cut arrays", "no arrays", "no pipeline", "model", "gone"],
)
def test_a_damaged_checkpoint_is_refused_and_the_models_stay(folder, begun, damage):
    damage((folder / "out" / "checkpoint").resolve())
    before = content(folder / "out" / "models")
    with pytest.raises(InputError, match=r"checkpoint.*: damaged .*without --resume"):
        run(begun, folder / "out", resume=True)
    assert content(folder / "out" / "models") == before


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_the_optimizers_state_of_a_torch_layer_is_kept(folder):
    file = write_config(folder, ner=SPACY_NER.format(**TORCH))
    run(file, folder / "whole")
    stopped(file, folder / "parts", after=5)
    kept = read_checkpoint(folder / "parts").arrays()
    assert any("shim0" in name for name in kept)
    run(file, folder / "parts", resume=True)
    encoded = []
    for name in ("whole", "parts"):
        nlp = spacy.load(folder / name / "model-last")
        tok2vec = nlp.get_pipe("ner").model.get_ref("tok2vec")
        encoded.append(tok2vec.predict([nlp.make_doc("Ann met Bob in Oslo .")])[0])
    assert (encoded[0] == encoded[1]).all()


def test_an_output_that_is_a_file_is_refused(folder):
    (folder / "out").write_text("mine")
    with pytest.raises(InputError, match="out: not a folder"):
        run(write_config(folder), folder / "out")
    assert (folder / "out").read_text() == "mine"
