from itertools import product

import numpy
import pytest
from thinc.api import Config, Linear, Model, NumpyOps, Ragged, registry

from seqpipe.layers.packed import pack
from seqpipe.layers.pooling import KINDS
from seqpipe.layers.recurrent import Recurrent
from seqpipe.layers.shapes import ManyToMany, ManyToOne, OneToMany, OneToOne
from tests.gradients import relative_error, to_float64
from tests.layers.shape_checks import (
    RAGGED,
    accuracy,
    affine,
    batch,
    gradient_errors,
    leaves,
    one_hot,
    passes,
    started,
    train,
)

OPS = NumpyOps()


def reader(bi=True, cell="gru", **options) -> Model:
    return Recurrent(cell, 4, bi=bi, **options)


def writer(cell="gru", **options) -> Model:
    chosen = {"nO": 4, "bi": False, "initial": "given", "return_state": True, **options}
    return Recurrent(cell, **chosen)


def rows(dtype="float64", count=5):
    return batch([count], 3, dtype)[0]


def sequences(dtype="float64"):
    return batch(RAGGED, 3, dtype)


def vectors_and_lengths(dtype="float64"):
    return rows(dtype, len(RAGGED)), numpy.array(RAGGED)


# For each shape how it is made, and a sample of its input
SHAPES = {
    "one-to-one": (lambda: OneToOne(reader(bi=False), 2), rows),
    "one-to-one-bi": (lambda: OneToOne(reader(), 2), rows),
    "one-to-one-deep-lstm": (lambda: OneToOne(reader(cell="lstm", depth=2), 2), rows),
    "one-to-many-rnn": (lambda: OneToMany(writer("rnn"), 2), vectors_and_lengths),
    "one-to-many-gru": (lambda: OneToMany(writer(), 2), vectors_and_lengths),
    "one-to-many-deep-lstm": (lambda: OneToMany(writer("lstm", depth=2), 2), vectors_and_lengths),
    "many-to-many": (lambda: ManyToMany(reader(bi=False), 2), sequences),
    "many-to-many-bi": (lambda: ManyToMany(reader(), 2), sequences),
    "many-to-many-deep-lstm": (
        lambda: ManyToMany(reader(cell="lstm", depth=2, dropout=0.3), 2),
        sequences,
    ),
    **{
        f"many-to-one-{kind}{'-bi' if bi else ''}": (
            lambda kind=kind, bi=bi: ManyToOne(reader(bi), 2, pooling=kind),
            sequences,
        )
        for kind, bi in product(KINDS, [False, True])
    },
    "many-to-one-deep-lstm": (lambda: ManyToOne(reader(cell="lstm", depth=2), 2), sequences),
}
EVERY_SHAPE = pytest.mark.parametrize(("make", "sample"), SHAPES.values(), ids=SHAPES)


@EVERY_SHAPE
def test_gradient_matches_finite_differences(make, sample):
    model = to_float64(started(make(), sample("float32")))
    errors = gradient_errors(model, sample())
    assert max(errors.values()) < 1e-6, errors


def item(X, i):
    """The i-th item of a batch, as a batch of its own."""
    return tuple(part[i : i + 1] for part in X) if isinstance(X, tuple) else X[i : i + 1]


@EVERY_SHAPE
def test_an_item_alone_gives_what_it_gives_among_others(make, sample):
    X = sample("float32")
    # The masks of dropout depend on the batch, so there is none.
    model = started(make(), X)
    for node in model.walk():
        if "dropout_rate" in node.attrs:
            node.attrs["dropout_rate"] = 0.0
    together, backprop = model(X, True)
    gradients = backprop(together)
    for i in range(5):
        alone, backprop = model(item(X, i), True)
        gradient = backprop(alone)
        pairs = [(alone, item(together, i)), (gradient, item(gradients, i))]
        for a, b in pairs:
            for ours, others in zip(leaves(a), leaves(b), strict=True):
                assert ours.shape == others.shape
                assert relative_error(ours, others) < 1e-6


@EVERY_SHAPE
def test_both_types_of_float_come_back_as_they_came(make, sample):
    model = started(make(), sample("float32"))
    for dtype in ("float32", "float64"):
        Y, backprop = model(sample(dtype), True)
        assert {y.dtype for y in leaves(Y)} == {numpy.dtype(dtype)}
        assert {dx.dtype for dx in leaves(backprop(Y))} == {numpy.dtype(dtype)}
        to_float64(model)


@EVERY_SHAPE
def test_float64_input_is_read_by_float32_parameters(make, sample):
    model = started(make(), sample("float32"))
    doubles, singles = model.predict(sample()), model.predict(sample("float32"))
    for ours, theirs in zip(leaves(doubles), leaves(singles), strict=True):
        assert numpy.allclose(ours, theirs, atol=1e-5)


