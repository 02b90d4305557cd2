"""Debiasing as a whole: settings, what is reported, and what is warned of."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqpipe.debiasing.debiaser import Settings, debias
from seqpipe.debiasing.word_lists import WordLists
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.debias_case import LISTS, PAIRS, changed, planted, without

DATA = Path(__file__).parents[3] / "shared" / "data"
VECTORS = DATA / "embeddings" / "pretrained" / "w2v_google_news_8k.300d.txt.gz"
LISTS_OF_2016 = DATA / "debias" / "debiaswe"


def neutral_part(found):
    return found.vectors.unit_rows(found.roles.neutral)


@pytest.mark.parametrize("direction", ["svd", "mean", "difference"])
@pytest.mark.parametrize("keep_lengths", [False, True])
def test_neutral_words_have_no_projection_on_what_was_found(direction, keep_lengths):
    found = debias(planted(), LISTS, Settings(direction=direction, keep_lengths=keep_lengths))
    assert abs(found.subspace.coordinates(neutral_part(found))).max() < 1e-6


def test_lengths_are_kept_on_demand():
    vectors = planted()
    kept = debias(vectors, LISTS, Settings(keep_lengths=True)).vectors
    row = vectors.index["aaaa"]
    assert kept.lengths[row] == pytest.approx(vectors.lengths[row], rel=1e-6)
    assert debias(vectors, LISTS).vectors.lengths[row] == pytest.approx(1, rel=1e-6)


def test_double_hard_takes_more_than_the_direction():
    pytest.importorskip("sklearn")
    vectors = planted(n=200)
    found = debias(vectors, LISTS, Settings(method="double_hard", keep_lengths=True))
    assert abs(found.subspace.coordinates(neutral_part(found))).max() < 1e-6
    for places in found.roles.rows:
        near = neutral_part(found) @ found.vectors.unit_rows(places).T
        np.testing.assert_allclose(near[:, 0], near[:, 1], atol=1e-6)
    row = vectors.index["aaaa"]
    assert found.vectors.lengths[row] == pytest.approx(vectors.lengths[row], rel=1e-6)
    assert found.report()["frequency"]["component"] == found.frequency.component


def test_the_report_counts_what_was_done():
    vectors = changed(without(planted(n=60), "beard", "girl"), aaaa=np.zeros(12))
    lists = replace(LISTS, equalise=(*LISTS.equalise, ("lady", "lord")))
    report = debias(vectors, lists).report()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["words"] == 72
    assert report["neutralised"] == 59
    assert report["definitional"] == 12
    assert report["definitional_missing"] == ["beard", "girl", "lady", "lord"]
    assert (report["equalised_sets"], report["equalised_words"]) == (2, 4)
    assert report["not_equalised"] == [
        {"words": ["lady", "lord"], "reason": "no vector for 'lady', 'lord'"}
    ]
    assert report["empty"] == ["aaaa"]
    assert report["settings"] == {
        "method": "hard",
        "direction": "svd",
        "k": 1,
        "definitional": "list",
        "equalise": True,
        "cases": True,
        "keep_lengths": False,
        "seed": 0,
    }
    assert report["subspace"]["pairs"] == [list(PAIRS[0]), list(PAIRS[1]), list(PAIRS[3])]
    assert len(report["subspace"]["variance"]) == 1


def test_a_classifier_takes_the_place_of_the_list():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    some = planted(n=200)
    matrix = np.concatenate([some.matrix, rng.normal(size=(40, 12)) + 9 * np.eye(12)[1]])
    extra = tuple(f"word{i}" for i in range(40))
    vectors = WordVectors((*some.words, *extra), matrix.astype("float32"))
    found = debias(vectors, replace(LISTS, seed=extra[:30]), Settings(definitional="classifier"))
    neutral = {vectors.words[row] for row in np.flatnonzero(found.roles.neutral)}
    assert not neutral & set(extra[:30])
    assert len(neutral & set(extra)) < 5
    assert {"beard", "pregnant"} <= neutral
    assert found.report()["classifier"]["seed"] == 30


def test_pairs_that_are_left_out_are_warned_of(caplog):
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        debias(without(planted(), "girl"), LISTS)
    assert "1 of 4 pairs are left out: girl/boy (no vector for 'girl')" in caplog.text


def test_one_pair_is_said_for_svd_and_fine_for_the_difference(caplog):
    lists = replace(LISTS, pairs=PAIRS[:1])
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        debias(planted(), lists, Settings(direction="difference"))
        assert not caplog.records
        debias(planted(), lists)
    assert "one pair only" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "soft"}, "method = 'soft': expected 'hard' or 'double_hard'"),
        ({"definitional": "all"}, "definitional = 'all': expected 'list' or 'classifier'"),
        ({"direction": "pca"}, "direction = 'pca'"),
        ({"k": -1}, "k = -1"),
    ],
    ids=str,
)
def test_unknown_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Settings(**settings)


@pytest.mark.slow
@pytest.mark.skipif(not VECTORS.exists(), reason="shared/data is not there")
def test_on_the_word2vec_sample_double_hard_leaves_less_of_the_clusters_than_hard():
    pytest.importorskip("sklearn")
    vectors = WordVectors.load(VECTORS)
    found = debias(vectors, WordLists.load(LISTS_OF_2016), Settings(method="double_hard"))
    assert abs(found.subspace.coordinates(neutral_part(found))).max() < 1e-6
    assert [left.words for left in found.subspace.left_out] == [("gal", "guy")]
    assert min(found.frequency.accuracies) < found.frequency.hard_accuracy - 0.05
