"""WEAT: the paper's formulas, the published values, exact and random permutations."""

import math
import statistics
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.debiasing.published_lists import read_weat
from seqpipe.debiasing.weat import effect_size, holm, permutation_test, weat, weat_tests
from seqpipe.debiasing.word_lists import WeatTest
from seqpipe.debiasing.words import WordVectors
from tests.debiasing.planted import along_first_axis, cosine, random_vectors

DATA = Path(__file__).parents[3] / "shared" / "data"
TEST = WeatTest("t", x=("x1", "x2", "x3"), y=("y1", "y2", "y3"), a=("a1", "a2"), b=("b1", "b2"))
WORDS = [*TEST.x, *TEST.y, *TEST.a, *TEST.b]
# Caliskan et al. 2017 on word2vec; the sets of each in WEFE's file.
PUBLISHED = {
    "flowers insects pleasant_5 unpleasant_5a": 1.54,
    "instruments weapons pleasant_5 unpleasant_5a": 1.63,
    "male_names female_names career family": 1.89,
    "math arts male_terms female_terms": 0.97,
    "science arts_2 male_terms_2 female_terms_2": 1.24,
}


def association(vectors, w):
    return statistics.fmean(cosine(vectors, w, a) for a in TEST.a) - statistics.fmean(
        cosine(vectors, w, b) for b in TEST.b
    )


@pytest.mark.parametrize("seed", range(4))
def test_effect_size_and_p_value_are_those_of_the_formulas(seed):
    vectors = random_vectors(WORDS, seed)
    s = {w: association(vectors, w) for w in TEST.x + TEST.y}
    x, y = [s[w] for w in TEST.x], [s[w] for w in TEST.y]
    effect = (statistics.fmean(x) - statistics.fmean(y)) / statistics.stdev(x + y)
    sums = []
    for chosen in combinations(s, 3):
        rest = [w for w in s if w not in chosen]
        sums.append(sum(s[w] for w in chosen) - sum(s[w] for w in rest))
    p = sum(one >= sum(x) - sum(y) - 1e-9 for one in sums) / len(sums)
    found = weat(vectors, TEST)
    assert (found.value, found.p_value) == (pytest.approx(effect), pytest.approx(p))
    assert found.exact
    assert found.resolution == 1 / 20
    assert found.interval.low <= found.interval.high


def test_the_smallest_p_value_is_that_of_the_observed_partition():
    vectors = along_first_axis(
        {"x1": 0.7, "x2": 0.8, "x3": 0.9, "y1": -0.7, "y2": -0.8, "y3": -0.9}
        | {"a1": 0.99, "a2": 0.98, "b1": -0.99, "b2": -0.98}
    )
    assert weat(vectors, TEST).p_value == 1 / math.comb(6, 3)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 4), st.integers(2, 4))
def test_random_permutations_come_near_the_exact_p_value(seed, n, m):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=n), rng.normal(size=m)
    exact = permutation_test(x, y, rng, exact=True)[0]
    drawn, is_exact, resolution = permutation_test(x, y, rng, exact=False, permutations=20_000)
    assert not is_exact
    assert resolution == 1 / 20_001
    assert drawn == pytest.approx(exact, abs=5 * math.sqrt(exact / 20_000) + 2 * resolution)


def test_equal_associations_have_the_p_value_one():
    rng = np.random.default_rng(0)
    same = np.full(5, 0.1)
    assert permutation_test(same, same, rng)[0] == 1
    assert effect_size(same, same) is None


@pytest.mark.parametrize(
    ("given_p", "corrected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm(given_p, corrected):
    assert holm(given_p) == pytest.approx(corrected)


def test_a_test_without_words_is_not_counted_in_the_correction():
    vectors = random_vectors(WORDS)
    nothing = WeatTest("none", x=("q",), y=TEST.y, a=TEST.a, b=TEST.b)
    first, second = weat_tests(vectors, [nothing, TEST])
    assert (first.value, first.p_value, first.p_holm) == (None, None, None)
    assert first.reason == "no word of X has a vector"
    assert second.p_holm == second.p_value


def test_words_without_direction_give_the_reason():
    same = WordVectors(tuple(WORDS), np.ones((len(WORDS), 3)))
    zeros = WordVectors(tuple(WORDS), np.zeros((len(WORDS), 3)))
    assert "equally near" in weat(same, TEST).reason
    assert "X and Y and A and B" in weat(zeros, TEST).reason


def test_the_seed_decides():
    more = [f"z{i}" for i in range(30)]
    vectors = random_vectors([*WORDS, *more])
    many = WeatTest("many", tuple(more[:15]), tuple(more[15:]), TEST.a, TEST.b)
    one, same, other = (weat(vectors, many, permutations=500, seed=s) for s in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.skipif(not (DATA / "debias" / "wefe").is_dir(), reason="no shared/data/debias/wefe")
def test_published_effect_sizes_of_word2vec():
    vectors = WordVectors.load(DATA / "embeddings" / "pretrained" / "weat_w2v.txt.gz")
    sets, _ = read_weat(DATA / "debias" / "wefe" / "WEAT.json")
    found = {
        names: weat(vectors, WeatTest(names, *(sets[n] for n in names.split())), permutations=10)
        for names in PUBLISHED
    }
    assert {names: round(one.value, 2) for names, one in found.items()} == PUBLISHED