@EVERY_SHAPE
def test_bytes_keep_what_was_learned(make, sample):
    X = sample("float32")
    model, other = started(make(), X), started(make(), X, seed=1)
    assert model.to_bytes() != other.to_bytes()
    other.from_bytes(model.to_bytes())
    for ours, theirs in zip(leaves(model.predict(X)), leaves(other.predict(X)), strict=True):
        assert numpy.array_equal(ours, theirs)


# Equations


def rnn_step(p, a, x=None):
    """tanh(Wh a<t-1> + Wx x<t> + b)."""
    return numpy.tanh(p["Wh"] @ a + p["b"] + (0 if x is None else p["Wx"] @ x))


def rnn_states(p, x):
    """a<t> for each row of x, from zero on."""
    states = [numpy.zeros(len(p["Wh"]))]
    for row in x:
        states.append(rnn_step(p, states[-1], row))
    return numpy.array(states[1:])


def test_one_to_one_is_the_equation():
    X = rows()
    model = to_float64(started(OneToOne(reader(cell="rnn"), 2), X.astype("f")))
    ahead, back = passes(model)
    for x, y in zip(X, model.predict(X), strict=True):
        hidden = [rnn_step(p, numpy.zeros(2), x) for p in (ahead, back)]
        assert numpy.allclose(y, affine(model.layers[-1], numpy.concatenate(hidden)))


def test_one_to_many_is_the_equation():
    vectors, lengths = vectors_and_lengths()
    sample = vectors_and_lengths("float32")
    model = to_float64(started(OneToMany(writer("rnn"), 2), sample))
    bridge, _, output = model.layers
    (p,) = passes(model)
    for v, n, Y in zip(vectors, lengths, model.predict((vectors, lengths)), strict=True):
        assert Y.shape == (n, 2)
        a = affine(bridge, v)
        for y in Y:
            a = rnn_step(p, a)
            assert numpy.allclose(y, affine(output, a))


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ("last", lambda ahead, back: [*ahead[-1], *back[0]]),
        ("mean", lambda ahead, back: [*ahead.mean(axis=0), *back.mean(axis=0)]),
        ("max", lambda ahead, back: [*ahead.max(axis=0), *back.max(axis=0)]),
    ],
)
def test_many_to_one_is_the_equation(pooling, pooled):
    X = sequences()
    model = to_float64(
        started(ManyToOne(reader(cell="rnn"), 2, pooling=pooling), sequences("float32"))
    )
    ahead, back = passes(model)
    for x, y in zip(X, model.predict(X), strict=True):
        row = pooled(rnn_states(ahead, x), rnn_states(back, x[::-1])[::-1]) if len(x) else [0] * 4
        assert numpy.allclose(y, affine(model.layers[-1], numpy.array(row)))


def test_many_to_many_is_the_equation():
    X = sequences()
    model = to_float64(started(ManyToMany(reader(cell="rnn"), 2), sequences("float32")))
    ahead, back = passes(model)
    for x, Y in zip(X, model.predict(X), strict=True):
        states = zip(rnn_states(ahead, x), rnn_states(back, x[::-1])[::-1], strict=True)
        expected = [affine(model.layers[-1], numpy.concatenate(a)) for a in states]
        assert numpy.allclose(Y, numpy.reshape(expected, (len(x), 2)))


# Forms


def forms(X):
    """A batch as Ragged, Padded and Packed."""
    ragged = Ragged(numpy.concatenate(X), OPS.asarray1i([len(x) for x in X]))
    return [ragged, OPS.list2padded(X), pack(OPS, X)]


def rows_of(batch):
    """The rows of a batch in any form, sequence by sequence."""
    if isinstance(batch, Ragged):
        return batch.dataXd
    if hasattr(batch, "packing"):
        return batch.data[batch.packing.inverse]
    return numpy.concatenate(OPS.padded2list(batch))


@pytest.mark.parametrize("pooling", KINDS)
def test_many_to_one_reads_every_form(pooling):
    X = sequences("float32")
    model = started(ManyToOne(reader(), 2, pooling=pooling), X)
    expected, backprop = model(X, True)
    gradient = numpy.concatenate(backprop(expected))
    for form in forms(X):
        Y, backprop = model(form, True)
        assert numpy.array_equal(Y, expected)
        dX = backprop(Y)
        assert type(dX) is type(form)
        assert numpy.array_equal(rows_of(dX), gradient)


def test_many_to_many_answers_in_the_form_it_was_asked():
    X = sequences("float32")
    model = started(ManyToMany(reader(), 2), X)
    expected, backprop = model(X, True)
    gradient = numpy.concatenate(backprop(expected))
    for form in forms(X):
        Y, backprop = model(form, True)
        assert type(Y) is type(form)
        assert numpy.array_equal(rows_of(Y), numpy.concatenate(expected))
        dX = backprop(Y)
        assert type(dX) is type(form)
        assert numpy.array_equal(rows_of(dX), gradient)


