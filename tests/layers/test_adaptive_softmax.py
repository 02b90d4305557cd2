"""The adaptive softmax: PyTorch's with the same parameters, its clusters, bad cutoffs."""

import numpy
import pytest

from seqpipe.layers.adaptive_softmax import AdaptiveSoftmax


def batch(nI, ids, rows=40):
    rng = numpy.random.default_rng(0)
    return rng.normal(size=(rows, nI)).astype("f"), rng.integers(0, ids, rows)


@pytest.mark.parametrize("cutoffs", [[4], [10, 25], [1, 2]], ids=str)
def test_pytorch_agrees(cutoffs):
    torch = pytest.importorskip("torch")
    numpy.random.seed(0)
    nO, nI = 40, 12
    model = AdaptiveSoftmax(nO, nI, cutoffs=cutoffs, factor=3)
    model.initialize()
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(nI, nO, cutoffs, div_value=3, head_bias=True)
    pairs = {"W": theirs.head.weight, "b": theirs.head.bias}
    for i, (project, ids) in enumerate(theirs.tail, 1):
        pairs |= {f"P{i}": project.weight, f"W{i}": ids.weight}
    for name, parameter in pairs.items():
        model.set_param(name, parameter.detach().numpy().copy())
    H, targets = batch(nI, nO)
    their_rows = torch.tensor(H, requires_grad=True)
    log_probs, loss = theirs(their_rows, torch.tensor(targets))
    loss.backward()
    found, backprop = model((H, targets), True)
    numpy.testing.assert_allclose(found, log_probs.detach().numpy(), rtol=1e-5, atol=1e-5)
    d_rows = backprop(1 / len(H))
    numpy.testing.assert_allclose(d_rows, their_rows.grad.numpy(), rtol=1e-4, atol=1e-6)
    for name, parameter in pairs.items():
        numpy.testing.assert_allclose(
            model.get_grad(name), parameter.grad.numpy(), rtol=1e-4, atol=1e-6, err_msg=name
        )
    every = theirs.log_prob(torch.tensor(H)).detach().numpy()
    numpy.testing.assert_allclose(model.predict((H, None)), every, rtol=1e-5, atol=1e-5)


def test_clusters_begin_at_a_twentieth_and_a_quarter_and_are_narrow():
    model = AdaptiveSoftmax(1000, 64)
    model.initialize()
    shapes = {name: model.get_param(name).shape for name in model.param_names}
    assert shapes == {
        "W": (52, 64), "b": (52,),
        "P1": (16, 64), "W1": (200, 16), "b1": (200,),
        "P2": (4, 64), "W2": (750, 4), "b2": (750,),
    }  # fmt: skip


@pytest.mark.parametrize("ids", [1, 5, 16, 79, 80])
def test_small_vocabularies_have_fewer_clusters(ids):
    model = AdaptiveSoftmax(ids, 3)
    model.initialize()
    H, targets = batch(3, ids)
    assert model.has_param("W1") == (True if ids >= 16 else None)
    assert model.has_param("W2") == (True if ids >= 80 else None)
    every = model.predict((H, None))
    numpy.testing.assert_allclose(numpy.exp(every).sum(axis=1), 1.0, rtol=1e-5)
    found = model.predict((H, targets))
    numpy.testing.assert_allclose(found, every[range(40), targets], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cutoffs", [[], [0, 5], [5, 5], [7, 3], [20]], ids=str)
def test_cutoffs_that_do_not_rise_below_the_number_of_ids_are_refused(cutoffs):
    if cutoffs:
        with pytest.raises(
            ValueError,
            match=r"^seqpipe\.AdaptiveSoftmax\.v1: cutoffs = \[.*expected ids that rise.* ids, 20",
        ):
            AdaptiveSoftmax(20, 3, cutoffs=cutoffs)
        model = AdaptiveSoftmax(nI=3, cutoffs=[20])
        model.set_dim("nO", 20)
        with pytest.raises(ValueError, match="below the number of ids, 20"):
            model.initialize()
    else:
        AdaptiveSoftmax(20, 3, cutoffs=cutoffs).initialize()
