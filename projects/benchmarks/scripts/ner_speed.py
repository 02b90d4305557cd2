"""Words a second of `rnn_ner` beside spaCy's own `ner`, training and tagging, in one run."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch, registry
from thinc.api import Adam, Config

from seqpipe.layers.threads import thread_count
from seqpipe.reporting.metrics import write_metrics


def pipeline(factory: str, examples: list[Example], config: dict) -> Language:
    """An English pipeline of one component, initialised on the examples."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, name="ner", config=config)
    nlp.initialize(lambda: examples)
    return nlp


def training(nlp: Language, examples: list[Example], size: int) -> Callable[[], float]:
    """Seconds of one pass over the examples, in batches of `size` sentences."""
    optimizer = Adam(0.001, use_averages=False)

    def run() -> float:
        start = time.perf_counter()
        for batch in minibatch(examples, size):
            nlp.update(batch, drop=0.1, sgd=optimizer)
        return time.perf_counter() - start

    return run


def tagging(nlp: Language, examples: list[Example]) -> Callable[[], float]:
    """Seconds of one pass of `nlp.pipe` over docs that were made before it."""

    def run() -> float:
        docs = [Doc(nlp.vocab, words=[t.text for t in eg.reference]) for eg in examples]
        start = time.perf_counter()
        for _ in nlp.pipe(docs):
            pass
        return time.perf_counter() - start

    return run


def rates(runs: list[Callable[[], float]], words: int, repeats: int) -> list[list[float]]:
    """Words a second of each run, the runs in turn, after one that does not count."""
    measured: list[list[float]] = [[] for _ in runs]
    for i in range(repeats + 1):
        for run, kept in zip(runs, measured, strict=True):
            seconds = run()
            if i:
                kept.append(words / seconds)
    return measured


def row(name: str, shape: str, ours: list[float], rival: list[float]) -> dict:
    """One line of the results: medians, and the median of the ratios run by run."""
    return {
        "name": name,
        "shape": shape,
        "threads": thread_count(),
        "ours": round(statistics.median(ours)),
        "rival": round(statistics.median(rival)),
        "rival_name": f"spacy ner {spacy.__version__}",
        "unit": "words/s",
        "ratio": round(statistics.median(a / b for a, b in zip(ours, rival, strict=True)), 2),
        "ours_all": [round(value) for value in ours],
        "rival_all": [round(value) for value in rival],
    }


def main(
    corpus: Path,
    config: Annotated[Path, typer.Option(help="Config whose [components.ner] is ours.")],
    output: Annotated[Path, typer.Option(help="JSON file for the results.")],
    sentences: int = 3000,
    repeats: int = 5,
) -> None:
    """Time both components on the same sentences of a CoNLL-2003 file."""
    settings = Config().from_disk(config)
    ours_config = dict(settings["components"]["ner"])
    factory = ours_config.pop("factory")
    reader = registry.readers.get("seqpipe.ConllCorpus.v1")
    read = reader(corpus, columns={"word": 0, "ner": 3}, scheme="IOB1")
    examples = list(read(spacy.blank("en")))
    ours = pipeline(factory, examples, ours_config)
    rival = pipeline("ner", examples, {})
    trained = examples[:sentences]
    words = sum(len(eg.reference) for eg in trained)
    rows = []
    pair = rates([training(nlp, trained, 32) for nlp in (ours, rival)], words, repeats)
    rows.append(row("ner training", "batches of 32 sentences", *pair))
    words = sum(len(eg.reference) for eg in examples)
    pair = rates([tagging(nlp, examples) for nlp in (ours, rival)], words, repeats)
    rows.append(row("ner tagging", "nlp.pipe on ready docs", *pair))
    write_metrics(output, {"rows": rows})
    for line in rows:
        print(
            f"{line['name']:<14} ours {line['ours']:>7,}  {line['rival_name']} "
            f"{line['rival']:>7,} {line['unit']}  ratio {line['ratio']}"
        )


if __name__ == "__main__":
    typer.run(main)