def test_one_to_many_takes_lengths_as_a_list_or_an_array():
    vectors, lengths = vectors_and_lengths("float32")
    model = started(OneToMany(writer(), 2), (vectors, lengths))
    expected = model.predict((vectors, lengths))
    for given in (lengths.tolist(), lengths.astype("int32"), tuple(lengths.tolist())):
        Y, backprop = model((vectors, given), True)
        assert all(numpy.array_equal(a, b) for a, b in zip(Y, expected, strict=True))
        assert backprop(Y)[1] is given


def test_no_items_and_none_that_has_steps():
    one = started(ManyToOne(reader(), 2), sequences("float32"))
    every = started(ManyToMany(reader(), 2), sequences("float32"))
    many = started(OneToMany(writer(), 2), vectors_and_lengths("float32"))
    single = started(OneToOne(reader(), 2), rows("float32"))
    for model, X, Y_shapes, dX_shapes in [
        (one, [], [(0, 2)], []),
        (one, batch([0, 0], 3, "float32"), [(2, 2)], [(0, 3)] * 2),
        (every, [], [], []),
        (every, batch([0, 0], 3, "float32"), [(0, 2)] * 2, [(0, 3)] * 2),
        (many, (rows("float32", 0), []), [], [(0, 3)]),
        (many, (rows("float32", 2), [0, 0]), [(0, 2)] * 2, [(2, 3)]),
        (single, rows("float32", 0), [(0, 2)], [(0, 3)]),
    ]:
        Y, backprop = model(X, True)
        assert [y.shape for y in leaves(Y)] == Y_shapes
        assert [dx.shape for dx in leaves(backprop(Y))] == dX_shapes


# Construction


@pytest.mark.parametrize(
    ("model", "X", "Y"),
    [
        (OneToOne(reader()), rows("float32"), batch([5], 7, "float32")[0]),
        (OneToMany(writer()), vectors_and_lengths("float32"), batch(RAGGED, 7, "float32")),
        (ManyToOne(reader()), sequences("float32"), batch([5], 7, "float32")[0]),
        (ManyToMany(reader()), sequences("float32"), batch(RAGGED, 7, "float32")),
        (ManyToMany(reader()), forms(sequences("float32"))[0], forms(batch(RAGGED, 7, "f"))[0]),
    ],
    ids=["one-to-one", "one-to-many", "many-to-one", "many-to-many", "many-to-many-ragged"],
)
def test_widths_are_inferred_from_the_data(model, X, Y):
    model.initialize(X=X, Y=Y)
    assert model.get_dim("nO") == 7
    assert {y.shape[1] for y in leaves(model.predict(X))} == {7}


CONFIG = """
[model]
@layers = "seqpipe.{shape}.v1"
nO = 2
{more}

[model.{part}]
@layers = "seqpipe.Recurrent.v1"
cell = "gru"
nO = 4
{options}
"""


