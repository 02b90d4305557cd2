import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Model, NumpyOps, Ragged, registry

from seqpipe.layers import attention
from seqpipe.layers.attention import SCORES, Attention, attend, attention_weights, remember
from seqpipe.layers.packed import Packed, pack
from tests.gradients import parameter_errors, slope_error, to_float64

STEPS, POSITIONS = [2, 1, 4, 0, 3], [3, 1, 0, 2, 5]
OPS = NumpyOps()
EVERY_SCORE = pytest.mark.parametrize("score", SCORES)
LEARNED = pytest.mark.parametrize("score", ["additive", "general"])


def model_for(score, *, nK=4, seed=0, **options) -> Model:
    """Queries are as wide as the memory only where the score wants it."""
    numpy.random.seed(seed)
    model = Attention(score, nK if "dot" in score else 3, nK, **options)
    model.initialize()
    if model.has_param("b"):  # zero would hide mistakes
        model.set_param("b", numpy.random.normal(size=model.get_param("b").shape).astype("f"))
    return model


def batch(lengths, width, dtype="float64", seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(dtype) for n in lengths]


def pair_for(model, dtype="float64", *, steps=STEPS, positions=POSITIONS):
    queries = batch(steps, model.get_dim("nQ"), dtype, seed=1)
    return queries, batch(positions, model.get_dim("nK"), dtype, seed=2)


def gradient_errors(model, queries, memory) -> dict[str, float]:
    """Relative error for each input and parameter, of a random projection of the contexts."""
    Y, backprop = model((queries, memory), True)
    directions = batch([len(y) for y in Y], model.get_dim("nK"), seed=3)

    def loss():
        contexts = model.predict((queries, memory))
        return sum(float((y * d).sum()) for y, d in zip(contexts, directions, strict=True))

    gradients = dict(zip(("queries", "memory"), backprop(directions), strict=True))
    errors = {}
    for name, arrays in (("queries", queries), ("memory", memory)):
        for i, (x, dx) in enumerate(zip(arrays, gradients[name], strict=True)):
            assert dx.shape == x.shape
            errors[f"{name} {i}"] = slope_error(loss, [x], [dx])
    return errors | parameter_errors(loss, model)


@pytest.mark.parametrize(
    ("steps", "positions"),
    [([1], [1]), ([3], [7]), ([7], [2]), (STEPS, POSITIONS)],
    ids=["one", "few-queries", "many-queries", "ragged"],
)
@EVERY_SCORE
def test_gradient_matches_finite_differences(score, steps, positions):
    model = to_float64(model_for(score))
    errors = gradient_errors(model, *pair_for(model, steps=steps, positions=positions))
    assert max(errors.values()) < 1e-6, errors


def test_gradient_of_the_additive_score_in_chunks(monkeypatch):
    monkeypatch.setattr(attention, "CHUNK", 200)  # two steps of 5 sequences, 5 positions, 4 wide
    model = to_float64(model_for("additive"))
    errors = gradient_errors(model, *pair_for(model))
    assert max(errors.values()) < 1e-6, errors


def test_the_hidden_layer_can_have_a_width_of_its_own():
    model = to_float64(model_for("additive", nH=7))
    assert model.get_param("Wk").shape == (7, 4)
    errors = gradient_errors(model, *pair_for(model))
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize(
    ("score", "params", "expected"),
    [
        ("dot", {}, [1.0, -2.0]),
        ("scaled_dot", {}, [1 / 2**0.5, -2 / 2**0.5]),
        ("general", {"W": [[0.0, 1.0], [1.0, 0.0]]}, [2.0, -1.0]),
        (
            "additive",
            {
                "Wq": [[1.0, 0.0], [0.0, 1.0]],
                "Wk": [[2.0, 0.0], [0.0, 1.0]],
                "b": [0.5, 0],
                "v": [1.0, -1],
            },
            [numpy.tanh(3.5) - numpy.tanh(2), numpy.tanh(1.5) - numpy.tanh(1)],
        ),
    ],
)
def test_the_score_is_the_equation(score, params, expected):
    model = to_float64(Attention(score, 2, 2).initialize())
    for name, value in params.items():
        model.set_param(name, numpy.array(value))
    query, memory = numpy.array([[1.0, 2.0]]), numpy.array([[1.0, 0.0], [0.0, -1.0]])
    odds = numpy.exp(expected)
    weights = odds / odds.sum()
    assert numpy.allclose(attention_weights(model, [query], [memory])[0], [weights])
    assert numpy.allclose(model.predict(([query], [memory]))[0], [weights @ memory])


