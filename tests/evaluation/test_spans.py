"""The entity scorer, against seqeval, spaCy and hand counts."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore
from spacy.training import Example

from seqpipe.evaluation.spans import judge_entities, make_entity_scorer, score_entities
from seqpipe.tagging.schemes import spans_of, tags_from_spans

NLP = spacy.blank("xx")
labels = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
corpora = st.lists(st.lists(st.tuples(labels, labels), min_size=1, max_size=12), min_size=1)


def example(predicted, reference):
    words = [f"w{i}" for i in range(len(reference))]
    spaces = [True] * len(words)
    return Example(
        Doc(NLP.vocab, words=words, spaces=spaces, ents=predicted),
        Doc(NLP.vocab, words=words, spaces=spaces, ents=reference),
    )


def unzip(pairs):
    """Predicted and reference tags from pairs in any order, made legal BIO."""
    sides = zip(*pairs, strict=True)
    return [tags_from_spans(spans_of(tags, "IOB1"), len(tags), "BIO") for tags in sides]


@pytest.fixture
def confidence(monkeypatch):
    """Confidences by start token, in place of those that a component may have registered."""
    values = {}
    getter = (None, None, lambda ent: values.get(ent.start), None)
    monkeypatch.setitem(Underscore.span_extensions, "confidence", getter)
    return values


@settings(deadline=None)
@given(corpora)
def test_scores_equal_those_of_seqeval(corpus):
    metrics = pytest.importorskip("seqeval.metrics.sequence_labeling")
    predicted, gold = map(list, zip(*map(unzip, corpus), strict=True))
    examples = list(map(example, predicted, gold))
    scores = score_entities(examples)
    options = {"average": "micro", "zero_division": 0}
    p, r, f, _ = metrics.precision_recall_fscore_support(gold, predicted, **options)
    if scores["ents_per_type"] is None:  # no entity anywhere: None with us, 0 with seqeval
        assert (p, r, f) == (0, 0, 0)
        return
    assert (scores["ents_p"], scores["ents_r"], scores["ents_f"]) == pytest.approx((p, r, f))
    report = metrics.classification_report(gold, predicted, output_dict=True, zero_division=0)
    for label, score in scores["ents_per_type"].items():
        assert score["f"] == pytest.approx(report[label]["f1-score"])


@settings(deadline=None)
@given(corpora)
def test_the_share_of_entities_judged_correct_is_the_precision(corpus):
    examples = [example(*unzip(pairs)) for pairs in corpus]
    judged = [correct for _, correct in judge_entities(examples)]
    if judged:
        assert sum(judged) / len(judged) == pytest.approx(score_entities(examples)["ents_p"])


def test_calibration_error_equals_the_hand_count(confidence):
    confidence.update({0: 0.9, 2: 0.8, 3: 0.25})
    eg = example(
        ["B-PER", "O", "B-LOC", "B-PER", "I-PER"],
        ["B-PER", "O", "B-PER", "B-PER", "I-PER"],
    )
    # Three bins with one entity each: 0.9 right, 0.8 wrong (label), 0.25 right.
    assert score_entities([eg])["ents_ece"] == pytest.approx((0.1 + 0.8 + 0.75) / 3)


def test_a_span_that_is_not_exact_is_wrong(confidence):
    confidence[0] = 1.0
    assert score_entities([example(["B-PER", "I-PER"], ["B-PER", "O"])])["ents_ece"] == 1.0


def test_entities_on_tokens_without_annotation_are_left_out(confidence):
    confidence.update({0: 0.5, 1: 1.0})
    eg = example(["B-PER", "B-PER", "O"], [None, "B-PER", "O"])
    scores = score_entities([eg])
    assert scores["ents_ece"] == 0.0
    assert scores["ents_p"] == 1.0


def test_a_doc_without_annotation_is_left_out(confidence):
    confidence[0] = 0.5
    assert score_entities([example(["B-PER"], [None])])["ents_ece"] is None


def test_entities_without_a_confidence_are_left_out(confidence):
    confidence[0] = 0.75
    eg = example(["B-PER", "B-LOC"], ["B-PER", "O"])
    scores = score_entities([eg])
    assert scores["ents_ece"] == pytest.approx(0.25)
    assert scores["ents_p"] == pytest.approx(0.5)


def test_no_confidence_registered_gives_none(monkeypatch):
    monkeypatch.delitem(Underscore.span_extensions, "confidence", raising=False)
    scores = score_entities([example(["B-PER"], ["B-PER"])])
    assert scores["ents_ece"] is None
    assert scores["ents_f"] == 1.0


def test_a_differing_tokenisation_is_aligned(confidence):
    confidence[0] = 1.0
    predicted = Doc(NLP.vocab, words=["New", "York", "is"], ents=["B-LOC", "I-LOC", "O"])
    reference = Doc(NLP.vocab, words=["New York", "is"], ents=["B-LOC", "O"])
    assert score_entities([Example(predicted, reference)])["ents_ece"] == 0.0


def test_a_generator_of_examples_is_scored_like_a_list():
    examples = [example(["B-PER", "O"], ["B-PER", "B-LOC"]), example(["O"], ["O"])]
    assert score_entities(eg for eg in examples) == score_entities(examples)


def test_the_figures_but_ours_are_spacys_own():
    examples = [example(["B-PER", "O"], ["B-PER", "B-LOC"]), example(["B-LOC"], ["O"])]
    ours = score_entities(examples)
    theirs = Scorer().score_spans(examples, "ents", getter=lambda doc, _: doc.ents)
    del ours["ents_ece"]
    assert ours == theirs


def test_nlp_evaluate_carries_the_scores(confidence):
    confidence[0] = 0.75

    class OneEntity:
        scorer = staticmethod(make_entity_scorer())

        def __call__(self, doc):
            doc.ents = [Span(doc, 0, 1, "PER")]
            return doc

        def score(self, examples, **kwargs):
            return self.scorer(examples, **kwargs)

    Language.factory("one_entity_for_test", func=lambda nlp, name: OneEntity())
    nlp = spacy.blank("xx")
    nlp.add_pipe("one_entity_for_test")
    words = ["Ada", "slept"]
    reference = Doc(nlp.vocab, words=words, spaces=[True, False], ents=["B-PER", "O"])
    scores = nlp.evaluate([Example(nlp.make_doc("Ada slept"), reference)])
    assert scores["ents_ece"] == pytest.approx(0.25)
    assert type(scores["ents_ece"]) is float
    assert scores["ents_per_type"]["PER"]["f"] == 1.0


def test_the_scorer_is_registered():
    assert spacy.registry.scorers.get("seqpipe.EntityScorer.v1") is make_entity_scorer
