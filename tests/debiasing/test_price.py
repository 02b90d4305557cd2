"""What debiasing costs, read from the evaluations that exist."""

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from seqpipe.debiasing.price import analogy_accuracy, pipeline_score, word_similarity
from seqpipe.embeddings.matrix import Embeddings
from seqpipe.files import InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "rnn_ner-0.1.0"


def test_word_similarity_has_correlation_coverage_and_interval(tmp_path):
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("a b 9\na c 5\na d 1\na e 4\na f 0\na wizard 3\n")
    angles = {"a": 0, "b": 0.1, "c": 0.6, "d": 0.8, "e": 0.7, "f": 1.5}
    E = np.array([[np.cos(angle), np.sin(angle)] for angle in angles.values()])
    (found,) = word_similarity(Embeddings(angles, E), [pairs])
    assert found.value == pytest.approx(1)
    assert found.interval is None
    assert (found.name, found.coverage.found, found.coverage.given) == ("pairs.txt", 5, 6)
    pairs.write_text(pairs.read_text().replace("e 4", "e 0.5"))
    (found,) = word_similarity(Embeddings(angles, E), [pairs])
    # Ranks of d and e change places: 1 - 6 · 2 / (5 · 24).
    assert found.value == pytest.approx(0.9)
    assert found.interval.low < 0.9 < found.interval.high


def test_no_pair_covered_gives_the_reason(tmp_path):
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("wizard witch 9\n")
    (found,) = word_similarity(Embeddings(["a"], np.ones((1, 2))), [pairs])
    assert found.value is None
    assert "fewer than two pairs" in found.reason


def test_analogies_have_accuracy_coverage_and_interval(tmp_path):
    questions = tmp_path / "questions.txt"
    questions.write_text(": family\nman woman king queen\nman woman boy girl\nman woman x y\n")
    words = ["man", "woman", "king", "queen", "boy", "girl"]
    E = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [1, -2, 0], [0, 0, 1]])
    (found,) = analogy_accuracy(Embeddings(words, E), [questions])
    assert (found.value, found.coverage.found, found.coverage.given) == (0.5, 2, 3)
    assert found.interval.low < 0.5 < found.interval.high
    (none,) = analogy_accuracy(Embeddings(words[:2], E[:2]), [questions])
    assert none.value is None
    assert "no question" in none.reason


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Names as the saved model finds them, and one that it cannot find."""
    path = tmp_path_factory.mktemp("corpus") / "gold.spacy"
    nlp, docs = spacy.blank("xx"), DocBin()
    sentences = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
    for sentence in sentences[:4]:
        doc = Doc(nlp.vocab, words=sentence["text"].split())
        doc.ents = [Span(doc, a, b, label) for a, b, label, _ in sentence["annotations"]]
        docs.add(doc)
    doc = Doc(nlp.vocab, words=["today", "."])
    doc.ents = [Span(doc, 0, 1, "PER")]
    docs.add(doc)
    docs.to_disk(path)
    return path


@pytest.mark.slow
def test_a_pipeline_is_scored_by_the_command(corpus):
    found = pipeline_score("names", [GOLDEN], corpus)
    assert found.score == "ents_f"
    # Of nine names eight are found and nothing else.
    assert found.value == pytest.approx(2 * 8 / (8 + 9))
    assert found.by_model == {str(GOLDEN): found.value}
    assert found.interval is None


@pytest.mark.slow
def test_a_score_that_the_pipeline_lacks_gives_the_reason(corpus):
    found = pipeline_score("names", [GOLDEN], corpus, score="cats_acc")
    assert found.value is None
    assert "no score 'cats_acc'" in found.reason


@pytest.mark.slow
def test_a_command_that_fails_is_said_with_its_message(tmp_path):
    with pytest.raises(InputError, match=r"rnn_ner.*seqpipe evaluate.*nothing.spacy"):
        pipeline_score("names", [GOLDEN], tmp_path / "nothing.spacy")


def test_a_folder_that_is_no_pipeline_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no config\.cfg"):
        pipeline_score("names", [tmp_path], tmp_path)
