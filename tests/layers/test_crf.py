import itertools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import NumpyOps

from seqpipe.layers.crf import (
    CRF,
    MISSING,
    TokenSoftmax,
    array_crf_loss,
    constrain,
    crf_loss,
    token_loss,
)
from seqpipe.layers.crf_inference import (
    array_forward_backward,
    forward_backward,
    log_partition,
    nbest,
    path_scores,
    viterbi,
)
from seqpipe.layers.packed import Packed, Packing, pack
from seqpipe.layers.potentials import Potentials
from tests.gradients import numeric_gradient, relative_error

LENGTHS = [3, 1, 0, 4, 2, 4]


def potentials(lengths=LENGTHS, tags=3, *, seed=0, forbid=False, scale=1.0) -> Potentials:
    rng = numpy.random.default_rng(seed)
    packing = Packing.of(lengths)
    emissions = rng.normal(size=(packing.tokens, tags)) * scale
    start, transitions, end = (rng.normal(size=size) * scale for size in (tags, (tags, tags), tags))
    if forbid:
        start[1] = transitions[0, 1] = transitions[2, 2] = end[2] = -numpy.inf
    return Potentials(emissions, start, transitions, end, packing)


def sentences(P: Potentials):
    """Rank, packed rows and emissions of each sentence."""
    for rank in range(len(P.packing.lengths)):
        rows = numpy.flatnonzero(P.packing.sequences == rank)
        yield rank, rows, P.emissions[rows]


def score(P, emissions, tags) -> float:
    if not tags:
        return 0.0
    total = P.start[tags[0]] + P.end[tags[-1]]
    total += sum(emissions[t, y] for t, y in enumerate(tags))
    return total + sum(P.transitions[a, b] for a, b in itertools.pairwise(tags))


def every_path(P, emissions):
    """All tag sequences of a sentence with their scores."""
    paths = itertools.product(range(len(P.start)), repeat=len(emissions))
    return [(path, score(P, emissions, path)) for path in paths]


def log_sum(values) -> float:
    values = numpy.array(values)
    return float(values.max() + numpy.log(numpy.exp(values - values.max()).sum()))


INFERENCE = pytest.mark.parametrize(
    "forward_backward", [forward_backward, array_forward_backward], ids=["compiled", "arrays"]
)
LOSSES = pytest.mark.parametrize("crf_loss", [crf_loss, array_crf_loss], ids=["compiled", "arrays"])
CASES = pytest.mark.parametrize("forbid", [False, True], ids=["free", "constrained"])


@INFERENCE
@CASES
def test_log_partition_is_the_sum_over_every_path(forward_backward, forbid):
    P = potentials(forbid=forbid)
    log_z = forward_backward(P).log_z
    for rank, _, emissions in sentences(P):
        assert log_z[rank] == pytest.approx(log_sum([s for _, s in every_path(P, emissions)]))


@INFERENCE
@CASES
def test_marginals_are_sums_over_every_path(forward_backward, forbid):
    P = potentials(forbid=forbid)
    posteriors = forward_backward(P)
    marginals, pairs = posteriors.marginals(), numpy.zeros((3, 3))
    for _, rows, emissions in sentences(P):
        paths = every_path(P, emissions)
        log_z = log_sum([s for _, s in paths])
        expected = numpy.zeros_like(emissions)
        for path, s in paths:
            expected[numpy.arange(len(path)), list(path)] += numpy.exp(s - log_z)
            for a, b in itertools.pairwise(path):
                pairs[a, b] += numpy.exp(s - log_z)
        assert numpy.allclose(marginals[rows], expected)
    assert numpy.allclose(posteriors.expected_transitions(), pairs)


