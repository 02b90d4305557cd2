"""What every metric gives: a value or the reason why there is none, an interval, and how many of
the words were there."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from .words import WordVectors


@dataclass(frozen=True)
class Coverage:
    """Words found of words given.

    found (int): Words that have a vector, and were measured.
    given (int): Different words that the list has.
    missing (Tuple[str, ...]): Those without a vector, or with one of zeros.
    left_out (Tuple[str, ...]): Those that are definitional, where only neutral ones are measured.
    """

    found: int
    given: int
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.found + other.found,
            self.given + other.given,
            self.missing + other.missing,
            self.left_out + other.left_out,
        )


@dataclass(frozen=True)
class Interval:
    """Where a value lies with 95 % confidence.

    low, high (float): Its ends.
    method (str): How it was found, such as "bootstrap over words".
    """

    low: float
    high: float
    method: str


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What one metric says about one set of words.

    name (str): The set, such as "occupations".
    value (float): What the metric comes to; None if it cannot be computed.
    interval (Interval): None if there is no value, or too few words for an interval.
    coverage (Coverage): The words that it rests on.
    reason (str): Why there is no value.
    """

    name: str
    value: float | None
    coverage: Coverage
    interval: Interval | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): For a metrics file: strict JSON, without NaN."""
        return plain(self)


def look_up(
    vectors: WordVectors, words: Iterable[str], *, leave_out: Collection[str] = ()
) -> tuple[list[str], Coverage]:
    """Find which words of a list can be measured.

    vectors (WordVectors): Their vectors; one of zeros has no direction, and counts as missing.
    words (Iterable[str]): A word that comes twice counts once.
    leave_out (Collection[str]): Words that are not measured.
    RETURNS (Tuple[List[str], Coverage]): The words in their order, and the counts.
    """
    given = list(dict.fromkeys(words))
    left_out = tuple(word for word in given if word in leave_out)
    rows, missing = vectors.of(word for word in given if word not in leave_out)
    found = [vectors.words[row] for row in rows]
    return found, Coverage(len(found), len(given), missing, left_out)


def unit_vectors(vectors: WordVectors, words: Iterable[str]) -> np.ndarray:
    """RETURNS (np.ndarray): float64 (words, width), the vectors of these words at length 1.

    vectors (WordVectors): They have all of them.
    words (Iterable[str]): Which.
    """
    return vectors.unit_rows(np.array([vectors.index[word] for word in words], dtype=np.intp))


def unit(vector: np.ndarray) -> np.ndarray | None:
    """RETURNS (np.ndarray): A vector at length 1; None if it is as short as rounding makes one.

    vector (np.ndarray): (width,), a sum or difference of vectors of length 1.
    """
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-7 else None


def pair_difference(
    vectors: WordVectors, pair: Sequence[str]
) -> tuple[np.ndarray | None, str | None]:
    """Take the direction from one word to another, as he - she.

    vectors (WordVectors): Their vectors; each has length 1 first.
    pair (Sequence[str]): The two words.
    RETURNS (Tuple[Optional[np.ndarray], Optional[str]]): float64 (width,) at length 1; or the
        reason why there is none.
    """
    found, coverage = look_up(vectors, pair)
    if coverage.missing:
        return None, f"no vector for {', '.join(map(repr, coverage.missing))}"
    first, second = unit_vectors(vectors, found)
    direction = unit(first - second)
    if direction is None:
        return None, f"{pair[0]!r} and {pair[1]!r} have the same vector"
    return direction, None


def generator(seed: int, *names: str) -> np.random.Generator:
    """Give each measurement random numbers of its own, whatever else is measured.

    seed (int): The audit's.
    names (str): The metric and the set of words.
    RETURNS (np.random.Generator): The same for the same names.
    """
    return np.random.default_rng([seed, zlib.crc32("\0".join(names).encode())])


def plain(value: Any) -> Any:
    """Turn a result into what JSON has.

    value (Any): Dataclasses, mappings, sequences, arrays, numbers, strings.
    RETURNS (Any): Dicts, lists, numbers, strings and None.
    RAISES (ValueError): If a number is not finite.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            raise ValueError(f"{value} in a report, expected a number")
        return float(value)
    if isinstance(value, np.integer):
        return int(value)
    return [plain(inner) for inner in value]
