import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Model, NumpyOps, Ragged, registry

from seqpipe.layers.packed import pack
from seqpipe.layers.pooling import KINDS, Pooling, pooling_weights
from tests.gradients import gradient_errors, to_float64

RAGGED = [3, 1, 0, 7, 2, 4]
OPS = NumpyOps()
CASES = {kind: {"kind": kind} for kind in KINDS} | {"last-two-directions": {"bi": True}}
EVERY_KIND = pytest.mark.parametrize("options", CASES.values(), ids=CASES)


def batch(lengths, width=4, dtype="float64", seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(dtype) for n in lengths]


def pooling(*, nI=4, seed=0, **options) -> Model:
    numpy.random.seed(seed)
    model = Pooling(nI=nI, **options)
    model.initialize()
    if model.has_param("b"):  # zero would hide mistakes
        model.set_param("b", numpy.random.normal(size=model.get_param("b").shape).astype("f"))
    return model


def stacked(model) -> Model:
    """Takes the gradients of the rows as a list, as `gradient_errors` gives them."""

    def forward(outer, X, is_train):
        Y, backprop = model(X, is_train)
        return Y, lambda dY: backprop(numpy.array(dY))

    return Model("stacked", forward, layers=[model])


@pytest.mark.parametrize("lengths", [[1], [7], [3, 3], RAGGED])
@EVERY_KIND
def test_gradient_matches_finite_differences(options, lengths):
    errors = gradient_errors(stacked(to_float64(pooling(**options))), batch(lengths))
    assert max(errors.values()) < 1e-6, errors


def test_gradient_of_a_hidden_layer_of_its_own_width():
    model = to_float64(pooling(kind="attention", nH=7))
    assert model.get_param("W").shape == (7, 4)
    errors = gradient_errors(stacked(model), batch(RAGGED))
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"kind": "last"}, [5.0, 0.0]),
        ({"bi": True}, [5.0, 2.0]),
        ({"kind": "mean"}, [3.0, 3.0]),
        ({"kind": "max"}, [5.0, 7.0]),
    ],
)
def test_the_row_of_a_sequence(options, expected):
    x = numpy.array([[1.0, 2.0], [3.0, 7.0], [5.0, 0.0]], dtype="f")
    assert numpy.allclose(pooling(nI=2, **options).predict([x]), [expected])


def test_attention_is_the_equation():
    model = to_float64(pooling(nI=2, kind="attention", nH=2))
    model.set_param("W", numpy.array([[1.0, 0.0], [0.0, 2.0]]))
    model.set_param("b", numpy.array([0.5, 0.0]))
    model.set_param("u", numpy.array([1.0, -1.0]))
    h = numpy.array([[1.0, 0.0], [0.0, -1.0]])
    odds = numpy.exp([numpy.tanh(1.5), numpy.tanh(0.5) + numpy.tanh(2)])
    weights = odds / odds.sum()
    assert numpy.allclose(pooling_weights(model, [h])[0], weights)
    assert numpy.allclose(model.predict([h]), [weights @ h])


def test_attention_agrees_with_torch():
    torch = pytest.importorskip("torch")
    model = pooling(kind="attention", nH=3)
    (x,) = batch([6], dtype="float32")
    Y, backprop = model([x], True)
    dY = numpy.cos(Y)
    (dX,) = backprop(dY)
    h = torch.tensor(x, requires_grad=True)
    W, b, u = params = [
        torch.tensor(model.get_param(name), requires_grad=True) for name in ("W", "b", "u")
    ]
    theirs = torch.softmax(torch.tanh(h @ W.T + b) @ u, dim=0) @ h
    theirs.backward(torch.tensor(dY[0]))
    assert numpy.allclose(Y[0], theirs.detach(), atol=1e-5)
    assert numpy.allclose(dX, h.grad, atol=1e-5)
    for name, param in zip(("W", "b", "u"), params, strict=True):
        assert numpy.allclose(model.get_grad(name), param.grad, atol=1e-5), name


@EVERY_KIND
@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_sequence_alone_gives_what_it_gives_among_others(options, lengths):
    model, X = pooling(**options), batch(lengths, dtype="float32")
    together, backprop = model(X, True)
    assert together.shape == (len(lengths), 4)
    gradients = backprop(together)
    for i, x in enumerate(X):
        alone, backprop = model([x], True)
        assert numpy.allclose(alone[0], together[i], atol=1e-6)
        assert numpy.allclose(backprop(alone)[0], gradients[i], atol=1e-6)


