"""Sampling: what is drawn from, how often, and that a seed gives the same."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqpipe.decoding.greedy import greedy
from seqpipe.decoding.limits import Limits
from seqpipe.decoding.sampling import Sampling, draw, keep_top_k, keep_top_p, sample
from seqpipe.files import InputError
from tests.decoding.table_model import EOS, TableModel, repeats

SEEDS = st.integers(0, 10**6)
# The 99.9 % point of chi-square with 7 degrees of freedom.
CHI_SQUARE_7 = 24.32


def random_log_probs(seed, size, rows=3, impossible=0.2):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2.0, size=(rows, size))
    logits[:, 1:][rng.random((rows, size - 1)) < impossible] = -np.inf
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def sampled(model, sources, limits, *, seed=0, **options):
    begun = model.begin(sources)
    return sample(model, begun, limits, sampling=Sampling(**options), seed=seed)


@given(SEEDS, st.integers(2, 40), st.integers(1, 50))
def test_top_k_keeps_the_k_likeliest(seed, size, k):
    log_probs = random_log_probs(seed, size)
    probs = Sampling(top_k=k).probabilities(log_probs)
    possible = (log_probs > -np.inf).sum(axis=1)
    assert ((probs > 0).sum(axis=1) == np.minimum(possible, k)).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1.0)
    for row, kept in zip(log_probs, probs > 0, strict=True):
        assert row[kept].min() >= row[~kept].max(initial=-np.inf)


def test_top_k_of_equal_tokens_keeps_k():
    assert (keep_top_k(np.zeros((2, 100)), 3) > -np.inf).sum(axis=1).tolist() == [3, 3]


@given(SEEDS, st.integers(2, 40), st.floats(0.01, 1.0))
def test_top_p_keeps_the_smallest_set_that_reaches_p(seed, size, p):
    probs = np.exp(random_log_probs(seed, size))
    kept = keep_top_p(probs, p) > 0
    for row, is_kept in zip(probs, kept, strict=True):
        smallest = row[is_kept].min()
        assert row[is_kept].sum() >= min(p, 1.0) - 1e-12
        assert row[is_kept].sum() - smallest < p
        assert smallest >= row[~is_kept].max(initial=0.0)


def test_top_p_by_hand():
    probs = np.array([[0.1, 0.4, 0.2, 0.3]])
    np.testing.assert_allclose(keep_top_p(probs, 0.4), [[0, 1, 0, 0]])
    np.testing.assert_allclose(keep_top_p(probs, 0.41), [[0, 4 / 7, 0, 3 / 7]])
    np.testing.assert_allclose(keep_top_p(probs, 1.0), probs)


@given(SEEDS, st.integers(2, 40), st.floats(0.1, 10.0))
def test_temperature_is_a_power(seed, size, temperature):
    log_probs = random_log_probs(seed, size)
    powers = np.exp(log_probs) ** (1 / temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    found = Sampling(temperature=temperature).probabilities(log_probs)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-300)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_towards_temperature_0_it_is_greedy(seed):
    model, limits = TableModel(seed), Limits(max_length=6, eos=EOS)
    for temperature in (1e-9, 5e-324):
        drawn = sampled(model, [0, 1], limits, temperature=temperature)
        expected = greedy(model, model.begin([0, 1]), limits)
        assert [one.ids.tolist() for one in drawn] == [one.ids.tolist() for one in expected]


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.8}])
def test_frequencies_are_the_probabilities(options):
    size, draws = 8, 4_000
    model = TableModel(1, size=size)
    probs = Sampling(**options).probabilities(model.log_probs((0,))[None])[0]
    drawn = sampled(model, [0] * draws, Limits(max_length=1), **options)
    counts = np.bincount([one.ids[0] for one in drawn], minlength=size)
    possible = probs > 0
    assert not counts[~possible].any()
    expected = draws * probs[possible]
    assert ((counts[possible] - expected) ** 2 / expected).sum() < CHI_SQUARE_7


def test_frequencies_of_sequences_are_their_probabilities():
    model, limits = TableModel(4, size=2), Limits(max_length=3)
    drawn = sampled(model, [0] * 4_000, limits)
    counts = np.bincount([int(one.ids @ [4, 2, 1]) for one in drawn], minlength=8)
    log_probs = {int(one.ids @ [4, 2, 1]): one.log_prob for one in drawn}
    expected = 4_000 * np.exp([log_probs[code] for code in range(8)])
    assert ((counts - expected) ** 2 / expected).sum() < CHI_SQUARE_7


@given(SEEDS, st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_a_sequence_does_not_depend_on_how_many_are_drawn(seed, count):
    model, limits = TableModel(seed, impossible=0.1), Limits(max_length=8, eos=EOS)
    many = sampled(model, [0] * 6, limits, seed=seed, top_p=0.9)
    few = sampled(model, [0] * count, limits, seed=seed, top_p=0.9)
    for one, other in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.log_probs, other.log_probs)


def test_a_seed_gives_the_same_and_another_or_none_does_not():
    model, limits = TableModel(0, size=50), Limits(max_length=20)
    first, again, other, *free = (
        sampled(model, [0], limits, seed=seed)[0].ids.tolist() for seed in (1, 1, 2, None, None)
    )
    assert first == again
    assert len({tuple(ids) for ids in (first, other, *free)}) == 4


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_limits_hold(seed, no_repeat):
    limits = Limits(max_length=9, eos=EOS, min_length=2, forbidden=(3,), no_repeat=no_repeat)
    for one in sampled(TableModel(seed, size=6), [0, 1, 2], limits):
        ids = one.ids.tolist()
        assert 3 not in ids
        assert EOS not in ids[:2]
        assert one.finished == (ids[-1] == EOS)
        assert not repeats(ids, no_repeat)


def test_log_probabilities_are_the_models_own():
    model = TableModel(0)
    one = sampled(model, [0], Limits(max_length=5), temperature=0.3, top_k=2)[0]
    expected = [model.log_probs((0, *one.ids[:t].tolist()))[one.ids[t]] for t in range(5)]
    np.testing.assert_array_equal(one.log_probs, expected)
    assert one.log_prob == pytest.approx(sum(expected))


def test_attention_is_that_of_each_token():
    model = TableModel(0, lengths=(3, 2))
    for source, one in enumerate(sampled(model, [0, 1], Limits(max_length=4, eos=EOS))):
        known = [(source, *one.ids[:t].tolist()) for t in range(len(one.ids))]
        expected = [model.attention(prefix) for prefix in known]
        np.testing.assert_array_equal(one.attention[:, : model.lengths[source]], expected)


def test_where_nothing_can_follow_the_sequence_is_cut_off():
    one = sampled(TableModel(0, impossible=1.0), [0], Limits(max_length=5, eos=EOS))[0]
    assert one.ids.tolist() == []
    assert not one.finished
    assert one.log_prob == 0.0


@given(
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=9),
    st.floats(0, 1, exclude_max=True),
)
def test_nothing_of_probability_0_is_drawn(weights, number):
    assume(max(weights) > 0)
    for one in (number, np.nextafter(1.0, 0.0), 0.0):
        assert weights[draw(np.array([weights]), np.array([one]))[0]] > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "temperature = 0.0: expected a number above 0"),
        ({"temperature": -1.0}, "temperature = -1.0: expected a number above 0"),
        ({"temperature": float("nan")}, "temperature = nan"),
        ({"top_k": -1}, "top_k = -1: expected at least 1, or 0"),
        ({"top_p": 0.0}, "top_p = 0.0: expected a number above 0, up to 1"),
        ({"top_p": 1.5}, "top_p = 1.5: expected a number above 0, up to 1"),
    ],
)
def test_wrong_settings_are_said(options, message):
    with pytest.raises(InputError, match=message):
        Sampling(**options)


def test_a_sequence_is_drawn_by_its_place_in_a_longer_list():
    model, limits = TableModel(1), Limits(max_length=5, eos=EOS)
    options = {"limits": limits, "sampling": Sampling(), "seed": 4}
    whole = sample(model, model.begin([0, 1, 0, 1]), **options)
    part = sample(model, model.begin([1, 0]), places=[3, 0], **options)
    assert [one.ids.tolist() for one in part] == [whole[i].ids.tolist() for i in (3, 0)]
