"""Words a second, memory and worth of the vectors of skip-gram and CBOW, ours beside gensim's."""

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer
from fresh_process import measured, write_few_lines
from rich.console import Console

from seqpipe.cli.script import run_script
from seqpipe.embeddings import evaluate_analogies, evaluate_similarity, read_vectors
from seqpipe.files import InputError
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

WAYS = ("ours", "gensim")
OBJECTIVES = ("skip-gram", "cbow")

Run = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What both learn with: 5 negatives, subsampling at 0.001, and each its own learning rate."""

    objective: str
    width: int
    window: int
    epochs: int
    min_count: int
    threads: int
    seed: int


@dataclass(frozen=True)
class Judges:
    """The files that vectors are judged by."""

    analogies: Path
    similarity: Path

    def scores(self, vectors: Path) -> dict[str, float | None]:
        """RETURNS (Dict[str, float]): Right answers in percent, among the 30,000 most frequent
        words, and Spearman's correlation; None where nothing is covered."""
        embeddings = read_vectors(vectors)
        accuracy = evaluate_analogies(embeddings, self.analogies).total.accuracy
        spearman = evaluate_similarity(embeddings, self.similarity).spearman
        return {"analogies": None if accuracy is None else 100 * accuracy, "similarity": spearman}


def one_run(way: str, texts: list[Path], settings: Settings, judges: Judges, room: Path) -> Run:
    """Learn in a fresh process, and judge the vectors."""
    vectors = room / "vectors.bin"
    chosen = json.dumps(asdict(settings))
    found = measured(f"learn_{way}", *texts, vectors, chosen, threads=settings.threads)
    run = {"way": way, **asdict(settings), **found, **judges.scores(vectors)}
    work = found["words"] * settings.epochs
    run["rate"] = work / found["seconds"]
    run["rate_of_learning"] = work / found["seconds_of_learning"]
    return run


def compile_loops(some: Path, settings: Settings, room: Path) -> None:
    """Learn from a few lines, so that what is compiled at the first use is there."""
    for objective in OBJECTIVES:
        few = replace(settings, objective=objective, epochs=1, min_count=1)
        chosen = json.dumps(asdict(few))
        measured("learn_ours", some, some, room / "some.bin", chosen, threads=1)


def plan(
    base: Settings, seeds: list[int], threads: list[int], more_seeds: int
) -> Iterator[tuple[str, Settings]]:
    """YIELDS (Tuple[str, Settings]): What is learned in which way: both ways with the same settings
    one after the other, each first by turns; with several threads only the first `more_seeds`."""
    for (turn, seed), count, objective in product(enumerate(seeds), threads, OBJECTIVES):
        if count > 1 and turn >= more_seeds:
            continue
        for way in WAYS if turn % 2 else WAYS[::-1]:
            yield way, replace(base, objective=objective, threads=count, seed=seed)


def row(runs: list[Run], key: str, name: str, unit: str, middle: Callable, digits: int) -> dict:
    """One line of the results; the runs of both ways are paired in the order they were made."""
    ours, rival = ([run[key] for run in runs if run["way"] == way] for way in WAYS)
    pairs = [pair for pair in zip(ours, rival, strict=True) if None not in pair]
    ratios = [a / b for a, b in pairs if b]
    one = runs[0]
    result = {
        "name": f"{one['objective']} {name}",
        "shape": f"{one['words']:,} words, width {one['width']}, {one['epochs']} epochs",
        "threads": one["threads"],
        "ours": round(middle(a for a, _ in pairs), digits) if pairs else None,
        "rival": round(middle(b for _, b in pairs), digits) if pairs else None,
        "rival_name": f"gensim {version('gensim')}",
        "unit": unit,
        "ratio": round(middle(ratios), 3) if ratios else None,
    }
    return {**result, "ours_all": ours, "rival_all": rival}


def rows_of(runs: list[Run]) -> list[dict]:
    """All lines: speed and memory as medians of the seeds, the vectors' worth as their mean."""
    rows = []
    for objective in dict.fromkeys(run["objective"] for run in runs):
        for threads in dict.fromkeys(run["threads"] for run in runs):
            own = [r for r in runs if (r["objective"], r["threads"]) == (objective, threads)]
            middle, mean = partial(row, middle=statistics.median), statistics.fmean
            rows += [
                middle(own, "rate_of_learning", "learning", "words/s", digits=0),
                middle(own, "rate", "with reading the text", "words/s", digits=0),
                middle(own, "memory", "memory beyond what was there", "MB", digits=1),
                row(own, "analogies", "analogies", "%", mean, 2),
                row(own, "similarity", "word similarity", "Spearman", mean, 4),
            ]
    return rows


def numbers(text: str, name: str) -> list[int]:
    """RETURNS (List[int]): The numbers of an option such as "1,2". Raises InputError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"--{name} {text}: expected whole numbers from 1, with commas")
    return [int(part) for part in parts]


def main(
    text: Annotated[Path, typer.Argument(help="Text file, words parted by spaces.")],
    analogies: Annotated[Path, typer.Option(help="Questions in Google's form.")],
    similarity: Annotated[Path, typer.Option(help="Pairs of words with scores.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    seeds: Annotated[str, typer.Option(help="One run of each a seed, with commas.")] = "1,2,3",
    more_seeds: Annotated[
        int, typer.Option(min=1, help="How many of them with more than one thread.")
    ] = 3,
    width: Annotated[int, typer.Option(min=1)] = 100,
    window: Annotated[int, typer.Option(min=1)] = 5,
    epochs: Annotated[int, typer.Option(min=1)] = 5,
    min_count: Annotated[int, typer.Option(min=1)] = 5,
) -> None:
    """Learn with both in turn, each time in a fresh process, and write the results."""
    if find_spec("gensim") is None:
        raise InputError("gensim is not installed: pip install 'seqpipe[rivals]'")
    judges, runs = Judges(analogies, similarity), []
    base = Settings("", width, window, epochs, min_count, threads=1, seed=1)
    every = numbers(seeds, "seeds")
    with tempfile.TemporaryDirectory() as folder:
        texts = [text, write_few_lines(text, Path(folder))]
        compile_loops(texts[1], base, Path(folder))
        for way, settings in plan(base, every, numbers(threads, "threads"), more_seeds):
            runs.append(one_run(way, texts, settings, judges, Path(folder)))
            done = f"{way}, {settings.objective}, threads: {settings.threads}"
            typer.echo(f"{done}, {runs[-1]['rate']:,.0f} words/s")
    rows = rows_of(runs)
    corpora = [describe_corpus(path) for path in (text, analogies, similarity)]
    write_metrics(output, {"rows": rows, "runs": runs, "corpora": corpora})
    shown = ("ours", "rival", "ratio")
    table = [
        [one["name"], str(one["threads"]), one["unit"]]
        + ["-" if one[key] is None else f"{one[key]:,}" for key in shown]
        for one in rows
    ]
    print_table(Console(), "ours beside gensim", ["", "threads", "", *shown], table)


if __name__ == "__main__":
    run_script(main)
