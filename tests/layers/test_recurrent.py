import gc

import numpy
import pytest
from thinc.api import Model, Ragged

from seqpipe.layers.cell import Run
from seqpipe.layers.packed import pack
from seqpipe.layers.recurrent import GRU, LSTM, Recurrent
from tests.gradients import (
    FLOAT64,
    gradient_errors,
    parameter_errors,
    relative_error,
    slope_error,
    to_float64,
)

RAGGED = [3, 1, 0, 7, 2]
# Every equation that a cell has; each is checked with and without layer normalisation.
VARIANTS = {
    "rnn-tanh": {"cell": "rnn"},
    "rnn-relu": {"cell": "rnn", "activation": "relu"},
    "rnn-identity": {"cell": "rnn", "activation": "identity"},
    "gru-simplified": {"cell": "gru", "form": "simplified"},
    "gru-full": {"cell": "gru"},
    "gru-reset-after": {"cell": "gru", "form": "reset_after"},
    "lstm": {"cell": "lstm"},
    "lstm-cell-output": {"cell": "lstm", "output": "cell"},
    "lstm-peepholes": {"cell": "lstm", "peepholes": True},
    "lstm-peepholes-cell-output": {"cell": "lstm", "peepholes": True, "output": "cell"},
}
CELLS = {
    **VARIANTS,
    **{f"{name}-norm": {**options, "layer_norm": True} for name, options in VARIANTS.items()},
}
every_cell = pytest.mark.parametrize("options", CELLS.values(), ids=CELLS.keys())
both_directions = pytest.mark.parametrize(
    "bi", [False, True], ids=["one-direction", "two-directions"]
)


def batch(lengths, width=4, dtype="float64", seed=0):
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(dtype) for n in lengths]


def network(cell="lstm", nO=6, nI=4, *, seed=0, **options) -> Model:
    """A recurrent network none of whose parameters is zero or one, which would hide mistakes."""
    numpy.random.seed(seed)
    model = Recurrent(cell, nO, nI, **options)
    model.initialize()
    for node in model.walk():
        for name in node.param_names:
            if name not in ("Wx", "Wh"):
                shape = node.get_param(name).shape
                node.set_param(name, numpy.random.normal(size=shape).astype("f"))
    return model


def passes(model):
    return [node for node in model.walk() if node.has_param("Wx")]


def cell_pass(**options):
    """One direction of one level over 3 inputs and 2 units, in float64, and its parameters."""
    model = to_float64(network(nO=2, nI=3, bi=False, **options))
    (node,) = passes(model)
    return model, {name: node.get_param(name) for name in node.param_names}


def sigmoid(v):
    return 1 / (1 + numpy.exp(-v))


def normalised(gain, z, *ends):
    """Layer normalisation over the groups of columns that end there."""
    groups = numpy.split(z, ends)
    normed = [(g - g.mean()) / numpy.sqrt(g.var() + 1e-5) for g in groups]
    return gain * numpy.concatenate(normed)


# The equations, step by step


X = numpy.array([[0.3, -1.0, 2.0], [1.5, 0.2, -0.7], [-0.4, 0.9, 0.1]])


@pytest.mark.parametrize(
    ("activation", "g"),
    [("tanh", numpy.tanh), ("relu", lambda z: numpy.maximum(z, 0)), ("identity", lambda z: z)],
)
def test_the_plain_network_is_the_equation(activation, g):
    model, p = cell_pass(cell="rnn", activation=activation, initial="learned")
    a, expected = p["initial"], []
    for x in X:
        a = g(p["Wh"] @ a + p["Wx"] @ x + p["b"])
        expected.append(a)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_a_matrix_for_both_inputs_is_the_same_equation():
    """Wa [a<t-1>, x<t>] with Wa = [Waa Wax] is Waa a<t-1> + Wax x<t>, in the lecture's sizes."""
    model = to_float64(network("rnn", 100, 10_000, bi=False, initial="learned"))
    (node,) = passes(model)
    Wa = numpy.hstack([node.get_param("Wh"), node.get_param("Wx")])
    assert Wa.shape == (100, 10_100)
    x = numpy.zeros(10_000)
    x[4075] = 1.0  # harry
    expected = numpy.tanh(
        Wa @ numpy.concatenate([node.get_param("initial"), x]) + node.get_param("b")
    )
    assert numpy.allclose(model.predict([x[None]])[0][0], expected)


