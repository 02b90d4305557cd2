"""The gradient's way back: against finite differences, and where the answer is known."""

import numpy
import pytest
from thinc.api import chain

from seqpipe.layers.gradient_flow import record_flow
from seqpipe.layers.recurrent import Recurrent
from tests.gradients import numeric_gradient, relative_error, to_float64

RAGGED = [3, 1, 0, 5, 2]
CELLS = {
    "rnn": {"cell": "rnn"},
    "rnn-norm": {"cell": "rnn", "layer_norm": True},
    "gru": {"cell": "gru"},
    "gru-simplified": {"cell": "gru", "form": "simplified"},
    "gru-reset-after-norm": {"cell": "gru", "form": "reset_after", "layer_norm": True},
    "lstm": {"cell": "lstm"},
    "lstm-norm": {"cell": "lstm", "layer_norm": True},
    "lstm-peepholes-cell-output": {"cell": "lstm", "peepholes": True, "output": "cell"},
}


def batch(lengths, width=3, seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)) for n in lengths]


def network(cell="lstm", nO=4, nI=3, **options):
    numpy.random.seed(0)
    model = Recurrent(cell, nO, nI, **options)
    model.initialize()
    for node in model.walk():
        if node.has_param("b"):
            node.set_param("b", numpy.random.normal(size=node.get_param("b").shape).astype("f"))
        if node.has_param("initial"):
            node.set_param("initial", node.get_param("initial") + 0.5)
    return to_float64(model)


def flows_of(model, X, dY):
    with record_flow(model) as flows:
        _, backprop = model(X, True)
        backprop(dY)
    return flows()


def in_sequence(options, source, i=0, *, nO=2):
    """The layer that takes and gives states, with the parameters of one direction of another."""
    model = network(bi=False, initial="given", return_state=True, nO=nO, **options)
    donor = [node for node in source.walk() if node.has_param("Wh")][i]
    (node,) = [node for node in model.walk() if node.has_param("Wh")]
    for name in node.param_names:
        node.set_param(name, donor.get_param(name))
    return model


def numeric_norms(model, X, d_last):
    """‖∂L_T/∂h_t‖ for t = T ... 1, with L_T = d_last · a<T>, by finite differences of h_t."""
    norms = [float(numpy.linalg.norm(d_last))]
    zero = numpy.zeros((1, model.get_dim("nS")))
    for t in range(len(X) - 1, 0, -1):
        _, state = model.predict(([X[:t]], zero))

        def loss(state=state, t=t):
            return float(d_last @ model.predict(([X[t:]], state))[0][0][-1])

        norms.append(float(numpy.linalg.norm(numeric_gradient(loss, state))))
    return norms


@pytest.mark.parametrize("options", CELLS.values(), ids=CELLS.keys())
def test_norms_are_those_of_finite_differences_in_both_directions(options):
    model = network(bi=True, nO=6, **options)
    X, dY = batch(RAGGED), batch(RAGGED, width=6, seed=1)
    forward, reverse = flows_of(model, X, dY)
    assert (forward.reverse, reverse.reverse) == (False, True)
    for i, flow in enumerate((forward, reverse)):
        one = in_sequence(options, model, i, nO=3)
        by_distance = [[] for _ in range(max(RAGGED))]
        for x, d in zip(X, dY, strict=True):
            if len(x):
                read, d_last = (x[::-1], d[0, 3:]) if i else (x, d[-1, :3])
                norms = numeric_norms(one, read, d_last)
                for distance, norm in enumerate(norms):
                    by_distance[distance].append(norm / norms[0])
        expected = [numpy.exp(numpy.median(numpy.log(norms))) for norms in by_distance]
        assert relative_error(flow.norms, expected) < 1e-6
        assert flow.sequences.tolist() == [len(norms) for norms in by_distance]


def test_the_gradient_of_the_final_state_counts_as_one_of_the_last_step():
    options = {"cell": "lstm"}
    model = network(bi=False, return_state=True, nO=2, **options)
    (X,), d_final = batch([4]), numpy.array([[0.3, -1.0, 0.7, 0.2]])
    (flow,) = flows_of(model, [X], ([numpy.zeros((4, 2))], d_final))
    given = in_sequence(options, model)
    (_, state), _ = given(([X[:2]], numpy.zeros((1, 4))), True)
    _, backprop = given(([X[2:]], state), True)
    _, d_state = backprop(([numpy.zeros((2, 2))], d_final))
    expected = numpy.linalg.norm(d_state) / numpy.linalg.norm(d_final)
    assert flow.norms[2] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("initial", ["learned", "given"])
