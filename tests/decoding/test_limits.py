"""What may be written: the tokens that are taken out, n-grams that would stand twice, lengths."""

import numpy as np
import pytest

from seqpipe.decoding.limits import Limits, repeating
from seqpipe.decoding.settings import is_number, is_whole
from seqpipe.decoding.steps import advance, attention_of
from seqpipe.files import InputError

INF = np.inf
EVEN = np.full((2, 4), -1.0)


def test_what_may_not_follow_is_taken_out_of_a_copy():
    limits = Limits(max_length=9, eos=3, min_length=2, forbidden=(1,))
    before = EVEN.copy()
    early = limits.allowed(before, np.array([[2], [2]]))
    assert early.tolist() == [[-1.0, -INF, -1.0, -INF]] * 2
    late = limits.allowed(before, np.array([[2, 2], [0, 2]]))
    assert late.tolist() == [[-1.0, -INF, -1.0, -1.0]] * 2
    assert (before == EVEN).all()


@pytest.mark.parametrize(
    ("size", "found"),
    [
        (1, {(0, 0), (0, 1), (1, 2)}),
        (2, {(0, 0), (1, 2)}),  # "1 0" stands in the first, "1 1" does not
        (3, {(0, 0), (1, 2)}),
        (4, {(1, 2)}),
        (5, set()),
    ],
)
def test_tokens_that_would_repeat_an_ngram_by_hand(size, found):
    written = np.array([[0, 1, 0, 1], [2, 2, 2, 2]])
    rows, tokens = repeating(written, size)
    assert set(zip(rows.tolist(), tokens.tolist(), strict=True)) == found


def test_lengths_are_one_number_or_one_for_each_source():
    assert Limits(max_length=7).longest == 7
    assert Limits(max_length=7).max_lengths(np.array([0, 0, 1])).tolist() == [7, 7, 7]
    each = Limits(max_length=np.array([4, 9, 2]))
    assert each.longest == 9
    assert each.max_lengths(np.array([2, 0, 2])).tolist() == [2, 4, 2]
    assert Limits(max_length=np.array([], dtype=np.int64)).longest == 0


def test_the_shortest_maximum_is_the_one_that_must_have_room():
    with pytest.raises(InputError, match=r"^max_length = 0: expected at least 1$"):
        Limits(max_length=np.array([5, 0, 3]))
    message = r"^min_length = 3: expected less than max_length = 3, which counts <EOS>$"
    with pytest.raises(InputError, match=message):
        Limits(max_length=np.array([5, 3]), min_length=3, eos=0)
    assert Limits(max_length=np.array([5, 3]), min_length=3).min_length == 3
    assert Limits(max_length=np.array([5, 3]), min_length=2, eos=0).eos == 0
    assert Limits(max_length=1).longest == 1


@pytest.mark.parametrize("value", [2, np.int32(2), 3, 4])
def test_whole_numbers_within_bounds(value):
    assert is_whole(value, 2, 4)
    assert is_whole(value, 2)


@pytest.mark.parametrize("value", [1, 5, 2.0, True, "3", None, np.float64(3)])
def test_what_is_no_whole_number_within_bounds(value):
    assert not is_whole(value, 2, 4)


@pytest.mark.parametrize("value", [0, 0.0, 0.5, 2, 2.0, np.float32(1.5), np.int64(1)])
def test_numbers_within_bounds(value):
    assert is_number(value, 0, 2)


@pytest.mark.parametrize("value", [-0.1, 2.1, float("nan"), True, "1", None, 1j])
def test_what_is_no_number_within_bounds(value):
    assert not is_number(value, 0, 2)


class Remembering:
    """Notes what it was asked for."""

    def __init__(self):
        self.asked = []

    def step(self, ids, state):
        self.asked.append(("step", ids.tolist(), state))
        return np.zeros((len(ids), 2)), state

    def select(self, state, rows):
        self.asked.append(("select", rows.tolist(), state))
        return [state[row] for row in rows]


def test_a_state_is_selected_only_where_it_changes():
    begun = np.zeros((2, 3)), ["a", "b"]
    ids = np.array([7, 8])
    stays, changes = Remembering(), Remembering()
    advance(stays, begun, np.array([0, 1]), ids)
    assert stays.asked == [("step", [7, 8], ["a", "b"])]
    advance(changes, begun, np.array([1, 1]), ids)
    assert changes.asked == [("select", [1, 1], ["a", "b"]), ("step", [7, 8], ["b", "b"])]


def test_a_prediction_has_attention_or_not():
    weights = np.ones((2, 5))
    assert attention_of((EVEN, None)) is None
    assert attention_of((EVEN, None, weights)) is weights