def test_the_simplified_gru_is_the_equation():
    model, p = cell_pass(cell="gru", form="simplified", initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z = p["Wh"] @ c + p["Wx"] @ x + p["b"]
        update, candidate = sigmoid(z[:2]), numpy.tanh(z[2:])
        c = update * candidate + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_the_full_gru_is_the_equation():
    model, p = cell_pass(cell="gru", initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z = p["Wx"] @ x + p["b"]
        update, reset = sigmoid(p["Wh"][:2] @ c + z[:2]), sigmoid(p["Wh"][2:4] @ c + z[2:4])
        candidate = numpy.tanh(p["Wh"][4:] @ (reset * c) + z[4:])
        c = update * candidate + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_the_gru_that_resets_after_the_product_is_the_equation():
    model, p = cell_pass(cell="gru", form="reset_after", initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z, h = p["Wx"] @ x + p["b"], p["Wh"] @ c
        update, reset = sigmoid(h[:2] + z[:2]), sigmoid(h[2:4] + z[2:4])
        candidate = numpy.tanh(z[4:] + reset * (h[4:] + p["bh"]))
        c = update * candidate + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("output", ["tanh", "cell"])
def test_the_lstm_is_the_equation(output, peepholes):
    model, p = cell_pass(cell="lstm", output=output, peepholes=peepholes, initial="learned")
    (a, c), expected = p["initial"].reshape(2, 2), []
    for x in X:
        z = p["Wh"] @ a + p["Wx"] @ x + p["b"]
        if peepholes:
            z[:6] += (p["peepholes"] * c).reshape(-1)
        update, forget, out = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:6])
        c = update * numpy.tanh(z[6:]) + forget * c
        a = out * (numpy.tanh(c) if output == "tanh" else c)
        expected.append(a)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_layer_normalisation_is_the_equation_of_ba_et_al():
    model, p = cell_pass(cell="lstm", layer_norm=True, initial="learned")
    (a, c), expected = p["initial"].reshape(2, 2), []
    for x in X:
        z = normalised(p["gain_h"], p["Wh"] @ a) + normalised(p["gain_x"], p["Wx"] @ x) + p["b"]
        update, forget, out = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:6])
        c = update * numpy.tanh(z[6:]) + forget * c
        a = out * numpy.tanh(normalised(p["gain_c"], c) + p["shift_c"])
        expected.append(a)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_layer_normalisation_of_the_gru_is_the_equation_of_ba_et_al():
    model, p = cell_pass(cell="gru", form="reset_after", layer_norm=True, initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z = normalised(p["gain_x"], p["Wx"] @ x, 4) + p["b"]
        h = normalised(p["gain_h"], p["Wh"] @ c, 4)
        update, reset = sigmoid(h[:2] + z[:2]), sigmoid(h[2:4] + z[2:4])
        candidate = numpy.tanh(z[4:] + reset * (h[4:] + p["bh"]))
        c = update * candidate + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_layer_normalisation_of_the_plain_network_is_the_same_form():
    model, p = cell_pass(cell="rnn", layer_norm=True, initial="learned")
    a, expected = p["initial"], []
    for x in X:
        z = normalised(p["gain_h"], p["Wh"] @ a) + normalised(p["gain_x"], p["Wx"] @ x)
        a = numpy.tanh(z + p["b"])
        expected.append(a)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_layer_normalisation_of_the_simplified_gru_takes_the_gate_apart():
    model, p = cell_pass(cell="gru", form="simplified", layer_norm=True, initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z = normalised(p["gain_h"], p["Wh"] @ c, 2) + normalised(p["gain_x"], p["Wx"] @ x, 2)
        z += p["b"]
        update, candidate = sigmoid(z[:2]), numpy.tanh(z[2:])
        c = update * candidate + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


def test_layer_normalisation_of_the_full_gru_takes_its_products_apart():
    model, p = cell_pass(cell="gru", layer_norm=True, initial="learned")
    c, expected = p["initial"], []
    for x in X:
        z = normalised(p["gain_x"], p["Wx"] @ x, 4) + p["b"]
        gates = sigmoid(normalised(p["gain_h"][:4], p["Wh"][:4] @ c) + z[:4])
        update, reset = gates[:2], gates[2:]
        h = normalised(p["gain_h"][4:], p["Wh"][4:] @ (reset * c))
        c = update * numpy.tanh(h + z[4:]) + (1 - update) * c
        expected.append(c)
    assert numpy.allclose(model.predict([X])[0], expected)


# Gradients


@every_cell
@both_directions
@pytest.mark.parametrize("lengths", [[1], [3, 3], RAGGED], ids=str)
def test_gradient_matches_finite_differences(options, bi, lengths):
    model = to_float64(network(nO=6 if bi else 3, nI=2, bi=bi, initial="learned", **options))
    errors = gradient_errors(model, batch(lengths, width=2))
    assert max(errors.values()) < 1e-6, errors


@every_cell
@pytest.mark.parametrize("residual", [False, True])
def test_gradient_of_a_deep_network_with_dropout(options, residual):
    # With other seeds nearly all ReLUs of the last level are dead, and what is left is rounding.
    shape = {"nO": 5, "nI": 2, "bi": False, "depth": 3, "seed": 0}
    model = network(**shape, dropout=0.4, residual=residual, **options)
    errors = gradient_errors(to_float64(model), batch(RAGGED, width=2))
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("dropout_per", ["sequence", "element"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradient_of_a_deep_network_in_two_directions(cell, dropout_per):
    model = network(cell, depth=2, dropout=0.4, dropout_per=dropout_per, initial="learned")
    errors = gradient_errors(to_float64(model), batch(RAGGED))
    assert max(errors.values()) < 1e-6, errors


@every_cell
@both_directions
def test_gradient_of_given_and_final_states(options, bi):
    shape = {"nO": 6 if bi else 3, "nI": 2, "bi": bi, "depth": 2}
    model = to_float64(network(**shape, initial="given", return_state=True, **options))
    rng = numpy.random.default_rng(0)
    X, state = batch([3, 0, 5], width=2), rng.normal(size=(3, model.get_dim("nS")))
    (Y, final), backprop = model((X, state), True)
    dY = [rng.normal(size=y.shape) for y in Y]
    d_final = rng.normal(size=final.shape)

    def loss():
        Y, final = model.predict((X, state))
        sums = [float((y * d).sum()) for y, d in zip(Y, dY, strict=True)]
        return sum(sums) + float((final * d_final).sum())

    dX, d_state = backprop((dY, d_final))
    assert slope_error(loss, [state], [d_state]) < 1e-6
    for x, dx in zip(X, dX, strict=True):
        assert slope_error(loss, [x], [dx]) < 1e-6
    errors = parameter_errors(loss, model)
    assert max(errors.values()) < 1e-6, errors


# Against torch


@pytest.mark.parametrize("depth", [1, 2])
@both_directions
@pytest.mark.parametrize(
    "options",
    [CELLS["rnn-tanh"], CELLS["rnn-relu"], CELLS["gru-reset-after"], CELLS["lstm"]],
    ids=lambda o: "-".join(map(str, o.values())),
)
def test_forward_gradients_and_states_agree_with_torch(options, bi, depth):
    torch = pytest.importorskip("torch")
    lengths = [3, 1, 7, 2]
    ours = network(bi=bi, depth=depth, initial="given", return_state=True, **options)
    theirs = torch_network(torch, ours, options, bi, depth)
    X = batch(lengths, dtype="float32")
    rng = numpy.random.default_rng(3)
    state = rng.normal(size=(len(lengths), ours.get_dim("nS"))).astype("f")
    inputs = [torch.tensor(x, requires_grad=True) for x in X]
    initial = torch.tensor(torch_state(state, options["cell"], bi, depth), requires_grad=True)
    packed, last = theirs(
        torch.nn.utils.rnn.pack_sequence(inputs, enforce_sorted=False),
        tuple(initial) if options["cell"] == "lstm" else initial[0],
    )
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    last = torch.stack(last if options["cell"] == "lstm" else [last])
    (Y, final), backprop = ours((X, state), True)
    for i, y in enumerate(Y):
        assert numpy.allclose(y, padded[: len(y), i].detach().numpy(), atol=1e-5)
    expected = last.detach().numpy()
    assert numpy.allclose(torch_state(final, options["cell"], bi, depth), expected, atol=1e-5)

    dY = [rng.normal(size=y.shape).astype("float32") for y in Y]
    d_final = rng.normal(size=final.shape).astype("float32")
    dX, d_state = backprop((dY, d_final))
    loss = sum((padded[: len(d), i] * torch.tensor(d)).sum() for i, d in enumerate(dY))
    d_last = torch.tensor(torch_state(d_final, options["cell"], bi, depth))
    (loss + (last * d_last).sum()).backward()
    for dx, x in zip(dX, inputs, strict=True):
        assert numpy.allclose(dx, x.grad.numpy(), atol=1e-5)
    found = torch_state(d_state, options["cell"], bi, depth)
    assert numpy.allclose(found, initial.grad.numpy(), atol=1e-5)
    for node, suffix in torch_names(ours, depth, bi):
        for kind, name in TORCH_PARAMS:
            gradient = getattr(theirs, f"{kind}_{suffix}").grad.numpy()
            ours_as_theirs = torch_order(node, name, node.get_grad)
            assert numpy.allclose(ours_as_theirs, gradient, atol=1e-5), (kind, suffix)


TORCH_PARAMS = [("weight_ih", "Wx"), ("weight_hh", "Wh"), ("bias_ih", "b"), ("bias_hh", "bh")]


def torch_network(torch, ours, options, bi, depth):
    """torch's network with our weights."""
    kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    more = {"nonlinearity": options.get("activation", "tanh")} if options["cell"] == "rnn" else {}
    theirs = kinds[options["cell"]](4, 3 if bi else 6, num_layers=depth, bidirectional=bi, **more)
    with torch.no_grad():
        for node, suffix in torch_names(ours, depth, bi):
            for kind, name in TORCH_PARAMS:
                value = torch_order(node, name, node.get_param)
                if name == "bh" and not node.has_param("bh"):
                    value = numpy.zeros_like(value)
                getattr(theirs, f"{kind}_{suffix}").copy_(torch.tensor(value))
    return theirs


def torch_names(model, depth, bi):
    """Our passes in order, each with the suffix that torch gives its parameters."""
    suffixes = [f"l{i}{end}" for i in range(depth) for end in (["", "_reverse"] if bi else [""])]
    return list(zip(passes(model), suffixes, strict=True))


def torch_order(node, name, get):
    """Our parameter, or its gradient, in torch's order and sign.

    LSTM: our u, f, o, c~ are its i, f, g, o. GRU: our u, r, c~ are its r, z, n with z = 1 - u, so
    that what goes into z has the other sign. Its second bias adds to the first, but for n.
    """
    H = node.get_dim("nO")
    array = get("b" if name == "bh" else name).copy()
    blocks = list(array.reshape(-1, H, *array.shape[1:]))
    if len(blocks) == 4:
        u, f, o, c = blocks
        blocks = [u, f, c, o]
    elif len(blocks) == 3:
        u, r, c = blocks
        if name == "bh":
            is_value = get == node.get_param
            u, r, c = (u * 0, r * 0, get("bh")) if is_value else (u, r, get("bh"))
        blocks = [r, -u, c]
    return numpy.concatenate(blocks)


def torch_state(state, cell, bi, depth):
    """`(sequences, nS)` as torch's h (and c), `(1 or 2, levels * directions, sequences, H)`."""
    directions, parts = depth * (2 if bi else 1), 2 if cell == "lstm" else 1
    split = state.reshape(len(state), directions, parts, -1)
    return numpy.ascontiguousarray(split.transpose(2, 1, 0, 3))


# Batches


@every_cell
@both_directions
@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-6), ("float64", 1e-14)])
def test_a_sequence_alone_gives_what_it_gives_among_others(options, bi, dtype, bound):
    model = network(nO=16, bi=bi, depth=2, return_state=True, **options)
    model = to_float64(model) if dtype == "float64" else model
    X = batch(RAGGED, dtype=dtype)
    together, states = model.predict(X)
    for i, x in enumerate(X):
        (alone,), state = model.predict([x])
        assert relative_error(alone, together[i]) < bound
        assert relative_error(state[0], states[i]) < bound


@every_cell
def test_predicting_gives_what_training_gives(options):
    model = network(depth=2, **options)
    X = batch(RAGGED, dtype="float32")
    Y, _ = model(X, True)
    for trained, predicted in zip(Y, model.predict(X), strict=True):
        assert numpy.allclose(trained, predicted, atol=1e-6)


@every_cell
def test_parameters_are_left_as_they_are(options):
    """Also with one unit, where a transposed matrix is the matrix itself."""
    model = network(nO=4 if options.get("layer_norm") else 2, nI=1, **options)
    before = model.to_bytes()
    Y, backprop = model(batch(RAGGED, width=1, dtype="float32"), True)
    backprop(Y)
    assert model.to_bytes() == before


def test_the_backward_direction_reads_from_the_end():
    model = network(nO=6, bi=True)
    forward, backward = passes(model)
    for name in ("Wx", "Wh", "b"):
        backward.set_param(name, forward.get_param(name))
    x = batch([5], dtype="float32")[0]
    (y,), (mirrored,) = model.predict([x]), model.predict([x[::-1].copy()])
    assert numpy.allclose(y[:, :3], mirrored[::-1, 3:], atol=1e-6)


@every_cell
@pytest.mark.parametrize("residual", [False, True])
def test_no_sequences_and_empty_sequences(options, residual):
    model = network(depth=2, residual=residual, return_state=True, initial="learned", **options)
    (Y, state), backprop = model([], True)
    assert Y == backprop((Y, state)) == []
    assert state.shape == (0, model.get_dim("nS"))
    (Y, state), backprop = model([numpy.zeros((0, 4), "f")], True)
    assert Y[0].shape == (0, 6)
    learned = [node.get_param("initial") for node in passes(model)]
    assert numpy.array_equal(state[0], numpy.concatenate(learned))
    assert backprop((Y, state))[0].shape == (0, 4)


def test_lists_ragged_padded_and_packed_give_the_same():
    model = network(depth=2)
    X = batch([3, 1, 4], dtype="float32")
    flat = numpy.concatenate(model.predict(X))
    ragged = model.predict(Ragged(numpy.concatenate(X), numpy.array([3, 1, 4], dtype="i")))
    assert numpy.array_equal(ragged.dataXd, flat)
    padded = model.predict(model.ops.list2padded(X))
    assert numpy.array_equal(numpy.concatenate(model.ops.padded2list(padded)), flat)
    packed = model.predict(pack(model.ops, X))
    assert numpy.array_equal(packed.data[packed.packing.inverse], flat)


@every_cell
@pytest.mark.parametrize(("inputs", "params"), [("float64", "float32"), ("float32", "float64")])
def test_float32_and_float64_mix(options, inputs, params):
    model = network(depth=2, **options)
    expected = model.predict(batch(RAGGED, dtype="float32"))
    model = to_float64(model) if params == "float64" else model
    Y, backprop = model(batch(RAGGED, dtype=inputs), True)
    dX = backprop(Y)
    for y, dx, alike in zip(Y, dX, expected, strict=True):
        assert y.dtype == dx.dtype == "float64"
        assert numpy.allclose(y, alike, atol=1e-5)


# States


@every_cell
def test_a_sequence_in_two_parts_with_the_state_carried_gives_the_whole(options):
    model = network(bi=False, depth=2, initial="given", return_state=True, **options)
    whole = batch([5, 2, 4], dtype="float32")
    start = numpy.zeros((3, model.get_dim("nS")), "f")
    expected, end = model.predict((whole, start))
    first, state = model.predict(([x[:3] for x in whole], start))
    second, final = model.predict(([x[3:] for x in whole], state))
    for i, y in enumerate(expected):
        assert numpy.allclose(numpy.concatenate([first[i], second[i]]), y, atol=1e-6)
    assert numpy.allclose(final, end, atol=1e-6)


def test_truncated_backpropagation_joined_at_the_state_is_the_whole_gradient():
    model = to_float64(network(bi=False, depth=2, initial="given", return_state=True))
    X, start = batch([6, 4]), numpy.zeros((2, model.get_dim("nS")))
    (Y, final), backprop = model((X, start), True)
    backprop((Y, final))
    whole = [node.get_grad("Wh").copy() for node in passes(model)]
    for node in passes(model):
        node.set_grad("Wh", numpy.zeros_like(node.get_grad("Wh")))
    (first, state), backprop_first = model(([x[:3] for x in X], start), True)
    (second, final), backprop_second = model(([x[3:] for x in X], state), True)
    _, d_state = backprop_second((second, final))
    backprop_first((first, d_state))
    for node, expected in zip(passes(model), whole, strict=True):
        assert numpy.allclose(node.get_grad("Wh"), expected)


def test_the_final_state_ends_with_the_last_output_of_each_direction():
    model = network("gru", bi=True, return_state=True)
    Y, state = model.predict(batch([3, 5], dtype="float32"))
    for y, final in zip(Y, state, strict=True):
        assert numpy.allclose(final, numpy.concatenate([y[-1, :3], y[0, 3:]]))


def test_zero_states_given_are_the_zero_states():
    X = batch(RAGGED, dtype="float32")
    given = network(initial="given")
    zeros = numpy.zeros((len(X), given.get_dim("nS")), "f")
    for a, b in zip(given.predict((X, zeros)), network().predict(X), strict=True):
        assert numpy.array_equal(a, b)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    "state",
    [
        numpy.zeros((1, 5), "f"),
        numpy.zeros((1, 60), "f"),
        numpy.zeros(12, "f"),
        [[0.0] * 12],
        numpy.zeros((1, 12), "i"),
        numpy.zeros((1, 24), "i"),
        None,
    ],
    ids=["narrow", "wide", "one-dimension", "list", "integers", "integers-deep", "none"],
)
def test_a_state_of_another_shape_or_type_is_refused(state, depth):
    model = network(initial="given", return_state=True, depth=depth)
    X, nS = batch([2], dtype="float32"), model.get_dim("nS")
    with pytest.raises(ValueError, match=rf"state of shape .*, expected floats, .* \(1, {nS}\)"):
        model.predict((X, state))
    if state is not None:
        (Y, _), backprop = model((X, numpy.zeros((1, nS), "f")), True)
        with pytest.raises(ValueError, match="state of shape"):
            backprop((Y, state))