@pytest.mark.parametrize(
    ("shape", "more", "part", "options", "like", "sample"),
    [
        ("OneToOne", "", "encoder", "", "one-to-one-bi", rows),
        (
            "OneToMany",
            "",
            "decoder",
            'bi = false\ninitial = "given"\nreturn_state = true',
            "one-to-many-gru",
            vectors_and_lengths,
        ),
        ("ManyToOne", 'pooling = "max"', "encoder", "", "many-to-one-max-bi", sequences),
        ("ManyToMany", "", "encoder", "", "many-to-many-bi", sequences),
    ],
)
def test_a_config_makes_the_shape(shape, more, part, options, like, sample):
    text = CONFIG.format(shape=shape, more=more, part=part, options=options)
    model = registry.resolve(Config().from_str(text))["model"]
    X, expected = sample("float32"), SHAPES[like][0]()
    started(model, X)
    started(expected, X)
    for ours, theirs in zip(leaves(model.predict(X)), leaves(expected.predict(X)), strict=True):
        assert numpy.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OneToOne(writer()), "encoder: initial = 'given'"),
        (lambda: ManyToOne(reader(return_state=True)), "encoder: return_state = True"),
        (lambda: ManyToMany(reader(return_state=True)), "encoder: return_state = True"),
        (lambda: ManyToMany(Linear(4)), "encoder: expected seqpipe.Recurrent.v1.*found linear"),
        (lambda: ManyToOne(Recurrent("gru")), "encoder: expected nO"),
        (lambda: OneToMany(reader(bi=False)), "decoder: expected initial = 'given'"),
        (lambda: OneToMany(writer(bi=True)), "decoder: bi = True"),
        (lambda: OneToMany(writer(return_state=False)), "decoder: return_state = False"),
        (lambda: OneToMany(Linear(4)), "decoder: expected seqpipe.Recurrent.v1.*found linear"),
        (lambda: ManyToOne(reader(), pooling="sum"), "'sum': expected one of last, mean, max"),
        (lambda: ManyToMany(reader(), 0), "nO = 0: expected at least 1"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "X", "message"),
    [
        ("one-to-one", numpy.ones((2, 5), "f"), "input of width 5, expected nI=3"),
        ("one-to-one", numpy.ones((2, 3), "i"), "floats, found 2 dimensions of int32"),
        ("one-to-one", [numpy.ones((2, 3), "f")], "an array .* of floats, found list"),
        ("one-to-many-gru", (rows("float32", 2), [1, 2, 3]), "2 vectors, 3 lengths"),
        (
            "one-to-many-gru",
            (rows("float32", 2), [1, -2]),
            r"lengths = \[1, -2\]: expected whole numbers",
        ),
        (
            "one-to-many-gru",
            (rows("float32", 2), [1, 2.5]),
            r"lengths = \[1.0, 2.5\]: expected whole numbers",
        ),
        ("one-to-many-gru", (numpy.ones((1, 5), "f"), [1]), "input of width 5, expected nI=3"),
        ("one-to-many-gru", (numpy.ones((1, 3), "i"), [1]), "floats, found 2 dimensions of int32"),
        ("one-to-many-gru", rows("float32", 2), "a pair of vectors and lengths, found ndarray"),
        ("many-to-one-last", [numpy.ones((2, 5), "f")], "input of width 5, expected nI=3"),
        ("many-to-many", [numpy.ones((2, 3), "i")], "floats expected, found .*int32"),
        ("many-to-many", numpy.ones((2, 3), "f"), "Packed expected, found ndarray"),
    ],
)
def test_wrong_input_is_refused(name, X, message):
    make, sample = SHAPES[name]
    model = started(make(), sample("float32"))
    with pytest.raises(ValueError, match=message):
        model.predict(X)


# Learning


def test_one_to_one_learns_exclusive_or():
    X = numpy.array([[0, 0], [0, 1], [1, 0], [1, 1]], "f")
    classes = numpy.array([0, 1, 1, 0])
    model = started(OneToOne(Recurrent("rnn", 8, bi=False), 2), X)
    train(model, [(X, classes)], epochs=200, rate=0.02)
    assert accuracy(model, X, classes) == 1.0


def test_one_to_many_learns_a_melody_for_each_vector():
    melodies = [[0, 1, 2, 3, 0, 1, 2, 3], [3, 3, 1], [2, 0, 0, 2, 1], [1]]
    X = (numpy.eye(4, dtype="f"), [len(melody) for melody in melodies])
    classes = numpy.concatenate(melodies)
    model = started(OneToMany(writer("lstm", nO=24), 4), X)
    train(model, [(X, classes)], epochs=150, rate=0.02)
    assert accuracy(model, X, classes) == 1.0


def bits(lengths):
    return [one_hot(word, 2) for n in lengths for word in product([0, 1], repeat=n)]


def test_many_to_one_learns_parity():
    X = bits(range(1, 7))
    classes = numpy.array([int(x[:, 1].sum()) % 2 for x in X])
    model = started(ManyToOne(Recurrent("gru", 12, bi=False), 2), X)
    train(model, [(X, classes)], epochs=400, rate=0.03)
    assert accuracy(model, X, classes) == 1.0


@pytest.mark.parametrize("pooling", KINDS)
def test_many_to_one_learns_the_first_symbol(pooling):
    rng = numpy.random.default_rng(0)
    words = [rng.integers(0, 4, size=rng.integers(3, 8)) for _ in range(300)]
    X, classes = [one_hot(word, 4) for word in words], numpy.array([word[0] for word in words])
    model = started(ManyToOne(Recurrent("lstm", 16, bi=False), 4, pooling=pooling), X)
    batches = [(X[i : i + 50], classes[i : i + 50]) for i in range(0, 200, 50)]
    train(model, batches, epochs=40, rate=0.02)
    assert accuracy(model, X[200:], classes[200:]) > 0.95


def test_many_to_many_learns_the_majority_so_far():
    X = bits([9])
    lead = [numpy.cumsum(x[:, 1] - x[:, 0]) for x in X]
    classes = [numpy.sign(row).astype("i") + 1 for row in lead]
    order = numpy.random.default_rng(0).permutation(len(X))
    seen, unseen = order[:256], order[256:]
    model = started(ManyToMany(Recurrent("gru", 16, bi=False), 3), X)
    batches = [
        ([X[i] for i in part], numpy.concatenate([classes[i] for i in part]))
        for part in numpy.split(seen, 8)
    ]
    train(model, batches, epochs=30, rate=0.02)
    expected = numpy.concatenate([classes[i] for i in unseen])
    assert accuracy(model, [X[i] for i in unseen], expected) > 0.95
