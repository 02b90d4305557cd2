"""A translator in whole training runs: stopped and gone on with, from a stream, from files."""

import io
import json

import pytest
import spacy
from spacy.cli.train import train as spacy_train

from seqpipe.files import InputError
from seqpipe.training.checkpoint import origins
from seqpipe.training.config_check import filled_config
from seqpipe.training.labels import initialize_block, survey, write_files
from seqpipe.training.loop import Cadence, TrainingLoop
from seqpipe.training.run import initialized_pipeline, train_from_config
from tests.training.training_case import content, read
from tests.translation.translator_case import reversals

CONFIG = """
[paths]
train = "train.tsv"
dev = "dev.tsv"
[nlp]
lang = "xx"
pipeline = ["rnn_translator"]
[components]
[components.rnn_translator]
factory = "rnn_translator"
[components.rnn_translator.model]
@architectures = "seqpipe.RNNTranslator.v1"
feeding = "input"
width = 8
[components.rnn_translator.model.source]
@misc = "seqpipe.SourceUnits.v1"
unit = "subword"
merges = 4
dropout = 0.2
min_count = 1
[components.rnn_translator.model.target]
@misc = "seqpipe.TargetUnits.v1"
split = "space"
min_count = 1
[components.rnn_translator.model.encoder]
@layers = "seqpipe.GRU.v1"
nO = 8
depth = 2
[components.rnn_translator.model.decoder]
@layers = "seqpipe.GRU.v1"
nO = 8
bi = false
[components.rnn_translator.model.output]
@layers = "seqpipe.FullSoftmax.v1"
label_smoothing = 0.1
[corpora]
[corpora.train]
@readers = "seqpipe.PairedTexts.v1"
path = ${paths.train}
[corpora.dev]
@readers = "seqpipe.PairedTexts.v1"
path = ${paths.dev}
[training]
max_steps = 12
eval_frequency = 4
dropout = 0.3
seed = 3
gpu_allocator = null
[initialize]
[initialize.components]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a config, and texts of which the first 100 show but a part."""
    monkeypatch.chdir(tmp_path)
    pairs = [*reversals(140), ("late", ["etal"])]
    lines = [f"{source}\t{text}\n" for source, (text,) in pairs]
    (tmp_path / "train.tsv").write_text("".join(lines))
    (tmp_path / "dev.tsv").write_text("".join(lines[:10]))
    (tmp_path / "a.cfg").write_text(CONFIG)
    return tmp_path


def run(folder, output, **options):
    streams = {"stdout": io.StringIO(), "stderr": io.StringIO()}
    cadence = Cadence(seconds=0.0)
    train_from_config(read(folder / "a.cfg"), output, cadence=cadence, **options, **streams)


def stopped(folder, output, *, after):
    """A run that ended in the middle: it has just written its last checkpoint."""
    config = read(folder / "a.cfg")
    loop = TrainingLoop(
        initialized_pipeline(config), output, origins=origins(filled_config(config))
    )
    is_whole = loop.run(
        cadence=Cadence(seconds=0.0),
        log=lambda report: None,
        shown=lambda loop, report: None,
        is_stopped=lambda: loop.counters.step == after,
    )
    assert not is_whole


def test_a_run_that_goes_on_ends_with_the_same_bytes(folder):
    run(folder, folder / "whole")
    for after in (5, 8):
        parts = folder / f"stopped after {after}"
        stopped(folder, parts, after=after)
        run(folder, parts, resume=True)
        for name in ("model-best", "model-last"):
            assert content(folder / "whole" / name) == content(parts / name)


def test_the_best_model_is_chosen_by_bleu(folder):
    spacy_train(folder / "a.cfg", folder / "out")
    nlp = spacy.load(folder / "out" / "model-best")
    assert nlp.config["training"]["score_weights"]["bleu"] == 1.0
    assert 0.0 <= nlp.meta["performance"]["bleu"] <= 1.0
    assert isinstance(nlp("a b c")._.translation, str)


def test_a_stream_with_files_starts_as_one_that_is_read_whole(folder):
    file = folder / "a.cfg"
    written = write_files(survey(read(file)), folder / "labels")
    assert list(written) == [("components.rnn_translator", "vocabulary")]
    both = file.with_name("both.cfg")
    both.write_text(f"{file.read_text()}\n{initialize_block(written)}")
    stream = initialized_pipeline(read(both, max_epochs=-1)).get_pipe("rnn_translator")
    whole = initialized_pipeline(read(file)).get_pipe("rnn_translator")
    assert stream.to_bytes(exclude=["vocab"]) == whole.to_bytes(exclude=["vocab"])
    assert "etal" in stream.target_pieces
    alone = initialized_pipeline(read(file, max_epochs=-1)).get_pipe("rnn_translator")
    assert "etal" not in alone.target_pieces


def test_files_of_texts_without_translations_are_not_written(folder):
    docs = [spacy.blank("xx")(text) for text in ("a b", "c")]
    spacy.tokens.DocBin(docs=docs).to_disk(folder / "bare.spacy")
    config = CONFIG.replace(
        '[corpora.train]\n@readers = "seqpipe.PairedTexts.v1"\npath = ${paths.train}',
        '[corpora.train]\n@readers = "spacy.Corpus.v1"\npath = "bare.spacy"',
    )
    (folder / "a.cfg").write_text(config)
    with pytest.raises(InputError, match="no training text has a translation"):
        survey(read(folder / "a.cfg"))
    with pytest.raises(InputError, match="none of 2 training texts has a translation"):
        run(folder, folder / "out")


def test_a_vocabulary_file_of_another_kind_is_named(folder):
    (folder / "words.json").write_text(json.dumps([{"source": 1}]))
    block = '[initialize.components.rnn_translator]\nvocabulary = "words.json"\n'
    (folder / "a.cfg").write_text(f"{CONFIG}\n{block}")
    with pytest.raises(InputError, match=r"words\.json"):
        run(folder, folder / "out")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('feeding = "input"', 'feeding = "output"', r"feeding = .output.: expected one of none"),
        ("merges = 4", "merges = 0", "merges = 0"),
        ("bi = false", "bi = true", "bi = true"),
        ("label_smoothing = 0.1", "label_smoothing = 1.5", "label_smoothing = 1.5"),
        ('feeding = "input"', 'feeding = "input"\nattention = null', "expected attention"),
        ('feeding = "input"', 'feeding = "none"\ntied = "output"\nattention = null\nwidth = 9',
         "width = 9"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_clear_message(folder, old, new, message):
    config = CONFIG.replace(old, new)
    config = config.replace("width = 8\n", "") if "width" in new else config
    (folder / "a.cfg").write_text(config)
    with pytest.raises(InputError, match=message):
        run(folder, folder / "out")