def test_a_state_in_place_of_a_pair_is_refused():
    with pytest.raises(ValueError, match="expected a pair of sequences and state, found list"):
        network(initial="given").predict(batch([2, 2, 2], dtype="float32"))


def test_a_gradient_of_another_shape_is_refused():
    model = network()
    X = batch([3, 1], dtype="float32")
    _, backprop = model(X, True)
    with pytest.raises(ValueError, match="gradient of width 1, expected nO=6"):
        backprop(batch([3, 1], width=1, dtype="float32"))
    with pytest.raises(ValueError, match=r"lengths \[1, 3\], expected \[3, 1\]"):
        backprop(batch([1, 3], width=6, dtype="float32"))


@every_cell
def test_a_second_backprop_and_one_after_prediction_are_refused(options):
    """The first has overwritten what it needed."""
    model = network(**options)
    Y, backprop = model(batch(RAGGED, dtype="float32"), True)
    backprop(Y)
    with pytest.raises(ValueError, match="backprop called but once"):
        backprop(Y)
    Y, backprop = model(batch(RAGGED, dtype="float32"), False)
    with pytest.raises(ValueError, match="expected is_train=True"):
        backprop(Y)


# Construction


def test_long_ragged_batches_do_not_matter_either():
    """Layer normalisation divides by a deviation that may be small: it amplifies rounding."""
    for norm, bound in ((False, 1e-6), (True, 2e-5)):
        for cell in ("rnn", "gru", "lstm"):
            model = network(cell, 64, 50, depth=2, layer_norm=norm)
            X = batch([59, 1, 30, 12, 0, 44], width=50, dtype="float32")
            for x, among in zip(X, model.predict(X), strict=True):
                assert relative_error(model.predict([x])[0], among) < bound, (cell, norm)