@CASES
def test_viterbi_and_nbest_are_the_best_of_every_path(forbid):
    P = potentials(forbid=forbid)
    best, best_scores = viterbi(P)
    tags, scores = nbest(P, 5)
    for rank, rows, emissions in sentences(P):
        paths = sorted(every_path(P, emissions), key=lambda pair: -pair[1])
        legal = [pair for pair in paths if numpy.isfinite(pair[1])][:5]
        assert best[rows].tolist() == list(legal[0][0])
        assert best_scores[rank] == pytest.approx(legal[0][1])
        for i, (path, s) in enumerate(legal):
            assert scores[rank, i] == pytest.approx(s)
            assert tags[rows, i].tolist() == list(path)
        if len(rows):
            assert not numpy.isfinite(scores[rank, len(legal) :]).any()


@CASES
def test_a_segment_has_the_probability_of_all_paths_through_it(forbid):
    P = potentials(forbid=forbid)
    posteriors = forward_backward(P)
    for _, rows, emissions in sentences(P):
        paths = every_path(P, emissions)
        log_z = log_sum([s for _, s in paths])
        for start, end in itertools.combinations(range(len(rows) + 1), 2):
            for segment in itertools.product(range(3), repeat=end - start):
                mass = [numpy.exp(s - log_z) for y, s in paths if y[start:end] == segment]
                (ours,) = posteriors.segment_log_prob([rows[start:end]], [numpy.array(segment)])
                assert numpy.exp(ours) == pytest.approx(sum(mass))


def gold_for(P, forbid, *, missing=False):
    """A legal tag sequence for every sentence, packed."""
    gold = numpy.zeros(P.packing.tokens, dtype=numpy.int64)
    rng = numpy.random.default_rng(1)
    for _, rows, emissions in sentences(P):
        legal = [y for y, s in every_path(P, emissions) if numpy.isfinite(s)]
        gold[rows] = legal[rng.integers(len(legal))]
    if missing:
        gold[::2] = MISSING
    return gold


def test_an_empty_sentence_can_be_read_in_one_way():
    _, scores = nbest(potentials([2, 0]), 3)
    assert numpy.isfinite(scores[0]).all()
    assert scores[1].tolist() == [0.0, -numpy.inf, -numpy.inf]


@pytest.mark.parametrize("missing", [False, True], ids=["complete", "partial"])
@LOSSES
@CASES
def test_loss_and_its_gradient(crf_loss, forbid, missing):
    P = potentials(forbid=forbid)
    gold = gold_for(P, forbid, missing=missing)
    loss, gradient = crf_loss(P, gold)
    expected = 0.0
    for _, rows, emissions in sentences(P):
        paths = every_path(P, emissions)
        agree = [
            s
            for y, s in paths
            if all(g in (MISSING, tag) for g, tag in zip(gold[rows], y, strict=True))
        ]
        expected += log_sum([s for _, s in paths]) - log_sum(agree)
    assert loss == pytest.approx(expected)
    for name in ("emissions", "start", "transitions", "end"):
        with numpy.errstate(invalid="ignore"):
            numeric = numeric_gradient(lambda: crf_loss(P, gold)[0], getattr(P, name))
        numeric[~numpy.isfinite(getattr(P, name))] = 0.0
        assert relative_error(getattr(gradient, name), numeric) < 1e-6, name


@pytest.mark.parametrize("second", [0, MISSING], ids=["complete", "partial"])
@LOSSES
def test_a_sentence_whose_gold_is_forbidden_is_left_out(crf_loss, second):
    P = potentials([2, 3], forbid=True)
    gold = gold_for(P, True)
    rows = {rank: r for rank, r, _ in sentences(P)}
    gold[rows[1]] = [1, second]  # tag 1 may not come first
    loss, gradient = crf_loss(P, gold)
    alone = Potentials(P.emissions[rows[0]], P.start, P.transitions, P.end, Packing.of([3]))
    assert loss == pytest.approx(crf_loss(alone, gold[rows[0]])[0])
    assert numpy.allclose(gradient.emissions[rows[1]], 0)


def test_without_any_annotation_there_is_no_loss():
    P = potentials()
    loss, gradient = crf_loss(P, numpy.full(P.packing.tokens, MISSING))
    assert loss == pytest.approx(0.0)
    assert numpy.allclose(gradient.transitions, 0)


