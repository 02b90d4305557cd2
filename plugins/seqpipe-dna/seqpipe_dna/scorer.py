"""Nucleotide scores of coding regions (Burset & Guigó 1996, "Evaluation of gene structure
prediction programs", nucleotide level)."""

# No future import of annotations: spaCy's registry reads these.
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.training import Example
from spacy.util import registry

from seqpipe_dna.coding import strand_of


@registry.scorers("seqpipe_dna.CodingScorer.v1")
def make_coding_scorer() -> Callable[..., dict[str, Any]]:
    """Create the scorer of coding bases, for an `rnn_tagger` whose target is "tag_"."""
    return score_coding


@dataclass(frozen=True)
class CodingScore:
    """Precision, recall and F1 of the coding bases of all docs together; None where undefined.

    strand_f counts a base as found only if its strand is right too.
    """

    precision: float | None
    recall: float | None
    f: float | None
    strand_f: float | None


def compare_strands(gold: np.ndarray, predicted: np.ndarray) -> CodingScore:
    """Score bases by their strands.

    gold, predicted (ndarray): 0 for a base that does not code, else a number of its strand,
        `(bases,)`.
    RETURNS (CodingScore): The scores.
    """
    gold_count, predicted_count = int((gold > 0).sum()), int((predicted > 0).sum())
    found = int(((gold > 0) & (predicted > 0)).sum())
    same = int(((gold > 0) & (predicted == gold)).sum())
    both = gold_count + predicted_count
    return CodingScore(
        precision=found / predicted_count if predicted_count else None,
        recall=found / gold_count if gold_count else None,
        f=2 * found / both if both else None,
        strand_f=2 * same / both if both else None,
    )


def score_coding(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score predicted docs. Bases without a gold label are left out.

    examples (Iterable[Example]): Prediction and reference, with the same tokens.
    RETURNS (Dict[str, Any]): `coding_p`, `coding_r` and `coding_f` of coding bases, whatever their
        strand and codon position; `coding_strand_f`, where the strand has to be right too; and
        `tag_acc`, the share of bases whose label is right.
    """
    gold: list[str] = []
    predicted: list[str] = []
    for eg in examples:
        for want, got in zip(eg.reference, eg.predicted, strict=True):
            if want.tag:
                gold.append(want.tag_)
                predicted.append(got.tag_)
    score = compare_strands(strand_numbers(gold), strand_numbers(predicted))
    right = sum(want == got for want, got in zip(gold, predicted, strict=True))
    return {
        "coding_p": score.precision,
        "coding_r": score.recall,
        "coding_f": score.f,
        "coding_strand_f": score.strand_f,
        "tag_acc": right / len(gold) if gold else None,
    }


def strand_numbers(labels: list[str]) -> np.ndarray:
    """RETURNS (ndarray): 0 for a label that does not code, and 1, 2 or 3 for "+", "-" and no
    strand."""
    known = {label: " +-.".index(strand_of(label) or " ") for label in set(labels)}
    return np.array([known[label] for label in labels], dtype=np.int8)
