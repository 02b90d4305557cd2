"""Promoters: the AUC of trained classifiers on test sequences, beside a k-mer logistic regression
whose lengths of k-mers and penalty were chosen on the development sequences."""

# No future import of annotations: Typer reads these.
import time
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from kmer_regression import fit, sequence_features
from rich.console import Console
from seqpipe_dna.records import read_records
from sklearn.metrics import roc_auc_score

from seqpipe.cli.script import run_script
from seqpipe.pipelines import load_pipeline
from seqpipe.reporting.metrics import describe_corpus, summarise_runs, write_metrics
from seqpipe.reporting.tables import print_table

LENGTHS = (2, 3, 4, 5, 6)
STRENGTHS = (0.0001, 0.001, 0.01, 0.1)
DRAWS = 1000  # of test sequences, for the interval


def read_part(folder: Path) -> tuple[list[str], np.ndarray]:
    """RETURNS: The sequences of a part, and which of them are promoters."""
    found = [
        (record.sequence, label == "promoter")
        for label in ("promoter", "other")
        for record in read_records(folder / f"{label}.fa")
    ]
    return [sequence for sequence, _ in found], np.array([label for _, label in found])


def regression(corpus: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Choose a regression on the development part. RETURNS: What it is, its scores of the test."""
    (train, gold), (dev, dev_gold) = read_part(corpus / "train"), read_part(corpus / "dev")
    began, tried = time.perf_counter(), []
    for k, strength in product(LENGTHS, STRENGTHS):
        lengths = range(1, k + 1)
        model = fit(sequence_features(train, lengths), gold, strength)
        score = roc_auc_score(dev_gold, model.predict_proba(sequence_features(dev, lengths))[:, 1])
        tried.append({"k": k, "C": strength, "dev_auc": score, "model": model})
    best = max(tried, key=lambda one: one["dev_auc"])
    seconds = time.perf_counter() - began
    test, _ = read_part(corpus / "test")
    model = best.pop("model")
    found = model.predict_proba(sequence_features(test, range(1, best["k"] + 1)))[:, 1]
    return {**best, "tried": len(tried), "seconds": seconds}, found


def recurrent(model: Path, sequences: list[str]) -> tuple[float, np.ndarray]:
    """RETURNS: Seconds, and the probability that each sequence is a promoter."""
    nlp = load_pipeline(model)
    began = time.perf_counter()
    found = np.array([doc.cats["promoter"] for doc in nlp.pipe(sequences)])
    return time.perf_counter() - began, found


def interval(gold: np.ndarray, ours: list[np.ndarray], rival: np.ndarray) -> dict[str, float]:
    """How much greater our mean AUC is; the test sequences are drawn again and again."""
    draw, differences = np.random.default_rng(0), []
    for _ in range(DRAWS):
        rows = draw.integers(len(gold), size=len(gold))
        mean = np.mean([roc_auc_score(gold[rows], one[rows]) for one in ours])
        differences.append(mean - roc_auc_score(gold[rows], rival[rows]))
    low, high = np.percentile(differences, [2.5, 97.5])
    mean = np.mean([roc_auc_score(gold, one) for one in ours])
    return {"difference": mean - roc_auc_score(gold, rival), "low": low, "high": high}


def main(
    corpus: Annotated[Path, typer.Argument(help="Folder with train/, dev/ and test/.")],
    models: Annotated[Path, typer.Argument(help="Folder with a trained model for each seed.")],
    output: Annotated[Path, typer.Option(help="Metrics file (JSON).")],
) -> None:
    """Write and print the scores."""
    sequences, gold = read_part(corpus / "test")
    runs, ours = [], []
    for folder in sorted(models.glob("seed=*")):
        seconds, found = recurrent(folder / "model-best", sequences)
        ours.append(found)
        bases = sum(map(len, sequences))
        score = {"auc": roc_auc_score(gold, found), "bases_per_second": bases / seconds}
        runs.append({"seed": int(folder.name.removeprefix("seed=")), **score})
    chosen, rival = regression(corpus)
    scores = summarise_runs([{"auc": run["auc"]} for run in runs])
    rival_auc = roc_auc_score(gold, rival)
    metrics = {
        "scores": {"recurrent": scores, "regression": {"auc": rival_auc}},
        "difference": interval(gold, ours, rival),
        "runs": runs,
        "regression": chosen,
        "test": {"promoters": int(gold.sum()), "others": int((~gold).sum())},
        "corpus": describe_corpus(corpus / "test"),
    }
    write_metrics(output, metrics)
    rows = [[f"recurrent, seed {run['seed']}", f"{run['auc']:.4f}"] for run in runs]
    rows.append([f"regression, k to {chosen['k']}, C = {chosen['C']}", f"{rival_auc:.4f}"])
    print_table(Console(highlight=False), f"{corpus.name}, test", ["", "AUC"], rows)


if __name__ == "__main__":
    run_script(main)
