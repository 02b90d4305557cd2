"""Logistic regression on counts of k-mers: what the recurrent models are compared with.

For sequences the counts of the whole; for bases those in a window around the base, apart by their
place modulo three from the base, so that a codon is seen as one on either strand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from seqpipe_dna.coding import STATES, mirrored
from seqpipe_dna.nucleotides import kmer_numbers, reverse_complement
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Stretch:
    """Bases that follow each other, and the state of each; nothing beyond them is read."""

    sequence: str
    states: np.ndarray

    def other_strand(self) -> Stretch:
        """RETURNS (Stretch): The reverse complement."""
        return Stretch(reverse_complement(self.sequence), mirrored(self.states))


def sequence_features(sequences: Sequence[str], lengths: Sequence[int]) -> np.ndarray:
    """Count k-mers of each length. RETURNS (ndarray): `(sequences, sum of 4^k)`."""
    rows = []
    for sequence in sequences:
        parts = [
            np.bincount(kmer_numbers(sequence, k), minlength=4**k + 1)[: 4**k] for k in lengths
        ]
        rows.append(np.concatenate(parts))
    return np.array(rows, dtype=np.float32)


def base_features(sequence: str, k: int, half: int, bases: np.ndarray) -> np.ndarray:
    """Count the k-mers around bases by their place modulo three from the base.

    sequence (str): The bases that may be read.
    k (int): Length of a k-mer, which is at the place of its first base.
    half (int): So many places on either side are read.
    bases (ndarray): Places of the bases, `(n,)`.
    RETURNS (ndarray): Shares, `(n, 3 * 4^k)`.
    """
    numbers = kmer_numbers(sequence, k)
    first = np.clip(bases - half, 0, len(numbers))
    last = np.clip(bases + half + 1, 0, len(numbers))
    features = np.zeros((len(bases), 3, 4**k), dtype=np.float32)
    for residue in range(3):
        is_here = (np.arange(len(numbers)) % 3 == residue) & (numbers < 4**k)
        sums = np.zeros((len(numbers) + 1, 4**k), dtype=np.int32)
        np.add.at(sums, (np.flatnonzero(is_here) + 1, numbers[is_here]), 1)
        sums = sums.cumsum(axis=0, dtype=np.int32)
        features[np.arange(len(bases)), (residue - bases) % 3] = sums[last] - sums[first]
    counts = (last - first)[:, None, None]
    return (features / np.maximum(counts, 1)).reshape(len(bases), -1)


def fit(features: np.ndarray, classes: np.ndarray, strength: float) -> Any:
    """Fit a classifier on standardised features.

    strength (float): C, the inverse of the weight of the L2 penalty.
    RETURNS: The fitted pipeline.
    """
    regression = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
    return make_pipeline(StandardScaler(), regression).fit(features, classes)


def fit_bases(
    stretches: Sequence[Stretch], k: int, half: int, strength: float, *, rows: int, seed: int
) -> Any:
    """Fit the classifier of bases on both strands.

    rows (int): How many bases are read, drawn at random.
    RETURNS: The fitted pipeline.
    """
    both = [strand for one in stretches for strand in (one, one.other_strand())]
    total = sum(len(one.sequence) for one in both)
    draw = np.random.default_rng(seed)
    features, classes = [], []
    for one in both:
        size = len(one.sequence)
        bases = np.sort(draw.choice(size, min(size, round(rows * size / total)), replace=False))
        features.append(base_features(one.sequence, k, half, bases))
        classes.append(one.states[bases])
    return fit(np.concatenate(features), np.concatenate(classes), strength)


def predict_strands(model: Any, stretch: Stretch, k: int, half: int) -> np.ndarray:
    """RETURNS (ndarray): 0 for no coding base, 1 and 2 for the strands: the most probable of the
    three, `(bases,)`."""
    found = np.zeros((len(stretch.sequence), STATES))
    for start in range(0, len(found), 10_000):
        bases = np.arange(start, min(start + 10_000, len(found)))
        features = base_features(stretch.sequence, k, half, bases)
        found[np.ix_(bases, model.classes_)] = model.predict_proba(features)
    strands = [found[:, :1], found[:, 1:4], found[:, 4:]]
    return np.stack([part.sum(axis=1) for part in strands], axis=1).argmax(axis=1)


def strands_of(states: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): 0, 1 and 2 as of `predict_strands`."""
    return (states + 2) // 3
