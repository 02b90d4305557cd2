"""Tag schemes: round trips, what a CRF may do, and what a wrong tag is told."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.tagging.schemes import (
    CRF_SCHEMES,
    SCHEMES,
    allowed,
    scheme_named,
    spans_of,
    tags_from_spans,
    tags_of,
)


@st.composite
def sentences(draw):
    """Entities of a sentence and its length; entities of one label often touch."""
    spans, at = [], 0
    for gap, length, label in draw(
        st.lists(
            st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(["PER", "a-b", "LOC"]))
        )
    ):
        spans.append((at + gap, at + gap + length, label))
        at += gap + length
    return spans, at + draw(st.integers(0, 2))


def all_spans(length, labels):
    """Every set of non-overlapping spans in so many tokens."""
    single = [(i, j, label) for i, j in combinations(range(length + 1), 2) for label in labels]
    for count in range(length + 1):
        for spans in combinations(single, count):
            if all(a[1] <= b[0] for a, b in combinations(sorted(spans), 2)):
                yield spans


def accepts(constraints, path):
    return (
        constraints.start[path[0]]
        and constraints.end[path[-1]]
        and all(constraints.transitions[a, b] for a, b in pairwise(path))
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@given(sentence=sentences())
def test_spans_survive_the_way_through_tags(scheme, sentence):
    spans, length = sentence
    tags = tags_from_spans(spans, length, scheme)
    assert len(tags) == length
    assert spans_of(tags, scheme) == spans


@pytest.mark.parametrize("scheme", CRF_SCHEMES)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_crf_may_do_what_entities_can_be_written_as_and_nothing_else(scheme, length):
    labels = ["PER", "LOC"]
    tags = tags_of(labels, scheme)
    constraints = allowed(tags, scheme)
    accepted = {
        tuple(tags[i] for i in path)
        for path in product(range(len(tags)), repeat=length)
        if accepts(constraints, path)
    }
    written = {tuple(tags_from_spans(s, length, scheme)) for s in all_spans(length, labels)}
    assert accepted == written


@pytest.mark.parametrize("scheme", CRF_SCHEMES)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_crf_may_do_what_the_reader_takes_and_nothing_else(scheme, length):
    tags = tags_of(["PER", "LOC"], scheme)
    constraints = allowed(tags, scheme)
    for path in product(range(len(tags)), repeat=length):
        try:
            spans_of([tags[i] for i in path], scheme)
        except InputError:
            assert not accepts(constraints, path)
        else:
            assert accepts(constraints, path)


def test_each_scheme_writes_the_same_entities_its_own_way():
    spans = [(0, 2, "PER"), (2, 3, "PER"), (3, 6, "LOC")]
    written = {scheme: " ".join(tags_from_spans(spans, 7, scheme)) for scheme in SCHEMES}
    assert written == {
        "BILUO": "B-PER L-PER U-PER B-LOC I-LOC L-LOC O",
        "BIO": "B-PER I-PER B-PER B-LOC I-LOC I-LOC O",
        "IOB1": "I-PER I-PER B-PER I-LOC I-LOC I-LOC O",
        "IOBES": "B-PER E-PER S-PER B-LOC I-LOC E-LOC O",
    }


def test_tags_begin_with_outside_and_keep_the_labels_order():
    assert tags_of(["PER", "LOC"], "BIO") == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert tags_of(["X"], "BILUO") == ["O", "B-X", "I-X", "L-X", "U-X"]
    assert tags_of([], "BILUO") == ["O"]


def test_iob2_is_another_name_of_bio():
    assert scheme_named("IOB2") == "BIO"
    assert spans_of(["B-PER", "I-PER"], "IOB2") == [(0, 2, "PER")]


def test_iob1_takes_a_b_that_it_would_not_write():
    assert spans_of(["B-PER", "I-PER", "I-LOC", "O", "B-LOC"], "IOB1") == [
        (0, 2, "PER"),
        (2, 3, "LOC"),
        (4, 5, "LOC"),
    ]


def test_without_a_scheme_all_is_allowed():
    constraints = allowed(["NOUN", "VERB", "O"], None)
    assert constraints.start.all()
    assert constraints.end.all()
    assert constraints.transitions.shape == (3, 3)
    assert constraints.transitions.all()


def test_constraints_are_masks_from_row_to_column():
    constraints = allowed(["O", "B-X", "I-X"], "BIO")
    assert constraints.transitions.dtype == np.bool_
    assert constraints.start.tolist() == [True, True, False]
    assert constraints.transitions.tolist() == [
        [True, True, False],
        [True, True, True],
        [True, True, True],
    ]
    assert constraints.end.tolist() == [True, True, True]


def test_iob1_is_refused_for_a_model():
    with pytest.raises(ValueError, match=r"IOB1 .* expected one of BILUO, BIO, IOBES"):
        allowed(["O", "I-PER"], "IOB1")


@pytest.mark.parametrize(
    ("scheme", "tags", "message"),
    [
        ("BIO", "O I-PER", "line 12: I-PER after O, expected O or B-PER in BIO; .* in IOB1"),
        ("BIO", "I-PER", "line 11: I-PER at the start of a sentence, .* in IOB1"),
        ("BIO", "B-LOC I-PER", "line 12: I-PER after B-LOC, expected O or B-LOC or I-LOC or B-PER"),
        ("BIO", "O X-PER", "line 12: tag 'X-PER' is not of the scheme BIO, expected O, B-LABEL"),
        ("BIO", "PER", "line 11: tag 'PER' is not of the scheme BIO, .* I-LABEL$"),
        ("BIO", "B-", "line 11: tag 'B-' is not of the scheme BIO, .* I-LABEL$"),
        ("BIO", "U-PER", "line 11: tag 'U-PER' .*; it is legal in BILUO$"),
        (
            "BILUO",
            "B-PER O",
            "line 12: O after B-PER, expected I-PER or L-PER in BILUO; .* BIO and",
        ),
        ("BILUO", "O B-PER", "line 12: B-PER at the end of a sentence, expected I-PER or L-PER"),
        ("IOBES", "S-PER E-PER", "line 12: E-PER after S-PER, expected O or B-PER or S-PER in"),
        ("IOB1", "E-PER", "line 11: tag 'E-PER' is not of the scheme IOB1, .* legal in IOBES"),
    ],
)
def test_a_wrong_tag_is_named_with_its_line_and_the_scheme_that_has_it(scheme, tags, message):
    with pytest.raises(InputError, match=f"^train.conll, {message}"):
        spans_of(tags.split(), scheme, path="train.conll", lines=[11, 12])


def test_a_wrong_tag_from_no_file_is_named_with_its_token():
    with pytest.raises(InputError, match=r"^token 2: I-PER after O"):
        spans_of(["O", "I-PER"], "BIO")


def test_an_unknown_scheme_lists_the_known():
    with pytest.raises(InputError, match="'BOI', expected one of BILUO, BIO, IOB1, IOBES, IOB2"):
        spans_of(["O"], "BOI")


@pytest.mark.parametrize("spans", [[(0, 2, "A"), (1, 3, "B")], [(2, 2, "A")], [(2, 4, "A")]])
def test_spans_that_overlap_are_empty_or_leave_the_sentence_are_refused(spans):
    with pytest.raises(ValueError, match=r"span .* is empty, overlaps .* or leaves the 3 tokens"):
        tags_from_spans(spans, 3, "BIO")