def test_nothing_keeps_the_arrays_of_a_batch_alive():
    model = network(depth=2)
    gc.collect()
    gc.disable()
    try:
        Y, backprop = model(batch(RAGGED, dtype="float32"), True)
        backprop(Y)
        del Y, backprop
        assert not [found for found in gc.get_objects() if issubclass(type(found), Run)]
    finally:
        gc.enable()


def test_depth_reads_the_level_below():
    """a[2]<t> = g(Wa[2] [a[2]<t-1>, a[1]<t>] + ba[2])."""
    deep = network("rnn", bi=False, depth=2)
    low, high = passes(deep)
    one, two = network("rnn", bi=False), network("rnn", 6, 6, bi=False)
    for ours, node in ((one, low), (two, high)):
        for name in node.param_names:
            passes(ours)[0].set_param(name, node.get_param(name))
    X = batch(RAGGED, dtype="float32")
    for y, chained in zip(deep.predict(X), two.predict(one.predict(X)), strict=True):
        assert numpy.array_equal(y, chained)


def test_a_residual_network_adds_the_level_below():
    plain, residual = network("gru", depth=2), network("gru", depth=2, residual=True)
    below = network("gru")
    for node, source in zip(passes(below), passes(plain), strict=False):
        for name in node.param_names:
            node.set_param(name, source.get_param(name))
    X = batch(RAGGED, dtype="float32")
    for y, p, b in zip(residual.predict(X), plain.predict(X), below.predict(X), strict=True):
        assert numpy.allclose(y, p + b, atol=1e-6)


