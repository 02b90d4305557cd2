"""All gradients of a model: norm, clipping, which one is not finite."""

import math

import numpy
import pytest
from thinc.api import Linear, chain

from seqpipe.layers.embed import embedding, keep_row_gradients, row_gradients
from seqpipe.layers.model_gradients import (
    clip_gradients,
    first_not_finite,
    first_parameter_not_finite,
    forget_gradients,
    gradient_norm,
    scale_gradients,
)

DENSE = [[3.0, -0.5], [0.25, 0.0]]
IDS, ROWS = [4, 1, 4], [[0.75, 0.0], [-2.0, 0.125], [0.75, 0.0]]


@pytest.fixture
def model():
    """A table and a linear layer, with gradients set by hand; that of row 4 comes in two parts."""
    model = chain(embedding(2, 6), Linear(2, 2))
    model.initialize(X=numpy.array([0, 1]))
    keep_row_gradients(model)
    table, linear = model.layers
    table.attrs["row_gradient"].add(numpy.array(IDS), numpy.array(ROWS, dtype="f"))
    linear.set_grad("W", numpy.array(DENSE, dtype="f"))
    return model


def values(model):
    ((table, rows),) = row_gradients(model)
    ids, by_row = rows.collect(table.ops)
    return model.layers[1].get_grad("W").tolist(), dict(
        zip(ids.tolist(), by_row.tolist(), strict=True)
    )


def test_the_norm_is_that_of_all_values_as_one_vector(model):
    expected = numpy.linalg.norm([3, 0.5, 0.25, 1.5, 2, 0.125])
    assert gradient_norm(model) == pytest.approx(expected)


def test_the_norm_of_values_whose_squares_are_too_large(model):
    forget_gradients(model)
    model.layers[1].set_grad("W", numpy.array([[3e30, 0], [0, -4e30]], dtype="f"))
    assert gradient_norm(model) == pytest.approx(5e30)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_norm_is_not_finite_where_a_value_is_not(model, bad):
    model.layers[1].set_grad("W", numpy.array([[1e30, 0], [bad, 0]], dtype="f"))
    assert not math.isfinite(gradient_norm(model))


def test_every_value_is_cut_to_the_bound_after_the_parts_of_a_row_are_summed(model):
    assert clip_gradients(model, 1.0)
    assert values(model) == ([[1, -0.5], [0.25, 0]], {1: [-1, 0.125], 4: [1, 0]})


def test_values_within_the_bound_stay(model):
    before = values(model)
    assert clip_gradients(model, 3.0) is False
    assert values(model) == before


def test_scaling_reaches_rows_too(model):
    scale_gradients(model, 2.0)
    assert values(model) == ([[6, -1], [0.5, 0]], {1: [-4, 0.25], 4: [3, 0]})


def test_a_forgotten_gradient_is_zero(model):
    forget_gradients(model)
    assert gradient_norm(model) == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_parameter_whose_gradient_is_not_finite_is_named(model, bad):
    assert first_not_finite(model) is None
    row = numpy.array([[0.0, bad]], dtype="f")
    model.layers[0].attrs["row_gradient"].add(numpy.array([3]), row)
    assert first_not_finite(model) == "embedding E"
    model.layers[1].set_grad("W", numpy.array([[bad, 0], [0, 0]], dtype="f"))
    assert first_not_finite(model) == "linear W"


def test_a_layer_is_named_by_its_label_where_it_has_one(model):
    row = numpy.array([[0.0, math.nan]], dtype="f")
    model.layers[0].attrs["row_gradient"].add(numpy.array([3]), row)
    labels = {model.layers[0].id: "suffix2"}
    assert first_not_finite(model, labels) == "embedding E (suffix2)"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_the_parameter_that_is_not_finite_itself_is_named(model, bad):
    assert first_parameter_not_finite(model) is None
    model.layers[1].get_param("b")[1] = bad
    assert first_parameter_not_finite(model) == "linear b"


def test_of_layers_with_one_name_the_number_is_told():
    model = chain(Linear(2, 2), Linear(2, 2), Linear(2, 2))
    model.initialize()
    model.layers[1].set_grad("b", numpy.array([0, math.nan], dtype="f"))
    assert first_not_finite(model) == "linear b (number 2 of 3 layers of that name)"
