"""A small training run to be stopped, resumed and compared: config, corpus, bytes of its models."""

from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span

from seqpipe.training.config_file import ConfigFile, read_config_file

TEXTS = [
    ("Ann met Bob in Oslo .", {0: "PER", 2: "PER", 4: "LOC"}),
    ("Oslo lies in Norway .", {0: "LOC", 3: "LOC"}),
    ("Carol sings .", {0: "PER"}),
    ("They saw Dan and Eve there again today .", {2: "PER", 4: "PER"}),
    ("Nothing happened .", {}),
    ("Rome and Paris are towns .", {0: "LOC", 2: "LOC"}),
    ("Frank flew to Lima with Grace .", {0: "PER", 3: "LOC", 5: "PER"}),
]
TAGGER = """
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
maxout_pieces = 2
subword_features = true
pretrained_vectors = null
"""
NER = """
[components.ner]
factory = "rnn_ner"
"""
SPACY_NER = """
[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 16
maxout_pieces = 2
use_upper = true

[components.ner.model.tok2vec]
@architectures = "{tok2vec}"
{more}
"""
CNN = {
    "tok2vec": "spacy.HashEmbedCNN.v2",
    "more": """width = 16
depth = 1
embed_size = 50
window_size = 1
maxout_pieces = 2
subword_features = true
pretrained_vectors = null""",
}
TORCH = {
    "tok2vec": "spacy.Tok2Vec.v2",
    "more": """
[components.ner.model.tok2vec.embed]
@architectures = "spacy.MultiHashEmbed.v2"
width = 16
rows = [50]
attrs = ["NORM"]
include_static_vectors = false

[components.ner.model.tok2vec.encode]
@architectures = "spacy.TorchBiLSTMEncoder.v1"
width = 16
depth = 1
dropout = 0.0
""",
}
CONFIG = """[paths]
train = "train.spacy"
dev = "dev.spacy"

[nlp]
lang = "xx"
pipeline = {pipeline}

[components]
{components}
[corpora]

[training]
seed = 3
gpu_allocator = null
max_steps = 14
eval_frequency = 4
dropout = 0.2
{training}
[training.batcher]
@batchers = "spacy.batch_by_words.v1"
discard_oversize = false
tolerance = 0.2

[training.batcher.size]
@schedules = "compounding.v1"
start = 6
stop = 20
compound = 1.2
{more}
[initialize]

[initialize.components]
"""
WARM = """
[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = 5
total_steps = 40
initial_rate = 0.01
"""


def write_corpus(folder: Path) -> None:
    """Some sentences with tags and entities, to train and to develop on."""
    vocab, docs = spacy.blank("xx").vocab, []
    for text, entities in TEXTS:
        words = text.split()
        doc = Doc(vocab, words=words, tags=["N" if word.istitle() else "X" for word in words])
        doc.ents = [Span(doc, i, i + 1, label=label) for i, label in entities.items()]
        docs.append(doc)
    DocBin(docs=docs * 3, store_user_data=True).to_disk(folder / "train.spacy")
    DocBin(docs=docs[:4]).to_disk(folder / "dev.spacy")


def write_config(
    folder: Path, *, ner: str = NER, tagger: bool = False, training: str = "", more: str = ""
) -> Path:
    """A config of the components that are asked for."""
    chosen = {"tagger": TAGGER} if tagger else {}
    chosen |= {"ner": ner} if ner else {}
    file = folder / "a.cfg"
    pipeline = str(list(chosen)).replace("'", '"')
    components = "".join(chosen.values())
    file.write_text(
        CONFIG.format(pipeline=pipeline, components=components, training=training, more=more)
    )
    return file


def read(file: Path, **overrides) -> ConfigFile:
    """The config, with values for [training]."""
    return read_config_file(file, {f"training.{key}": value for key, value in overrides.items()})


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that may be a link, by its name in it."""
    root = folder.resolve()
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }
