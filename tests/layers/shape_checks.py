"""What the tests of the five shapes share: batches, started models, gradients, a training loop."""

import numpy
from thinc.api import Adam, Model, Padded, Ragged

from seqpipe.layers.packed import Packed
from tests.gradients import parameter_errors, slope_error

RAGGED = [3, 1, 0, 5, 2]


def batch(lengths, width, dtype="float64", seed=0):
    """Random sequences `(length, width)`."""
    rng = numpy.random.default_rng(seed)
    return [rng.normal(size=(n, width)).astype(dtype) for n in lengths]


def started(model: Model, X, Y=None, *, seed=0) -> Model:
    """The model, initialised, with no bias of zero or one, which would hide mistakes."""
    numpy.random.seed(seed)
    model.initialize(X=X, Y=Y)
    for node in model.walk():
        for name in node.param_names:
            if node.get_param(name).ndim == 1:
                shape = node.get_param(name).shape
                node.set_param(name, numpy.random.normal(size=shape).astype("f"))
    return model


def passes(model: Model) -> list[dict]:
    """The parameters of every recurrent pass, in order."""
    return [
        {name: node.get_param(name) for name in node.param_names}
        for node in model.walk()
        if node.has_param("Wh")
    ]


def affine(layer: Model, x):
    """W x + b of a linear layer."""
    return layer.get_param("W") @ x + layer.get_param("b")


def leaves(value) -> list:
    """The float arrays of an array, a batch in any form, or a nest of these."""
    if isinstance(value, Packed):
        return [value.data]
    if isinstance(value, Ragged):
        return [value.dataXd]
    if isinstance(value, Padded):
        return [value.data]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value] if getattr(value, "dtype", numpy.dtype(int)).kind == "f" else []


def gradient_errors(model: Model, X, *, is_train=True) -> dict[str, float]:
    """Relative error of the gradient of a random projection of the output, an array or a list of
    arrays, for each array of the input and each parameter, by name."""

    def run():
        numpy.random.seed(1)  # the same dropout mask at every call
        return model(X, is_train)

    Y, backprop = run()
    rng = numpy.random.default_rng(3)
    directions = [rng.normal(size=y.shape) for y in leaves(Y)]
    dX = backprop(directions if isinstance(Y, list) else directions[0])

    def loss() -> float:
        return sum(float((y * d).sum()) for y, d in zip(leaves(run()[0]), directions, strict=True))

    errors = {}
    for i, (x, dx) in enumerate(zip(leaves(X), leaves(dX), strict=True)):
        assert dx.shape == x.shape
        errors[f"input {i}"] = slope_error(loss, [x], [dx])
    return errors | parameter_errors(loss, model)


def train(model: Model, batches, *, epochs: int, rate: float = 0.01) -> None:
    """Minimise the cross-entropy of the rows' classes with Adam.

    batches: Pairs of an input and the class of each row of the output, `(rows,)`.
    """
    optimizer = Adam(rate)
    for _ in range(epochs):
        for X, classes in batches:
            Y, backprop = model(X, True)
            logits = numpy.concatenate(Y) if isinstance(Y, list) else Y
            odds = numpy.exp(logits - logits.max(axis=1, keepdims=True))
            gradient = odds / odds.sum(axis=1, keepdims=True)
            gradient[numpy.arange(len(classes)), classes] -= 1
            gradient /= len(classes)
            if isinstance(Y, list):
                gradient = numpy.split(gradient, numpy.cumsum([len(y) for y in Y])[:-1])
            backprop(gradient)
            model.finish_update(optimizer)


def accuracy(model: Model, X, classes) -> float:
    """Share of the output's rows whose greatest value is at their class."""
    Y = model.predict(X)
    logits = numpy.concatenate(Y) if isinstance(Y, list) else Y
    return float((logits.argmax(axis=1) == classes).mean())


def one_hot(ids, width: int):
    """Rows of float32 with a one at each id."""
    return numpy.eye(width, dtype="f")[numpy.asarray(ids, dtype="i")]
