"""Trains and runs one text classifier in this process, and prints its words a second as JSON."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import load_vectors_into_model
from spacy.util import fix_random_seed, minibatch
from thinc.api import Adam

from seqpipe.cli.script import run_script
from seqpipe.training.config_check import filled_config
from seqpipe.training.config_file import parse_overrides, read_config_file

RIVAL = {"factory": "textcat"}
FEW = 2  # batches that do not count: compiled code is loaded at the first ones


def copies(docs: list[Doc], nlp: Language) -> list[Doc]:
    """RETURNS (List[Doc]): The same words, with nothing that a pipeline sets."""
    return [Doc(nlp.vocab, words=[token.text for token in doc]) for doc in docs]


def pipeline(settings: dict[str, Any], docs: list[Doc], vectors: Path | None) -> Language:
    """A pipeline of one component, initialised on the docs."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    if vectors is not None:
        load_vectors_into_model(nlp, str(vectors))
    options = {name: value for name, value in settings.items() if name != "factory"}
    nlp.add_pipe(settings["factory"], name="textcat", config=options)
    nlp.initialize(lambda: examples(docs, nlp))
    return nlp


def examples(docs: list[Doc], nlp: Language) -> list[Example]:
    """RETURNS (List[Example]): The docs as gold."""
    gold = copies(docs, nlp)
    for doc, source in zip(gold, docs, strict=True):
        doc.cats = source.cats
    return [Example(doc, ref) for doc, ref in zip(copies(docs, nlp), gold, strict=True)]


def seconds_of_training(nlp: Language, docs: list[Doc], size: int) -> float:
    """RETURNS (float): Seconds of one pass over the docs in batches, all of them made before."""
    optimizer, batches = Adam(0.001, use_averages=False), minibatch(examples(docs, nlp), size)
    ready = list(batches)
    start = time.perf_counter()
    for batch in ready:
        nlp.update(batch, drop=0.2, sgd=optimizer)
    return time.perf_counter() - start


def seconds_of_prediction(nlp: Language, docs: list[Doc], size: int) -> float:
    """RETURNS (float): Seconds of one pass of `nlp.pipe` over docs that were made before."""
    ready = copies(docs, nlp)
    start = time.perf_counter()
    for _ in nlp.pipe(ready, batch_size=size):
        pass
    return time.perf_counter() - start


def main(
    way: Annotated[str, typer.Argument(help='"ours", or "rival" for spaCy\'s textcat.')],
    config: Annotated[Path, typer.Argument(help="Config of ours.")],
    data: Annotated[Path, typer.Argument(help=".spacy file of the docs.")],
    vectors: Annotated[Path, typer.Argument(help="Pipeline with the vectors that ours uses.")],
    batch_size: Annotated[int, typer.Argument(help="Texts of a batch.")],
    values: Annotated[list[str] | None, typer.Argument(help="After --: of the config.")] = None,
) -> None:
    """Measure training and prediction."""
    docs = list(DocBin().from_disk(data).get_docs(spacy.blank("en").vocab))
    words = sum(map(len, docs))
    if way == "ours":
        file = read_config_file(config, parse_overrides(values or ())[1])
        nlp = pipeline(filled_config(file)["components"]["textcat"], docs, vectors)
    else:
        nlp = pipeline(RIVAL, docs, None)
    found = {}
    measures = {"training": seconds_of_training, "prediction": seconds_of_prediction}
    for name, seconds in measures.items():
        seconds(nlp, docs[: FEW * batch_size], batch_size)
        found[name] = words / seconds(nlp, docs, batch_size)
    print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