def torch_scores(torch, model, query, memory):
    """The scores of one pair as torch computes them, and the parameters that it made."""
    params = {
        name: torch.tensor(model.get_param(name), requires_grad=True) for name in model.param_names
    }
    if "W" in params:
        return query @ params["W"] @ memory.T, params
    hidden = (query @ params["Wq"].T)[:, None] + (memory @ params["Wk"].T + params["b"])[None]
    return torch.tanh(hidden) @ params["v"], params


@LEARNED
def test_learned_scores_agree_with_torch(score):
    torch = pytest.importorskip("torch")
    model = model_for(score)
    queries, memory = pair_for(model, "float32", steps=[4], positions=[6])
    Y, backprop = model((queries, memory), True)
    d_queries, d_memory = backprop([numpy.cos(Y[0])])
    inputs = [torch.tensor(x[0], requires_grad=True) for x in (queries, memory)]
    scores, params = torch_scores(torch, model, *inputs)
    theirs = torch.softmax(scores, dim=1) @ inputs[1]
    (theirs * torch.cos(theirs).detach()).sum().backward()
    assert numpy.allclose(Y[0], theirs.detach(), atol=1e-5)
    assert numpy.allclose(d_queries[0], inputs[0].grad, atol=1e-5)
    assert numpy.allclose(d_memory[0], inputs[1].grad, atol=1e-5)
    for name, value in params.items():
        assert numpy.allclose(model.get_grad(name), value.grad, atol=1e-5), name


def test_scaled_dot_agrees_with_torch():
    torch = pytest.importorskip("torch")
    model = model_for("scaled_dot")
    steps, positions = [2, 1, 4, 3], [3, 1, 4, 5]  # torch gives NaN for an empty memory
    queries, memory = pair_for(model, "float32", steps=steps, positions=positions)
    Y, backprop = model((queries, memory), True)
    d_queries, d_memory = backprop([numpy.cos(y) for y in Y])

    def padded(arrays):
        inputs = [torch.tensor(x, requires_grad=True) for x in arrays]
        return inputs, torch.nn.utils.rnn.pad_sequence(inputs, batch_first=True)

    their_queries, s = padded(queries)
    their_memory, a = padded(memory)
    mask = torch.arange(5)[None, None] < torch.tensor(positions)[:, None, None]
    theirs = torch.nn.functional.scaled_dot_product_attention(s, a, a, attn_mask=mask)
    for i, y in enumerate(Y):
        assert numpy.allclose(y, theirs[i, : len(y)].detach(), atol=1e-5)
    sum(
        (theirs[i, : len(y)] * torch.tensor(numpy.cos(y))).sum() for i, y in enumerate(Y)
    ).backward()
    for ours, inputs in ((d_queries, their_queries), (d_memory, their_memory)):
        for dx, x in zip(ours, inputs, strict=True):
            assert numpy.allclose(dx, x.grad, atol=1e-5)


