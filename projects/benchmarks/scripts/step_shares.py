"""The share of each piece in one step of training, of `rnn_ner` and of a word language model."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Annotated, Any

import typer
from clock import REST, Clock
from fresh_process import at_threads
from options import whole_numbers
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

SENTENCES, MOST = 32, 0.15
WIDTHS, WIDEST = "200,650", 4096
LOOKUP, ROWS, CRF = "embedding lookup", "row gradient", "CRF with its loss"
SOFTMAX, ROW_ADAM, NORM = "softmax with its loss", "Adam over rows", "gradient norm"
# None of these may take more than MOST of a step, but for the softmax of the language model.
BOUNDED = {LOOKUP, ROWS, CRF, ROW_ADAM}
LAYERS = {
    "embedding": LOOKUP,
    "recurrent": "recurrent",
    "linear": "output layer",
    "crf": CRF,
    "character_cnn": "characters",
    "word_features": "featurising",
    "list2packed": "packing",
    "packed_dropout": "dropout",
}


def measure(corpus: Path, config: Path, widths: list[int], seconds: float) -> list[dict[str, Any]]:
    """All rows, at the number of threads that this process was started with."""
    found = measure_ner(corpus, config, seconds)
    for width in widths:
        found += measure_lm(width, seconds)
    return found


def parts_of_layers() -> list[tuple[Any, str, str]]:
    """Functions that both models call, with their pieces."""
    from thinc.api import Model

    from seqpipe.layers.embed import RowGradient

    return [(RowGradient, "collect", ROWS), (Model, "finish_update", "dense Adam")]


def measure_ner(corpus: Path, config: Path, seconds: float) -> list[dict[str, Any]]:
    """The rows of `rnn_ner`, on batches of CoNLL-2003's training sentences."""
    from conll_ner import conll_examples, ner_settings, pipeline
    from spacy.util import registry

    import seqpipe.pipe
    import seqpipe.tagging.token_pipe

    settings, optimizer_settings = ner_settings(config)
    examples = conll_examples(corpus)
    nlp = pipeline(examples, settings)
    pipe = nlp.get_pipe("ner")
    optimizer = registry.resolve({"optimizer": optimizer_settings})["optimizer"]
    batches = chain.from_iterable(
        (examples[i : i + SENTENCES] for i in range(0, len(examples) - SENTENCES + 1, SENTENCES))
        for _ in repeat(None)
    )
    parts = [
        *parts_of_layers(),
        (seqpipe.pipe, "gradient_norm", NORM),
        (seqpipe.pipe, "scale_gradients", NORM),
        (seqpipe.pipe, "update_rows", ROW_ADAM),
        (type(pipe), "get_loss", CRF),
        (type(pipe), "gold_tags", "gold tags"),
    ]

    def steps() -> Iterator[Callable[[], Any]]:
        for batch in batches:
            yield lambda batch=batch: nlp.update(batch, drop=0.5, sgd=optimizer)

    found = shares(pipe.model, parts, steps(), seconds)
    return rows("rnn_ner", f"{SENTENCES} sentences of CoNLL-2003", found, BOUNDED)


def measure_lm(width: int, seconds: float) -> list[dict[str, Any]]:
    """The rows of the word language model."""
    from word_lm import SEQUENCES, STEPS, WORDS, WordLMTraining

    from seqpipe.layers import cross_entropy, embed, model_gradients

    training = WordLMTraining(width)
    parts = [
        *parts_of_layers(),
        (model_gradients, "gradient_norm", NORM),
        (model_gradients, "scale_gradients", NORM),
        (embed, "update_rows", ROW_ADAM),
        (cross_entropy, "cross_entropy", SOFTMAX),
    ]

    def steps() -> Iterator[Callable[[], Any]]:
        words = training.draw()
        while True:
            targets = training.draw()
            yield lambda words=words, targets=targets: training.step(words, targets)
            words = targets

    shape = f"{SEQUENCES}x{STEPS} words of {WORDS:,}, 2 levels of {width}"
    found = shares(training.model, parts, steps(), seconds)
    return rows("word language model", shape, found, BOUNDED)


def shares(
    model: Any,
    parts: list[tuple[Any, str, str]],
    steps: Iterator[Callable[[], Any]],
    seconds: float,
) -> dict[str, float]:
    """Take steps for some time. RETURNS (Dict[str, float]): Median seconds of each piece."""
    for step in islice(steps, 2):
        step()  # the first ones compile, and make the optimizer's moments
    clock = Clock()
    clock.watch_layers(model, LAYERS)
    found: dict[str, list[float]] = defaultdict(list)
    until, taken = time.perf_counter() + seconds, 0
    with clock.watching(parts):
        while taken < 3 or time.perf_counter() < until:
            clock.seconds.clear()
            clock.step(next(steps))
            taken += 1
            for piece, spent in clock.seconds.items():
                found[piece].append(spent)
    return {
        # A piece that some steps do without, such as the scaling of gradients, is still one.
        piece: statistics.median([*spent, *[0.0] * (taken - len(spent))])
        for piece, spent in found.items()
    }


def rows(
    name: str, shape: str, seconds: dict[str, float], bounded: set[str]
) -> list[dict[str, Any]]:
    """One line of the results for each piece, the greatest first and the rest last."""
    total = sum(seconds.values())
    order = sorted(seconds, key=lambda piece: (piece == REST, -seconds[piece]))
    lines = []
    for piece in order:
        share = seconds[piece] / total
        line = {
            "name": name,
            "shape": shape,
            "threads": 1,
            "piece": piece,
            "ours": round(1000 * seconds[piece], 4),
            "unit": "ms",
            "share": round(share, 4),
        }
        if piece in bounded:
            line |= {"most": MOST, "verdict": "pass" if share <= MOST else "short"}
        lines.append(line)
    return lines


def main(
    corpus: Annotated[Path, typer.Argument(help="Training file of CoNLL-2003.")],
    config: Annotated[Path, typer.Option(help="Config whose [components.ner] is ours.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    seconds: Annotated[float, typer.Option(min=0.0, help="For each model, at least.")] = 20.0,
    widths: Annotated[str, typer.Option(help="Of the language models, with commas.")] = WIDTHS,
) -> None:
    """Measure the shares and write the results."""
    numbers = whole_numbers(widths, "widths", WIDEST)
    lines = at_threads(1, measure, corpus, config, numbers, seconds)
    write_metrics(output, {"rows": lines, "corpora": {"train": describe_corpus(corpus)}})
    console = Console()
    for title in dict.fromkeys((line["name"], line["shape"]) for line in lines):
        cells = [
            [line["piece"], f"{line['ours']:.2f}", f"{line['share']:.1%}", line.get("verdict", "")]
            for line in lines
            if (line["name"], line["shape"]) == title
        ]
        print_table(console, ", ".join(title), ["piece", "ms", "share", ""], cells)


if __name__ == "__main__":
    run_script(main)
