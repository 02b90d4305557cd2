"""The best tokens of each row, against sorting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.decoding.top import places_in_group, top_tokens


@given(
    st.integers(0, 10**6),
    st.integers(1, 4),
    st.sampled_from([1, 5, 64, 65, 700]),
    st.integers(1, 9),
    st.sampled_from([0.0, 0.9]),
    st.booleans(),
)
def test_top_tokens_are_the_first_when_sorted(seed, rows, size, k, impossible, has_ties):
    rng = np.random.default_rng(seed)
    log_probs = rng.normal(size=(rows, size)).astype(np.float32)
    if has_ties:
        log_probs = log_probs.round()
    log_probs[rng.random(log_probs.shape) < impossible] = -np.inf
    expected = [
        (row, token)
        for row in range(rows)
        for token in np.argsort(-log_probs[row], kind="stable")[:k].tolist()
        if log_probs[row, token] > -np.inf
    ]
    found = top_tokens(log_probs, k)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected


def test_places_in_group():
    assert places_in_group(np.array([3, 3, 0, 1, 1, 1])).tolist() == [0, 1, 0, 0, 1, 2]
    assert places_in_group(np.array([], dtype=np.int64)).tolist() == []
