"""Coding regions: nucleotide F1 of trained taggers on the test part of each split, beside a k-mer
logistic regression whose k, window and penalty were chosen on that split's development part."""

# No future import of annotations: Typer reads these.
import time
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from kmer_regression import Stretch, fit_bases, predict_strands, strands_of
from rich.console import Console
from seqpipe_dna.bed import read_bed
from seqpipe_dna.coding import base_states
from seqpipe_dna.records import Record, read_records
from seqpipe_dna.regions import tag_record
from seqpipe_dna.scorer import compare_strands, strand_numbers
from spacy.language import Language

from seqpipe.cli.script import run_script
from seqpipe.files import InputError
from seqpipe.pipelines import load_pipeline
from seqpipe.reporting.metrics import describe_corpus, summarise_runs, write_metrics
from seqpipe.reporting.tables import print_table

KMERS = (2, 3, 4)
HALVES = (120, 240, 360)
STRENGTHS = (0.01, 0.1, 1.0)
MARGIN = 100


def read_parts(record: Record, folder: Path) -> dict[str, list[Stretch]]:
    """RETURNS (Dict[str, List[Stretch]]): The stretches of each part of a split."""
    states = base_states(len(record.sequence), record.genes)
    lengths = {record.name: len(record.sequence)}
    return {
        part: [
            Stretch(record.sequence[start:end], states[start:end])
            for _, start, end in read_bed(folder / f"{part}.bed", lengths)
        ]
        for part in ("train", "dev", "test")
    }


def gold_strands(stretches: list[Stretch]) -> np.ndarray:
    """RETURNS (ndarray): The strand of each base of some stretches, end to end."""
    return np.concatenate([strands_of(one.states) for one in stretches])


def tagged(nlp: Language, stretches: list[Stretch], window: int) -> dict[str, Any]:
    """RETURNS (Dict): The scores of a pipeline, and its speed."""
    began = time.perf_counter()
    labels = [
        label
        for one in stretches
        for label in tag_record(nlp, one.sequence, window=window, margin=MARGIN)
    ]
    seconds = time.perf_counter() - began
    scores = asdict(compare_strands(gold_strands(stretches), strand_numbers(labels)))
    return {**scores, "bases_per_second": len(labels) / seconds}


def regression(parts: dict[str, list[Stretch]], rows: int) -> dict[str, Any]:
    """Choose on the development part, fit again on more bases, score on the test part."""
    began, tried = time.perf_counter(), []
    gold = gold_strands(parts["dev"])
    for k, half, strength in product(KMERS[:2], HALVES, STRENGTHS):
        tried.append(_tried(parts, gold, k, half, strength, rows // 4))
    near = max(tried, key=lambda one: one["dev_f"])
    # The longest k-mers take most of the time: only in the best window.
    tried += [
        _tried(parts, gold, KMERS[-1], near["half"], strength, rows // 4) for strength in STRENGTHS
    ]
    best = max(tried, key=lambda one: one["dev_f"])
    model = fit_bases(parts["train"], best["k"], best["half"], best["C"], rows=rows, seed=0)
    found = [predict_strands(model, one, best["k"], best["half"]) for one in parts["test"]]
    scores = asdict(compare_strands(gold_strands(parts["test"]), np.concatenate(found)))
    return {**scores, **best, "tried": len(tried), "seconds": time.perf_counter() - began}


def _tried(
    parts: dict[str, list[Stretch]], gold: np.ndarray, k: int, half: int, strength: float, rows: int
) -> dict[str, Any]:
    model = fit_bases(parts["train"], k, half, strength, rows=rows, seed=0)
    found = np.concatenate([predict_strands(model, one, k, half) for one in parts["dev"]])
    return {"k": k, "half": half, "C": strength, "dev_f": compare_strands(gold, found).f or 0.0}


def all_coding(stretches: list[Stretch]) -> float | None:
    """RETURNS (Optional[float]): The F1 of calling every base coding."""
    gold = gold_strands(stretches)
    return compare_strands(gold, np.ones_like(gold)).f


def main(
    genome: Annotated[Path, typer.Argument(help="GenBank file of one record.")],
    splits: Annotated[Path, typer.Argument(help="Folder with a folder of BED files a split.")],
    models: Annotated[Path, typer.Argument(help="Folder with a folder of models a split.")],
    output: Annotated[Path, typer.Option(help="Metrics file (JSON).")],
    window: Annotated[int, typer.Option(help="Bases that a tagger reads at a time.")] = 600,
    rows: Annotated[int, typer.Option(help="Bases that the regression is fitted on.")] = 40_000,
) -> None:
    """Write and print the scores."""
    record = next(read_records(genome))
    results = []
    for folder in sorted(path for path in splits.iterdir() if path.is_dir()):
        parts = read_parts(record, folder)
        runs = [
            {
                "seed": int(path.name.removeprefix("seed=")),
                **tagged(load_pipeline(path / "model-best"), parts["test"], window),
            }
            for path in sorted((models / folder.name).glob("seed=*"))
        ]
        if not runs:
            raise InputError(
                "no model in it, expected seed=0 and others", path=models / folder.name
            )
        results.append(
            {
                "split": folder.name,
                "bases": sum(len(one.sequence) for one in parts["test"]),
                "recurrent": runs,
                "regression": regression(parts, rows),
                "all_coding_f": all_coding(parts["test"]),
            }
        )
    write(output, genome, results)


def write(output: Path, genome: Path, results: list[dict[str, Any]]) -> None:
    """Write the metrics, and print a table."""
    by_split = [summarise_runs(one["recurrent"]) for one in results]
    rows, means = [], []
    for one, ours in zip(results, by_split, strict=True):
        own = ours["f"]["mean"] if isinstance(ours["f"], dict) else ours["f"]
        strand = (
            ours["strand_f"]["mean"] if isinstance(ours["strand_f"], dict) else ours["strand_f"]
        )
        theirs = one["regression"]
        means.append(
            {
                "recurrent_f": own,
                "regression_f": theirs["f"],
                "difference_f": own - theirs["f"],
                "recurrent_strand_f": strand,
                "regression_strand_f": theirs["strand_f"],
                "all_coding_f": one["all_coding_f"],
            }
        )
        rows.append([one["split"], *(f"{100 * value:.1f}" for value in means[-1].values())])
    corpus = describe_corpus(genome)
    metrics = {"scores": summarise_runs(means), "splits": results, "corpus": corpus}
    write_metrics(output, metrics)
    heads = ["split", *(name.replace("_", " ") for name in means[0])]
    print_table(Console(highlight=False), "nucleotide F1 of coding bases, test, %", heads, rows)


if __name__ == "__main__":
    run_script(main)
