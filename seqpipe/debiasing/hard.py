"""Hard debiasing: Bolukbasi et al. (2016), section 5, step 2a: neutralise and equalise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .roles import Roles
from .subspace import NOTHING, LeftOut, Subspace
from .words import ROWS, WordVectors


@dataclass(frozen=True, eq=False)
class Changed:
    """Vectors after neutralising and equalising.

    vectors (WordVectors): The same words; a matrix of its own, of the type of the one before.
    vanished (Tuple[str, ...]): Neutral words that lay in the subspace whole: zero vectors now.
    left_out (Tuple[LeftOut, ...]): Sets that have vectors and could not be equalised.
    """

    vectors: WordVectors
    vanished: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def hard_debias(
    vectors: WordVectors,
    subspace: Subspace,
    roles: Roles,
    *,
    lengths: np.ndarray | None = None,
) -> Changed:
    """Neutralise and equalise. Reckoned in float64 on vectors at length 1.

    A neutral word becomes (w - w_B) / |w - w_B|, with w_B its part in the subspace. The words of a
    set to equalise become ν + √(1 - |ν|²) (w_B - μ_B) / |w_B - μ_B| with μ the mean of the set and
    ν = μ - μ_B. Other words stay as they are, at length 1.

    vectors (WordVectors): All words; they are not changed.
    subspace (Subspace): B.
    roles (Roles): Which words are what.
    lengths (Optional[np.ndarray]): (words,), the length that each vector shall have; those of a set
        to equalise get their mean. Without it all have length 1, as in the paper.
    RETURNS (Changed): A neutral word's cosine with each dimension is zero, and the words of an
        equalised set are equally near to each neutral word, but for the rounding of the matrix's
        type: 1e-7 with float32.
    """
    matrix = np.empty_like(vectors.matrix, order="C")
    vanished: list[str] = []
    for start in range(0, len(matrix), ROWS):
        part = slice(start, start + ROWS)
        rows = vectors.unit_rows(part)
        neutral = np.flatnonzero(roles.neutral[part])
        rows[neutral], gone = neutralise(rows[neutral], subspace)
        vanished += [vectors.words[start + row] for row in neutral[gone]]
        matrix[part] = rows if lengths is None else rows * lengths[part, None]
    left_out = _equalise_all(matrix, vectors, subspace, roles, lengths)
    return Changed(WordVectors(vectors.words, matrix), tuple(vanished), tuple(left_out))


def neutralise(rows: np.ndarray, subspace: Subspace) -> tuple[np.ndarray, np.ndarray]:
    """Take the part in the subspace away, and bring what is left to length 1.

    rows (np.ndarray): float64 (rows, width), of length 1.
    subspace (Subspace): B.
    RETURNS (Tuple[np.ndarray, np.ndarray]): float64 (rows, width), and bool (rows,): of which
        nothing is left; they are zero.
    """
    left = rows - subspace.project(rows)
    lengths = np.linalg.norm(left, axis=1)
    gone = lengths < NOTHING
    left /= np.where(gone, 1, lengths)[:, None]
    left[gone] = 0
    return left, gone


def equalise(rows: np.ndarray, subspace: Subspace) -> np.ndarray | None:
    """Let the words of a set differ in the subspace alone.

    rows (np.ndarray): float64 (words, width), of length 1.
    subspace (Subspace): B.
    RETURNS (Optional[np.ndarray]): float64 (words, width), of length 1; None if a word's part in
        the subspace is the mean's, so that it has no side to go to.
    """
    mean = rows.mean(axis=0)  # μ
    mean_part = subspace.project(mean[None])[0]  # μ_B
    beyond = mean - mean_part  # ν
    sides = subspace.project(rows) - mean_part  # w_B - μ_B
    lengths = np.linalg.norm(sides, axis=1, keepdims=True)
    if lengths.min() < NOTHING:
        return None
    return beyond + np.sqrt(max(0.0, 1 - beyond @ beyond)) * sides / lengths


def _equalise_all(
    matrix: np.ndarray,
    vectors: WordVectors,
    subspace: Subspace,
    roles: Roles,
    lengths: np.ndarray | None,
) -> list[LeftOut]:
    """Write the sets to equalise into the matrix. RETURNS: Those that cannot be equalised."""
    left_out = []
    for words, places in zip(roles.sets, roles.rows, strict=True):
        equal = equalise(vectors.unit_rows(places), subspace)
        if equal is None:
            left_out.append(LeftOut(words, "its words project alike"))
        else:
            matrix[places] = equal if lengths is None else equal * lengths[places].mean()
    return left_out