@EVERY_SCORE
@given(lengths=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_pair_alone_gives_what_it_gives_among_others(score, lengths):
    model = model_for(score)
    steps, positions = zip(*lengths, strict=True)
    queries, memory = pair_for(model, "float32", steps=steps, positions=positions)
    together, backprop = model((queries, memory), True)
    gradients = backprop(together)
    for i, (s, a) in enumerate(zip(queries, memory, strict=True)):
        alone, backprop = model(([s], [a]), True)
        assert alone[0].shape == (len(s), 4)
        assert numpy.allclose(alone[0], together[i], atol=1e-6)
        for ours, others in zip(backprop(alone), gradients, strict=True):
            assert numpy.allclose(ours[0], others[i], atol=1e-6)


@EVERY_SCORE
def test_weights_sum_to_one_over_the_memory_and_are_zero_outside(score):
    model = model_for(score)
    queries, memory = pair_for(model, "float32")
    for w, s, a in zip(attention_weights(model, queries, memory), queries, memory, strict=True):
        assert w.shape == (len(s), len(a))
        assert numpy.allclose(w.sum(axis=1), 1.0 if len(a) else 0.0)
    remembered, _ = remember(model, memory, False)
    every = numpy.ones((len(memory), 2, model.get_dim("nQ")), dtype="f")
    (_, padded), _ = attend(model, every, remembered)
    for w, a in zip(padded, memory, strict=True):
        assert (w[:, len(a) :] == 0).all()


def test_scores_hundreds_apart_neither_overflow_nor_give_nan():
    model = to_float64(Attention("dot", 2, 2).initialize())
    queries = [numpy.array([[1000.0, 0.0], [-1000.0, 0.0]])] * 2
    memory = [numpy.array([[1.0, 5.0], [-1.0, 7.0]]), numpy.array([[1.0, 3.0]])]
    both, one = model.predict((queries, memory))
    assert numpy.allclose(both, memory[0])
    assert numpy.allclose(one, [[1.0, 3.0]] * 2)  # a padded position has no score to compete


@EVERY_SCORE
def test_an_empty_memory_gives_zeros_and_no_queries_nothing(score):
    model = model_for(score)
    queries, memory = pair_for(model, "float32", steps=[2, 0, 0], positions=[0, 3, 0])
    Y, backprop = model((queries, memory), True)
    assert [y.tolist() for y in Y] == [[[0.0] * 4] * 2, [], []]
    d_queries, d_memory = backprop([numpy.ones_like(y) for y in Y])
    assert (d_queries[0] == 0).all()
    assert (d_memory[1] == 0).all()
    assert model.predict(([], [])) == []


@EVERY_SCORE
def test_step_by_step_is_all_at_once(score):
    model = to_float64(model_for(score))
    queries, memory = pair_for(model, steps=[3] * 5)
    contexts, backprop = model((queries, memory), True)
    d_contexts = batch([3] * 5, 4, seed=3)
    d_queries, d_memory = backprop(d_contexts)
    at_once = {name: model.get_grad(name).copy() for name in model.param_names}
    for name in model.param_names:
        model.set_grad(name, numpy.zeros_like(at_once[name]))
    remembered, backprop_memory = remember(model, memory, True)
    padded, d_padded = numpy.array(queries), numpy.array(d_contexts)
    steps = [attend(model, padded[:, t : t + 1], remembered) for t in range(3)]
    d_steps = [steps[t][1](d_padded[:, t : t + 1]) for t in reversed(range(3))][::-1]
    assert numpy.allclose(numpy.concatenate([c for (c, _), _ in steps], axis=1), contexts)
    assert numpy.allclose(numpy.concatenate(d_steps, axis=1), d_queries)
    for ours, expected in zip(backprop_memory(), d_memory, strict=True):
        assert numpy.allclose(ours, expected)
    for name, expected in at_once.items():
        assert numpy.allclose(model.get_grad(name), expected), name


@EVERY_SCORE
def test_a_beam_reads_the_memory_of_its_parent(score):
    model = model_for(score)
    _, memory = pair_for(model, "float32")
    remembered, _ = remember(model, memory, False)
    parents = numpy.array([4, 4, 0, 2])
    states = numpy.array(batch([1] * 4, model.get_dim("nQ"), "float32"))
    (contexts, _), _ = attend(model, states, remembered.select(parents))
    expected = model.predict((list(states), [memory[i] for i in parents]))
    assert numpy.allclose(contexts, expected, atol=1e-6)


def test_a_memory_for_prediction_takes_no_gradient():
    model = model_for("dot")
    queries, memory = pair_for(model, "float32", steps=[2] * 5)
    trained, _ = remember(model, memory, True)
    predicted, backprop_memory = remember(model, memory, False)
    for each in (predicted, trained.select(numpy.arange(5))):
        (contexts, _), backprop = attend(model, numpy.array(queries), each)
        with pytest.raises(ValueError, match="is_train=True"):
            backprop(contexts)
    with pytest.raises(ValueError, match="is_train=True"):
        backprop_memory()


@pytest.mark.parametrize("score", SCORES)
def test_no_sequences_have_no_gradient(score):
    Y, backprop = model_for(score)(([], []), True)
    assert Y == []
    assert backprop([]) == ([], [])


def test_a_second_backprop_is_refused():
    """It would add to the gradients of the memory and of the parameters again."""
    model = model_for("general")
    Y, backprop = model(pair_for(model), True)
    backprop(Y)
    with pytest.raises(ValueError, match="backprop called but once"):
        backprop(Y)


def test_contexts_have_the_form_of_the_queries_and_gradients_that_of_each():
    model = model_for("additive")
    queries, memory = pair_for(model, "float32")
    expected, backprop = model((queries, memory), True)
    d_queries, d_memory = backprop(expected)
    ragged = Ragged(numpy.concatenate(queries), numpy.array(STEPS, dtype="i"))
    Y, backprop = model((ragged, OPS.list2padded(memory)), True)
    assert numpy.allclose(Y.data, numpy.concatenate(expected), atol=1e-6)
    ours, theirs = backprop(Y)
    assert numpy.allclose(ours.data, numpy.concatenate(d_queries), atol=1e-6)
    for a, b in zip(OPS.padded2list(theirs), d_memory, strict=True):
        assert numpy.allclose(a, b, atol=1e-6)
    assert isinstance(model.predict((pack(OPS, queries), memory)), Packed)


@EVERY_SCORE
def test_both_types_of_float_come_back_as_they_came(score):
    model = model_for(score)
    for dtype in ("float32", "float64"):
        contexts, backprop = model(pair_for(model, dtype), True)
        d_queries, d_memory = backprop(contexts)
        assert {x.dtype for x in (*contexts, *d_queries, *d_memory)} == {numpy.dtype(dtype)}
        to_float64(model)


@EVERY_SCORE
def test_bytes_keep_what_was_learned(score):
    model, other = model_for(score), model_for(score, seed=1)
    other.from_bytes(model.to_bytes())
    pair = pair_for(model, "float32")
    for before, after in zip(model.predict(pair), other.predict(pair), strict=True):
        assert numpy.array_equal(before, after)


@EVERY_SCORE
def test_a_config_makes_the_layer_and_data_give_its_widths(score):
    config = {"layer": {"@layers": "seqpipe.Attention.v1", "score": score}}
    model = registry.resolve(config)["layer"]
    expected = model_for(score)
    pair = pair_for(expected, "float32")
    model.initialize(X=pair)
    assert [y.shape for y in model.predict(pair)] == [(n, 4) for n in STEPS]
    assert {n: model.get_param(n).shape for n in model.param_names} == {
        n: expected.get_param(n).shape for n in expected.param_names
    }


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (["cosine"], {}, "'cosine': expected one of additive, dot, general, scaled_dot"),
        (["general", 2, 2], {"nH": 3}, "nH = 3"),
        (["dot", 2, 3], {}, "nQ = 2, nK = 3"),
        (["scaled_dot", 2, 3], {}, "nQ = 2, nK = 3"),
        (["additive", 0, 3], {}, "nQ = 0"),
        (["additive", 2, -1], {}, "nK = -1"),
        (["additive", 2, 2], {"nH": 0}, "nH = 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        Attention(*arguments, **options)


@pytest.mark.parametrize(
    ("queries", "memory", "message"),
    [
        ([numpy.ones((2, 5), "f")], [numpy.ones((2, 4), "f")], "queries of width 5.*nQ=3"),
        ([numpy.ones((2, 3), "f")], [numpy.ones((2, 5), "f")], "memory of width 5.*nK=4"),
        ([numpy.ones((2, 3), "f")], [numpy.ones((2, 4), "i")], "int32"),
        (Ragged(numpy.ones((2, 3), "i"), OPS.asarray1i([2])), [numpy.ones((2, 4), "f")], "int32"),
        ([numpy.ones((2, 3), "f")], [numpy.ones((2, 4), "f")] * 2, "1 sequences of queries, 2"),
    ],
)
def test_wrong_sequences_are_refused(queries, memory, message):
    model = model_for("additive")
    with pytest.raises(ValueError, match=message):
        model.predict((queries, memory))
    with pytest.raises(ValueError, match=message):
        attention_weights(model, queries, memory)


@pytest.mark.parametrize("shape", [(1, 3), (2, 1, 3), (1, 1, 5)])
def test_a_step_of_the_wrong_shape_is_refused(shape):
    model = model_for("additive")
    remembered, _ = remember(model, [numpy.ones((2, 4), "f")], False)
    with pytest.raises(ValueError, match=r"expected \(1, steps, nQ=3\)"):
        attend(model, numpy.ones(shape, "f"), remembered)


def test_the_dot_score_refuses_data_of_two_widths():
    model = Attention("dot")
    with pytest.raises(ValueError, match="nQ = 3, nK = 4"):
        model.initialize(X=([numpy.ones((1, 3), "f")], [numpy.ones((1, 4), "f")]))
