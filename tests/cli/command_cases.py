"""Every command of ours that has `--json`, on the smallest case that it works on.

A command that is not here must say in `NO_TABLES` why it prints no table.
"""

import json
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import Config

from seqpipe.embeddings import write_vectors
from seqpipe.lm.learn import sentence_pieces
from tests.debiasing.debias_case import EQUAL, PAIRS, letters, planted
from tests.embeddings.featurised import table
from tests.run_log_case import evaluation, write_log
from tests.translation.translator_case import pair_examples, reversals, untrained

TINY = {"tok2vec": {"width": 8, "feature_width": 4, "characters": None}, "encoder": {"nO": 8}}
TEXT = "Ann saw Leeds"
# A command's words, then what is written to its standard input.
CASES = {
    "init": "",
    "run": "project",
    "assets": "project",
    "lock": "project",
    "graph": "project",
    "train": "a.cfg -o out --dry-run",
    "curves": "runs",
    "diagnose gradients": "a.cfg --steps 1",
    "evaluate": "ner data.spacy",
    "plugins": "",
    "tagging entities": "ner Ann",
    "tagging nbest": "ner Ann -n 2",
    "classification explain": "classes Ann",
    "embeddings similar": "apple -v vectors.txt",
    "embeddings analogy": "man woman king -v vectors.txt",
    "embeddings evaluate": "vectors.txt --analogies questions.txt",
    "lm score": "lm text.txt",
    "lm perplexity": "lm text.txt",
    "lm compare": "lm Ann Leeds",
    "lm surprisal": "lm Ann",
    "lm generate": "lm --seed 1 --length 3",
    "translation translate": "translator text.txt",
    "translation score": "translator text.txt text.txt",
    "translation analyze": "translator text.txt text.txt --widths 1",
    "translation attention": "translator a",
    "translation beam": "translator a --width 2",
    "translation lengths": "text.txt text.txt --model translator",
    "debiasing apply": "biased.txt fair.txt --lists lists.json",
    "debiasing audit": "biased.txt --lists lists.json",
    "debiasing direction": "biased.txt --lists lists.json",
    "debiasing lists": "lists.json",
    "bleu": "text.txt text.txt",
}
# These print a JSON object a line, since they say what they know while they work.
LINES = {"run", "lm score", "translation translate", "translation score"}
NO_TABLES = {
    "apply": "always JSON, an object a line",
    "document": "Markdown, for a file",
    "labels": "files, and a block of a config that names them",
    "new plugin": "files of a package",
    "report": "a page",
    "tagging calibrate": "a pipeline",
    "embeddings train": "a pipeline",
    "embeddings convert": "vectors",
    "embeddings plot": "a picture",
    "lm interpolate": "a pipeline",
}
PROJECT = "commands: [{name: all, help: h, script: ['echo said'], outputs: [], deps: []}]\n"


def make_inputs(folder: Path) -> None:
    """Write what the cases read.

    folder (Path): Where the commands are run.
    """
    (folder / "project").mkdir()
    (folder / "project" / "project.yml").write_text(PROJECT)
    (folder / "text.txt").write_text("a b\nc\n")
    (folder / "questions.txt").write_text(": family\nman woman king queen\n")
    write_log(folder / "runs" / "one" / "run.jsonl", [evaluation(0, 0.25), evaluation(9, 0.5)])
    write_vectors(table(), folder / "vectors.txt")
    _write_bias(folder)
    _write_training(folder)
    _save_models(folder)


def _write_bias(folder: Path) -> None:
    words = letters(40)
    lists = {
        "name": "planted",
        "pairs": PAIRS,
        "equalise": EQUAL,
        "definitional": ["beard"],
        "seed": ["she", "he"],
        "attributes": {"female": [a for a, _ in PAIRS], "male": [b for _, b in PAIRS]},
        "targets": {"occupations": words[:30]},
        "weat": [],
    }
    (folder / "lists.json").write_text(json.dumps(lists))
    write_vectors(planted(40, 8).to_embeddings(), folder / "biased.txt")


def _write_training(folder: Path) -> None:
    words, tags = TEXT.split() * 3, ["N", "V", "N"] * 3
    doc = Doc(spacy.blank("xx").vocab, words=words, tags=tags)
    doc.set_ents([Span(doc, 0, 1, "PER")])
    DocBin(docs=[doc] * 2).to_disk(folder / "data.spacy")
    config = {
        "paths": {"train": "data.spacy", "dev": "data.spacy"},
        "nlp": {"lang": "xx", "pipeline": ["tagger"]},
        "components": {"tagger": {"factory": "rnn_tagger", "model": TINY}},
        "training": {"seed": 1, "gpu_allocator": None, "max_steps": 1},
    }
    Config(config).to_disk(folder / "a.cfg")


def _save_models(folder: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_ner", config={"model": TINY})
    gold = {"entities": [(0, 3, "PER")]}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(TEXT), gold)])
    nlp.to_disk(folder / "ner")
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_textcat", config={"model": TINY})
    both = [{"cats": {"good": 1.0}}, {"cats": {"bad": 1.0}}]
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(TEXT), cats) for cats in both])
    nlp.to_disk(folder / "classes")
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces([TEXT.split()] * 3))
    nlp.to_disk(folder / "lm")
    nlp = untrained("xx")
    nlp.initialize(lambda: pair_examples(nlp, reversals(20)))
    nlp.to_disk(folder / "translator")
