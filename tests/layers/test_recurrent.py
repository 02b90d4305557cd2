import numpy
import pytest
from thinc.api import Model

from seqpipe.layers.lstm import lstm_backward, lstm_forward
from seqpipe.layers.packed import Packing
from seqpipe.layers.recurrent import LSTM
from tests.gradients import gradient_errors, numeric_gradient, relative_error, to_float64

RAGGED = [3, 1, 0, 7, 2, 4]


def batch(lengths, width=4, dtype="float64", seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(dtype) for n in lengths]


def lstm(nO=6, nI=4, *, seed=0, **options) -> Model:
    numpy.random.seed(seed)
    model = LSTM(nO, nI, **options)
    model.initialize()
    for node in model.walk():  # biases that are zero would hide mistakes
        if node.has_param("b"):
            node.set_param("b", numpy.random.normal(size=node.get_param("b").shape).astype("f"))
    return model


@pytest.mark.parametrize("lengths", [[1], [2], [5], [7], [1, 1], [3, 3], RAGGED])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("bi", [False, True], ids=["one-direction", "two-directions"])
def test_gradient_matches_finite_differences(lengths, depth, bi):
    model = to_float64(lstm(bi=bi, depth=depth))
    errors = gradient_errors(model, batch(lengths))
    assert max(errors.values()) < 1e-6, errors


def test_gradient_matches_finite_differences_with_dropout():
    model = to_float64(lstm(depth=2, dropout=0.4))
    errors = gradient_errors(model, batch(RAGGED))
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("reverse", [False, True])
def test_gradient_of_initial_and_final_states(reverse):
    rng = numpy.random.default_rng(0)
    packing, H = Packing.of(RAGGED), 3
    projected = rng.normal(size=(packing.tokens, 4 * H))
    Wh = rng.normal(size=(4 * H, H))
    hidden, cell = (rng.normal(size=(len(RAGGED), H)) for _ in range(2))
    weights = [rng.normal(size=(len(RAGGED), H)) for _ in range(2)]
    dY = rng.normal(size=(packing.tokens, H))

    def loss():
        a, c = hidden.copy(), cell.copy()
        Y = numpy.empty_like(dY)
        lstm_forward(numpy, projected.copy(), Wh, packing, a, c, Y, reverse=reverse)
        return float((Y * dY).sum() + (a * weights[0]).sum() + (c * weights[1]).sum())

    a, c, Y = hidden.copy(), cell.copy(), numpy.empty_like(dY)
    cache = lstm_forward(numpy, projected.copy(), Wh, packing, a, c, Y, reverse=reverse)
    d_hidden, d_cell = weights[0].copy(), weights[1].copy()
    dWh = lstm_backward(numpy, dY, Wh, packing, cache, d_hidden, d_cell, reverse=reverse)
    for ours, array in [(cache.gates, projected), (dWh, Wh), (d_hidden, hidden), (d_cell, cell)]:
        assert relative_error(ours, numeric_gradient(loss, array)) < 1e-6


def test_one_step_is_the_equation():
    model = to_float64(lstm(nO=2, nI=3, bi=False))
    (node,) = [n for n in model.walk() if n.has_param("Wx")]
    x = numpy.array([[0.3, -1.0, 2.0]])
    z = node.get_param("Wx") @ x[0] + node.get_param("b")  # a<0> is zero

    def sigmoid(v):
        return 1 / (1 + numpy.exp(-v))

    update, output, candidate = sigmoid(z[:2]), sigmoid(z[4:6]), numpy.tanh(z[6:])
    expected = output * numpy.tanh(update * candidate)
    assert numpy.allclose(model.predict([x])[0][0], expected)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("bi", [False, True], ids=["one-direction", "two-directions"])
