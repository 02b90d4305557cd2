"""Who is neutralised, who keeps what, and which sets are equalised."""

from dataclasses import replace

import numpy as np
import pytest

from seqpipe.debiasing.roles import assign_roles
from seqpipe.debiasing.words import WordVectors
from seqpipe.files import InputError
from tests.debiasing.debias_case import EQUAL, LISTS, PAIRS, changed, planted, without

PLAIN = {"equalise": True, "cases": False}
KEPT = {"beard", "pregnant", *(word for words in (*PAIRS, *EQUAL) for word in words)}


def kept(vectors, roles):
    return {vectors.words[row] for row in np.flatnonzero(~roles.neutral)}


def with_words(vectors, *words):
    rows = np.random.default_rng(1).normal(size=(len(words), vectors.width))
    return WordVectors((*vectors.words, *words), np.concatenate([vectors.matrix, rows]))


def test_words_of_lists_pairs_and_sets_keep_their_component_and_no_others():
    vectors = planted()
    roles = assign_roles(vectors, LISTS, **PLAIN)
    assert kept(vectors, roles) == KEPT
    assert roles.sets == EQUAL
    assert assign_roles(vectors, LISTS, equalise=False, cases=False).sets == ()


def test_zero_vectors_are_nothing_to_neutralise():
    vectors = changed(planted(), aaaa=np.zeros(12))
    roles = assign_roles(vectors, LISTS, **PLAIN)
    assert kept(vectors, roles) == {*KEPT, "aaaa"}


def test_other_cases_count_too_and_sets_keep_one_case():
    vectors = with_words(planted(), "Queen", "King", "QUEEN", "Beard", "Aaaa")
    roles = assign_roles(vectors, LISTS, equalise=True, cases=True)
    assert kept(vectors, roles) == {*KEPT, "Queen", "King", "QUEEN", "Beard"}
    assert roles.sets == (*EQUAL, ("Queen", "King"))


def test_a_given_set_in_another_case_wins():
    vectors = with_words(planted(), "Queen", "King", "Duke")
    lists = replace(LISTS, equalise=(*EQUAL, ("Queen", "Duke")))
    roles = assign_roles(vectors, lists, equalise=True, cases=True)
    assert roles.sets == (*EQUAL, ("Queen", "Duke"))


def test_what_is_missing_is_named():
    vectors = without(planted(), "queen", "beard")
    roles = assign_roles(vectors, LISTS, **PLAIN)
    assert [str(left) for left in roles.left_out] == ["queen/king (no vector for 'queen')"]
    assert roles.missing == ("beard", "queen")


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            {"equalise": (("queen", "king"), ("queen", "boy"))},
            "equalise: 'queen' is in queen/king and in queen/boy, expected each word in one set",
        ),
        ({"equalise": (("queen", "king"), ("king", "queen"))}, "king/queen is there twice, once"),
        ({"equalise": (("QUEEN", "king"),)}, "equalise: none of its 1 sets .*'QUEEN'"),
        ({"definitional": ("BEARD",)}, "definitional: none of its 1 words has a vector"),
    ],
    ids=str,
)
def test_lists_that_do_not_go_with_the_vectors_are_refused(lists, message):
    with pytest.raises(InputError, match=message):
        assign_roles(planted(), replace(LISTS, **lists), **PLAIN)


def test_empty_lists_are_fine():
    lists = replace(LISTS, equalise=(), definitional=())
    roles = assign_roles(planted(), lists, **PLAIN)
    assert roles.sets == ()
    assert (~roles.neutral).sum() == 2 * len(PAIRS)
