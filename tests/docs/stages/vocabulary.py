"""What docs/vocabulary.md names: a text, and the lecture's sentence with a config to train."""

CONLL = """Harry B-PER
Potter I-PER
and O
Hermione B-PER
Granger I-PER
invented O
a O
new O
spell O
. O
"""
CONFIG = """
[nlp]
lang = "en"
pipeline = ["ner"]

[nlp.tokenizer]
@tokenizers = "seqpipe.UnkTokenizer.v1"

[components]

[components.ner]
factory = "rnn_ner"

[corpora]

[corpora.train]
@readers = "seqpipe.ConllCorpus.v1"
path = "train.conll"
columns = {"word":0,"ner":1}

[corpora.dev]
@readers = "seqpipe.ConllCorpus.v1"
path = "train.conll"
columns = {"word":0,"ner":1}

[training]
seed = 0
gpu_allocator = null
"""


def prepare(folder):
    (folder / "text.txt").write_text("The Mau is a breed of cat .\n", encoding="utf-8")
    (folder / "train.conll").write_text(CONLL, encoding="utf-8")
    (folder / "config.cfg").write_text(CONFIG, encoding="utf-8")
