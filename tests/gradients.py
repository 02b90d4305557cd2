"""Finite differences in float64 for Thinc models: the check that every layer passes."""

import numpy
from thinc.api import Model, NumpyOps

# BLIS, Thinc's default product on the CPU, refuses float64.
FLOAT64 = NumpyOps(use_blis=False)
DIRECTIONS = 3


def to_float64(model: Model) -> Model:
    """Turn every parameter of an initialised model to float64, in place."""
    for node in model.walk():
        node.ops = FLOAT64
        for name in node.param_names:
            if node.has_param(name):
                node.set_param(name, node.get_param(name).astype("float64"))
    return model


def relative_error(ours, numeric) -> float:
    """Norm of the difference over the norm of both."""
    ours, numeric = numpy.asarray(ours), numpy.asarray(numeric)
    scale = numpy.linalg.norm(ours) + numpy.linalg.norm(numeric)
    return float(numpy.linalg.norm(ours - numeric) / scale) if scale else 0.0


def numeric_gradient(function, array, epsilon: float = 1e-5):
    """Central differences of a scalar function with respect to an array that it reads in place."""
    gradient = numpy.zeros_like(array)
    flat, out = array.reshape(-1), gradient.reshape(-1)
    assert flat.base is not None or array.ndim == 1
    for i in range(flat.size):
        kept = flat[i]
        flat[i] = kept + epsilon
        up = function()
        flat[i] = kept - epsilon
        down = function()
        flat[i] = kept
        out[i] = (up - down) / (2 * epsilon)
    return gradient


def slope_error(function, arrays, gradients, epsilon: float = 1e-5) -> float:
    """Relative error of gradients along random directions through all values of some arrays.

    A wrong value shows in every direction, and a direction costs no more than a value does.
    """
    rng = numpy.random.default_rng(0)
    ours, numeric = [], []
    for _ in range(DIRECTIONS):
        moves = [rng.normal(size=array.shape) for array in arrays]
        length = numpy.sqrt(sum((move**2).sum() for move in moves)) or 1.0
        moves = [move / length for move in moves]
        kept = [array.copy() for array in arrays]
        sides = []
        for side in (epsilon, -epsilon):
            for array, old, move in zip(arrays, kept, moves, strict=True):
                array[...] = old + side * move
            sides.append(function())
        for array, old in zip(arrays, kept, strict=True):
            array[...] = old
        pairs = zip(gradients, moves, strict=True)
        ours.append(sum(float((gradient * move).sum()) for gradient, move in pairs))
        numeric.append((sides[0] - sides[1]) / (2 * epsilon))
    return relative_error(ours, numeric)


def gradient_errors(model: Model, X, *, is_train: bool = True) -> dict[str, float]:
    """Relative error of the gradient of a random projection of the output, for the input (a list of
    float64 arrays) and for every parameter, by name."""
    numpy.random.seed(0)
    Y, _ = model(X, is_train)
    directions = [numpy.random.normal(size=y.shape) for y in Y]

    def loss() -> float:
        numpy.random.seed(1)  # the same dropout mask at every call
        return sum(
            float((y * d).sum()) for y, d in zip(model(X, is_train)[0], directions, strict=True)
        )

    numpy.random.seed(1)
    _, backprop = model(X, is_train)
    dX = backprop(directions)
    return {"input": slope_error(loss, X, dX), **parameter_errors(loss, model)}


def parameter_errors(loss, model: Model) -> dict[str, float]:
    """Relative error of the gradient of every parameter, as the model holds it, by name."""
    return {
        f"{node.name} {i} {name}": slope_error(loss, [node.get_param(name)], [node.get_grad(name)])
        for i, node in enumerate(model.walk())
        for name in node.param_names
        if node.has_param(name)
    }
