"""The sampled softmax: what is drawn, its gradient beside the full one, gradients by rows."""

import numpy
import pytest
from thinc.api import Model

from seqpipe.layers.embed import keep_row_gradients, row_gradients
from seqpipe.layers.sampled_softmax import SampledSoftmax, draw_by_rank, log_inclusion
from seqpipe.layers.softmax_output import FullSoftmax
from tests.gradients import relative_error

IDS, WIDTH, ROWS = 50, 8, 30


def started(samples: int, ids: int = IDS) -> Model:
    numpy.random.seed(0)
    model = SampledSoftmax(ids, WIDTH, samples=samples, init_range=1.0)
    model.initialize()
    model.set_param("b", numpy.random.normal(size=ids).astype("f"))
    return model


def batch(ids: int = IDS):
    rng = numpy.random.default_rng(1)
    return rng.normal(size=(ROWS, WIDTH)).astype("f"), rng.integers(0, ids, ROWS)


def mean_gradient(model: Model, draws: int) -> numpy.ndarray:
    """Of the rows, over many draws."""
    numpy.random.seed(2)
    return numpy.mean([model(batch(), True)[1](1.0) for _ in range(draws)], axis=0)


def full_gradient(model: Model) -> numpy.ndarray:
    full = FullSoftmax(IDS, WIDTH)
    full.set_param("W", model.get_param("E"))
    full.set_param("b", model.get_param("b"))
    return full(batch(), True)[1](1.0)


def test_ids_are_drawn_by_their_rank_and_each_counts_once():
    numpy.random.seed(0)
    drawn = [draw_by_rank(20, IDS) for _ in range(4000)]
    assert all((numpy.diff(ids) > 0).all() for ids in drawn)
    assert {0, IDS - 1} <= set(numpy.concatenate(drawn).tolist()) <= set(range(IDS))
    share = numpy.bincount(numpy.concatenate(drawn), minlength=IDS) / 4000
    expected = numpy.exp(log_inclusion(numpy.arange(IDS), 20, IDS))
    numpy.testing.assert_allclose(share, expected, atol=0.03)  # three deviations are 0.024
    assert log_inclusion(numpy.arange(1), 1, 1).tolist() == [0.0]


def test_the_expected_gradient_tends_to_that_of_the_full_softmax():
    exact = full_gradient(started(1))
    few, more, many = (
        relative_error(mean_gradient(started(samples), 100), exact) for samples in (20, 200, 2000)
    )
    assert few > 2 * more > 4 * many
    assert many < 1e-3


def test_training_with_it_finds_the_probabilities_of_the_full_softmax():
    """The scores that minimise its expected loss are log-probabilities, whatever is drawn."""
    numpy.random.seed(0)
    truth = numpy.array([0.3, 0.02, 0.02, 0.16, 0.1, 0.3, 0.05, 0.05])
    model = SampledSoftmax(8, 1, samples=3)
    model.initialize()
    model.set_param("E", numpy.zeros((8, 1), "f"))
    H = numpy.zeros((400, 1), "f")
    found = []
    for step in range(3000):
        model.set_grad("b", numpy.zeros(8, "f"))
        targets = numpy.random.choice(8, size=400, p=truth)
        model((H, targets), True)[1](1 / 400)
        model.set_param("b", model.get_param("b") - 0.5 * model.get_grad("b"))
        if step >= 1000:
            found.append(model.get_param("b"))
    scores = numpy.exp(numpy.mean(found, axis=0))
    numpy.testing.assert_allclose(scores / scores.sum(), truth, rtol=0.1)


def test_gradients_by_rows_are_the_dense_ones():
    dense, by_rows = started(10), started(10)
    keep_row_gradients(by_rows)
    for model in (dense, by_rows):
        numpy.random.seed(3)
        model(batch(), True)[1](0.5)
    [(table, kept)] = row_gradients(by_rows)
    rows, gradient = kept.collect(table.ops)
    expected = dense.get_grad("E")
    assert numpy.flatnonzero(expected.any(axis=1)).tolist() == rows.tolist()
    assert len(rows) < IDS
    numpy.testing.assert_allclose(gradient, expected[rows], rtol=1e-5, atol=1e-6)
    assert not by_rows.has_grad("E")
    assert numpy.array_equal(by_rows.get_grad("b"), dense.get_grad("b"))


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="samples = 0: expected at least 1"):
        SampledSoftmax(samples=0)
