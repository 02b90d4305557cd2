"""Windows, pairs and thinning, against loops, word2vec's formula and gensim."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.embeddings.contexts import (
    keep_probability,
    nearby_words,
    skip_gram_pairs,
    subsampled,
    windows,
)
from seqpipe.embeddings.encoded import LINE_END

# Word i stands nowhere else, so that an id says where it is.
LENGTHS = st.lists(st.integers(0, 7), max_size=6)
REACH = st.integers(0, 9)


def numbered_lines(lengths):
    """Lines of so many words, which are numbered through."""
    ends = np.cumsum(lengths)
    return [list(range(end - n, end)) for n, end in zip(lengths, ends, strict=True)]


def as_ids(lines):
    return np.array([i for line in lines for i in [*line, LINE_END]], dtype=np.int32)


def rng():
    return np.random.default_rng([1, 2, 3])


@given(LENGTHS, REACH, REACH)
def test_a_window_is_what_its_line_has_around_a_word(lengths, left, right):
    lines = numbered_lines(lengths)
    expected = []
    for line in lines:
        padded = [LINE_END] * left + line + [LINE_END] * right
        for i in range(len(line)):
            expected.append(padded[i : i + left] + padded[i + left + 1 : i + left + 1 + right])
    words, around = windows(as_ids(lines), left, right)
    assert words.tolist() == [word for line in lines for word in line]
    assert around.tolist() == expected
    assert around.dtype == np.int32


@given(LENGTHS, st.integers(1, 9))
def test_pairs_of_a_fixed_window_are_all_pairs_so_near(lengths, window):
    lines = numbered_lines(lengths)
    expected = [
        (a, b) for line in lines for a in line for b in line if a != b and abs(a - b) <= window
    ]
    pairs = zip(*skip_gram_pairs(as_ids(lines), window, False, rng()), strict=True)
    assert sorted(pairs) == expected


def test_a_dynamic_window_takes_distance_d_of_w_in_w_plus_1_minus_d_of_w():
    centers, contexts = skip_gram_pairs(as_ids([range(30_000)]), 5, True, rng())
    found = Counter(np.abs(centers - contexts).tolist())
    for distance in range(1, 6):
        assert found.pop(distance) / 60_000 == pytest.approx((6 - distance) / 5, abs=0.01)
    assert not found


def test_a_dynamic_window_reaches_equally_far_to_both_sides():
    centers, contexts = skip_gram_pairs(as_ids([range(500)]), 5, True, rng())
    for word in range(5, 495):
        seen = contexts[centers == word] - word
        assert sorted(seen) == [d for d in range(-max(seen), max(seen) + 1) if d]


@given(LENGTHS, st.integers(1, 4))
def test_the_nearby_word_is_in_the_window_and_lone_words_have_none(lengths, window):
    lines = numbered_lines(lengths)
    words, near = nearby_words(as_ids(lines), window, rng())
    line_of = {word: i for i, line in enumerate(lines) for word in line}
    assert words.tolist() == [word for line in lines if len(line) > 1 for word in line]
    assert near.shape == (len(words), 1)
    for word, other in zip(words.tolist(), near[:, 0].tolist(), strict=True):
        assert word != other
        assert abs(word - other) <= window
        assert line_of[word] == line_of[other]


def test_each_word_of_the_window_is_as_likely_to_be_the_nearby_one():
    words, near = nearby_words(as_ids([range(5)] * 20_000), 4, rng())
    found = Counter(near[words == 1, 0].tolist())
    assert sorted(found) == [0, 2, 3, 4]
    assert min(found.values()) / 20_000 == pytest.approx(0.25, abs=0.02)


def test_keep_probability_by_hand():
    # Shares 0.8, 0.16 and 0.04: s / f = 0.05, 0.25 and 1.
    keep = keep_probability(np.array([80, 16, 4]), 100, 0.04)
    assert keep == pytest.approx([0.05**0.5 + 0.05, 0.75, 1.0, 1.0])
    assert keep.dtype == np.float32


def test_keep_probability_is_gensims():
    word2vec = pytest.importorskip("gensim.models.word2vec")
    counts = {"the": 700, "cat": 200, "sat": 90, "mat": 10}
    model = word2vec.Word2Vec(min_count=1, sample=1e-2)
    model.build_vocab_from_freq(counts)
    theirs = [model.wv.get_vecattr(word, "sample_int") / (2**32 - 1) for word in counts]
    ours = keep_probability(np.array(list(counts.values())), 1000, 1e-2)
    assert ours[:-1] == pytest.approx(theirs)


def test_no_subsampling_keeps_all():
    ids = as_ids([[0, 1, 0], [1]])
    keep = keep_probability(np.array([2, 2]), 4, 0.0)
    assert subsampled(ids, keep, rng()).tolist() == ids.tolist()


def test_subsampling_keeps_line_ends_order_and_the_share_it_says():
    ids = as_ids([[0, 1, 2]] * 10_000)
    keep = np.array([0.25, 0.5, 1.0, 1.0], dtype=np.float32)
    kept = subsampled(ids, keep, rng())
    assert kept.dtype == np.int32
    assert (kept == LINE_END).sum() == (kept == 2).sum() == 10_000
    assert (kept == 0).sum() / 10_000 == pytest.approx(0.25, abs=0.02)
    assert (kept == 1).sum() / 10_000 == pytest.approx(0.5, abs=0.02)
    lines = {tuple(line.split()) for line in " ".join(map(str, kept)).split("-1")}
    assert lines == {(), ("2",), ("0", "2"), ("1", "2"), ("0", "1", "2")}


def test_orange_comes_in_pairs_with_juice_glass_and_my():
    sentence = "I want a glass of orange juice to go along with my cereal".split()  # noqa: SIM905
    ids = np.array([*range(len(sentence)), LINE_END], dtype=np.int32)
    centers, near = skip_gram_pairs(ids, 6, False, np.random.default_rng(0))
    pairs = {sentence[t] for c, t in zip(centers, near, strict=True) if sentence[c] == "orange"}
    assert pairs == {*sentence} - {"orange", "cereal"}
    assert {"juice", "glass", "my"} < pairs
