"""The cache of a text's own words, by its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.lm.cache import cache_log_probs, token_ids


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 12))
def test_a_token_has_its_share_of_the_tokens_before_it(ids, size):
    found = cache_log_probs(np.array(ids, dtype=np.int64), size=size, predictable=7)
    assert len(found) == len(ids)
    for place, token in enumerate(ids):
        before = ids[max(0, place - size) : place]
        share = before.count(token) / len(before) if before else 1 / 7
        assert math.exp(found[place]) == pytest.approx(share)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(1, 8))
def test_what_may_follow_has_the_probability_1(ids, size):
    following = [
        cache_log_probs(np.array([*ids, token]), size=size, predictable=4)[-1] for token in range(4)
    ]
    assert np.exp(following).sum() == pytest.approx(1)


def test_unknown_tokens_share_a_number_and_others_do_not():
    ids = token_ids(["a", "x", "b", "y", "a"], np.array([False, True, False, True, False]))
    assert ids[1] == ids[3] == 0
    assert ids[0] == ids[4] != ids[2]
    assert 0 not in (ids[0], ids[2])
