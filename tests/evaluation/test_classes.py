"""The scorer of classes, against scikit-learn and hand counts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.cli.evaluate import evaluate as spacy_evaluate
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.loop import update_meta

from seqpipe.evaluation.calibration import expected_calibration_error
from seqpipe.evaluation.classes import make_class_scorer, score_classes
from seqpipe.files import InputError
from seqpipe.reporting.metrics import summarise_runs, write_metrics
from seqpipe.reporting.run_logs import flattened
from seqpipe.training.evaluate import Evaluation

NLP = spacy.blank("xx")
STARS = ("1", "2", "3", "4", "5")
VALUES = {label: float(label) for label in STARS}
seeds = st.integers(0, 2**32 - 1)


def example(predicted, gold):
    docs = [Doc(NLP.vocab, words=["a", "text"]) for _ in range(2)]
    docs[0].cats, docs[1].cats = predicted, gold
    return Example(*docs)


def random_classes(seed, labels=STARS, texts=60):
    """Probabilities (texts, labels) and gold ids (texts,), some labels never gold."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(len(labels), 0.5), size=texts)
    return probabilities, rng.choice(rng.choice(len(labels), 3), size=texts)


def exclusive(probabilities, gold, labels=STARS):
    return [
        example(dict(zip(labels, row.tolist(), strict=True)), {labels[i]: 1.0})
        for row, i in zip(probabilities, gold, strict=True)
    ]


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_scores_of_exclusive_classes_equal_those_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    probabilities, gold = random_classes(seed)
    predicted = probabilities.argmax(axis=1)
    scores = score_classes(exclusive(probabilities, gold), labels=STARS)
    ids = range(len(STARS))
    options = {"labels": ids, "zero_division": 0}
    macro = metrics.precision_recall_fscore_support(gold, predicted, average="macro", **options)
    p, r, f, n = metrics.precision_recall_fscore_support(gold, predicted, **options)
    matrix = metrics.confusion_matrix(gold, predicted, labels=ids)
    assert scores["cats_acc"] == pytest.approx(metrics.accuracy_score(gold, predicted))
    ours = [scores[f"cats_macro_{measure}"] for measure in "prf"]
    assert ours == pytest.approx(macro[:3])
    assert scores["cats_score"] == scores["cats_macro_f"]
    for i, label in enumerate(STARS):
        by_type = {"p": p[i], "r": r[i], "f": f[i]}
        assert scores["cats_f_per_type"][label] == pytest.approx(by_type)
    assert list(scores["cats_support"].items()) == list(zip(STARS, n, strict=True))
    assert [list(row.values()) for row in scores["cats_confusion"].values()] == matrix.tolist()
    assert [list(row) for row in scores["cats_confusion"].values()] == [list(STARS)] * len(STARS)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_error_in_stars_is_that_of_the_expected_value(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    probabilities, gold = random_classes(seed)
    examples = exclusive(probabilities, gold)
    scores = score_classes(examples, labels=STARS, kind="stars", values=VALUES)
    stars = np.array(list(VALUES.values()))
    error = metrics.mean_absolute_error(stars[gold], probabilities @ stars)
    assert scores["stars_mae"] == pytest.approx(error)


@settings(deadline=None, max_examples=25)
@given(seeds, st.sampled_from([0.2, 0.5]))
def test_scores_of_several_labels_a_text_equal_those_of_scikit_learn(seed, threshold):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    labels = ("food", "service", "price")
    probabilities, gold = rng.random((40, 3)), rng.integers(0, 2, (40, 3))
    examples = [
        example(*(dict(zip(labels, map(float, row), strict=True)) for row in pair))
        for pair in zip(probabilities, gold, strict=True)
    ]
    scores = score_classes(examples, labels=labels, kind="multilabel", threshold=threshold)
    predicted = probabilities >= threshold
    f = metrics.f1_score(gold, predicted, average="macro", zero_division=0)
    assert scores["cats_acc"] == pytest.approx(metrics.accuracy_score(gold, predicted))
    assert scores["cats_macro_f"] == pytest.approx(f)
    assert scores["cats_macro_auc"] == pytest.approx(metrics.roc_auc_score(gold, probabilities))
    ece = expected_calibration_error(probabilities.ravel(), gold.ravel())
    assert scores["cats_ece"] == pytest.approx(ece)
    assert list(scores["cats_support"].values()) == gold.sum(axis=0).tolist()
    assert "cats_confusion" not in scores
    assert "stars_mae" not in scores


def test_scores_equal_the_hand_count():
    examples = [
        example({"bad": 0.7, "good": 0.3}, {"bad": 1.0, "good": 0.0}),
        example({"bad": 0.6, "good": 0.4}, {"good": 1.0}),
        example({"bad": 0.1, "good": 0.9}, {"good": 1.0}),
    ]
    scores = score_classes(examples, labels=("bad", "good"))
    assert scores["cats_acc"] == pytest.approx(2 / 3)
    assert scores["cats_confusion"] == {"bad": {"bad": 1, "good": 0}, "good": {"bad": 1, "good": 1}}
    assert scores["cats_f_per_type"]["bad"] == pytest.approx({"p": 1 / 2, "r": 1.0, "f": 2 / 3})
    assert scores["cats_support"] == {"bad": 1, "good": 2}
    # 0.7, 0.6 and 0.9 are each alone in their bin.
    assert scores["cats_ece"] == pytest.approx((0.3 + 0.6 + 0.1) / 3)


def test_error_in_stars_equals_the_hand_count():
    examples = [
        example({"1": 0.5, "3": 0.5}, {"3": 1.0}),  # 2 for 3
        example({"1": 0.25, "3": 0.75}, {"1": 1.0}),  # 2.5 for 1
    ]
    scores = score_classes(examples, labels=("1", "3"), kind="stars", values={"1": 1.0, "3": 3.0})
    assert scores["stars_mae"] == pytest.approx((1.0 + 1.5) / 2)


def test_of_equally_probable_labels_the_first_counts():
    equal = {"bad": 0.5, "good": 0.5}
    examples = [example(equal, {"bad": 1.0}), example(equal, {"good": 1.0})]
    assert score_classes(examples, labels=("bad", "good"))["cats_confusion"]["good"]["bad"] == 1
    assert score_classes(examples, labels=("good", "bad"))["cats_confusion"]["bad"]["good"] == 1


def test_gold_label_that_the_component_never_saw_is_an_error():
    cats = {"1": 0.9, "2": 0.1}
    examples = [example(cats, {"1": 1.0}), example(cats, {"1": 0.0, "3": 1.0})]
    scores = score_classes(examples, labels=("1", "2"), kind="stars", values={"1": 1.0, "2": 2.0})
    assert scores["cats_acc"] == 0.5
    assert scores["cats_confusion"]["3"] == {"1": 1, "2": 0, "3": 0}
    assert scores["cats_support"] == {"1": 1, "2": 0, "3": 1}
    assert scores["cats_f_per_type"]["1"]["p"] == 0.5
    assert scores["cats_f_per_type"]["3"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["stars_mae"] == pytest.approx((0.1 + 1.9) / 2)


def test_label_of_several_that_the_component_never_saw_is_an_error():
    examples = [
        example({"food": 0.9}, {"food": 1.0, "price": 1.0}),
        example({"food": 0.9}, {"food": 1.0, "price": 0.0}),
    ]
    scores = score_classes(examples, labels=("food",), kind="multilabel")
    assert scores["cats_acc"] == 0.5
    assert scores["cats_support"] == {"food": 2, "price": 1}
    assert scores["cats_ece"] == pytest.approx(0.1)


def test_label_of_several_that_is_not_annotated_is_not_scored():
    examples = [example({"food": 0.9, "price": 0.9}, {"food": 1.0})]
    scores = score_classes(examples, labels=("food", "price"), kind="multilabel")
    assert scores["cats_acc"] == 1.0
    assert scores["cats_micro_p"] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["exclusive", "stars", "multilabel"])
def test_texts_without_a_gold_label_change_nothing(kind):
    some = [example({"1": 0.3, "2": 0.7}, {"1": 1.0}), example({"1": 0.3, "2": 0.7}, {"2": 1.0})]
    options = {"labels": ("1", "2"), "kind": kind, "values": VALUES}
    with_others = [*some, example({"1": 0.3, "2": 0.7}, {})]
    assert score_classes(with_others, **options) == score_classes(some, **options)


@pytest.mark.parametrize("kind", ["exclusive", "stars", "multilabel"])
def test_without_any_gold_label_every_score_is_none(kind):
    options = {"labels": ("1", "2"), "kind": kind}
    scores = score_classes([example({"1": 0.3, "2": 0.7}, {})], **options)
    assert {name for name, score in scores.items() if score is not None} == {"cats_score_desc"}
    known = score_classes([example({"1": 0.3, "2": 0.7}, {"1": 1.0})], **options)
    assert scores.keys() == known.keys()


def test_a_text_without_a_prediction_is_refused():
    with pytest.raises(ValueError, match='no class was predicted for "a text"'):
        score_classes([example({}, {"1": 1.0})], labels=("1", "2"))


@pytest.mark.parametrize("label", ["bad", "nan"])
def test_gold_label_that_is_no_number_is_an_error_without_a_distance(label):
    cats = {"1": 0.9, "2": 0.1}
    examples = [example(cats, {"1": 1.0}), example(cats, {label: 1.0})]
    scores = score_classes(examples, labels=("1", "2"), kind="stars", values=VALUES)
    assert scores["cats_acc"] == 0.5
    assert scores["cats_support"] == {"1": 1, "2": 0, label: 1}
    assert scores["stars_mae"] == pytest.approx(0.1)


def test_gold_label_without_a_value_on_another_scale_than_the_labels_has_no_distance():
    cats = {"1": 0.25, "5": 0.75}
    options = {"labels": ("1", "5"), "kind": "stars", "values": {"1": -1.0, "5": 1.0}}
    three, five = example(cats, {"3": 1.0}), example(cats, {"5": 1.0})
    scores = score_classes([three, five], **options)
    assert scores["cats_acc"] == 0.5
    assert scores["stars_mae"] == pytest.approx(0.5)
    assert score_classes([three], **options)["stars_mae"] is None


@pytest.mark.parametrize(
    ("labels", "values", "wanted"),
    [(("1", "good"), {}, "a number"), (("1", "5"), {"1": -1.0}, "a number for it in `values`")],
)
def test_labels_of_the_component_without_a_number_are_refused(labels, values, wanted):
    examples = [example({labels[0]: 0.5, labels[1]: 0.5}, {"1": 1.0})]
    with pytest.raises(InputError, match=f"^label '{labels[1]}': expected {wanted}, as kind"):
        score_classes(examples, labels=labels, kind="stars", values=values)


@pytest.mark.parametrize("kind", ["exclusive", "stars"])
def test_probabilities_of_several_labels_are_not_scored_as_those_of_one(kind):
    examples = [example({"1": 0.9, "2": 0.8}, {"1": 1.0})]
    with pytest.raises(InputError, match=r"cats \(1 0\.9, 2 0\.8\) sum to 1\.7.*\"multilabel\""):
        score_classes(examples, labels=("1", "2"), kind=kind)


def test_probabilities_that_were_rounded_are_scored():
    examples = [example({"1": 0.33, "2": 0.33, "3": 0.33}, {"1": 1.0})]
    assert score_classes(examples, labels=("1", "2", "3"))["cats_acc"] == 1.0


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="kind = 'ordered': expected one of exclusive"):
        score_classes([example({"1": 1.0}, {"1": 1.0})], labels=("1",), kind="ordered")


