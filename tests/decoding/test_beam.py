"""Beam search: against exhaustive search, against greedy, alone and in a batch."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.greedy import greedy
from seqpipe.decoding.limits import Limits
from seqpipe.decoding.scores import Score
from seqpipe.files import InputError
from tests.decoding.table_model import EOS, TableModel, all_sequences, exhaustive, repeats

NO_SCORE = Score(normalisation="none")
SCORES = st.one_of(
    st.just({"normalisation": "none", "alpha": 0.0, "coverage": 0.0}),
    st.fixed_dictionaries(
        {
            "normalisation": st.sampled_from(["length", "gnmt"]),
            "alpha": st.sampled_from([0.2, 0.7, 1.0, 2.0]),
            "coverage": st.sampled_from([0.0, 0.2, 1.0]),
        }
    ),
)
LIMITS = st.builds(
    Limits,
    max_length=st.integers(3, 5),
    eos=st.sampled_from([EOS, None]),
    min_length=st.integers(0, 2),
    forbidden=st.sampled_from([(), (2,)]),
    no_repeat=st.integers(0, 3),
)
SEEDS = st.integers(0, 10**6)


def search(model, sources, limits, **options):
    return beam_search(model, model.begin(sources), limits, **options)


def listed(found):
    return [(tuple(one.ids.tolist()), one.finished, one.score) for one in found.hypotheses]


def same_result(a, b):
    assert listed(a) == listed(b)  # to the last bit
    assert a.trace == b.trace
    for one, other in zip(a.hypotheses, b.hypotheses, strict=True):
        np.testing.assert_array_equal(one.log_probs, other.log_probs)
        if one.attention is not None:
            np.testing.assert_array_equal(one.attention, other.attention)


@given(SEEDS, LIMITS, SCORES, st.sampled_from([0.0, 0.4]), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_wide_enough_it_is_exhaustive_search_under_every_score(
    seed, limits, score, impossible, n_best
):
    model = TableModel(seed, impossible=impossible, lengths=(2, 3))
    found = search(
        model,
        [0, 1],
        limits,
        width=4**limits.max_length,
        n_best=n_best,
        score=Score(**score),
        source_lengths=np.array([2, 3]),
    )
    for source in (0, 1):
        expected = exhaustive(model, source, limits, n_best, **score)
        best = listed(found[source])
        assert [one[:2] for one in best] == [one[:2] for one in expected]
        np.testing.assert_allclose([one[2] for one in best], [one[2] for one in expected])


@given(SEEDS, LIMITS, st.sampled_from([0.0, 0.4]), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=100, deadline=None)
def test_width_1_without_normalisation_is_greedy(seed, limits, impossible, dtype):
    model = TableModel(seed, impossible=impossible, dtype=dtype)
    begun = model.begin([0, 1, 2])
    beams = beam_search(model, begun, limits, width=1, score=NO_SCORE)
    for one, found in zip(greedy(model, begun, limits), beams, strict=True):
        assert found.hypotheses[0].ids.tolist() == one.ids.tolist()
        assert found.hypotheses[0].finished == one.finished
        np.testing.assert_array_equal(found.hypotheses[0].log_probs, one.log_probs)


@pytest.mark.parametrize(("eos", "ids"), [(None, [1, 1, 1]), (1, [1]), (69, [1, 1, 1])])
def test_greedy_and_width_1_take_the_first_of_equal_tokens(eos, ids):
    class Even:
        def step(self, ids, state):
            return np.full((len(ids), 70), -np.log(70)), state

        def select(self, state, rows):
            return state

    begun = np.full((1, 70), -np.log(70)), None
    limits = Limits(max_length=3, forbidden=(0,), eos=eos)
    assert greedy(Even(), begun, limits)[0].ids.tolist() == ids
    found = beam_search(Even(), begun, limits, width=1, score=NO_SCORE)
    assert found[0].hypotheses[0].ids.tolist() == ids


@given(SEEDS, LIMITS, SCORES, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_a_source_is_searched_alike_in_any_batch(seed, limits, score, width):
    lengths = (2, 9, 3, 130)
    model = TableModel(seed, impossible=0.2, lengths=lengths)

    def run(sources):
        return search(
            model,
            sources,
            limits,
            width=width,
            n_best=width,
            score=Score(**score),
            source_lengths=np.array([lengths[source] for source in sources]),
            trace=True,
        )

    batch = run([0, 1, 2, 3])
    for source in range(4):
        same_result(run([source])[0], batch[source])
    same_result(run([2, 0])[0], batch[2])


@given(SEEDS, SCORES, st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_each_source_may_have_a_maximum_length_of_its_own(seed, score, width):
    lengths, most = (2, 9, 3), np.array([4, 1, 6])
    model = TableModel(seed, lengths=lengths)

    def run(sources, max_length):
        limits = Limits(max_length=max_length, eos=EOS)
        whole = np.array([lengths[source] for source in sources])
        options = {"width": width, "n_best": width, "score": Score(**score)}
        found = search(model, sources, limits, source_lengths=whole, trace=True, **options)
        return found, greedy(model, model.begin(sources), limits)

    batch, likeliest = run([0, 1, 2], most)
    for source in range(3):
        (alone,), (ours,) = run([source], int(most[source]))
        same_result(alone, batch[source])
        assert ours.ids.tolist() == likeliest[source].ids.tolist()
        assert len(ours.ids) <= most[source]


@given(SEEDS, LIMITS, SCORES, st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_what_is_found_is_allowed_ordered_and_scored_by_its_formula(seed, limits, score, width):
    model = TableModel(seed, impossible=0.1, lengths=(3,))
    found = search(model, [0], limits, width=width, n_best=width, score=Score(**score))[0]
    expected = {one[0]: one for one in exhaustive(model, 0, limits, None, **score)}
    for ids, is_ended, value in listed(found):
        assert expected[ids][1] == is_ended
        assert expected[ids][2] == pytest.approx(value)
    ranks = [(not is_ended, -value) for _, is_ended, value in listed(found)]
    assert ranks == sorted(ranks)
    assert len({ids for ids, *_ in listed(found)}) == len(found.hypotheses)


def fixed(*rows):
    """A model that says the same at each step, whatever was written."""

    class Fixed:
        def step(self, ids, state):
            return table[np.full(len(ids), min(state + 1, len(table) - 1))], state + 1

        def select(self, state, rows):
            return state

    table = np.log(np.array(rows))
    return Fixed(), (table[:1], 0)


def test_the_search_goes_on_while_a_longer_output_may_win_by_normalisation():
    # "<EOS>" has log .5; the longer "1 1 1 <EOS>" has log .5 too, and less by the token.
    model, begun = fixed([0.5, 0.5], [0.01, 0.99], [0.01, 0.99], [0.99, 0.01])
    limits = Limits(max_length=4, eos=EOS)
    plain = beam_search(model, begun, limits, width=2, score=NO_SCORE)[0]
    by_length = beam_search(model, begun, limits, width=2, score=Score(alpha=1.0))[0]
    assert plain.hypotheses[0].ids.tolist() == [0]
    assert by_length.hypotheses[0].ids.tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("normalisation", "alpha", "likely"), [("length", 1.0, 0.95068), ("gnmt", 1.8, 0.95713)]
)
def test_an_output_may_win_that_ends_at_the_maximum_length(normalisation, alpha, likely):
    # All words after an unlikely first one are certain. Of 60 tokens it just beats <EOS> alone.
    ones = [[1e-9, 1 - 1e-9]] * 58
    model, begun = fixed([likely, 1 - likely], *ones, [1.0, 1e-9])
    score = Score(normalisation=normalisation, alpha=alpha)
    best = {}
    for max_length in (59, 60):
        limits = Limits(max_length=max_length, eos=EOS)
        [found] = beam_search(model, begun, limits, width=2, score=score)
        best[max_length] = found.hypotheses[0].ids.tolist()
    assert best == {59: [0], 60: [*[1] * 59, 0]}


def test_a_source_is_done_when_nothing_open_can_win():
    steps = []

    class Counted(TableModel):
        def step(self, ids, state):
            steps.append(len(ids))
            return super().step(ids, state)

    model = Counted(0)
    for seed in range(100):
        model.seed = seed
        search(model, [0], Limits(max_length=1000, eos=EOS), width=3, score=NO_SCORE)
    assert max(steps) <= 3
    assert len(steps) < 100 * 10


def test_greedy_is_not_enough():
    # Ng's "Jane is going" against "Jane is visiting": the likelier next word leads astray.
    eos, going, visiting, soon, africa = range(5)
    likely = {
        (): {going: 0.6, visiting: 0.4},
        (going,): {soon: 0.4, africa: 0.3, eos: 0.3},
        (visiting,): {africa: 1.0},
    }

    class Jane:
        def step(self, ids, state):
            state = [(*known, int(id)) for known, id in zip(state, ids, strict=True)]
            return np.stack([row(known) for known in state]), state

        def select(self, state, rows):
            return [state[i] for i in rows]

    def row(known):
        probs = likely.get(known, {eos: 1.0})
        with np.errstate(divide="ignore"):
            return np.log([probs.get(token, 0.0) for token in range(5)])

    begun, limits = (row(())[None], [()]), Limits(max_length=5, eos=eos)
    assert greedy(Jane(), begun, limits)[0].ids.tolist() == [going, soon, eos]
    for width, best in ((1, [going, soon, eos]), (2, [visiting, africa, eos])):
        found = beam_search(Jane(), begun, limits, width=width, score=NO_SCORE)
        assert found[0].hypotheses[0].ids.tolist() == best


def test_without_an_end_all_have_the_maximum_length():
    model = TableModel(3)
    found = search(model, [0], Limits(max_length=6), width=4, n_best=4)[0]
    assert [len(one.ids) for one in found.hypotheses] == [6] * 4
    assert not any(one.finished for one in found.hypotheses)


def test_where_nothing_can_follow_the_hypothesis_is_cut_off():
    model = TableModel(0, impossible=1.0)
    found = search(model, [0], Limits(max_length=4, eos=EOS), width=2, n_best=2)[0]
    assert listed(found) == [((), False, 0.0)]


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_no_ngram_stands_twice(seed, size):
    model = TableModel(seed, size=5)
    limits = Limits(max_length=12, eos=EOS, no_repeat=size)
    for one in search(model, [0], limits, width=3, n_best=3)[0].hypotheses:
        assert not repeats(one.ids.tolist(), size)


def test_attention_is_that_of_each_token():
    lengths = (2, 3)
    model = TableModel(7, lengths=lengths)
    found = search(
        model, [0, 1], Limits(max_length=5, eos=EOS), width=3, source_lengths=np.array(lengths)
    )
    for source, one in ((source, found[source].hypotheses[0]) for source in (0, 1)):
        known = [(source, *one.ids[:t].tolist()) for t in range(len(one.ids))]
        expected = [model.attention(prefix) for prefix in known]
        np.testing.assert_array_equal(one.attention, expected)


@given(SEEDS, LIMITS)
@settings(max_examples=40, deadline=None)
def test_trace_is_the_tree_of_the_search(seed, limits):
    model = TableModel(seed, impossible=0.1)
    found = search(model, [0], limits, width=3, n_best=3, trace=True)[0]
    paths, log_probs = [()], {(): 0.0}
    ended = set()
    for step in found.trace:
        assert len([node for node in step if node.status != "ended"]) <= 3
        grown = []
        for node in step:
            path = (*paths[node.parent], node.token)
            rise = model.log_probs((0, *paths[node.parent]))[node.token]
            assert node.log_prob == pytest.approx(log_probs[paths[node.parent]] + rise)
            assert node.score == pytest.approx(node.log_prob / len(path) ** 0.7)
            log_probs[path] = node.log_prob
            grown.append(path)
            if node.status == "ended":
                ended.add(path)
        paths = grown
    for ids, is_ended, _ in listed(found):
        assert (ids in ended) == is_ended
        assert ids in log_probs


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_trace_says_what_became_of_each(seed, width):
    limits = Limits(max_length=4, eos=EOS)
    found = search(TableModel(seed), [0], limits, width=width, n_best=width, trace=True)[0]
    assert {node.parent for node in found.trace[0]} == {-1}
    for step, following in pairwise(found.trace):
        statuses = [step[node.parent].status for node in following]
        assert set(statuses) <= {"open"}
    for step in found.trace:
        assert all((node.status == "ended") == (node.token == EOS) for node in step)
        assert {node.status for node in step} <= {"open", "ended", "dropped"}
    assert "open" not in {node.status for node in found.trace[-1]}


def test_a_search_is_not_traced_unless_it_is_asked_for():
    assert search(TableModel(0), [0, 1], Limits(max_length=3), width=2)[0].trace == []


def test_no_source_gives_nothing():
    assert search(TableModel(0), [], Limits(max_length=3), width=2) == []


def test_every_sequence_comes_out_if_the_n_best_are_that_many():
    model, limits = TableModel(5, size=3), Limits(max_length=3, eos=EOS)
    found = search(model, [0], limits, width=27, n_best=27)[0]
    assert {ids for ids, *_ in listed(found)} == {
        ids for ids, *_ in all_sequences(model, 0, limits)
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width = 0: expected at least 1"),
        ({"width": 2, "n_best": 3}, "n_best = 3: expected 1 to width = 2"),
        ({"width": 2, "n_best": 0}, "n_best = 0: expected 1"),
        ({"width": 2, "score": Score(coverage=0.2)}, "expected a model with attention"),
    ],
)
def test_wrong_settings_are_said(options, message):
    with pytest.raises(InputError, match=message):
        search(TableModel(0), [0], Limits(max_length=3), **options)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalisation": "words"}, "normalisation = 'words': expected one of none, length, gnmt"),
        ({"alpha": -1.0}, "alpha = -1.0: expected 0 or more"),
        ({"coverage": float("nan")}, "coverage = nan: expected 0 or more"),
    ],
)
def test_wrong_scores_are_said(settings, message):
    with pytest.raises(InputError, match=message):
        Score(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_length": 0}, "max_length = 0: expected at least 1"),
        ({"max_length": 3, "min_length": -1}, "min_length = -1: expected at least 0"),
        ({"max_length": 3, "min_length": 3, "eos": 0}, "min_length = 3: expected less than"),
        ({"max_length": 3, "no_repeat": -2}, "no_repeat = -2: expected at least 0"),
        ({"max_length": 3, "no_repeat": 1.5}, "no_repeat = 1.5: expected at least 0, a whole"),
        ({"max_length": 3, "min_length": True}, "min_length = True: expected at least 0"),
    ],
)
def test_wrong_limits_are_said(settings, message):
    with pytest.raises(InputError, match=message):
        Limits(**settings)