@EVERY_KIND
def test_empty_sequences_give_zeros_and_no_sequences_no_rows(options):
    model = pooling(**options)
    X = [numpy.zeros((0, 4), "f"), numpy.ones((2, 4), "f"), numpy.zeros((0, 4), "f")]
    Y, backprop = model(X, True)
    assert numpy.allclose(Y, [[0.0] * 4, [1.0] * 4, [0.0] * 4])
    assert [dx.shape for dx in backprop(Y)] == [x.shape for x in X]
    Y, backprop = model(X[:1], True)
    assert Y.tolist() == [[0.0] * 4]
    assert backprop(Y)[0].shape == (0, 4)
    assert model.predict([]).shape == (0, 4)


def test_weights_sum_to_one_over_each_sequence():
    model, X = pooling(kind="attention"), batch(RAGGED, dtype="float32")
    weights = pooling_weights(model, X)
    assert [w.shape for w in weights] == [(n,) for n in RAGGED]
    assert numpy.allclose([w.sum() for w in weights], [1.0 if n else 0.0 for n in RAGGED])
    rows = [w @ x for w, x in zip(weights, X, strict=True)]
    assert numpy.allclose(model.predict(X), rows, atol=1e-6)
    assert [w.shape for w in pooling_weights(model, X[2:3])] == [(0,)]


def test_scores_hundreds_apart_neither_overflow_nor_give_nan():
    model = to_float64(pooling(nI=2, kind="attention", nH=2))
    model.set_param("W", numpy.eye(2))
    model.set_param("u", numpy.array([1000.0, 0.0]))
    X = [numpy.array([[9.0, 1.0], [-9.0, 2.0]]), numpy.array([[-9.0, 3.0]])]
    assert numpy.allclose(model.predict(X), [[9.0, 1.0], [-9.0, 3.0]])


@EVERY_KIND
def test_every_form_gives_the_same_and_gets_its_gradient_in_its_form(options):
    model, X = pooling(**options), batch(RAGGED, dtype="float32")
    expected, backprop = model(X, True)
    gradient = numpy.concatenate(backprop(expected))
    ragged = Ragged(numpy.concatenate(X), OPS.asarray1i(RAGGED))
    Y, backprop = model(ragged, True)
    assert numpy.array_equal(Y, expected)
    assert numpy.array_equal(backprop(Y).data, gradient)
    Y, backprop = model(OPS.list2padded(X), True)
    assert numpy.array_equal(Y, expected)
    assert numpy.array_equal(numpy.concatenate(OPS.padded2list(backprop(Y))), gradient)
    packed = pack(OPS, X)
    Y, backprop = model(packed, True)
    assert numpy.array_equal(Y, expected)
    assert numpy.array_equal(backprop(Y).data[packed.packing.inverse], gradient)


def test_bytes_keep_what_was_learned():
    model, other = pooling(kind="attention"), pooling(kind="attention", seed=1)
    other.from_bytes(model.to_bytes())
    X = batch(RAGGED, dtype="float32")
    assert numpy.array_equal(model.predict(X), other.predict(X))


@EVERY_KIND
def test_a_config_makes_the_layer_and_data_give_its_width(options):
    model = registry.resolve({"layer": {"@layers": "seqpipe.Pooling.v1", **options}})["layer"]
    X = batch(RAGGED, dtype="float32")
    model.initialize(X=X)
    assert model.predict(X).shape == (6, 4)
    assert model.get_dim("nO") == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "sum"}, "'sum': expected one of last, mean, max, attention"),
        ({"kind": "mean", "nH": 3}, "nH = 3"),
        ({"kind": "mean", "bi": True}, "bi = True"),
        ({"kind": "last", "bi": True, "nI": 3}, "nI = 3: expected an even width"),
        ({"nI": 0}, "nI = 0"),
        ({"kind": "attention", "nH": 0}, "nH = 0"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Pooling(**options)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([numpy.ones((2, 5), "f")], "width 5, expected nI=4"),
        ([numpy.ones((2, 4), "i")], "int32"),
        (Ragged(numpy.ones((2, 4), "i"), OPS.asarray1i([2])), "int32"),
    ],
)
@EVERY_KIND
def test_wrong_sequences_are_refused(options, X, message):
    with pytest.raises(ValueError, match=message):
        pooling(**options).predict(X)


def test_only_attention_has_weights():
    with pytest.raises(ValueError, match="mean pooling has no weights"):
        pooling_weights(pooling(kind="mean"), batch([2]))