def test_the_walk_is_along_the_states_that_the_layer_had(initial):
    model = network(bi=False, initial=initial, nO=2)
    state = numpy.full((1, 4), 0.5)
    X, dY = batch([3]), batch([3], width=2, seed=1)
    (flow,) = flows_of(model, (X, state) if initial == "given" else X, dY)
    given = in_sequence({"cell": "lstm"}, model)
    (_, middle), _ = given(([X[0][:1]], state), True)
    _, backprop = given(([X[0][1:]], middle), True)
    d_last = numpy.vstack([numpy.zeros(2), dY[0][-1]])
    _, d_state = backprop(([d_last], None))
    expected = numpy.linalg.norm(d_state) / numpy.linalg.norm(dY[0][-1])
    assert flow.norms[2] == pytest.approx(expected, rel=1e-9)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered in matmul")
@pytest.mark.parametrize("factor", [1.0, 0.5, 2.0], ids=["stays", "vanishes", "explodes"])
def test_of_a_linear_network_the_norm_changes_by_the_factor_of_its_weight(factor):
    model = Recurrent("rnn", 2, 3, bi=False, activation="identity", recurrent_init="identity")
    model.initialize()
    (node,) = [node for node in model.walk() if node.has_param("Wh")]
    node.set_param("Wh", node.get_param("Wh") * factor)
    X, dY = [numpy.zeros((301, 3), dtype="f")], [numpy.ones((301, 2), dtype="f")]
    (flow,) = flows_of(model, X, dY)
    # float32 would hold neither 2**300 nor 2**-300.
    assert flow.norms == pytest.approx(factor ** numpy.arange(301.0), rel=1e-4)


def test_a_gradient_that_is_exactly_zero_stays_zero():
    model = Recurrent("rnn", 2, 3, bi=False, activation="relu")
    model.initialize()
    (node,) = [node for node in model.walk() if node.has_param("Wh")]
    node.set_param("b", node.get_param("b") - 100)
    (flow,) = flows_of(model, [numpy.ones((3, 3), dtype="f")], [numpy.ones((3, 2), dtype="f")])
    assert flow.norms.tolist() == [1, 0, 0]
    assert flow.zeros.tolist() == [0, 1, 1]


def test_one_sequence_whose_gradient_is_cut_off_does_not_decide():
    model = Recurrent("rnn", 2, 2, bi=False, activation="relu", recurrent_init="identity")
    model.initialize()
    (node,) = [node for node in model.walk() if node.has_param("Wh")]
    node.set_param("Wx", node.ops.asarray2f(numpy.eye(2)))
    alive, dead = numpy.ones((3, 2), dtype="f"), numpy.full((3, 2), -1, dtype="f")
    (flow,) = flows_of(model, [alive, dead, alive], [numpy.ones((3, 2), dtype="f")] * 3)
    assert flow.norms == pytest.approx([1, 1, 1])
    assert flow.sequences.tolist() == [3, 3, 3]
    assert flow.zeros.tolist() == [0, 1, 1]


@pytest.mark.parametrize("size", [1e-30, 1e-24, 1e20, 1e30])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_the_size_of_the_gradient_does_not_matter(cell, size):
    model = Recurrent(cell, 4, 3)
    model.initialize()
    X = [x.astype("f") for x in batch(RAGGED)]
    dY = [d.astype("f") for d in batch(RAGGED, width=4, seed=1)]
    for usual, scaled in zip(
        flows_of(model, X, dY), flows_of(model, X, [d * size for d in dY]), strict=True
    ):
        assert scaled.norms == pytest.approx(usual.norms, rel=1e-4)
        assert scaled.sequences.tolist() == usual.sequences.tolist()


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf])
def test_a_gradient_that_arrives_not_finite_is_counted_apart(bad):
    model = network(bi=False)
    X, dY = batch([5, 3, 4]), batch([5, 3, 4], width=4, seed=1)
    (others,) = flows_of(model, X[1:], dY[1:])
    dY[0][-1, 2] = bad
    with numpy.errstate(invalid="ignore"):
        (flow,) = flows_of(model, X, dY)
    assert (others.not_finite, flow.not_finite) == (0, 1)
    assert flow.norms == pytest.approx(others.norms)
    assert flow.sequences.tolist() == others.sequences.tolist()