@every_cell
def test_round_trip_through_bytes(options):
    ours, other = network(depth=2, **options), network(depth=2, seed=1, **options)
    X = batch(RAGGED, dtype="float32")
    other.from_bytes(ours.to_bytes())
    for a, b in zip(ours.predict(X), other.predict(X), strict=True):
        assert numpy.array_equal(a, b)


@pytest.mark.parametrize(
    ("saved", "loaded", "message"),
    [
        ("rnn-tanh", "rnn-relu", "saved with activation = 'tanh', expected 'relu'"),
        ("lstm", "lstm-cell-output", "saved with output = 'tanh', expected 'cell'"),
        ("gru-full", "gru-reset-after", "saved with form = 'full', expected 'reset_after'"),
        ("gru-full", "gru-full-norm", "saved with layer_norm = False, expected True"),
    ],
)
def test_weights_of_other_equations_are_refused(saved, loaded, message):
    with pytest.raises(ValueError, match=message):
        network(**CELLS[loaded]).from_bytes(network(**CELLS[saved]).to_bytes())


def test_weights_that_started_otherwise_are_taken():
    saved = network("lstm", forget_bias=3.0, recurrent_init="uniform")
    X = batch(RAGGED, dtype="float32")
    loaded = network(seed=1).from_bytes(saved.to_bytes())
    assert numpy.array_equal(loaded.predict(X)[0], saved.predict(X)[0])


