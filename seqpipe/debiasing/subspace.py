"""The direction, or the subspace, in which definitional words of different groups differ: Bolukbasi
et al. (2016), sections 4 and 5 step 1; with sets of more than two words Manzini et al. (2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqpipe.files import InputError

from .word_lists import Words
from .words import WordVectors

SVD, MEAN, DIFFERENCE = "svd", "mean", "difference"
METHODS = (SVD, MEAN, DIFFERENCE)
# With fewer sets than this left over of a longer list, what is found is not what the list means.
ENOUGH = 3
# A length that is zero but for rounding.
NOTHING = 1e-6
# So many words are named in a message.
NAMED = 5


@dataclass(frozen=True)
class LeftOut:
    """A set of words that could not be used.

    words (Tuple[str, ...]): The set.
    reason (str): Why, such as "no vector for 'x'".
    """

    words: Words
    reason: str

    def __str__(self) -> str:
        return f"{said(self.words)} ({self.reason})"


@dataclass(frozen=True, eq=False)
class Subspace:
    """What the groups differ in.

    basis (np.ndarray): float64 (k, width), orthonormal. The first word of the first set lies
        further along each than the mean of its set does.
    variance (np.ndarray): float64 (k,), the share that each explains of the variance of the sets'
        words around the mean of their set.
    method (str): One of METHODS.
    pairs (Tuple[Tuple[str, ...], ...]): The sets that it was found from.
    left_out (Tuple[LeftOut, ...]): Those that could not be used.
    """

    basis: np.ndarray
    variance: np.ndarray
    method: str
    pairs: tuple[Words, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def k(self) -> int:
        """RETURNS (int): The number of dimensions."""
        return len(self.basis)

    @property
    def direction(self) -> np.ndarray:
        """RETURNS (np.ndarray): float64 (width,), the first dimension."""
        return self.basis[0]

    def coordinates(self, rows: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): float64 (rows, k), the projections of vectors on each dimension.

        rows (np.ndarray): (rows, width), vectors.
        """
        return rows.astype(np.float64, copy=False) @ self.basis.T

    def project(self, rows: np.ndarray) -> np.ndarray:
        """RETURNS (np.ndarray): float64 (rows, width), w_B: the part of vectors that lies in it.

        rows (np.ndarray): (rows, width), vectors.
        """
        return self.coordinates(rows) @ self.basis

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For JSON; without the basis."""
        return {
            "method": self.method,
            "k": self.k,
            "variance": self.variance.tolist(),
            "pairs": [list(words) for words in self.pairs],
            "left_out": [{"words": list(s.words), "reason": s.reason} for s in self.left_out],
        }


def find_subspace(
    vectors: WordVectors, pairs: Sequence[Words], *, method: str = SVD, k: int = 1
) -> Subspace:
    """Find the direction or subspace of an attribute. All vectors have length 1 first.

    "svd": the first k right singular vectors of all words minus the mean of their set, each set
    divided by the root of its size (Bolukbasi et al. 2016, section 5, step 1). "difference": the
    mean of the first words minus the mean of the second words, which is the mean of the
    differences. "mean": the mean of the differences after each is brought to length 1, so that a
    pair counts as much as any other. Of one pair all three find the same.

    vectors (WordVectors): All words.
    pairs (Sequence[Tuple[str, ...]]): Sets that differ in the attribute alone, groups always in the
        same order; only "svd" takes more than two groups.
    method (str): One of METHODS.
    k (int): Dimensions; other methods than "svd" have one.
    RETURNS (Subspace): Its sign is that of the first set, the rest does not depend on the order.
    RAISES (InputError): If a set comes twice, fewer than three remain of three or more, or k is
        more than those that remain allow.
    """
    check_subspace(method, k)
    check_sets(pairs, "pairs")
    sets, rows, left_out = _centred(vectors, pairs)
    _check_enough(pairs, sets, left_out)
    weighted = np.concatenate([part / np.sqrt(len(part)) for part in rows])  # (words, width)
    basis = _directions(rows, weighted, method, k)
    explained = (weighted @ basis.T) ** 2  # (words, k)
    variance = explained.sum(axis=0) / (weighted**2).sum()
    basis *= _signs(basis, rows)[:, None]
    return Subspace(basis, variance, method, sets, tuple(left_out))


def check_subspace(method: str, k: int) -> None:
    """Refuse settings that no vectors could serve.

    method (str), k (int): See `find_subspace`.
    RAISES (InputError): Names the setting.
    """
    if method not in METHODS:
        raise InputError(f"direction = {method!r}: expected {', '.join(map(repr, METHODS))}")
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k = {k!r}: expected a whole number, at least 1")
    if k > 1 and method != SVD:
        raise InputError(f"k = {k} with direction = {method!r}: expected 1, or direction = {SVD!r}")


def check_sets(sets: Sequence[Words], part: str) -> None:
    """Refuse sets that are none, and such as come twice, in any order.

    sets (Sequence[Tuple[str, ...]]): What was given.
    part (str): What they are called in word lists.
    RAISES (InputError): Names the set.
    """
    seen: dict[frozenset[str], Words] = {}
    for words in sets:
        key = frozenset(words)
        if len(key) < 2 or len(key) < len(words):
            raise InputError(f"{part}: {said(words)}, expected two different words or more")
        if key in seen:
            first = "" if seen[key] == words else f", once as {said(seen[key])}"
            raise InputError(f"{part}: {said(words)} is there twice{first}, expected it once")
        seen[key] = words


def said(words: Sequence[str]) -> str:
    """RETURNS (str): A set as messages name it.

    words (Sequence[str]): The words of the set.
    """
    return "/".join(words)


def named(items: Sequence[Any]) -> str:
    """RETURNS (str): The first of many, and how many more there are.

    items (Sequence[Any]): All of them, as they print.
    """
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(map(str, items[:NAMED])) + more


def find_sets(
    vectors: WordVectors, sets: Sequence[Words]
) -> tuple[list[Words], list[np.ndarray], list[LeftOut]]:
    """Look sets up: each whole or not at all.

    vectors (WordVectors): All words.
    sets (Sequence[Tuple[str, ...]]): Sets of words.
    RETURNS (Tuple[List[Tuple[str, ...]], List[np.ndarray], List[LeftOut]]): The sets found, the
        rows of each, int (words,), and those of which a word has no vector.
    """
    found, rows, left_out = [], [], []
    for words in sets:
        places, missing = vectors.of(words)
        if missing:
            reason = f"no vector for {', '.join(map(repr, missing))}"
            left_out.append(LeftOut(tuple(words), reason))
        else:
            found.append(tuple(words))
            rows.append(places)
    return found, rows, left_out


def _centred(
    vectors: WordVectors, pairs: Sequence[Words]
) -> tuple[tuple[Words, ...], list[np.ndarray], list[LeftOut]]:
    """The sets that can be used, and for each float64 (words, width): w - μ."""
    sets, centred = [], []
    found, rows, left_out = find_sets(vectors, pairs)
    for words, places in zip(found, rows, strict=True):
        unit = vectors.unit_rows(places)
        part = unit - unit.mean(axis=0)
        if np.linalg.norm(part, axis=1).min() < NOTHING:
            left_out.append(LeftOut(words, "its words have equal vectors"))
        else:
            sets.append(words)
            centred.append(part)
    return tuple(sets), centred, left_out


def _check_enough(
    pairs: Sequence[Words], sets: Sequence[Words], left_out: Sequence[LeftOut]
) -> None:
    least = min(ENOUGH, len(pairs))
    if pairs and len(sets) >= least:
        return
    without = f": without {named(left_out)}" if left_out else ""
    usable = f"{len(sets)} of {len(pairs)} pairs can be used"
    raise InputError(f"{usable}, expected at least {max(least, 1)}{without}")


def _directions(
    rows: Sequence[np.ndarray], weighted: np.ndarray, method: str, k: int
) -> np.ndarray:
    """RETURNS (np.ndarray): float64 (k, width), orthonormal."""
    if method == SVD:
        _, singular, basis = np.linalg.svd(weighted, full_matrices=False)
        rank = int((singular > NOTHING * singular[0]).sum())
        if k > rank:
            raise InputError(
                f"k = {k}: expected at most {rank}, the dimensions in which the words of "
                f"{len(rows)} pair{'s' if len(rows) > 1 else ''} differ"
            )
        return basis[:k].copy()
    larger = next((len(part) for part in rows if len(part) > 2), None)
    if larger:
        raise InputError(
            f"direction = {method!r} with sets of {larger} words: expected pairs, or {SVD!r}"
        )
    differences = np.stack([first - second for first, second in rows])  # (pairs, width)
    if method == MEAN:
        differences /= np.linalg.norm(differences, axis=1, keepdims=True)
    mean = differences.mean(axis=0)
    length = np.linalg.norm(mean)
    if length < NOTHING:
        raise InputError("the differences of the pairs cancel out, expected groups in one order")
    return (mean / length)[None]


def _signs(basis: np.ndarray, rows: Sequence[np.ndarray]) -> np.ndarray:
    """RETURNS (np.ndarray): float64 (k,), 1 or -1: the first set decides, unless it lies across."""
    signs = np.ones(len(basis))
    for i, direction in enumerate(basis):
        along = (float(part[0] @ direction) for part in rows)
        first = next((value for value in along if abs(value) > NOTHING), 1.0)
        signs[i] = 1.0 if first > 0 else -1.0
    return signs
