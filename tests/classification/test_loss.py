"""Probabilities and the cross-entropy of classes, against finite differences and by hand."""

import numpy
import pytest

from seqpipe.classification.loss import class_loss, probabilities
from tests.gradients import numeric_gradient, relative_error

LOGITS = numpy.random.default_rng(0).normal(size=(3, 4))
ONE = numpy.eye(4)[[2, 0, 1]]
SEVERAL = numpy.array([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, numpy.nan, 1]], dtype=float)
WEIGHTS = numpy.array([1.0, 2.0, 0.5, 1.0])


@pytest.mark.parametrize(("gold", "multilabel"), [(ONE, False), (SEVERAL, True)])
def test_the_gradient_is_that_of_finite_differences(gold, multilabel):
    z = LOGITS.copy()
    _, gradient = class_loss(z, gold, WEIGHTS, multilabel=multilabel)
    numeric = numeric_gradient(lambda: class_loss(z, gold, WEIGHTS, multilabel=multilabel)[0], z)
    assert relative_error(gradient, numeric) < 1e-8


def test_even_logits_cost_the_logarithm_of_the_classes():
    assert class_loss(numpy.zeros((3, 4)), ONE, numpy.ones(4), multilabel=False)[0] == (
        pytest.approx(3 * numpy.log(4))
    )
    loss, _ = class_loss(numpy.zeros((3, 4)), SEVERAL, numpy.ones(4), multilabel=True)
    assert loss == pytest.approx(11 * numpy.log(2))


@pytest.mark.parametrize("multilabel", [False, True])
def test_what_is_not_known_has_no_loss(multilabel):
    loss, gradient = class_loss(
        LOGITS, numpy.full((3, 4), numpy.nan), WEIGHTS, multilabel=multilabel
    )
    assert loss == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("multilabel", [False, True])
def test_great_logits_do_not_overflow(multilabel):
    with numpy.errstate(all="raise", under="ignore"):
        p = probabilities(numpy.array([[900.0, -900.0]]), multilabel=multilabel)
        class_loss(numpy.array([[900.0, -900.0]]), numpy.eye(2)[:1], numpy.ones(2), multilabel=True)
    numpy.testing.assert_allclose(p, [[1.0, 0.0]])
