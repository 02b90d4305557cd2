"""Lists of candidates: both formats, the order, and what is refused."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.lm.candidates import Candidate, rank_candidates, read_candidates
from seqpipe.lm.learn import sentence_pieces
from tests.lm.ngram_case import SALADS

PEAR, PAIR = "the apple and pear salad", "the apple and pair salad"


def read(text, *, is_json=False, longest=1000):
    lines = list(enumerate(text.splitlines(), start=1))
    return list(read_candidates(lines, "file", is_json=is_json, longest=longest))


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("xx")
    nlp.add_pipe("ngram_lm").learn_from(sentence_pieces(SALADS))
    return nlp


def ranked(nlp, *candidates, **options):
    return rank_candidates(nlp, nlp.get_pipe("ngram_lm"), list(candidates), **options)


def test_both_formats_hold_the_same():
    expected = [
        [Candidate("a", "one", 1.5), Candidate("a", "two", -2.0)],
        [Candidate("b", "three")],
    ]
    assert read("a\t1.5\tone\na\t-2\ttwo\n\nb\tthree\n") == expected
    text = (
        '{"id": "a", "candidates": [{"text": "one", "score": 1.5}, {"text": "two", "score": -2}]}\n'
        '{"id": "b", "candidates": ["three"]}\n'
    )
    assert read(text, is_json=True) == expected


def test_the_likelier_text_comes_first(nlp):
    first, second = ranked(nlp, Candidate("a", PAIR), Candidate("a", PEAR))
    assert (first.candidate.text, first.rank) == (PEAR, 1)
    assert (second.candidate.text, second.rank) == (PAIR, 2)
    assert first.total == first.log_prob == pytest.approx(nlp(PEAR)._.log_prob)


def test_the_own_score_counts_by_its_weight(nlp):
    candidates = [Candidate("a", PAIR, 1.0), Candidate("a", PEAR, 0.0)]
    gap = nlp(PEAR)._.log_prob - nlp(PAIR)._.log_prob
    for weight, best in ((0.0, PEAR), (0.9 * gap, PEAR), (1.1 * gap, PAIR)):
        found = ranked(nlp, *candidates, weight=weight)
        assert found[0].candidate.text == best
        for one in found:
            assert one.total - one.log_prob == pytest.approx(weight * one.candidate.score)


def test_unknown_words_are_counted(nlp):
    found = ranked(nlp, Candidate("a", "the zebra, zebra"), Candidate("a", PEAR))
    assert {one.candidate.text: one.unknown for one in found} == {"the zebra, zebra": 3, PEAR: 0}


def test_white_space_can_part_tokens(nlp):
    (by_pipeline,) = ranked(nlp, Candidate("a", "the pear,"))
    (by_space,) = ranked(nlp, Candidate("a", "the pear,"), tokenizer="whitespace")
    assert (by_pipeline.unknown, by_space.unknown) == (1, 1)
    expected = total_of(nlp, ["the", "pear,"])
    assert by_space.log_prob == pytest.approx(expected) != by_pipeline.log_prob


def total_of(nlp, words):
    return nlp.get_pipe("ngram_lm").model.score(words).log_prob


def test_a_text_that_is_too_long_is_named_with_its_line():
    with pytest.raises(InputError, match=r"^file, line 2: a text of 16 characters, expected 9 at"):
        read("a\tshort\na\tlonger than that", longest=9)


def test_the_unit_is_that_of_the_log_probability(nlp):
    (nats,) = ranked(nlp, Candidate("a", PEAR))
    (log10,) = ranked(nlp, Candidate("a", PEAR), unit="log10")
    assert log10.log_prob == pytest.approx(nats.log_prob / 2.302585)


@given(st.lists(st.sampled_from([PEAR, PAIR, "a pear", "a pair", "zebra"]), min_size=1))
def test_every_candidate_is_in_its_list_once(nlp, texts):
    found = ranked(nlp, *(Candidate("a", text) for text in texts))
    assert sorted(one.candidate.text for one in found) == sorted(texts)
    assert [one.rank for one in found] == list(range(1, len(texts) + 1))
    assert [one.total for one in found] == sorted((one.total for one in found), reverse=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one", r"file, line 1: 1 column, expected ID<tab>TEXT"),
        ("a\t1\tb\tc", r"file, line 1: 4 columns, expected ID<tab>TEXT"),
        ("a\tb\na\tx\tb", r"file, line 2: score 'x', expected a number"),
        ("a\tnan\tb", r"file, line 1: score 'nan', expected a number"),
        ("a\t ", r"file, line 1: an empty candidate in the list 'a'"),
        ("a\tb\nb\tc\na\td", r"file, line 3: the list 'a' again"),
        ("a\tb\na\t1\tc", r"file, line 1: the list 'a' has scores for some"),
    ],
)
def test_a_wrong_line_is_named(text, message):
    with pytest.raises(InputError, match=message):
        read(text)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        '{"id": "a"}',
        '{"candidates": ["b"]}',
        '{"id": "a", "candidates": []}',
        '{"id": "a", "candidates": [3]}',
        '{"id": ["a"], "candidates": ["b"]}',
        '{"id": "a", "candidates": [{"text": 3}]}',
        '{"id": "a", "candidates": ["\\ud83d"]}',
    ],
)
def test_a_wrong_object_is_named(line):
    with pytest.raises(InputError, match=r"file, line 2: .* expected ID<tab>TEXT"):
        read('{"id": 1, "candidates": ["b"]}\n' + line, is_json=True)


@pytest.mark.parametrize("score", ["true", '"x"', "[1]", "Infinity"])
def test_a_score_that_is_no_number_is_named(score):
    with pytest.raises(InputError, match=r"file, line 1: score .* expected a number"):
        read(f'{{"id": 1, "candidates": [{{"text": "a", "score": {score}}}]}}', is_json=True)