@pytest.mark.parametrize("depth", [1, 2])
def test_widths_are_inferred_from_the_data(depth):
    model = LSTM(8, depth=depth)
    model.initialize(X=batch([2, 3], width=5, dtype="float32"))
    assert model.get_dim("nI") == 5
    assert model.get_dim("nS") == 16 * depth
    assert model.predict(batch([2], width=5, dtype="float32"))[0].shape == (2, 8)


def test_the_short_names_are_the_cells():
    X = batch(RAGGED, dtype="float32")
    for short, cell in ((LSTM, "lstm"), (GRU, "gru")):
        numpy.random.seed(0)
        ours = short(6, 4, depth=2)
        ours.initialize()
        numpy.random.seed(0)
        theirs = Recurrent(cell, 6, 4, depth=2)
        theirs.initialize()
        for a, b in zip(ours.predict(X), theirs.predict(X), strict=True):
            assert numpy.array_equal(a, b)


def first_values(cell, **options):
    model = Recurrent(cell, 40, 50, bi=False, **options)
    model.initialize()
    (node,) = passes(model)
    return {name: node.get_param(name) for name in node.param_names}


def test_the_forget_gate_starts_open():
    assert first_values("lstm")["b"].tolist() == [0] * 40 + [1] * 40 + [0] * 80
    assert first_values("lstm", forget_bias=2)["b"].tolist() == [0] * 40 + [2] * 40 + [0] * 80
    assert first_values("gru")["b"].tolist() == [-1] * 40 + [0] * 80


