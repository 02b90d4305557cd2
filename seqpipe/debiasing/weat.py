"""WEAT, the Word Embedding Association Test: Caliskan, Bryson & Narayanan (2017), "Methods";
several tests are corrected by Holm (1979), and p-values are never 0 (Phipson & Smyth 2010)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice

import numpy as np

from .intervals import bootstrap
from .measure import Coverage, Interval, Measure, generator, look_up, unit_vectors
from .word_lists import WeatTest
from .words import WordVectors

# With no more partitions than this, all are looked at: two sets of ten words have 184,756.
EXACT = 200_000
PERMUTATIONS = 100_000
CHUNK = 10_000


@dataclass(frozen=True, kw_only=True)
class Weat(Measure):
    """Whether words of X are nearer to A than to B, more than words of Y are.

    value (float): The effect size, between -2 and 2 if X and Y are of one size: (mean_x s(x, A, B)
        - mean_y s(y, A, B)) / the sample standard deviation of s over X and Y, with s(w, A, B) =
        mean_a cos(w, a) - mean_b cos(w, b).
    p_value (float): The share of partitions of X and Y into two sets of these sizes whose
        statistic is as large as that of X and Y, or larger; one-sided.
    p_holm (float): Corrected for the other tests of the same report.
    exact (bool): Whether all partitions were looked at.
    resolution (float): The smallest p-value that could have come out: 1 / partitions, or
        1 / (random ones + 1).
    """

    p_value: float | None = None
    p_holm: float | None = None
    exact: bool | None = None
    resolution: float | None = None


def weat(
    vectors: WordVectors, test: WeatTest, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> Weat:
    """Test an association.

    The paper counts the partitions whose statistic is larger than that of X and Y. Here those that
    are equal count too, X and Y itself among them: otherwise p could be 0.

    vectors (WordVectors): Their vectors.
    test (WeatTest): The sets X, Y, A and B. Of words without a vector the others go on.
    permutations (int): Random ones, where there are too many to look at all.
    seed (int): Of the random ones, and of the interval, a bootstrap over the words of X and of Y.
    RETURNS (Weat): Without value if a set is empty, or if all words are equally near.
    """
    sets = {side: look_up(vectors, getattr(test, side)) for side in ("x", "y", "a", "b")}
    coverage = sum((cover for _, cover in sets.values()), Coverage(0, 0))
    empty = [side.upper() for side, (words, _) in sets.items() if not words]
    if empty:
        reason = f"no word of {' and '.join(empty)} has a vector"
        return Weat(name=test.name, value=None, coverage=coverage, reason=reason)
    X, Y, A, B = (unit_vectors(vectors, words) for words, _ in sets.values())
    x, y = (W @ A.mean(axis=0) - W @ B.mean(axis=0) for W in (X, Y))  # s(w, A, B)
    value = effect_size(x, y)
    if value is None:
        reason = "all words of X and Y are equally near to A and B"
        return Weat(name=test.name, value=None, coverage=coverage, reason=reason)
    rng = generator(seed, "weat", test.name)
    p_value, exact, resolution = permutation_test(x, y, rng, permutations=permutations)
    return Weat(
        name=test.name,
        value=value,
        interval=_interval(x, y, rng),
        coverage=coverage,
        p_value=p_value,
        exact=exact,
        resolution=resolution,
    )


def weat_tests(
    vectors: WordVectors,
    tests: Iterable[WeatTest],
    *,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> list[Weat]:
    """Test several associations, and correct their p-values for that.

    vectors (WordVectors): Their vectors.
    tests (Iterable[WeatTest]): Which.
    permutations (int): See `weat`.
    seed (int): See `weat`.
    RETURNS (List[Weat]): In their order, each with its `p_holm`.
    """
    found = [weat(vectors, test, permutations=permutations, seed=seed) for test in tests]
    corrected = iter(holm([one.p_value for one in found if one.p_value is not None]))
    return [one if one.p_value is None else replace(one, p_holm=next(corrected)) for one in found]


def effect_size(x: np.ndarray, y: np.ndarray) -> float | None:
    """RETURNS (Optional[float]): The difference of two means by the sample standard deviation of
    all; None if all are equal.

    x, y (np.ndarray): (words,), the association of each word of X and Y.
    """
    both = np.concatenate([x, y])
    # What only rounding sets apart is equal: cosines are exact to about 1e-16.
    if len(both) < 2 or np.ptp(both) < 1e-12:
        return None
    return float((x.mean() - y.mean()) / both.std(ddof=1))


def permutation_test(
    x: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
    *,
    permutations: int = PERMUTATIONS,
    exact: bool | None = None,
) -> tuple[float, bool, float]:
    """Test whether x is larger than y, by other partitions of both.

    The statistic is the sum of x minus the sum of y. For sets of fixed sizes it grows with the
    sum of x alone, which is compared here.

    x, y (np.ndarray): (n,) and (m,).
    rng (np.random.Generator): For random partitions.
    permutations (int): How many random ones.
    exact (bool): Whether to look at all; None: if there are no more than `EXACT`.
    RETURNS (Tuple[float, bool, float]): The one-sided p-value, whether it is exact, and the
        smallest that could have come out.
    """
    both = np.concatenate([x, y])
    partitions = math.comb(len(both), len(x))
    exact = partitions <= EXACT if exact is None else exact
    # Sums in another order differ by rounding, and are equal all the same.
    least = x.sum() - 1e-12 * max(1.0, float(np.abs(both).sum()))
    if exact:
        larger = sum(int((sums >= least).sum()) for sums in _all_sums(both, len(x)))
        return larger / partitions, True, 1 / partitions
    larger = 0
    for start in range(0, permutations, CHUNK):
        shape = (min(CHUNK, permutations - start), len(both))
        drawn = rng.permuted(np.broadcast_to(both, shape), axis=1)
        larger += int((drawn[:, : len(x)].sum(axis=1) >= least).sum())
    return (larger + 1) / (permutations + 1), False, 1 / (permutations + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, from the smallest on: p_(i) times the number of those that
    are left, at most 1, and no smaller than the one before.

    p_values (Sequence[float]): Of all tests.
    RETURNS (List[float]): In their order.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(order) - rank)))
        corrected[place] = highest
    return corrected


def _all_sums(values: np.ndarray, size: int) -> Iterable[np.ndarray]:
    """YIELDS (np.ndarray): The sums of all subsets of a size, some at a time."""
    subsets = combinations(range(len(values)), size)
    while part := list(islice(subsets, CHUNK)):
        places = np.fromiter(chain.from_iterable(part), dtype=np.intp, count=len(part) * size)
        yield values[places.reshape(-1, size)].sum(axis=1)


def _interval(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> Interval | None:
    """Words of X and of Y are drawn each by themselves."""
    if len(x) < 2 or len(y) < 2:
        return None

    def draw() -> float | None:
        return effect_size(rng.choice(x, size=len(x)), rng.choice(y, size=len(y)))

    return bootstrap(draw)
