"""The compiled CRF against the array code, which is checked against every path."""

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.kernels.crf import best_paths, infer, loss
from seqpipe.layers.crf import MISSING, array_crf_loss
from seqpipe.layers.crf_inference import array_forward_backward, for_kernels, nbest
from seqpipe.layers.packed import Packing
from seqpipe.layers.potentials import Potentials

# Fewer tags than lanes of a vector register, as many, one more, and several registers.
TAGS = st.sampled_from([1, 2, 7, 8, 9, 17, 33])
LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(any)


def potentials(lengths, tags, seed, *, forbid=False, whole=False) -> Potentials:
    """Potentials of a batch. whole: Small whole numbers, so that many paths are equally good."""
    rng, packing = numpy.random.default_rng(seed), Packing.of(lengths)
    shapes = (packing.tokens, tags), (tags,), (tags, tags), (tags,)
    scores = [rng.integers(-1, 2, s) if whole else rng.normal(size=s) * 3 for s in shapes]
    P = Potentials(*(score.astype("float64") for score in scores), packing)
    if forbid and tags > 2:
        P.start[1] = P.end[0] = -numpy.inf
        P.transitions[rng.random((tags, tags)) < 0.3] = -numpy.inf
    return P


def log_of(array, scales, tags):
    with numpy.errstate(divide="ignore"):
        return numpy.log(array[:, :tags]) + scales[:, None]


@given(lengths=LENGTHS, tags=TAGS, seed=st.integers(0, 1000), forbid=st.booleans())
@settings(max_examples=60, deadline=None)
def test_forward_backward_is_that_of_the_array_code(lengths, tags, seed, forbid):
    P = potentials(lengths, tags, seed, forbid=forbid)
    alpha, beta, scales, back_scales, log_z, is_lost = infer(*for_kernels(P))
    expected = array_forward_backward(P)
    assert not is_lost
    numpy.testing.assert_allclose(log_z, expected.log_z[: len(log_z)], rtol=0, atol=1e-9)
    for ours, theirs in (
        (log_of(alpha, scales, tags), expected.alpha),
        (log_of(beta, back_scales, tags), expected.beta),
    ):
        numpy.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@given(
    lengths=LENGTHS,
    tags=TAGS,
    seed=st.integers(0, 1000),
    forbid=st.booleans(),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_loss_and_gradient_are_those_of_the_array_code(lengths, tags, seed, forbid, missing):
    P = potentials(lengths, tags, seed, forbid=forbid)
    rng = numpy.random.default_rng(seed)
    gold = nbest(P, 1)[0][:, 0] if seed % 2 else rng.integers(0, tags, P.packing.tokens)
    gold = numpy.where(rng.random(len(gold)) < missing, MISSING, gold)
    has_path = numpy.isfinite(array_forward_backward(P).log_z)
    if not has_path.all():
        return
    emissions, transitions = numpy.zeros_like(P.emissions), numpy.zeros_like(P.transitions)
    value, is_lost = loss(*for_kernels(P), gold, emissions, transitions)
    expected, gradient = array_crf_loss(P, gold)
    assert not is_lost
    assert value == pytest.approx(expected, rel=0, abs=1e-9)
    numpy.testing.assert_allclose(emissions, gradient.emissions, rtol=0, atol=1e-9)
    numpy.testing.assert_allclose(transitions, gradient.transitions, rtol=0, atol=1e-9)


@given(
    lengths=LENGTHS, tags=TAGS, seed=st.integers(0, 1000), forbid=st.booleans(), whole=st.booleans()
)
@settings(max_examples=60, deadline=None)
def test_best_paths_are_those_of_the_array_code_on_ties_too(lengths, tags, seed, forbid, whole):
    P = potentials(lengths, tags, seed, forbid=forbid, whole=whole)
    tags_found, scores = numpy.empty(P.packing.tokens, dtype="int64"), numpy.zeros(len(lengths))
    best_paths(*for_kernels(P), tags_found, scores)
    expected_tags, expected_scores = nbest(P, 1)
    assert tags_found.tolist() == expected_tags[:, 0].tolist()
    assert scores.tolist() == expected_scores[:, 0].tolist()


def test_a_sentence_without_a_legal_path_has_no_probability_and_no_loss():
    P = potentials([2, 1], 3, 0)
    P.emissions[2] = -numpy.inf  # the second token of the longer sentence
    assert infer(*for_kernels(P))[4].tolist()[0] == -numpy.inf
    emissions, transitions = numpy.zeros_like(P.emissions), numpy.zeros_like(P.transitions)
    value, is_lost = loss(*for_kernels(P), numpy.array([0, 1, 0]), emissions, transitions)
    alone = Potentials(P.emissions[1:2], P.start, P.transitions, P.end, Packing.of([1]))
    assert not is_lost
    assert value == pytest.approx(array_crf_loss(alone, numpy.array([1]))[0])
    assert not emissions[[0, 2]].any()
    assert not transitions.any()


def far_apart() -> Potentials:
    P = potentials([3], 2, 0)
    P.emissions[:] = [[0, -695], [-695, 0], [0, 0]]
    P.transitions[:] = [[0, -numpy.inf], [0, 0]]  # the good first tag may not go on to the second
    return P


def hidden_by_a_forbidden_tag() -> Potentials:
    P = potentials([2], 2, 0)
    P.emissions[1] = [2000, 0]
    P.transitions[:, 0] = -numpy.inf
    return P


def far_ends() -> Potentials:
    P = potentials([1], 2, 0)
    P.start[:], P.end[:] = [0, -720], [-720, 0]
    return P


def steep_transitions() -> Potentials:
    P = potentials([2], 2, 0)
    P.transitions[0, 1] = -720
    return P


def not_a_number() -> Potentials:
    P = potentials([2, 1], 2, 0)
    P.emissions[1, 0] = numpy.nan
    return P


@pytest.mark.parametrize(
    "make", [far_apart, hidden_by_a_forbidden_tag, far_ends, steep_transitions, not_a_number]
)
def test_where_a_path_may_be_lost_it_says_so(make):
    P = make()
    assert infer(*for_kernels(P))[-1]
    gold = numpy.full(P.packing.tokens, MISSING)
    assert loss(*for_kernels(P), gold, P.emissions * 0, numpy.zeros_like(P.transitions))[-1]
