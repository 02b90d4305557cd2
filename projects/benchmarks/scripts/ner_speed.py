"""Words a second of `rnn_ner` beside spaCy's own `ner`, training and tagging, in one process."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import spacy
import typer
from conll_ner import conll_examples, ner_settings, pipeline
from fresh_process import at_threads
from options import whole_numbers
from rich.console import Console
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import Adam

from seqpipe.cli.script import run_script
from seqpipe.layers.threads import thread_count
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table


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
    """Words a second of each run, after one that does not count; in turn, each first by turns."""
    measured: list[list[float]] = [[] for _ in runs]
    pairs = list(zip(runs, measured, strict=True))
    for i in range(repeats + 1):
        for run, kept in pairs if i % 2 else pairs[::-1]:
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


def measure(corpus: Path, config: Path, sentences: int, repeats: int) -> list[dict]:
    """The rows at the number of threads that this process was started with."""
    examples = conll_examples(corpus)
    settings, _ = ner_settings(config)
    ours, rival = pipeline(examples, settings), pipeline(examples, {"factory": "ner"})
    some = examples[:sentences]
    words = sum(len(eg.reference) for eg in some)
    pair = rates([training(nlp, some, 32) for nlp in (ours, rival)], words, repeats)
    rows = [row("ner training", "batches of 32 sentences", *pair)]
    many = examples[: 5 * sentences]
    words = sum(len(eg.reference) for eg in many)
    pair = rates([tagging(nlp, many) for nlp in (ours, rival)], words, repeats)
    return [*rows, row("ner tagging", "nlp.pipe on ready docs", *pair)]


def main(
    corpus: Annotated[Path, typer.Argument(help="Training file of CoNLL-2003.")],
    config: Annotated[Path, typer.Option(help="Config whose [components.ner] is ours.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    sentences: Annotated[int, typer.Option(min=1, help="To train on; to tag, five times.")] = 3000,
    repeats: Annotated[int, typer.Option(min=1, help="Passes that count.")] = 5,
) -> None:
    """Time both components on the same sentences of a CoNLL-2003 file."""
    rows = []
    for count in whole_numbers(threads, "threads", 64):
        rows += at_threads(count, measure, corpus, config, sentences, repeats)
    write_metrics(output, {"rows": rows, "corpora": {"train": describe_corpus(corpus)}})
    cells = [
        [one["name"], str(one["threads"]), *(f"{one[key]:,}" for key in ("ours", "rival", "ratio"))]
        for one in rows
    ]
    heads = ["", "threads", "rnn_ner", "spaCy ner", "ratio"]
    print_table(Console(), "words a second", heads, cells)


if __name__ == "__main__":
    run_script(main)
