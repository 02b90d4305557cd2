"""How near two or more groups are to neutral words: relative norm distance (Garg et al. 2018), mean
average cosine (Manzini et al. 2019, section 3), embedding coherence test (Dev & Phillips 2019)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqpipe.embeddings.evaluation import spearman

from .intervals import bootstrap, bootstrap_mean
from .measure import Coverage, Interval, Measure, generator, look_up, unit, unit_vectors
from .words import WordVectors


@dataclass(frozen=True, kw_only=True)
class RelativeNormDistance(Measure):
    """RND = Σ_{m in M} (‖v_m - v_1‖ - ‖v_m - v_2‖), with v_1 and v_2 the groups' averages.

    value (float): The sum over the neutral words, as in the paper: above 0 if they are nearer to
        the second group. The interval is that of the sum over so many words.
    mean (float): The sum by the number of words, for sets of different sizes.
    groups (Tuple[str, str]): The names of the groups.
    """

    groups: tuple[str, str]
    mean: float | None = None


@dataclass(frozen=True, kw_only=True)
class MeanAverageCosine(Measure):
    """MAC: the mean over T and the sets A_j of S(t, A_j) = 1/N Σ_{a in A_j} (1 - cos(t, a)).

    value (float): A cosine distance, from 0 to 2; the paper wants it near 1.
    sets (Tuple[str, ...]): The names of the sets A_j that have a word.
    """

    sets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EmbeddingCoherence(Measure):
    """ECT: Spearman's correlation of the cosines of neutral words with the averages of two groups.

    value (float): From -1 to 1; 1 if both groups have the words in the same order.
    groups (Tuple[str, str]): The names of the groups.
    """

    groups: tuple[str, str]


def relative_norm_distance(
    vectors: WordVectors,
    words: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    *,
    name: str = "words",
    definitional: Collection[str] = (),
    seed: int = 0,
) -> RelativeNormDistance:
    """Compare the distances of neutral words from two groups (Garg et al. 2018, "Methods").

    vectors (WordVectors): Their vectors; each has length 1 first, the averages are left as they
        are.
    words (Iterable[str]): M, the neutral words.
    groups (Mapping[str, Sequence[str]]): Two names and the words of each.
    name (str): What the set is called.
    definitional (Collection[str]): Words that are no neutral ones, and are left out.
    seed (int): Of the interval, a bootstrap over the neutral words.
    RETURNS (RelativeNormDistance): Without value if a set is empty.
    """
    names = _two(groups)
    found, coverage, averages, reason = _averages(vectors, words, groups, definitional)
    if averages is None:
        return RelativeNormDistance(
            name=name, value=None, coverage=coverage, reason=reason, groups=names
        )
    M = unit_vectors(vectors, found)
    first, second = (np.linalg.norm(M - average, axis=1) for average in averages)
    terms = first - second
    per_word = bootstrap_mean(terms, generator(seed, "rnd", name, *names))
    interval = per_word and Interval(
        per_word.low * len(terms), per_word.high * len(terms), per_word.method
    )
    return RelativeNormDistance(
        name=name,
        value=float(terms.sum()),
        interval=interval,
        coverage=coverage,
        groups=names,
        mean=float(terms.mean()),
    )


def mean_average_cosine(
    vectors: WordVectors,
    words: Iterable[str],
    sets: Mapping[str, Sequence[str]],
    *,
    name: str = "words",
    definitional: Collection[str] = (),
    seed: int = 0,
) -> MeanAverageCosine:
    """Average the cosine distances of words from sets of words (Manzini et al. 2019, section 3).

    vectors (WordVectors): Their vectors.
    words (Iterable[str]): T, the words of the groups, such as "she" and "he".
    sets (Mapping[str, Sequence[str]]): The names of the sets A_j and their words, such as
        occupations. Each set counts alike, whatever its size.
    name (str): What T is called.
    definitional (Collection[str]): Words of the sets that are no neutral ones, and are left out.
    seed (int): Of the interval, a bootstrap over T.
    RETURNS (MeanAverageCosine): Without value if T or all sets are empty.
    """
    found, coverage = look_up(vectors, words)
    averages, names = [], []
    for set_name, members in sets.items():
        inner, cover = look_up(vectors, members, leave_out=definitional)
        coverage += cover
        if inner:
            names.append(set_name)
            averages.append(unit_vectors(vectors, inner).mean(axis=0))
    if not found or not names:
        which = "words" if not found else "sets"
        reason = f"none of the {which} has a vector"
        return MeanAverageCosine(name=name, value=None, coverage=coverage, reason=reason)
    # The mean of cosines with unit vectors is the product with their mean.
    distances = 1 - unit_vectors(vectors, found) @ np.array(averages).T  # (T, sets): S(t, A_j)
    per_word = distances.mean(axis=1)
    return MeanAverageCosine(
        name=name,
        value=float(per_word.mean()),
        interval=bootstrap_mean(per_word, generator(seed, "mac", name)),
        coverage=coverage,
        sets=tuple(names),
    )


def embedding_coherence(
    vectors: WordVectors,
    words: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    *,
    name: str = "words",
    definitional: Collection[str] = (),
    seed: int = 0,
) -> EmbeddingCoherence:
    """Test whether two groups have neutral words in the same order (Dev & Phillips 2019).

    vectors (WordVectors): Their vectors; each has length 1 first.
    words (Iterable[str]): P, such as occupations.
    groups (Mapping[str, Sequence[str]]): Two names and the words of each.
    name (str): What the set is called.
    definitional (Collection[str]): Words that are no neutral ones, and are left out.
    seed (int): Of the interval, a bootstrap over P.
    RETURNS (EmbeddingCoherence): Without value if a set is empty, or P has fewer than two words, or
        one group is equally near to all of them.
    """
    names = _two(groups)
    found, coverage, averages, reason = _averages(vectors, words, groups, definitional)
    cosines = None
    if averages is not None:
        directions = [unit(average) for average in averages]
        if any(direction is None for direction in directions):
            reason = "the average of a group is zero"
        else:
            cosines = unit_vectors(vectors, found) @ np.array(directions).T  # (P, 2)
            # What only rounding sets apart is equal.
            cosines = cosines.round(12)
    value = None if cosines is None else spearman(cosines[:, 0], cosines[:, 1])
    if cosines is None or value is None:
        reason = reason or "fewer than two words, or a group that is equally near to all"
        return EmbeddingCoherence(
            name=name, value=None, coverage=coverage, reason=reason, groups=names
        )
    rng = generator(seed, "ect", name, *names)
    return EmbeddingCoherence(
        name=name,
        value=value,
        interval=_coherence_interval(cosines, rng),
        coverage=coverage,
        groups=names,
    )


def _coherence_interval(cosines: np.ndarray, rng: np.random.Generator) -> Interval | None:
    def draw() -> float | None:
        return spearman(*rng.choice(cosines, size=len(cosines)).T)

    return bootstrap(draw)


def _averages(
    vectors: WordVectors,
    words: Iterable[str],
    groups: Mapping[str, Sequence[str]],
    definitional: Collection[str],
) -> tuple[list[str], Coverage, list[np.ndarray] | None, str | None]:
    """RETURNS (Tuple): The words found, the coverage of all, the average of each group, and why
    there is none."""
    found, coverage = look_up(vectors, words, leave_out=definitional)
    members = [look_up(vectors, group) for group in groups.values()]
    coverage = sum((cover for _, cover in members), coverage)
    empty = [name for name, (inner, _) in zip(groups, members, strict=True) if not inner]
    if not found or empty:
        what = f"group {empty[0]!r}" if empty else "set"
        return found, coverage, None, f"no word of the {what} has a vector"
    averages = [unit_vectors(vectors, inner).mean(axis=0) for inner, _ in members]
    return found, coverage, averages, None


def _two(groups: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    if len(groups) != 2:
        raise ValueError(f"{len(groups)} groups, expected 2")
    first, second = groups
    return first, second