def test_kind_of_the_config_stands_for_components_that_do_not_say_theirs():
    examples = [example({"1": 0.5, "2": 0.5}, {"1": 1.0})]
    score = make_class_scorer(kind="stars")
    assert score(examples, labels=("1", "2"))["stars_mae"] == pytest.approx(0.5)
    assert "stars_mae" not in score(examples, labels=("1", "2"), kind="exclusive")


@pytest.fixture(scope="module")
def textcat():
    """spaCy's own component with this scorer, and examples for it."""
    nlp = spacy.blank("xx")
    scorer = {"@scorers": "seqpipe.ClassScorer.v1", "kind": "stars"}
    nlp.add_pipe("textcat", config={"scorer": scorer})
    texts = [("Bad.", "1"), ("Good.", "5"), ("Quite good.", "5")]
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: 1.0}}) for text, label in texts
    ]
    nlp.initialize(lambda: examples)
    return nlp, examples


def test_spacys_component_for_several_labels_needs_its_kind():
    nlp = spacy.blank("xx")
    scorer = {"@scorers": "seqpipe.ClassScorer.v1"}
    pipe = nlp.add_pipe("textcat_multilabel", config={"scorer": scorer})
    cats = {"food": 1.0, "service": 1.0, "price": 0.0}
    examples = [Example.from_dict(nlp.make_doc("Good food, good service."), {"cats": cats})]
    nlp.initialize(lambda: examples)
    with pytest.raises(InputError, match=r"kind = 'exclusive'.*needs kind = \"multilabel\""):
        nlp.evaluate(examples)
    pipe.scorer = make_class_scorer(kind="multilabel")
    assert "cats_macro_auc" in nlp.evaluate(examples)