@given(scale=st.sampled_from([1.0, 100.0, 400.0, 1000.0, 5000.0]), seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_scores_hundreds_of_nats_apart_do_not_underflow(scale, seed):
    P = potentials([4, 4, 2], forbid=True, scale=scale, seed=seed)
    posteriors = forward_backward(P)
    for rank, rows, emissions in sentences(P):
        paths = every_path(P, emissions)
        assert posteriors.log_z[rank] == pytest.approx(log_sum([s for _, s in paths]))
        assert numpy.allclose(posteriors.marginals()[rows].sum(axis=1), 1.0)
    assert posteriors.expected_transitions().sum() == pytest.approx(3 + 3 + 1)


def test_a_path_through_a_score_that_underflows_is_not_lost():
    inf = numpy.inf
    transitions = numpy.array([[0, 0, -inf], [0, 0, 0], [0, 0, 0.0]])  # O, B, I: no I after O
    emissions = numpy.array([[0, -800.0, 0], [0, 0, 2000.0]])
    start = numpy.array([0, 0, -inf])
    P = Potentials(emissions, start, transitions, numpy.zeros(3), Packing.of([2]))
    assert log_partition(P)[0] == pytest.approx(1200.0)
    loss, gradient = crf_loss(P, numpy.array([1, 2]))
    assert loss == pytest.approx(0.0)
    assert numpy.isfinite(gradient.emissions).all()


def test_a_score_that_is_no_number_is_seen_in_its_sentence():
    P = potentials([3, 2])
    P.emissions[0, 1] = numpy.nan  # in the longer one
    assert numpy.isnan(log_partition(P)).tolist() == [True, False]
    assert numpy.isnan(crf_loss(P, numpy.zeros(5, dtype="int64"))[0])
    assert numpy.isnan(viterbi(P)[1]).tolist() == [True, False]


@pytest.mark.parametrize("lengths", [[], [0, 0]], ids=str)
def test_batches_without_tokens(lengths):
    P = potentials(lengths)
    loss, gradient = crf_loss(P, numpy.zeros(0, dtype="int64"))
    assert loss == 0.0
    assert not gradient.transitions.any()
    assert viterbi(P)[1].tolist() == [0.0] * len(lengths)


def test_scores_that_are_not_in_c_order():
    P = potentials()
    other = Potentials(
        numpy.asfortranarray(P.emissions),
        P.start[::-1].copy()[::-1],
        numpy.asfortranarray(P.transitions),
        P.end,
        P.packing,
    )
    gold = gold_for(P, False)
    assert crf_loss(other, gold)[0] == crf_loss(P, gold)[0]
    assert viterbi(other)[0].tolist() == viterbi(P)[0].tolist()
    assert log_partition(other).tolist() == log_partition(P).tolist()


@pytest.mark.parametrize("gold", [[0, 3], [0, -2], [0]], ids=str)
@pytest.mark.parametrize("loss", [crf_loss, token_loss])
def test_gold_tags_that_are_no_tags_are_refused(loss, gold):
    with pytest.raises(ValueError, match="expected"):
        loss(potentials([2]), numpy.array(gold))


def test_marginals_of_a_very_long_sentence_sum_to_one():
    P = potentials([20_000])
    assert numpy.allclose(forward_backward(P).marginals().sum(axis=1), 1.0, atol=1e-7)


@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=5),
    tags=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_a_sentence_alone_gives_what_it_gives_among_others(lengths, tags, seed):
    P = potentials(lengths, tags, seed=seed)
    log_z, (best, _) = log_partition(P), viterbi(P)
    for rank, rows, emissions in sentences(P):
        alone = Potentials(emissions, P.start, P.transitions, P.end, Packing.of([len(rows)]))
        assert log_partition(alone)[0] == pytest.approx(log_z[rank])
        assert viterbi(alone)[0].tolist() == best[rows].tolist()


