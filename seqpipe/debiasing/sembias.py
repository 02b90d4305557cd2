"""SemBias: which of four pairs of words is nearest to he:she (Zhao et al. 2018, section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import wilson
from .measure import Coverage, Interval, Measure, pair_difference, unit_vectors
from .published_lists import SemBiasQuestion
from .words import WordVectors

# The last questions of the file have definitions that gn_glove did not learn from.
SUBSET = 40
# Cosines that differ by less are equal: neutral pairs differ by rounding alone after debiasing.
TIE = 1e-6


@dataclass(frozen=True, kw_only=True)
class SemBias(Measure):
    """How often each kind of pair is the nearest to the difference of the direction's two words.

    value (float): The share of questions where it is the definition, such as king:queen.
    stereotype (float): Where it is the stereotype, such as doctor:nurse.
    none (float): Where it is one of the two others.
    stereotype_interval, none_interval (Interval): Wilson's, as that of the value.
    """

    stereotype: float | None = None
    none: float | None = None
    stereotype_interval: Interval | None = None
    none_interval: Interval | None = None


def sembias(
    vectors: WordVectors,
    questions: Sequence[SemBiasQuestion],
    *,
    pair: tuple[str, str] = ("he", "she"),
    subset: int = SUBSET,
) -> list[SemBias]:
    """Answer the questions of SemBias by the cosine of he - she with the differences of the pairs.

    Pairs that are equally near share the question.

    vectors (WordVectors): Their vectors; each has length 1 first.
    questions (Sequence[SemBiasQuestion]): From `published_lists.read_sembias`.
    pair (Tuple[str, str]): The direction's words, in the order of the questions' pairs.
    subset (int): So many at the end are given by themselves too.
    RETURNS (List[SemBias]): Of all questions, and of the subset. The coverage counts questions
        whose eight words have a vector. Without value if there are none.
    """
    parts = {"all": questions, "subset": questions[-subset:]}
    return [_answer(vectors, part, pair, name) for name, part in parts.items()]


def _answer(
    vectors: WordVectors,
    questions: Sequence[SemBiasQuestion],
    pair: tuple[str, str],
    name: str,
) -> SemBias:
    words = [
        [word for two in (q.definition, q.stereotype, *q.others) for word in two] for q in questions
    ]
    _, missing = vectors.of(word for line in words for word in line)
    absent = set(missing)
    covered = [line for line in words if absent.isdisjoint(line)]
    coverage = Coverage(len(covered), len(questions), missing)
    direction, reason = pair_difference(vectors, pair)
    if direction is None or not covered:
        reason = reason or "no question whose words all have vectors"
        return SemBias(name=name, value=None, coverage=coverage, reason=reason)
    W = unit_vectors(vectors, [word for line in covered for word in line])
    W = W.reshape(len(covered), 4, 2, -1)
    D = W[:, :, 0] - W[:, :, 1]  # (questions, pairs, width)
    lengths = np.linalg.norm(D, axis=2)
    cosines = (D @ direction) / np.where(lengths > 1e-7, lengths, 1)
    best = cosines >= cosines.max(axis=1, keepdims=True) - TIE
    shares = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)  # (pairs,)
    definition, stereotype = map(float, shares[:2])
    none = float(shares[2:].sum())
    n = len(covered)
    return SemBias(
        name=name,
        value=definition,
        interval=wilson(definition, n),
        coverage=coverage,
        stereotype=stereotype,
        none=none,
        stereotype_interval=wilson(stereotype, n),
        none_interval=wilson(none, n),
    )