def is_uniform(values, bound):
    """Of some thousand values, the greatest lies just within the bound and the mean at zero."""
    return 0.98 * bound < numpy.abs(values).max() <= bound and abs(values.mean()) < 0.05 * bound


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_weights_start_as_they_are_told(cell):
    for block in first_values(cell)["Wh"].reshape(-1, 40, 40):
        assert numpy.allclose(block @ block.T, numpy.eye(40), atol=1e-5)
    for block in first_values(cell, recurrent_init="identity")["Wh"].reshape(-1, 40, 40):
        assert numpy.array_equal(block, numpy.eye(40))
    assert is_uniform(first_values(cell, recurrent_init="uniform")["Wh"], 40**-0.5)
    assert is_uniform(first_values(cell, recurrent_init="glorot")["Wh"], (6 / 80) ** 0.5)
    assert is_uniform(first_values(cell)["Wx"], (6 / 90) ** 0.5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gains_start_at_one_and_the_learned_state_at_zero(cell):
    values = first_values(cell, layer_norm=True, initial="learned")
    assert all((value == 1).all() for name, value in values.items() if name.startswith("gain"))
    assert not values["initial"].any()
    assert not values.get("shift_c", numpy.zeros(1)).any()


def test_peepholes_start_uniform():
    drawn = [first_values("lstm", peepholes=True)["peepholes"] for _ in range(20)]
    assert is_uniform(numpy.stack(drawn), 40**-0.5)


def test_the_recipe_of_le_et_al():
    model = Recurrent("rnn", 50, 40, bi=False, activation="relu", recurrent_init="identity")
    model.initialize()
    (node,) = passes(model)
    assert numpy.array_equal(node.get_param("Wh"), numpy.eye(50))
    assert not node.get_param("b").any()
    assert 0.0009 < node.get_param("Wx").std() < 0.0011


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth = 0"),
        ({"nO": 7}, "nO = 7"),
        ({"dropout": 1.0}, "dropout = 1.0"),
        ({"dropout_per": "word"}, "dropout_per = 'word': expected one of sequence, element"),
        ({"nI": 0}, "nI = 0"),
        ({"nO": 2, "layer_norm": True}, "layer_norm = True: nO = 2 is one unit a direction"),
        ({"cell": "lstn"}, "cell = 'lstn': expected one of rnn, gru, lstm"),
        ({"initial": "ones"}, "initial = 'ones'"),
        ({"residual": True}, "residual = True"),
        ({"recurrent_init": "zero"}, "recurrent_init = 'zero'"),
        ({"activation": "tanh"}, "activation = 'tanh': a lstm has no such option"),
        ({"cell": "rnn", "activation": "sine"}, "activation = 'sine'"),
        ({"cell": "rnn", "forget_bias": 1.0}, "forget_bias = 1.0: a rnn has no such option"),
        ({"cell": "gru", "form": "half"}, "form = 'half': expected one of simplified, full"),
        ({"output": "sigmoid"}, "output = 'sigmoid'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Recurrent(**{"cell": "lstm", "nO": 6, "nI": 4, **arguments})


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (
            {"X": batch([2], dtype="float32"), "Y": batch([2], 7, "float32")},
            "nO = 7: expected an even",
        ),
        ({"X": []}, "nI: expected it given, or a sample"),
    ],
    ids=["odd-output", "no-sequences"],
)
def test_a_sample_of_the_wrong_width_is_refused(sample, message, depth):
    model = Recurrent("lstm", None if "Y" in sample else 6, depth=depth)
    with pytest.raises(ValueError, match=message):
        model.initialize(**sample)


