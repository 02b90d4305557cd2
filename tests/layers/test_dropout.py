"""Dropout with one mask a sequence."""

import numpy
import pytest
from thinc.api import NumpyOps, set_dropout_rate

from seqpipe.layers.dropout import packed_dropout, word_dropout
from seqpipe.layers.packed import list2packed, pack, unpack
from tests.gradients import FLOAT64

OPS = NumpyOps()


def ones(*lengths, width=40):
    return pack(OPS, [numpy.ones((n, width), "f") for n in lengths])


def test_one_mask_a_sequence():
    numpy.random.seed(0)
    layer = packed_dropout(0.5)
    first, second = unpack(OPS, layer(ones(3, 5), True)[0])
    assert (first == first[0]).all()
    assert (second == second[0]).all()
    assert not (first[0] == second[0]).all()
    assert set(numpy.unique(first)) == {0.0, 2.0}


def test_one_mask_an_element():
    numpy.random.seed(0)
    first = unpack(OPS, packed_dropout(0.5, per="element")(ones(3, 5), True)[0])[0]
    assert not (first[0] == first[1]).all()
    assert set(numpy.unique(first)) == {0.0, 2.0}


def test_a_rate_of_one_drops_all():
    layer = packed_dropout()
    set_dropout_rate(layer, 1.0)
    assert not layer(ones(3), True)[0].data.any()


def test_the_share_dropped_is_the_rate_and_the_mean_is_kept():
    numpy.random.seed(0)
    Y, _ = packed_dropout(0.3)(ones(*[1] * 200, width=100), True)
    assert abs((Y.data == 0).mean() - 0.3) < 0.02
    assert abs(Y.data.mean() - 1.0) < 0.03


def test_the_gradient_passes_where_the_units_passed():
    numpy.random.seed(0)
    rng = numpy.random.default_rng(0)
    X = pack(FLOAT64, [rng.normal(size=(n, 5)) for n in (4, 0, 2)])
    Y, backprop = packed_dropout(0.5)(X, True)
    dY = Y.with_data(rng.normal(size=Y.data.shape))
    assert numpy.allclose(backprop(dY).data * X.data, dY.data * Y.data)
    assert backprop(dY).data.any()


def test_prediction_drops_nothing():
    assert (packed_dropout(0.5).predict(ones(2, 3)).data == 1).all()


def test_thinc_sets_the_rate():
    layer = packed_dropout(0.0)
    set_dropout_rate(layer, 0.9)
    numpy.random.seed(0)
    assert (layer(ones(2, 3), True)[0].data == 0).any()


def test_empty_batches():
    layer = packed_dropout(0.5)
    for sequences in ([], [numpy.zeros((0, 3), "f")]):
        X = list2packed().predict(sequences)
        Y, backprop = layer(X, True)
        assert Y.data.shape == backprop(Y).data.shape == X.data.shape


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(ValueError, match=f"dropout = {rate}"):
        packed_dropout(rate)


def test_whole_tokens_are_left_out_of_a_mean():
    numpy.random.seed(0)
    X = ones(1000, 3)
    rows = unpack(OPS, word_dropout(0.3)(X, True)[0])
    for Y in rows:
        assert ((Y[:, :1] == Y).all(axis=1)).all()
        numpy.testing.assert_allclose(Y.mean(axis=0), 1.0, atol=1e-5)
    assert abs((rows[0] == 0).mean() - 0.3) < 0.05


def test_a_sequence_never_loses_all_its_tokens():
    numpy.random.seed(0)
    Y = unpack(OPS, word_dropout(0.9)(ones(*[1] * 50), True)[0])
    assert all((y == 1.0).all() for y in Y)


def test_nothing_is_left_out_when_it_predicts():
    X = ones(4)
    assert word_dropout(0.9)(X, False)[0] is X


def test_the_rate_of_training_does_not_change_word_dropout():
    layer = word_dropout(0.25)
    set_dropout_rate(layer, 0.9)
    assert layer.attrs["word_dropout_rate"] == 0.25


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_word_dropout_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match=r"word_dropout_rate = .*expected a rate in \[0, 1\)"):
        word_dropout(rate)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layer", [lambda: packed_dropout(0.5), lambda: word_dropout(0.5)])
def test_what_is_dropped_from_keeps_its_type_of_float(layer, dtype):
    X = pack(OPS, [numpy.ones((4, 30), dtype), numpy.ones((3, 30), dtype)])
    numpy.random.seed(0)
    Y, backprop = layer()(X, True)
    assert not Y.data.all()
    assert {Y.data.dtype, backprop(Y).data.dtype} == {numpy.dtype(dtype)}