def test_a_gradient_that_is_lost_on_the_way_counts_up_to_there():
    model = Recurrent("rnn", 2, 3, bi=False, activation="identity")
    model.initialize()
    (node,) = [node for node in model.walk() if node.has_param("Wh")]
    node.set_param("Wh", numpy.full((2, 2), 3e38, dtype="f"))
    X, dY = [numpy.zeros((4, 3), dtype="f")], [numpy.ones((4, 2), dtype="f")]
    with numpy.errstate(over="ignore", invalid="ignore"):
        (flow,) = flows_of(model, X, dY)
    assert (flow.norms.tolist(), flow.sequences.tolist(), flow.not_finite) == ([1], [1], 1)


def test_several_batches_count_as_one():
    model = network(bi=False)
    X, dY = batch([5, 3, 4]), batch([5, 3, 4], width=4, seed=1)
    (together,) = flows_of(model, X, dY)
    with record_flow(model) as flows:
        for i in range(3):
            _, backprop = model(X[i : i + 1], True)
            backprop(dY[i : i + 1])
    (apart,) = flows()
    assert apart.norms == pytest.approx(together.norms)
    assert apart.sequences.tolist() == together.sequences.tolist() == [3, 3, 3, 2, 1]


def test_a_sequence_without_a_gradient_at_its_last_step_is_left_out():
    model = network(bi=False)
    X, dY = batch([5, 3]), batch([5, 3], width=4, seed=1)
    dY[0][-1] = 0
    (flow,) = flows_of(model, X, dY)
    (alone,) = flows_of(model, X[1:], dY[1:])
    assert flow.norms == pytest.approx(alone.norms)
    assert flow.sequences.tolist() == [1, 1, 1]


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_nothing_to_walk_through(lengths):
    model = network(bi=False)
    X = [numpy.zeros((0, 3)) for _ in lengths]
    (flow,) = flows_of(model, X, [numpy.zeros((0, 4)) for _ in lengths])
    assert len(flow.norms) == len(flow.sequences) == 0


def test_every_level_of_a_stack_has_its_own():
    model = network("gru", depth=2)
    found = flows_of(model, batch([4]), batch([4], width=4, seed=1))
    named = [(flow.layer, flow.level, flow.cell, flow.reverse) for flow in found]
    assert named == [("recurrent", level, "gru", r) for level in (1, 2) for r in (False, True)]


def test_recording_changes_neither_output_nor_gradients_and_ends_with_the_block():
    watched, other = network(depth=2), network(depth=2)
    X, dY = batch(RAGGED), batch(RAGGED, width=4, seed=1)
    with record_flow(watched) as flows:
        Y, backprop = watched(X, True)
        dX = backprop(dY)
    before = [flow.sequences.tolist() for flow in flows()]
    watched(X, True)[1](dY)
    assert [flow.sequences.tolist() for flow in flows()] == before
    expected, backprop = other(X, True)
    d_expected = backprop(dY)
    other(X, True)[1](dY)
    for ours, theirs in zip([*Y, *dX], [*expected, *d_expected], strict=True):
        assert numpy.array_equal(ours, theirs)
    for node, twin in zip(watched.walk(), other.walk(), strict=True):
        for name in node.param_names:
            assert numpy.array_equal(node.get_grad(name), twin.get_grad(name))


def test_a_level_that_stands_in_a_model_twice_is_one_and_is_restored():
    model = network(nI=4)
    twice = chain(model, model)
    (level,) = {node for node in twice.walk() if "cell" in node.attrs and node.layers}
    function = level._func
    first, second = batch([3], width=4, seed=1), batch([3], width=4, seed=2)
    with record_flow(twice) as flows:
        _, backprop = twice(first, True)
        backprop(second)
    assert level._func is function
    assert [(flow.level, flow.reverse, flow.sequences[0]) for flow in flows()] == [
        (1, False, 2),
        (1, True, 2),
    ]


def test_a_block_that_fails_leaves_the_model_as_it_was():
    model = network()
    levels = [node for node in model.walk() if "cell" in node.attrs and node.layers]
    functions = [node._func for node in levels]
    with record_flow(model):
        assert [node._func for node in levels] != functions
    with pytest.raises(ValueError, match="width 5"), record_flow(model):
        model(batch([2], width=5), True)
    assert [node._func for node in levels] == functions
