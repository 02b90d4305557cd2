"""What docs/tagging.md names: a column file, label files, vectors."""

import json

import numpy
import spacy

COLUMNS = "Mina B-PER\nslept O\n\nMina B-PER\nleft O\nOslo B-LOC\n"


def prepare(folder):
    (folder / "train.conll").write_text(COLUMNS, encoding="utf-8")
    (folder / "labels").mkdir()
    (folder / "labels" / "ner.json").write_text(json.dumps(["LOC", "PER"]), encoding="utf-8")
    (folder / "models").mkdir()
    words = spacy.blank("en")
    words.vocab.set_vector("Oslo", numpy.ones(4, dtype="float32"))
    words.to_disk(folder / "models" / "vectors")