@pytest.mark.parametrize("lengths", [[2, 1], [3, 3], [6, -1]], ids=str)
def test_a_ragged_whose_lengths_do_not_fit_is_refused(lengths):
    ragged = Ragged(numpy.zeros((5, 4), "f"), numpy.array(lengths, dtype="i"))
    with pytest.raises(ValueError, match="Ragged of 5 rows, lengths"):
        network().predict(ragged)


@pytest.mark.parametrize("sequences", [[[[0.0] * 4]], [None]], ids=["lists", "none"])
def test_a_list_of_anything_but_arrays_is_refused(sequences):
    with pytest.raises(ValueError, match="a list of arrays expected"):
        network().predict(sequences)


def test_an_input_of_another_width_is_refused():
    with pytest.raises(ValueError, match="width 5, expected nI=4"):
        network().predict(batch([2], width=5, dtype="float32"))


@pytest.mark.parametrize("form", [list, pack, Ragged])
def test_integers_are_refused(form):
    X = [numpy.ones((2, 4), dtype="int64")]
    if form is Ragged:
        X = Ragged(X[0], numpy.array([2], dtype="i"))
    with pytest.raises(ValueError, match=r"of floats expected, found .*int64"):
        network().predict(pack(FLOAT64, X) if form is pack else X)
