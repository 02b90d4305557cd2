"""Texts side by side: every token in its place, and which text is likelier."""

from __future__ import annotations

import math

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.lm.annotations import NATS_A_UNIT
from seqpipe.lm.compare import ScoredToken, compare_texts, side_by_side
from seqpipe.lm.learn import sentence_pieces
from tests.lm.ngram_case import SALADS

PEAR, PAIR = "the apple and pear salad", "the apple and pair salad"
TEXTS = st.lists(
    st.lists(st.sampled_from("abc").map(lambda text: ScoredToken(text, -1.0, False)), max_size=8),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces(SALADS))
    return nlp


def compared(nlp, *texts):
    return compare_texts(nlp.get_pipe("ngram_lm"), list(map(nlp.make_doc, texts)))


def words(rows):
    return [[token and token.text for token in row] for row in rows]


def tokens(text):
    return [ScoredToken(word, -1.0, False) for word in text.split()]


@given(TEXTS)
def test_each_column_is_its_text(texts):
    rows = side_by_side(texts)
    columns = list(zip(*rows, strict=True)) or [()] * len(texts)
    assert [[token for token in column if token is not None] for column in columns] == texts
    assert all(any(row) for row in rows)


def test_equal_tokens_stand_in_one_row():
    found = side_by_side([tokens("a b c d"), tokens("a x y c d e"), tokens("b d")])
    assert words(found) == [
        ["a", "a", None],
        ["b", "x", "b"],
        [None, "y", None],
        ["c", "c", None],
        ["d", "d", "d"],
        [None, "e", None],
    ]


def test_what_stands_before_the_first_token_of_the_first_text_comes_first():
    assert words(side_by_side([tokens("a b"), tokens("x a b")])) == [
        [None, "x"],
        ["a", "a"],
        ["b", "b"],
    ]


def test_the_pear_salad_is_likelier(nlp):
    found = compared(nlp, PAIR, PEAR)
    assert found.texts == [PAIR, PEAR]
    assert found.ranked == [1, 0]
    assert found.log_probs == [pytest.approx(nlp(text)._.log_prob) for text in (PAIR, PEAR)]
    assert words(found.rows)[3:] == [["pair", "pear"], ["salad", "salad"], ["<EOS>", "<EOS>"]]
    for place, log_prob in enumerate(found.log_probs):
        assert math.fsum(row[place].log_prob for row in found.rows) == pytest.approx(log_prob)


def test_unknown_words_are_marked(nlp):
    found = compared(nlp, "the zebra", "the pear")
    assert [row[0].is_unknown for row in found.rows] == [False, True, False]


def test_plain_data_has_the_unit_and_no_infinite_number():
    nlp = spacy.blank("xx")
    model = nlp.add_pipe("ngram_lm", config={"smoothing": "maximum_likelihood"})
    model.learn_from(sentence_pieces(SALADS))
    found = compared(nlp, "a pair of shoes is new", "a zebra")
    assert found.ranked == [0, 1]
    pair, zebra = found.as_dict(NATS_A_UNIT["bits"])["texts"]
    assert pair["log_prob"] == pytest.approx(found.log_probs[0] / math.log(2))
    assert (zebra["log_prob"], zebra["perplexity"]) == (None, None)
    assert zebra["tokens"][1] == {"text": "zebra", "log_prob": None, "unknown": True}