def test_a_text_without_tokens_is_scored(textcat):
    nlp, _ = textcat
    empty = Example.from_dict(nlp.make_doc(""), {"cats": {"1": 1.0}})
    assert sum(nlp.evaluate([empty])["cats_support"].values()) == 1


def test_plain_spacy_evaluates_data_without_gold_labels(textcat, tmp_path):
    nlp, _ = textcat
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[nlp.make_doc("Good.")]).to_disk(tmp_path / "test.spacy")
    scores = spacy_evaluate(str(tmp_path / "model"), tmp_path / "test.spacy")
    assert scores["cats_acc"] is None


def test_scores_go_through_evaluation_and_metrics_files(textcat, tmp_path):
    nlp, examples = textcat
    scores = nlp.evaluate(examples)
    assert sum(scores["cats_support"].values()) == len(examples)
    write_metrics(tmp_path / "m.json", {"scores": summarise_runs([scores]), "runs": [scores]})
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert metrics["runs"][0]["cats_confusion"] == scores["cats_confusion"]
    assert metrics["scores"]["cats_score_desc"] == "macro F"
    several = summarise_runs([scores, scores])
    assert several["cats_confusion"]["1"]["1"]["std"] == 0.0
    assert several["cats_f_per_type"]["5"]["f"]["mean"] == scores["cats_f_per_type"]["5"]["f"]


def test_scores_stand_in_the_meta_of_a_saved_pipeline(textcat, tmp_path):
    nlp, examples = textcat
    names = ("cats_acc", "cats_confusion", "cats_f_per_type", "cats_support", "stars_mae")
    scores = nlp.evaluate(examples)
    training = {"score_weights": dict.fromkeys(names)}
    update_meta(training, nlp, {"other_scores": scores, "losses": {}})
    nlp.to_disk(tmp_path)
    performance = json.loads((tmp_path / "meta.json").read_text())["performance"]
    expected = flattened({name: scores[name] for name in names})
    assert flattened(performance) == pytest.approx(expected)  # ten digits are written


def test_examples_are_gone_through_once(textcat):
    nlp, examples = textcat
    evaluation = Evaluation(nlp)
    scores, known = evaluation.evaluate(lambda: iter(examples)), nlp.evaluate(examples)
    assert evaluation.is_bounded
    assert {**scores, "speed": 0} == {**known, "speed": 0}