def test_agrees_with_torchcrf():
    torch = pytest.importorskip("torch")
    torchcrf = pytest.importorskip("torchcrf")
    P = potentials([4, 4, 4])
    theirs = torchcrf.CRF(3, batch_first=False).double()
    with torch.no_grad():
        theirs.start_transitions.copy_(torch.tensor(P.start))
        theirs.transitions.copy_(torch.tensor(P.transitions))
        theirs.end_transitions.copy_(torch.tensor(P.end))
    emissions = torch.tensor(P.emissions.reshape(4, 3, 3), requires_grad=True)
    gold = numpy.random.default_rng(0).integers(0, 3, size=12)
    loss = -theirs(emissions, torch.tensor(gold.reshape(4, 3)))
    loss.backward()
    ours, gradient = crf_loss(P, gold)
    assert ours == pytest.approx(float(loss))
    assert numpy.allclose(gradient.emissions, emissions.grad.numpy().reshape(12, 3))
    assert numpy.allclose(gradient.transitions, theirs.transitions.grad.numpy())
    decoded = numpy.array(theirs.decode(emissions)).T.reshape(-1)
    assert viterbi(P)[0].tolist() == decoded.tolist()


def test_path_scores_follow_the_definition():
    P = potentials()
    gold = gold_for(P, False)
    scores = path_scores(P, gold)
    for rank, rows, emissions in sentences(P):
        assert scores[rank] == pytest.approx(score(P, emissions, gold[rows].tolist()))


@pytest.mark.parametrize("head", [CRF, TokenSoftmax])
def test_what_is_forbidden_is_never_decoded(head):
    model = head(3)
    model.initialize()
    constrain(
        model,
        numpy.array([True, False, True]),
        numpy.array([[1, 0, 1], [1, 1, 1], [1, 1, 0]]),
        numpy.array([True, True, False]),
    )
    rng = numpy.random.default_rng(0)
    X = pack(NumpyOps(), [rng.normal(size=(n, 3)).astype("f") * 5 for n in [4] * 50])
    P = model.predict(X)
    tags, _ = viterbi(P)
    for rows in tags.reshape(4, 50).T:
        assert rows[0] != 1
        assert rows[-1] != 2
        for a, b in itertools.pairwise(rows.tolist()):
            assert (a, b) not in {(0, 1), (2, 2)}


def test_the_tags_are_as_many_as_the_data_has_columns_unless_they_are_given():
    X = pack(NumpyOps(), [numpy.zeros((2, 4), "f")])
    model = CRF()
    model.initialize(X=X)
    assert model.get_dim("nO") == 4
    assert {name: model.get_param(name).shape for name in model.param_names} == {
        "start": (4,),
        "transitions": (4, 4),
        "end": (4,),
    }
    given = CRF(3)
    given.initialize(X=X)
    assert given.get_dim("nO") == 3


def test_the_head_passes_its_gradients_on():
    model = CRF(3)
    model.initialize()
    X = pack(NumpyOps(), [numpy.random.default_rng(0).normal(size=(3, 3)).astype("f")])
    P, backprop = model(X, True)
    _, gradient = crf_loss(P.to_numpy(), numpy.array([0, 2, 1]))
    dX = backprop(gradient.like(P))
    assert isinstance(dX, Packed)
    assert dX.data.dtype == numpy.float32
    assert numpy.allclose(model.get_grad("transitions"), gradient.transitions)
    assert model.get_grad("start").sum() == pytest.approx(0, abs=1e-6)


def test_token_loss_is_the_cross_entropy_of_the_known_tokens():
    P = potentials([2, 1])
    gold = numpy.array([2, MISSING, 0])
    loss, gradient = token_loss(P, gold)
    probs = numpy.exp(P.emissions) / numpy.exp(P.emissions).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-numpy.log(probs[0, 2]) - numpy.log(probs[2, 0]))
    numeric = numeric_gradient(lambda: token_loss(P, gold)[0], P.emissions)
    assert relative_error(gradient.emissions, numeric) < 1e-6
    assert (gradient.emissions[1] == 0).all()
