"""Direct bias: how far neutral words lie along the direction (Bolukbasi et al. 2016, "Direct bias",
the definition of DirectBias_c)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from seqpipe.files import InputError

from .intervals import bootstrap_mean
from .measure import Measure, generator, look_up
from .words import ROWS, WordVectors


@dataclass(frozen=True, kw_only=True)
class DirectBias(Measure):
    """DirectBias_c = 1/|N| Σ_{w in N} |cos(w, g)|^c.

    value (float): From 0 to 1.
    exponent (float): c: 1 counts every bit, larger ones forgive what is small, 0 counts the words
        that lie on either side at all.
    projections (Dict[str, float]): The signed cosine of each word with the direction; empty if
        they were not asked for.
    """

    exponent: float
    projections: dict[str, float]


def direct_bias(
    vectors: WordVectors,
    words: Iterable[str],
    direction: np.ndarray,
    *,
    name: str = "words",
    exponent: float = 1.0,
    definitional: Collection[str] = (),
    with_words: bool = True,
    seed: int = 0,
) -> DirectBias:
    """Measure how far words lie along a direction.

    vectors (WordVectors): Their vectors.
    words (Iterable[str]): Those that shall be neutral.
    direction (np.ndarray): (width,), g.
    name (str): What the set is called.
    exponent (float): c, 0 or more. Of c = 0, |cos|^0 is 1 but for a word that lies on neither side,
        to 1e-6, as the paper has it: a strict count.
    definitional (Collection[str]): Words that are no neutral ones, and are left out.
    with_words (bool): Whether to give the cosine of each word.
    seed (int): Of the interval, a bootstrap over words.
    RETURNS (DirectBias): Without value if no word is left.
    RAISES (InputError): If the exponent is below 0.
    """
    if not exponent >= 0:
        raise InputError(f"exponent {exponent}, expected 0 or more")
    found, coverage = look_up(vectors, words, leave_out=definitional)
    if not found:
        return DirectBias(
            name=name,
            value=None,
            coverage=coverage,
            reason="none of the words has a vector",
            exponent=exponent,
            projections={},
        )
    cosines = project(vectors, found, direction)
    sizes = np.minimum(np.abs(cosines), 1)
    terms = (sizes > 1e-6).astype(float) if exponent == 0 else sizes**exponent
    return DirectBias(
        name=name,
        value=float(terms.mean()),
        interval=bootstrap_mean(terms, generator(seed, "direct bias", name)),
        coverage=coverage,
        exponent=exponent,
        projections=dict(zip(found, cosines.tolist(), strict=True)) if with_words else {},
    )


def project(vectors: WordVectors, words: list[str], direction: np.ndarray) -> np.ndarray:
    """Compute the signed cosines of words with a direction.

    vectors (WordVectors): They have all of the words.
    words (List[str]): Which.
    direction (np.ndarray): (width,), of any length but 0.
    RETURNS (np.ndarray): float64 (words,).
    """
    g = np.asarray(direction, dtype=np.float64)
    g = g / np.linalg.norm(g)
    rows = np.array([vectors.index[word] for word in words], dtype=np.intp)
    cosines = np.empty(len(rows))
    for start in range(0, len(rows), ROWS):
        cosines[start : start + ROWS] = vectors.unit_rows(rows[start : start + ROWS]) @ g
    return cosines
