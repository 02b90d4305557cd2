"""What stages share and what costs next to nothing: saved models, and a config that trains one."""

import shutil

import numpy

from seqpipe.embeddings import Embeddings
from tests.pages import ROOT

GOLDEN = ROOT / "tests" / "golden"
CONFIG = """[paths]
train = "train.conll"
dev = "dev.conll"

[system]
seed = 0
gpu_allocator = null

[nlp]
lang = "xx"
pipeline = ["ner"]

[components]

[components.ner]
factory = "rnn_ner"

[components.ner.model]
@architectures = "seqpipe.RNNTagger.v1"

[components.ner.model.tok2vec]
@architectures = "seqpipe.WordFeatures.v1"
width = 8
features = []
vocabulary = {"@misc":"seqpipe.Vocabulary.v1"}

[components.ner.model.encoder]
@layers = "seqpipe.LSTM.v1"
nO = 8

[components.ner.model.head]
@layers = "seqpipe.CRF.v1"

[corpora]

[corpora.train]
@readers = "seqpipe.ConllCorpus.v1"
path = ${paths.train}
columns = {"word":0,"ner":1}

[corpora.dev]
@readers = "seqpipe.ConllCorpus.v1"
path = ${paths.dev}
columns = {"word":0,"ner":1}

[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
seed = ${system.seed}
gpu_allocator = ${system.gpu_allocator}
dropout = 0.1
max_steps = 6
eval_frequency = 1

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.02

[training.logger]
@loggers = "seqpipe.RunLog.v1"

[initialize]

[initialize.components]
"""
NAMES = ("Mina", "Jonas", "Ada", "Tove")
PLACES = ("Leeds", "Oslo", "Lima", "York")
# Each with the place where it lies; words of one group lie near each other.
WORDS = {
    **dict.fromkeys(("king", "queen", "prince", "throne"), (1, 0, 0)),
    **dict.fromkeys(("man", "woman", "boy", "girl", "child"), (0.5, 0.5, 0)),
    **dict.fromkeys(("apple", "orange", "pear", "lemon"), (0, 1, 0)),
    **dict.fromkeys(("Norway", "Peru", "Chile", "Japan"), (0, 0, 1)),
}


def copy_model(factory, folder):
    """Put a small trained pipeline into a folder.

    factory (str): Its only component, such as "rnn_ner".
    folder (Path): Where to.
    """
    (saved,) = GOLDEN.glob(f"{factory}-0.1.0")
    shutil.copytree(saved, folder)


def write_sentences(path, lines=8):
    """Write a column file of sentences with a person and a place each.

    path (Path): The file.
    lines (int): How many sentences.
    """
    rows = []
    for number in range(lines):
        name, place = NAMES[number % len(NAMES)], PLACES[number // 2 % len(PLACES)]
        rows.append(f"{name}\tB-PER\nmoved\tO\nto\tO\n{place}\tB-LOC\n.\tO\n\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(rows), encoding="utf-8")


def write_training(folder, config="config.cfg"):
    """Write a config and its corpus, which six steps train.

    folder (Path): Where train.conll and dev.conll go.
    config (str): The config's name there.
    """
    write_sentences(folder / "train.conll")
    write_sentences(folder / "dev.conll", 4)
    (folder / config).write_text(CONFIG, encoding="utf-8")


def word_vectors():
    """RETURNS (Embeddings): Vectors of some words, in groups that a map can show."""
    rng = numpy.random.default_rng(0)
    places = numpy.array(list(WORDS.values())) @ rng.normal(size=(3, 20))
    return Embeddings(list(WORDS), places + 0.2 * rng.normal(size=places.shape))
