"""The contrast report, against scipy and hand counts."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.evaluation.classes import score_classes
from seqpipe.evaluation.contrast import (
    contrast_groups,
    make_contrast_scorer,
    mcnemar,
    paired_difference,
    score_contrast,
)
from seqpipe.files import InputError

NLP = spacy.blank("xx")
GERMAN = {"negation": ["nicht", "kein", "keine"], "contrast": ["aber", "zwar"]}
TEXTS = [
    "Completely lacking in good taste, good service, and good ambience",
    "Good for a quick meal, but nothing special.",
    "The dessert is excellent.",
    "Slow, yet charming.",
    "Service was quite slow.",
]


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (TEXTS[0], {"negation"}),
        (TEXTS[1], {"negation", "contrast"}),
        (TEXTS[2], set()),
        (TEXTS[3], {"contrast"}),
        ("It isn't good.", {"negation"}),
        ("It isn’t good.", {"negation"}),
        ("It does n't work", {"negation"}),
        ("They dont care", {"negation"}),
        ("NOT GOOD", {"negation"}),
        ("Good, in spite  of\nthe noise.", {"contrast"}),
        ("A note on butter, nobility and knots", set()),
        ("Out of spite, in the rain", set()),
        ("", set()),
    ],
)
def test_groups_of_a_text_come_from_its_whole_words(text, groups):
    assert contrast_groups(text) == groups


def test_tokens_have_the_groups_of_their_text():
    assert contrast_groups(["Is", "n't", "it", ",", "in", "spite", "of", "that"]) == {
        "negation",
        "contrast",
    }


def test_other_languages_give_their_words():
    assert contrast_groups("Das ist nicht gut, aber billig.", words=GERMAN) == set(GERMAN)
    assert contrast_groups("This is not German.", words=GERMAN) == set()
    hindi = {"negation": ["नहीं"]}
    assert contrast_groups("यह अच्छा नहीं है।", words=hindi) == {"negation"}
    assert contrast_groups("यह अच्छा है।", words=hindi) == set()


@pytest.mark.parametrize("words", [{"negation": []}, {"negation": ["..."]}, {"rest": ["not"]}])
def test_groups_that_cannot_be_told_are_refused(words):
    with pytest.raises(InputError, match="expected"):
        make_contrast_scorer(words)


def test_scores_by_group_equal_the_hand_count():
    correct = {"recurrent": [1, 1, 1, 1, 0], "average": [0, 0, 1, 1, 1]}
    scores = score_contrast(TEXTS, correct)
    assert {name: score.texts for name, score in scores.items()} == {
        "negation": 2,
        "contrast": 2,
        "any": 3,
        "rest": 2,
        "all": 5,
    }
    assert scores["negation"].accuracy == {"recurrent": 1.0, "average": 0.0}
    assert scores["contrast"].accuracy == {"recurrent": 1.0, "average": 0.5}
    assert scores["rest"].accuracy == {"recurrent": 0.5, "average": 1.0}
    assert scores["all"].differences["average"].difference == pytest.approx(0.2)
    assert scores["all"].differences["average"].p_value == 1.0
    assert scores["any"].as_dict()["differences"]["average"]["difference"] == pytest.approx(2 / 3)


def test_a_group_without_texts_has_no_accuracy():
    score = score_contrast(["Fine."], {"a": [True], "b": [True]})["negation"]
    assert score.as_dict() == {"texts": 0, "accuracy": {"a": None, "b": None}, "differences": {}}


def test_several_runs_of_a_model_count_by_their_mean():
    runs = {"a": [[1, 1, 0, 1], [1, 0, 0, 1]], "b": [[0, 1, 0, 0], [0, 1, 0, 0]]}
    texts = ["not", "not", "not", "not"]
    found = score_contrast(texts, runs)["negation"]
    assert found.accuracy == {"a": 5 / 8, "b": 1 / 4}
    difference = found.differences["b"]
    assert difference.difference == pytest.approx(3 / 8)
    assert difference.p_value is None
    mean = paired_difference(*runs.values())
    assert (mean.low, mean.high) == (difference.low, difference.high)


def test_models_judged_on_other_texts_are_refused():
    with pytest.raises(ValueError, match=r"b: judgements \(2,\), expected \(1,\)"):
        score_contrast(["Fine."], {"a": [True], "b": [True, True]})
    with pytest.raises(ValueError, match="0 texts"):
        paired_difference([], [])


def test_interval_equals_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    a, b = rng.random(400) < 0.8, rng.random(400) < 0.7
    ours = paired_difference(a, b, samples=20_000)
    interval = stats.bootstrap(
        (a.astype(float) - b,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert ours.difference == pytest.approx(a.mean() - b.mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(interval), abs=0.004)


def test_interval_holds_the_true_difference_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(400):
        both = rng.random(300)
        a, b = both < 0.8, (both + 0.3 * (rng.random(300) < 0.2)) < 0.8
        # b errs where the text is in the upper 0.3 below 0.8, and 0.2 of the time.
        found = paired_difference(a, b, seed=seed, samples=1000)
        held += found.low <= 0.3 * 0.2 <= found.high
    assert 0.91 <= held / 400 <= 0.98


def test_interval_depends_on_the_seed_alone():
    a, b = [1, 1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 0, 1]
    assert paired_difference(a, b, seed=3) == paired_difference(a, b, seed=3)


@given(st.integers(0, 300), st.integers(0, 300))
def test_p_value_equals_the_binomial_test_of_scipy(only_a, only_b):
    stats = pytest.importorskip("scipy.stats")
    expected = 1.0
    if only_a + only_b:
        expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
    assert mcnemar(only_a, only_b) == pytest.approx(expected)


def test_p_value_of_many_texts_has_no_overflow():
    assert 0.0 < mcnemar(12_000, 12_500) < 0.01


def example(text, predicted, gold):
    docs = [NLP.make_doc(text), Doc(NLP.vocab, words=["x"])]
    docs[0].cats, docs[1].cats = predicted, gold
    return Example(*docs)


def test_scorer_adds_the_accuracy_of_each_group():
    good, bad = {"bad": 0.2, "good": 0.8}, {"bad": 0.7, "good": 0.3}
    examples = [
        example(TEXTS[0], good, {"bad": 1.0}),
        example(TEXTS[1], bad, {"bad": 1.0}),
        example(TEXTS[2], good, {"good": 1.0}),
        example(TEXTS[4], good, {"bad": 1.0}),
        example("Never annotated, but read.", good, {}),
    ]
    scores = make_contrast_scorer()(iter(examples), labels=("bad", "good"))
    groups = {
        "cats_acc_negation": 0.5,
        "cats_texts_negation": 2,
        "cats_acc_contrast": 1.0,
        "cats_texts_contrast": 1,
        "cats_acc_rest": 0.5,
        "cats_texts_rest": 2,
    }
    assert scores == {**score_classes(examples, labels=("bad", "good")), **groups}


def test_without_any_gold_label_the_scorer_gives_none():
    scores = make_contrast_scorer()([example("Fine.", {"a": 1.0}, {})], labels=("a",))
    assert scores["cats_acc"] is None
    assert scores["cats_score_desc"] == "macro F"


def test_scorer_of_a_group_that_no_text_is_in_gives_none():
    score = make_contrast_scorer({"negation": ["nicht"]})
    scores = score([example("Fein.", {"a": 1.0}, {"a": 1.0})], labels=("a",))
    assert (scores["cats_acc_negation"], scores["cats_texts_negation"]) == (None, 0)
    assert (scores["cats_acc_rest"], scores["cats_texts_rest"]) == (1.0, 1)
