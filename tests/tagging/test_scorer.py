"""The tagger's scorer, held to hand counts."""

from functools import partial

import pytest
from spacy.scorer import Scorer
from spacy.tokens import Doc, Token
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from seqpipe.tagging.scorer import make_tagger_scorer, score_labels

VOCAB = Vocab()


@pytest.fixture
def kind():
    """A token extension for the time of a test."""
    Token.set_extension("kind", default=None)
    yield "kind"
    Token.remove_extension("kind")


def tagged(predicted: list[str], gold: list[str]) -> Example:
    words = [f"w{i}" for i in range(len(gold))]
    return Example(Doc(VOCAB, words=words, tags=predicted), Doc(VOCAB, words=words, tags=gold))


def labelled(predicted, gold) -> Example:
    words = [f"w{i}" for i in range(len(gold))]
    docs = [Doc(VOCAB, words=words) for _ in range(2)]
    for doc, labels in zip(docs, (predicted, gold), strict=True):
        for token, label in zip(doc, labels, strict=True):
            token._.kind = label
    return Example(*docs)


def test_accuracy_of_the_tag():
    examples = [tagged(["N", "V", "N"], ["N", "V", "A"]), tagged(["V", "V"], ["N", "V"])]
    assert make_tagger_scorer()(examples) == {"tag_acc": pytest.approx(3 / 5)}


def test_tokens_without_gold_tag_are_left_out():
    examples = [tagged(["N", "V", "N", "N"], ["N", "", "A", ""])]
    assert score_labels(examples) == {"tag_acc": pytest.approx(1 / 2)}


def test_accuracy_of_an_extension(kind):
    scorer = partial(make_tagger_scorer(), target="_.kind")
    examples = [labelled(["a", "b", "b"], ["a", "b", "a"]), labelled(["b"], ["b"])]
    assert scorer(examples) == {"tag_acc": pytest.approx(3 / 4), "kind_acc": pytest.approx(3 / 4)}


def test_tokens_without_gold_value_are_left_out(kind):
    scorer = partial(make_tagger_scorer(), target="_.kind")
    examples = [labelled(["a", "b", "b", "a"], [None, "b", "", "b"])]
    assert scorer(examples) == {"tag_acc": pytest.approx(1 / 2), "kind_acc": pytest.approx(1 / 2)}


def test_values_are_compared_as_strings(kind):
    """The tagger sets strings; the gold may be numbers, and 0 is a value."""
    scorer = partial(make_tagger_scorer(), target="_.kind")
    assert scorer([labelled(["0", "1", "1"], [0, 1, 0])]) == {
        "tag_acc": pytest.approx(2 / 3),
        "kind_acc": pytest.approx(2 / 3),
    }


def test_without_gold_there_is_no_score(kind):
    assert make_tagger_scorer()([tagged(["N"], [""])]) == {"tag_acc": None}
    assert score_labels([labelled(["a"], [None])], target="_.kind") == {
        "tag_acc": None,
        "kind_acc": None,
    }


def test_the_registry_has_it():
    scorer = registry.scorers.get("seqpipe.TaggerScorer.v1")()
    examples = [tagged(["N", "V"], ["N", "N"])]
    assert scorer(examples) == Scorer.score_token_attr(examples, "tag") == {"tag_acc": 0.5}
