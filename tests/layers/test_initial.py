"""How weight matrices start, and what becomes of them when a model's dimensions change."""

import numpy
import pytest
from thinc.api import Linear, NumpyOps

from seqpipe.layers.initial import gaussian, glorot_uniform, identity, orthogonal, uniform
from seqpipe.layers.resize import resize

OPS = NumpyOps()


@pytest.mark.parametrize(
    ("drawn", "bound"),
    [
        (lambda: glorot_uniform(OPS, 30, 20), (6 / 50) ** 0.5),
        (lambda: uniform(OPS, 30, 20, 0.3), 0.3),
    ],
    ids=["glorot", "uniform"],
)
def test_uniform_weights_reach_their_bound_on_both_sides(drawn, bound):
    W = drawn()
    assert (W.shape, W.dtype) == ((30, 20), "float32")
    assert 0.95 * bound < W.max() <= bound
    assert -bound <= W.min() < -0.95 * bound


def test_normal_weights_have_their_deviation_around_zero():
    W = gaussian(OPS, 60, 40, 0.2)
    assert (W.shape, W.dtype) == ((60, 40), "float32")
    assert 0.18 < W.std() < 0.22
    assert abs(W.mean()) < 0.02


def test_orthogonal_weights_turn_and_do_not_stretch_and_may_turn_anywhere():
    found = [orthogonal(OPS, 5) for _ in range(40)]
    for Q in found:
        assert Q.dtype == "float32"
        numpy.testing.assert_allclose(Q @ Q.T, numpy.eye(5), atol=1e-6)
    # The signs of the factorisation are made up for: no entry has one sign in all draws.
    signs = numpy.sign(found)
    assert (signs.min(axis=0) == -1).all()
    assert (signs.max(axis=0) == 1).all()


def test_the_identity_is_the_identity():
    assert identity(OPS, 3).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert identity(OPS, 3).dtype == "float32"


def test_parameters_stay_where_a_dimension_stays_and_wait_where_it_changes():
    model = Linear(3, 2)
    model.initialize()
    before = model.get_param("W")
    resize(model, "nO", 3)
    assert model.get_param("W") is before
    resize(model, "nO", 5)
    assert model.get_dim("nO") == 5
    assert not model.has_param("W")
    assert not model.has_param("b")
    model.initialize()
    assert model.get_param("W").shape == (5, 2)


def test_a_dimension_that_was_not_known_is_set():
    model = Linear(None, 2)
    resize(model, "nO", 4)
    assert model.get_dim("nO") == 4