def test_forward_and_gradients_agree_with_torch(depth, bi):
    torch = pytest.importorskip("torch")
    lengths = [3, 1, 7, 2]
    ours = lstm(nO=6, nI=4, depth=depth, bi=bi)
    H = 3 if bi else 6
    theirs = torch.nn.LSTM(4, H, num_layers=depth, bidirectional=bi)
    names = torch_names(ours, depth, bi)
    with torch.no_grad():
        for node, suffix in names:
            for kind, param in [("weight_ih", "Wx"), ("weight_hh", "Wh"), ("bias_ih", "b")]:
                value = torch_order(node.get_param(param), H)
                getattr(theirs, f"{kind}_{suffix}").copy_(torch.tensor(value))
            getattr(theirs, f"bias_hh_{suffix}").zero_()
    X = batch(lengths, dtype="float32")
    inputs = [torch.tensor(x, requires_grad=True) for x in X]
    packed, _ = theirs(torch.nn.utils.rnn.pack_sequence(inputs, enforce_sorted=False))
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    Y, backprop = ours(X, True)
    for i, y in enumerate(Y):
        assert numpy.allclose(y, padded[: len(y), i].detach().numpy(), atol=1e-5)
    rng = numpy.random.default_rng(3)
    dY = [rng.normal(size=y.shape).astype("float32") for y in Y]
    dX = backprop(dY)
    sum((padded[: len(d), i] * torch.tensor(d)).sum() for i, d in enumerate(dY)).backward()
    for dx, x in zip(dX, inputs, strict=True):
        assert numpy.allclose(dx, x.grad.numpy(), atol=1e-5)
    for node, suffix in names:
        for kind, param in [("weight_ih", "Wx"), ("weight_hh", "Wh"), ("bias_ih", "b")]:
            gradient = getattr(theirs, f"{kind}_{suffix}").grad.numpy()
            assert numpy.allclose(torch_order(node.get_grad(param), H), gradient, atol=1e-5)


def torch_names(model, depth, bi):
    """Our passes in order, each with the suffix that torch gives its parameters."""
    passes = [node for node in model.walk() if node.has_param("Wx")]
    suffixes = [f"l{i}{end}" for i in range(depth) for end in (["", "_reverse"] if bi else [""])]
    return list(zip(passes, suffixes, strict=True))


def torch_order(array, H):
    """Our blocks u, f, o, c~ in torch's order i, f, g, o."""
    u, f, o, c = array.reshape(4, H, *array.shape[1:])
    return numpy.concatenate([u, f, c, o])


@pytest.mark.parametrize("bi", [False, True], ids=["one-direction", "two-directions"])
def test_a_sequence_alone_gives_what_it_gives_among_others(bi):
    model = lstm(bi=bi, depth=2)
    X = batch(RAGGED, dtype="float32")
    together = model.predict(X)
    for i, x in enumerate(X):
        assert numpy.allclose(model.predict([x])[0], together[i], atol=1e-6)


def test_the_backward_direction_reads_from_the_end():
    model = lstm(nO=6, bi=True)
    forward, backward = [n for n in model.walk() if n.has_param("Wx")]
    for name in ("Wx", "Wh", "b"):
        backward.set_param(name, forward.get_param(name))
    x = batch([5], dtype="float32")[0]
    (y,), (mirrored,) = model.predict([x]), model.predict([x[::-1].copy()])
    assert numpy.allclose(y[:, :3], mirrored[::-1, 3:], atol=1e-6)


def test_no_sequences_and_empty_sequences():
    model = lstm()
    assert model.predict([]) == []
    Y, backprop = model([numpy.zeros((0, 4), "f")], True)
    assert Y[0].shape == (0, 6)
    assert backprop(Y)[0].shape == (0, 4)


def test_round_trip_through_bytes():
    ours, other = lstm(depth=2), lstm(depth=2, seed=1)
    X = batch(RAGGED, dtype="float32")
    other.from_bytes(ours.to_bytes())
    for a, b in zip(ours.predict(X), other.predict(X), strict=True):
        assert numpy.array_equal(a, b)


def test_widths_are_inferred_from_the_data():
    model = LSTM(8)
    model.initialize(X=batch([2, 3], width=5, dtype="float32"))
    assert model.get_dim("nI") == 5
    assert model.predict(batch([2], width=5, dtype="float32"))[0].shape == (2, 8)


def test_the_forget_gate_starts_open():
    model = LSTM(3, 2, bi=False)
    model.initialize()
    (node,) = [node for node in model.walk() if node.has_param("b")]
    assert node.get_param("b").tolist() == [0] * 3 + [1] * 3 + [0] * 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth = 0"),
        ({"nO": 7}, "nO = 7"),
        ({"dropout": 1.0}, "dropout = 1.0"),
        ({"nI": 0}, "nI = 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LSTM(**{"nO": 6, "nI": 4, **arguments})


def test_an_input_of_another_width_is_refused():
    with pytest.raises(ValueError, match="width 5, expected nI=4"):
        lstm().predict(batch([2], width=5, dtype="float32"))
