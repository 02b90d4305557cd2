"""Words a second of a text classifier beside spaCy's `textcat`, training and prediction: each in a
fresh process, in turn, on the same docs."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from rich.console import Console
from spacy.tokens import DocBin
from spacy.util import registry

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.reporting.metrics import describe_corpus, write_metrics
from seqpipe.reporting.tables import print_table

WAYS = ("ours", "rival")
# What libraries of linear algebra and OpenMP read when they are loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

Run = dict[str, Any]


def write_docs(path: Path, corpus: Path, *, texts: int, max_tokens: int) -> list[int]:
    """Write the docs that both ways get: tokens and classes, long texts cut. They come from
    all over the corpus, which may be sorted by class.

    RETURNS (List[int]): The tokens of each.
    """
    read = registry.readers.get("seqpipe.LabelledTexts.v1")(corpus)
    found = list(read(spacy.blank("en")))
    docs, lengths = DocBin(attrs=[]), []
    for eg in found[:: max(1, len(found) // texts)][:texts]:
        doc = eg.reference[:max_tokens].as_doc()
        doc.cats = eg.reference.cats
        docs.add(doc)
        lengths.append(len(doc))
    if len(lengths) < texts:
        raise InputError(f"--texts {texts}: the corpus has {len(lengths)}")
    docs.to_disk(path)
    return lengths


def one_run(way: str, threads: int, words: list[str]) -> Run:
    """RETURNS (Dict): What `speed_once.py` measured in a process of its own. Raises InputError."""
    script = Path(__file__).with_name("speed_once.py")
    done = subprocess.run(
        [sys.executable, str(script), way, *words],
        env=os.environ | dict.fromkeys(VARIABLES, str(threads)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise InputError(f"{script.name} ended with {done.returncode}: {done.stderr[-800:]}")
    return {"way": way, "threads": threads, **json.loads(done.stdout.splitlines()[-1])}


def row(runs: list[Run], key: str, shape: str) -> dict[str, Any]:
    """One line of the results: medians, and the median of the ratios run by run."""
    ours, rival = ([run[key] for run in runs if run["way"] == way] for way in WAYS)
    return {
        "name": key,
        "shape": shape,
        "threads": runs[0]["threads"],
        "ours": round(statistics.median(ours)),
        "rival": round(statistics.median(rival)),
        "rival_name": f"spacy textcat {spacy.__version__}",
        "unit": "words/s",
        "ratio": round(statistics.median(a / b for a, b in zip(ours, rival, strict=True)), 2),
        "ours_all": [round(value) for value in ours],
        "rival_all": [round(value) for value in rival],
    }


def counts(text: str) -> list[int]:
    """RETURNS (List[int]): The numbers of an option such as "1,2". Raises InputError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"--threads {text}: expected whole numbers from 1, with commas")
    return [int(part) for part in parts]


def main(
    config: Annotated[Path, typer.Argument(help="Config of ours.")],
    corpus: Annotated[Path, typer.Argument(help="Texts with classes, JSONL.")],
    output: Annotated[Path, typer.Option(help="JSON file of the results.")],
    vectors: Annotated[Path, typer.Option(help="Pipeline with the vectors that ours uses.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    texts: Annotated[int, typer.Option(min=1, help="To train on, and to predict.")] = 2000,
    max_tokens: Annotated[int, typer.Option(min=1, help="Of each text, for both.")] = 400,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts of a batch, for both.")] = 32,
    repeats: Annotated[int, typer.Option(min=1, help="Processes of each way.")] = 3,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="After --: values of the config, as for seqpipe train."),
    ] = None,
) -> None:
    """Time both in turn, each first by turns, and write the results."""
    rows, all_runs = [], []
    with tempfile.TemporaryDirectory() as folder:
        docs = Path(folder) / "docs.spacy"
        lengths = write_docs(docs, corpus, texts=texts, max_tokens=max_tokens)
        words = [str(config), str(docs), str(vectors), str(batch_size), "--", *(values or [])]
        shape = f"{texts:,} texts of {sum(lengths):,} words, batches of {batch_size}"
        for count in counts(threads):
            order = [way for turn in range(repeats) for way in WAYS[:: 1 if turn % 2 else -1]]
            runs = [one_run(way, count, words) for way in order]
            rows += [row(runs, key, shape) for key in ("training", "prediction")]
            all_runs += runs
    write_metrics(
        output,
        {
            "rows": rows,
            "runs": all_runs,
            "max_tokens": max_tokens,
            "corpus": describe_corpus(corpus),
        },
    )
    shown = ("ours", "rival", "ratio")
    cells = [[r["name"], str(r["threads"]), *(f"{r[key]:,}" for key in shown)] for r in rows]
    heads = ["", "threads", "ours", "spaCy textcat", "ratio"]
    print_table(Console(), f"words a second: {shape}", heads, cells)


if __name__ == "__main__":
    run_script(main)
