"""Embedding tables: their gradients, and the steps that touch only the rows that were read."""

import numpy
import pytest
from thinc.api import SGD, Adam, Model, NumpyOps, Optimizer, RAdam

from seqpipe.layers.embed import (
    ROW_GRADIENT,
    RowGradient,
    embedding,
    keep_row_gradients,
    row_gradients,
    update_rows,
)
from tests.gradients import numeric_gradient, relative_error, to_float64

IDS = numpy.array([3, 1, 3, 0, 3])  # of 6 rows, 2, 4 and 5 are not read
UNREAD = [2, 4, 5]

OPTIMIZERS = {
    "adam": lambda: Adam(0.01, use_averages=False),
    "adam-weight-decay": lambda: Adam(0.01, L2=0.1, use_averages=False),
    "adam-penalty": lambda: Adam(0.01, L2=0.1, L2_is_weight_decay=False, use_averages=False),
    "sgd": lambda: SGD(0.1, use_averages=False),
    "sgd-weight-decay": lambda: SGD(0.1, L2=0.1, use_averages=False),
    "sgd-penalty": lambda: SGD(0.1, L2=0.1, L2_is_weight_decay=False, use_averages=False),
}


def table(*, by_rows: bool = True, seed: int = 0) -> Model:
    numpy.random.seed(seed)
    model = embedding(4, 6)
    model.initialize()
    if by_rows:
        keep_row_gradients(model)
    return model


def directions(ids=IDS, seed: int = 1) -> numpy.ndarray:
    return numpy.random.default_rng(seed).normal(size=(len(ids), 4)).astype("f")


def step(model: Model, optimizer: Optimizer, ids, dY) -> None:
    """One step as a component takes it: without the optimizer's own clip."""
    optimizer.grad_clip = 0.0
    _, backprop = model(ids, True)
    backprop(dY)
    for node, rows in row_gradients(model):
        update_rows(optimizer, node, rows)
    model.finish_update(optimizer)


def test_a_row_is_read_for_each_id():
    model = table()
    assert numpy.array_equal(model.predict(IDS), model.get_param("E")[[3, 1, 3, 0, 3]])


def test_gradient_matches_finite_differences():
    model = to_float64(table(by_rows=False))
    direction = directions().astype("float64")
    _, backprop = model(IDS, True)
    backprop(direction)
    numeric = numeric_gradient(
        lambda: float((model.predict(IDS) * direction).sum()), model.get_param("E")
    )
    assert relative_error(model.get_grad("E"), numeric) < 1e-6


def test_the_gradient_by_rows_is_that_of_the_whole_table():
    dense, by_rows = table(by_rows=False), table()
    for seed in (1, 2):  # two batches before a step
        for model in (dense, by_rows):
            model(IDS, True)[1](directions(seed=seed))
    rows, gradient = by_rows.attrs[ROW_GRADIENT].collect(by_rows.ops)
    assert rows.tolist() == [0, 1, 3]
    assert numpy.allclose(gradient, dense.get_grad("E")[rows], atol=1e-6)
    assert not dense.get_grad("E")[UNREAD].any()
    assert not by_rows.has_grad("E")


