"""Training tokens a second of PTB's small language model, ours beside the same in PyTorch.

Ours is trained twice: as `seqpipe train` does it, by `nlp.update`, which copies every Doc first;
and by the component's own `update`. All three run in turn, each in a process of its own.
"""

import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from fresh_process import at_threads
from options import installed, require_torch, whole_numbers
from rich.console import Console
from spacy.training import Example

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

NLP, PIPE, TORCH = "nlp.update", "rnn_lm.update", "torch"
WAYS = (NLP, PIPE, TORCH)
FEW = 20  # steps that do not count

Run = dict[str, float]


def training(text: Path, config: Path) -> Any:
    """RETURNS (TrainingLoop): That of the config, with an initialised pipeline."""
    from seqpipe.training.config_file import read_config_file
    from seqpipe.training.loop import TrainingLoop
    from seqpipe.training.run import initialized_pipeline

    overrides = {"nlp.tokenizer.unit": "whitespace", "training.max_epochs": 1}
    overrides |= {"paths.train": str(text), "paths.dev": str(text)}
    return TrainingLoop(initialized_pipeline(read_config_file(config, overrides)))


def tokens_of(batch: list[Example]) -> int:
    """RETURNS (int): How many tokens of a batch are predicted, ends of sentences among them."""
    from seqpipe.lm.sequences import sequences_of

    found = (sequences_of(eg.reference, ends=True, spaces=False, whole=True)[1] for eg in batch)
    return sum(len(sequence.words) for sequences in found for sequence in sequences)


def train_ours(text: Path, config: Path, way: str, steps: int) -> Run:
    """RETURNS (Dict[str, float]): As `torch_lm.train`."""
    loop = training(text, config)
    batches = [batch for _, batch in islice(loop.batches, FEW + steps)]
    pipe = loop.nlp.get_pipe("rnn_lm")
    losses: dict[str, float] = loop.counters.losses

    def by_pipe(batch: list[Example]) -> None:
        pipe.update(batch, drop=0.0, sgd=loop.optimizer, losses=losses)

    def by_nlp(batch: list[Example]) -> None:
        loop.update(batch, 0)

    step: Callable[[list[Example]], None] = by_pipe if way == PIPE else by_nlp
    for batch in batches[:FEW]:
        step(batch)
    before, began = losses["rnn_lm"], time.perf_counter()
    for batch in batches[FEW:]:
        step(batch)
    seconds = time.perf_counter() - began
    tokens = sum(map(tokens_of, batches[FEW:]))
    loss = float(losses["rnn_lm"] - before) / tokens
    return {"tokens": tokens, "seconds": seconds, "loss": loss}


def train_torch(text: Path, steps: int, threads: int) -> Run:
    """RETURNS (Dict[str, float]): As `torch_lm.train`, which needs torch."""
    from torch_lm import train

    return train(text, FEW, steps, threads)


def one_run(way: str, text: Path, config: Path, steps: int, threads: int) -> Run:
    """Train in a fresh process."""
    if way == TORCH:
        return at_threads(threads, train_torch, text, steps, threads)
    return at_threads(threads, train_ours, text, config, way, steps)


def row(way: str, threads: int, runs: dict[str, list[Run]]) -> dict[str, Any]:
    """One line of the results: medians, and the ratio of the medians."""
    ours, rival = ([run["tokens"] / run["seconds"] for run in runs[name]] for name in (way, TORCH))
    middle = statistics.median(ours), statistics.median(rival)
    return {
        "name": f"language model training, {way}",
        "shape": "2 x 200, 10,000 words, 20 streams x 20 steps",
        "threads": threads,
        "ours": round(middle[0]),
        "rival": round(middle[1]),
        "rival_name": f"torch {installed('torch')}",
        "unit": "tokens/s",
        "ratio": round(middle[0] / middle[1], 3),
        "ours_all": [round(value) for value in ours],
        "rival_all": [round(value) for value in rival],
        # That both learn alike: nats a token, over the steps that count.
        "ours_loss": round(runs[way][0]["loss"], 4),
        "rival_loss": round(runs[TORCH][0]["loss"], 4),
    }


def main(
    text: Annotated[Path, typer.Argument(help="PTB's training text, gzipped.")],
    config: Annotated[Path, typer.Option(help="Training config of the model.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    steps: Annotated[int, typer.Option(min=1, help="Steps of a run that count.")] = 400,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 5,
) -> None:
    """Time all three and write the results."""
    require_torch()
    if not text.is_file():
        raise InputError("no such file, expected PTB's training text", path=text)
    rows = []
    for count in whole_numbers(threads, "threads", 64):
        runs: dict[str, list[Run]] = {way: [] for way in WAYS}
        for turn in range(repeats):
            for way in WAYS[turn % 3 :] + WAYS[: turn % 3]:
                runs[way].append(one_run(way, text, config, steps, count))
                rate = runs[way][-1]["tokens"] / runs[way][-1]["seconds"]
                typer.echo(f"{way}, threads: {count}, {rate:,.0f} tokens/s")
        rows += [row(way, count, runs) for way in (NLP, PIPE)]
    write_metrics(output, {"rows": rows, "corpora": {"train": describe_corpus(text)}})
    shown = ("ours", "rival", "ratio")
    cells = [
        [one["name"], str(one["threads"]), *(f"{one[key]:,}" for key in shown)] for one in rows
    ]
    print_table(Console(), "tokens a second", ["", "threads", *shown], cells)


if __name__ == "__main__":
    run_script(main)
