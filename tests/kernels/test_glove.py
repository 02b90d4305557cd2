"""GloVe's compiled steps, against finite differences and against the same steps in numpy."""

import numpy
import pytest

from seqpipe.embeddings.tables import aligned_rows
from seqpipe.kernels.glove import Rows, fit_cells
from tests.gradients import numeric_gradient, relative_error

WORDS, X_MAX, ALPHA, HUGE = 7, 20.0, 0.75, 1e30


def make_rows(width, seed=0):
    """Rows (w, b, 1) and (w~, 1, b~), and sums of squares above 0."""
    rng = numpy.random.default_rng(seed)
    tables = [aligned_rows(WORDS, width + 2) for _ in range(4)]
    for table, one in zip(tables[:2], (width + 1, width), strict=True):
        table[:, : width + 2] = rng.normal(scale=0.3, size=(WORDS, width + 2))
        table[:, one] = 1.0
    for table, one in zip(tables[2:], (width + 1, width), strict=True):
        table[:] = rng.uniform(100.0, 400.0, size=table.shape)
        table[:, one] = HUGE
    return Rows(*tables)


def in_float64(rows):
    return Rows(*(table.astype("float64") for table in rows))


def loss_of(rows, word, other, count):
    """½ f(X) (w · w~ + b + b~ - log X)², the biases in the rows."""
    weight = min(1.0, (count / X_MAX) ** ALPHA)
    return 0.5 * weight * (rows.words[word] @ rows.contexts[other] - numpy.log(count)) ** 2


def step(rows, word, other, count):
    """AdaGrad's step in float64. RETURNS: The loss before it."""
    loss = loss_of(rows, word, other, count)
    w, c = rows.words[word].copy(), rows.contexts[other].copy()
    slope = min(1.0, (count / X_MAX) ** ALPHA) * (w @ c - numpy.log(count))
    rows.words[word] -= slope * c / numpy.sqrt(rows.word_squares[word])
    rows.contexts[other] -= slope * w / numpy.sqrt(rows.context_squares[other])
    rows.word_squares[word] += (slope * c) ** 2
    rows.context_squares[other] += (slope * w) ** 2
    return loss


def fit(rows, cells, order, *, is_symmetric):
    counts = numpy.array([count for _, _, count in cells])
    return fit_cells(
        rows,
        numpy.array([cell[:2] for cell in cells], dtype="int32"),
        numpy.log(counts).astype("float32"),
        numpy.array(order),
        numpy.float32(numpy.log(X_MAX)),
        numpy.float32(ALPHA),
        is_symmetric,
    )


@pytest.mark.parametrize("count", [0.1, 3.0, 20.0, 5000.0])
@pytest.mark.parametrize("width", [1, 14, 30, 100])
def test_slopes_are_those_of_finite_differences(width, count):
    rows = make_rows(width)
    exact = in_float64(rows)
    before = in_float64(rows)
    fit(rows, [(2, 5, count)], [0], is_symmetric=False)
    for table, squares, row, used in (
        ("words", "word_squares", 2, [*range(width), width]),
        ("contexts", "context_squares", 5, [*range(width), width + 1]),
    ):
        numeric = numeric_gradient(lambda: loss_of(exact, 2, 5, count), getattr(exact, table))
        moved = getattr(before, table) - getattr(rows, table)
        slopes = moved * numpy.sqrt(getattr(before, squares))
        assert relative_error(slopes[row, used], numeric[row, used]) < 1e-4
        assert not numpy.delete(moved, row, axis=0).any()


@pytest.mark.parametrize("is_symmetric", [True, False])
@pytest.mark.parametrize("width", [1, 14, 15, 100])
def test_steps_are_those_of_numpy(width, is_symmetric):
    rng = numpy.random.default_rng(1)
    cells = [(int(a), int(b), float(x)) for a, b, x in rng.uniform(0.2, WORDS, size=(60, 3))]
    order = rng.permutation(len(cells))
    rows, expected = make_rows(width), in_float64(make_rows(width))
    loss, losses = 0.0, 0
    for word, other, count in (cells[i] for i in order):
        loss += step(expected, word, other, count)
        losses += 1
        if is_symmetric and word != other:
            loss += step(expected, other, word, count)
            losses += 1
    found = fit(rows, cells, order, is_symmetric=is_symmetric)
    assert found == (pytest.approx(loss, rel=1e-4), losses)
    for ours, theirs in zip(rows, expected, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_the_ones_and_the_padding_never_move():
    rows, width = make_rows(5), 5
    cells = [(0, 1, 1e6), (1, 0, 1e-6), (3, 3, 1e6)] * 200
    fit(rows, cells, range(len(cells)), is_symmetric=True)
    assert (rows.words[:, width + 1] == 1.0).all()
    assert (rows.contexts[:, width] == 1.0).all()
    assert not rows.words[:, width + 2 :].any()
    assert not rows.contexts[:, width + 2 :].any()