def test_gradients_of_an_id_that_stands_twice_are_added():
    gradient = RowGradient()
    gradient.add(numpy.array([5, 2]), numpy.array([[1.0, 2.0], [3.0, 4.0]], "f"))
    gradient.add(numpy.array([5]), numpy.array([[10.0, 20.0]], "f"))
    rows, total = gradient.collect(NumpyOps())
    assert rows.tolist() == [2, 5]
    assert total.tolist() == [[3.0, 4.0], [11.0, 22.0]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_added_after_the_sum_was_asked_for_counts(dtype):
    gradient, ones = RowGradient(), numpy.asfortranarray(numpy.ones((3, 2), dtype))
    gradient.add(numpy.array([4, 1, 4]), ones)
    gradient.collect(NumpyOps())
    gradient.add(numpy.array([1, 9]), ones[:2])
    rows, total = gradient.collect(NumpyOps())
    assert rows.tolist() == [1, 4, 9]
    assert total.tolist() == [[2, 2], [2, 2], [1, 1]]
    assert total.dtype == dtype
    assert (ones == 1).all()


def test_a_row_gradient_is_scaled_and_forgotten():
    gradient = RowGradient()
    assert not gradient
    gradient.add(numpy.array([1, 1]), numpy.ones((2, 3), "f"))
    gradient.scale(0.25)
    assert gradient.collect(NumpyOps())[1].tolist() == [[0.5, 0.5, 0.5]]
    gradient.clear()
    assert not gradient


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_that_read_every_row_are_those_of_the_dense_optimizer(name):
    dense, by_rows = table(by_rows=False), table()
    optimizers = {id(dense): OPTIMIZERS[name](), id(by_rows): OPTIMIZERS[name]()}
    start = dense.get_param("E").copy()
    for seed in range(5):
        ids = numpy.random.default_rng(seed).permutation([0, 1, 2, 3, 4, 5, 2, 0])
        for model in (dense, by_rows):
            step(model, optimizers[id(model)], ids, directions(ids, seed))
    assert not numpy.allclose(dense.get_param("E"), start)
    # Compiled, a product and a sum may be rounded once instead of twice.
    assert numpy.allclose(dense.get_param("E"), by_rows.get_param("E"), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tables_that_the_compiled_loops_do_not_take_step_alike(name):
    compiled, by_arrays = table(), table()
    by_arrays.set_param("E", by_arrays.get_param("E").astype("float64"))
    optimizers = [OPTIMIZERS[name](), OPTIMIZERS[name]()]
    if optimizers[1].b1 > 0.0:  # Thinc's Adam takes float32 only
        by_arrays.set_param("E", numpy.asfortranarray(by_arrays.get_param("E").astype("f")))
    for seed in range(3):
        for model, optimizer in zip((compiled, by_arrays), optimizers, strict=True):
            step(model, optimizer, IDS, directions(seed=seed))
    assert numpy.allclose(compiled.get_param("E"), by_arrays.get_param("E"), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_that_are_not_read_stay_bit_for_bit(name):
    model, optimizer = table(), OPTIMIZERS[name]()
    start = model.get_param("E").copy()
    for seed in range(3):
        step(model, optimizer, IDS, directions(seed=seed))
    changed = (model.get_param("E") != start).any(axis=1)
    assert changed.tolist() == [True, True, False, True, False, False]


def test_moments_of_rows_that_are_not_read_stay():
    model, optimizer = table(), OPTIMIZERS["adam"]()
    everything = numpy.arange(6)
    step(model, optimizer, everything, directions(everything))
    key = (model.id, "E")
    before = [store[key].reshape(6, 4).copy() for store in (optimizer.mom1, optimizer.mom2)]
    step(model, optimizer, IDS, directions())
    for kept, store in zip(before, (optimizer.mom1, optimizer.mom2), strict=True):
        now = store[key].reshape(6, 4)
        assert numpy.array_equal(now[UNREAD], kept[UNREAD])
        assert (now[[0, 1, 3]] != kept[[0, 1, 3]]).any(axis=1).all()


@pytest.mark.parametrize(
    "make",
    [lambda: RAdam(0.01, use_averages=False), lambda: Adam(0.01), lambda: SGD(0.1)],
    ids=["radam", "adam-averages", "sgd-averages"],
)
def test_radam_and_averages_take_the_dense_step(make):
    dense, by_rows = table(by_rows=False), table()
    optimizers = {id(dense): make(), id(by_rows): make()}
    for seed in range(3):
        for model in (dense, by_rows):
            step(model, optimizers[id(model)], IDS, directions(seed=seed))
    assert numpy.allclose(dense.get_param("E"), by_rows.get_param("E"), rtol=0, atol=1e-6)
    if optimizers[id(dense)].averages is not None:
        expected = optimizers[id(dense)].averages[(dense.id, "E")]
        averages = optimizers[id(by_rows)].averages[(by_rows.id, "E")]
        assert numpy.allclose(averages, expected, rtol=0, atol=1e-6)


def test_a_step_without_ids_changes_nothing():
    model = table()
    start = model.get_param("E").copy()
    none = numpy.zeros(0, dtype="int64")
    step(model, OPTIMIZERS["adam-weight-decay"](), none, directions(none))
    assert numpy.array_equal(model.get_param("E"), start)


@pytest.mark.parametrize("shape", [(4, 4), (6, 4), (5,)])
def test_a_gradient_has_a_row_for_each_id(shape):
    """Compiled loops would read beyond another."""
    with pytest.raises(ValueError, match="expected \\(ids, width\\)"):
        RowGradient().add(IDS, numpy.zeros(shape, "f"))
