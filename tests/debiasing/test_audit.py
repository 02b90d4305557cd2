"""The audit as a whole: what it finds before and after, and what it does with bad input."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqpipe.debiasing.audit import audit
from seqpipe.debiasing.findings import SOURCES, AuditSettings, PriceFiles
from seqpipe.debiasing.hard import hard_debias
from seqpipe.debiasing.published_lists import read_sembias
from seqpipe.debiasing.roles import assign_roles
from seqpipe.debiasing.subspace import find_subspace
from seqpipe.debiasing.word_lists import WeatTest, WordLists
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.planted import letters

pytest.importorskip("sklearn")

NEUTRAL = letters(240)
PAIRS = (("she", "he"), ("woman", "man"), ("girl", "boy"), ("aunt", "uncle"))
LISTS = WordLists(
    name="planted",
    pairs=PAIRS,
    equalise=PAIRS,
    definitional=("queen", "king"),
    attributes={"female": tuple(a for a, _ in PAIRS), "male": tuple(b for _, b in PAIRS)},
    targets={"occupations": tuple(NEUTRAL[:30]), "homes": (*NEUTRAL[200:215], "wizard", "queen")},
    weat=(
        WeatTest("occupations/homes", tuple(NEUTRAL[:8]), tuple(NEUTRAL[120:128]),
                 tuple(a for a, _ in PAIRS), tuple(b for _, b in PAIRS)),
    ),
)  # fmt: skip
SETTINGS = AuditSettings(per_side=60, neighbours=15, sampled=50, recover_per_side=80, generated=10)


@pytest.fixture(scope="module")
def before():
    """The first half of the neutral words leans to one side, the second to the other."""
    rng = np.random.default_rng(0)
    gender = np.eye(20)[0]
    rows = {}
    for pair in (*PAIRS, ("queen", "king")):
        middle = rng.normal(scale=0.3, size=20)
        for word, sign in zip(pair, (1, -1), strict=True):
            rows[word] = middle + sign * gender + rng.normal(scale=0.02, size=20)
    for i, word in enumerate(NEUTRAL):
        lean = 0.6 if i < 120 else -0.6
        rows[word] = rng.normal(scale=0.3, size=20) + lean * gender
    return WordVectors(tuple(rows), np.array(list(rows.values()), dtype=np.float32))


@pytest.fixture(scope="module")
def after(before):
    roles = assign_roles(before, LISTS, equalise=True, cases=False)
    return hard_debias(before, find_subspace(before, LISTS.pairs), roles).vectors


@pytest.fixture(scope="module")
def result(before, after):
    return audit(before, after, LISTS, seed=3, settings=SETTINGS)


def value(result, metric, name):
    row = next(row for row in result.rows() if (row.metric, row.name) == (metric, name))
    return row.before.value, row.after.value


def test_planted_bias_goes_away_along_the_direction(result):
    first, second = value(result, "direct_bias", "occupations")
    assert first > 0.3
    assert second < 1e-6
    assert value(result, "direct_bias", "neutral vocabulary")[1] < 1e-6
    assert value(result, "ect", "occupations")[1] == pytest.approx(1, abs=1e-3)
    first, second = value(result, "rnd", "occupations")
    assert first < -1
    assert abs(second) < 1e-3 * abs(first)


def test_what_leans_no_more_cannot_be_told_apart(result):
    for metric in ("clustering", "recovery"):
        first, second = value(result, metric, "most biased words")
        assert first > 0.9
        assert second < 0.75
    first, second = value(result, "neighbours", "neutral vocabulary")
    assert first > 0.8
    assert second < first - 0.3
    weat = result.before.weat[0]
    assert weat.p_value < 0.001
    assert weat.value > result.after.weat[0].value


def test_sides_are_those_of_the_groups(result):
    assert result.sides == ("female", "male")
    sides = result.before.clustering.sides
    assert set(sides["female"]) <= set(NEUTRAL[:120])
    assert set(sides["male"]) <= set(NEUTRAL[120:])


def test_every_row_has_value_interval_and_coverage_before_and_after(result):
    for row in result.rows():
        assert row.metric in SOURCES
        for measure in (row.before, row.after):
            assert measure.value is not None
            assert measure.interval is not None
            assert measure.coverage.found
    homes = next(row.before for row in result.rows() if row.name == "homes")
    assert homes.coverage.missing == ("wizard",)
    assert homes.coverage.left_out == ("queen",)


def test_the_audit_is_strict_json_and_never_says_removed(result):
    text = json.dumps(result.as_dict(), allow_nan=False)
    assert "removed" not in text
    assert json.loads(text)["before"]["clustering"]["per_side"] == 60
    assert json.loads(text)["direction"]["k"] == 1


def test_the_seed_makes_it_reproducible(before, result):
    alone = audit(before, None, LISTS, seed=3, settings=SETTINGS)
    other = audit(before, None, LISTS, seed=4, settings=SETTINGS)
    assert alone.before == result.before
    assert alone.after is None
    assert all(row.after is None for row in alone.rows())
    assert other.before != alone.before


def test_neutral_words_make_no_analogy_after(result):
    def neutral(findings):
        return [one for one in findings.generated.analogies if {one.x, one.y} <= set(NEUTRAL)]

    assert len(neutral(result.before)) > 5
    assert neutral(result.after) == []


def test_the_order_of_the_words_after_does_not_matter(before, after, result):
    order = np.random.default_rng(0).permutation(len(after.words))
    shuffled = WordVectors(tuple(after.words[i] for i in order), after.matrix[order])
    assert audit(before, shuffled, LISTS, seed=3, settings=SETTINGS).after == result.after


def test_other_words_after_are_refused(before, after):
    fewer = WordVectors(after.words[1:], after.matrix[1:])
    with pytest.raises(InputError, match="'she'"):
        audit(before, fewer, LISTS, settings=SETTINGS)
    with pytest.raises(InputError, match="more words"):
        audit(fewer, after, LISTS, settings=SETTINGS)


def test_without_a_direction_the_rest_is_measured_and_the_reason_given(before):
    lists = replace(LISTS, pairs=(("hers", "his"),), equalise=())
    found = audit(before, None, lists, settings=SETTINGS)
    assert found.direction is None
    assert "hers" in found.reason
    assert found.before.clustering is None
    assert found.before.direct_bias == ()
    assert found.before.weat[0].value is not None
    assert found.before.generated.reason
    json.dumps(found.as_dict(), allow_nan=False)


def test_lists_of_which_no_word_has_a_vector_give_reasons_and_no_nan():
    vectors = WordVectors(("q", "r"), np.zeros((2, 3), dtype=np.float32))
    found = audit(vectors, vectors, LISTS, settings=SETTINGS)
    assert all(row.before.value is None and row.before.reason for row in found.rows())
    json.dumps(found.as_dict(), allow_nan=False)


def test_zero_rows_are_never_measured(before, after):
    matrix = after.matrix.copy()
    matrix[[after.index[word] for word in NEUTRAL[:5]]] = 0
    gone = WordVectors(after.words, matrix)
    found = audit(before, gone, LISTS, settings=SETTINGS)
    occupations = next(row for row in found.rows() if row.name == "occupations")
    assert occupations.after.coverage.missing == tuple(NEUTRAL[:5])
    json.dumps(found.as_dict(), allow_nan=False)


def test_groups_are_the_sides_of_the_pairs_if_none_are_named(before):
    found = audit(before, None, replace(LISTS, attributes={}), settings=SETTINGS)
    assert found.sides == ("she", "he")
    assert found.before.rnd[0].groups == ("she", "he")


def test_of_three_groups_each_two_are_compared(before):
    groups = {"one": ("she",), "two": ("he",), "three": ("king",)}
    found = audit(before, before, replace(LISTS, attributes=groups), settings=SETTINGS)
    pairs = [("one", "two"), ("one", "three"), ("two", "three")]
    assert [one.groups for one in found.before.rnd if one.name == "occupations"] == pairs
    for row in found.rows():
        assert row.after.value == row.before.value


def test_a_broken_file_of_the_price_is_named(before, tmp_path):
    broken = tmp_path / "pairs.txt"
    broken.write_text("only two\n")
    with pytest.raises(InputError, match=r"pairs\.txt, line 1"):
        audit(before, None, LISTS, price=PriceFiles(similarity=(broken,)), settings=SETTINGS)


DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "debias").is_dir(), reason="no shared/data/debias")
def test_word2vec_of_news_before_and_after_hard_debiasing():
    vectors = WordVectors.load(
        DATA / "embeddings" / "pretrained" / "w2v_google_news_8k.300d.txt.gz"
    )
    lists = WordLists.english_gender()
    roles = assign_roles(vectors, lists, equalise=True, cases=True)
    debiased = hard_debias(vectors, find_subspace(vectors, lists.pairs), roles).vectors
    settings = AuditSettings(recover_per_side=1000, permutations=1000, sampled=200)
    found = audit(
        vectors,
        debiased,
        lists,
        settings=settings,
        sembias_questions=read_sembias(DATA / "debias" / "gn_glove" / "SemBias"),
        price=PriceFiles(
            similarity=(DATA / "embeddings" / "similarity" / "EN-WS-353-ALL.txt",),
            analogies=(DATA / "embeddings" / "analogy" / "questions-words.txt",),
        ),
    )
    assert max(one.value for one in found.after.direct_bias) < 1e-6
    # Gonen & Goldberg 2019: what lies along the direction is gone, the clusters are not.
    assert found.after.clustering.value > 0.7
    assert found.after.recovery.value > 0.7
    first, second = value(found, "similarity", "EN-WS-353-ALL.txt")
    assert first == pytest.approx(0.70, abs=0.005)
    assert second > first - 0.01
    assert value(found, "analogies", "questions-words.txt")[1] > 0.7
