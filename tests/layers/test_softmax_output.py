"""The outputs of language models: what the full, the adaptive and the sampled softmax have in
common, and the full one tied to embeddings."""

import numpy
import pytest
from thinc.api import Model, NumpyOps, chain, noop, registry

from seqpipe.layers.adaptive_softmax import AdaptiveSoftmax
from seqpipe.layers.cross_entropy import MISSING
from seqpipe.layers.embed import embedding
from seqpipe.layers.resize import resize
from seqpipe.layers.sampled_softmax import SampledSoftmax
from seqpipe.layers.softmax_output import FullSoftmax, tie
from tests.gradients import relative_error, slope_error, to_float64

OUTPUTS = {
    "full": FullSoftmax,
    "adaptive": lambda *args: AdaptiveSoftmax(*args, cutoffs=[5, 9], factor=2),
    "sampled": lambda *args: SampledSoftmax(*args, samples=8),
}
every_output = pytest.mark.parametrize("kind", OUTPUTS)
TARGETS = [3, 11, MISSING, 6, 3, 9, 0, 12]


def started(kind: str, nO: int = 13, nI: int = 6, *, seed: int = 0) -> Model:
    """A layer with no bias at zero, which would hide mistakes."""
    numpy.random.seed(seed)
    model = OUTPUTS[kind](nO, nI)
    model.initialize()
    return with_biases(model)


def with_biases(model: Model) -> Model:
    for name in model.param_names:
        if model.has_param(name) and model.get_param(name).ndim == 1:
            size = len(model.get_param(name))
            model.set_param(name, numpy.random.normal(size=size).astype("f"))
    return model


def batch(nI: int = 6, targets=TARGETS, dtype: str = "float32"):
    rng = numpy.random.default_rng(1)
    return rng.normal(size=(len(targets), nI)).astype(dtype), numpy.array(targets, dtype="int64")


def gradients(model: Model, H, targets, factor: float = 1.0) -> dict[str, numpy.ndarray]:
    """The log-probabilities, and the gradient of the rows and of every parameter."""
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                node.set_grad(name, numpy.zeros_like(node.get_param(name)))
    numpy.random.seed(7)  # the same samples
    log_probs, backprop = model((H, targets), True)
    found = {"log_probs": log_probs, "rows": backprop(factor)}
    for node in model.walk():
        for name in node.grad_names:
            found[f"{node.name} {name}"] = node.get_grad(name)
    return found


def assert_gradient_is_right(model: Model, H, targets) -> None:
    to_float64(model)

    def loss() -> float:
        numpy.random.seed(7)
        return -3.0 * float(model((H, targets), True)[0].sum())

    found = gradients(model, H, targets, factor=3.0)
    assert slope_error(loss, [H], [found["rows"]]) < 1e-6
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                gradient = found[f"{node.name} {name}"]
                assert slope_error(loss, [node.get_param(name)], [gradient]) < 1e-6, name


@every_output
def test_gradient_matches_finite_differences(kind):
    assert_gradient_is_right(started(kind), *batch(dtype="float64"))


@pytest.mark.parametrize("is_tied", [False, True], ids=["own weights", "tied"])
def test_gradient_of_a_smoothed_loss_matches_finite_differences(is_tied):
    numpy.random.seed(0)
    model = FullSoftmax(13, 6, label_smoothing=0.2)
    if is_tied:
        tie(model, embedding(6, 13))
        model.layers[0].initialize()
    model.initialize()
    to_float64(with_biases(model))
    H, targets = batch(dtype="float64")
    known = targets != MISSING

    def loss() -> float:
        log_probs = model.predict((H, None))[known]
        hit = log_probs[numpy.arange(len(log_probs)), targets[known]]
        return -3.0 * float((0.8 * hit + 0.2 * log_probs.mean(axis=1)).sum())

    found = gradients(model, H, targets, factor=3.0)
    plain = model.predict((H, targets))
    assert numpy.allclose(found["log_probs"], plain)  # what is said is not smoothed
    assert slope_error(loss, [H], [found["rows"]]) < 1e-6
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name):
                gradient = found[f"{node.name} {name}"]
                assert slope_error(loss, [node.get_param(name)], [gradient]) < 1e-6, name


@every_output
def test_compiled_and_array_code_agree(kind):
    H, targets = batch()
    found = gradients(started(kind), H, targets)
    expected = gradients(to_float64(started(kind)), H.astype("float64"), targets)
    assert found.keys() == expected.keys()
    for name in expected:
        assert relative_error(found[name], expected[name]) < 1e-5, name
        assert found[name].dtype == ("float64" if name == "log_probs" else "float32")


@every_output
def test_probabilities_of_all_ids_sum_to_one_and_hold_those_of_the_targets(kind):
    model, (H, targets) = started(kind), batch()
    every, of_targets = model.predict((H, None)), model.predict((H, targets))
    assert every.shape == (8, 13)
    assert every.dtype == "float32"
    assert of_targets.dtype == "float64"
    numpy.testing.assert_allclose(numpy.exp(every).sum(axis=1), 1.0, rtol=1e-5)
    known = targets != MISSING
    expected = every[known, targets[known]]
    numpy.testing.assert_allclose(of_targets[known], expected, rtol=1e-4, atol=1e-5)
    assert not of_targets[~known].any()


@pytest.mark.parametrize("kind", ["full", "adaptive"])
def test_log_probabilities_in_training_are_those_of_scoring(kind):
    model, (H, targets) = started(kind), batch()
    numpy.testing.assert_allclose(
        model((H, targets), True)[0], model.predict((H, targets)), rtol=1e-6
    )


@every_output
def test_rows_do_not_depend_on_what_else_is_in_the_batch(kind):
    model, (H, targets) = started(kind), batch()
    whole, every = model.predict((H, targets)), model.predict((H, None))
    for row in range(len(H)):
        one = slice(row, row + 1)
        numpy.testing.assert_allclose(
            model.predict((H[one], targets[one])), whole[one], rtol=1e-5, atol=1e-6
        )
        numpy.testing.assert_allclose(model.predict((H[one], None)), every[one], rtol=1e-5)


@every_output
@pytest.mark.parametrize("targets", [[], [MISSING, MISSING]], ids=["no rows", "no targets"])
def test_nothing_to_predict(kind, targets):
    H, ids = batch(targets=targets)
    found = gradients(started(kind), H, ids)
    assert found["rows"].shape == H.shape
    assert not any(gradient.any() for gradient in found.values())
    assert started(kind).predict((H, ids)).tolist() == [0.0] * len(targets)
    assert started(kind).predict((H, None)).shape == (len(targets), 13)


@pytest.mark.parametrize("layer", [FullSoftmax, AdaptiveSoftmax, SampledSoftmax])
def test_a_single_id_is_certain(layer):
    model = layer(1, 3)
    model.initialize()
    H, targets = batch(3, [0, 0])
    assert model.predict((H, targets)).tolist() == [0.0, 0.0]
    assert model.predict((H, None)).tolist() == [[0.0], [0.0]]
    assert not gradients(model, H, targets)["rows"].any()


@every_output
def test_what_is_saved_and_what_is_copied_scores_alike(kind):
    model, (H, targets) = started(kind), batch()
    loaded = OUTPUTS[kind]().from_bytes(model.to_bytes())
    for other in (loaded, model.copy()):
        assert numpy.array_equal(other.predict((H, targets)), model.predict((H, targets)))


@every_output
def test_the_number_of_ids_can_change(kind):
    model = started(kind)
    resize(model, "nO", 20)
    model.initialize()
    assert model.predict((batch()[0], None)).shape == (8, 20)


@pytest.mark.parametrize("name", ["Full", "Adaptive", "Sampled"])
def test_weights_start_where_they_are_told_to(name):
    numpy.random.seed(0)
    model = registry.layers.get(f"seqpipe.{name}Softmax.v1")(init_range=0.01)
    resize(model, "nO", 400)
    model.initialize(X=batch(10))
    assert model.get_dim("nI") == 10
    for param in model.param_names:
        values = abs(model.get_param(param))
        assert (0.005 < values.max() <= 0.01) if values.ndim == 2 else not values.any()


@pytest.mark.parametrize("layer", [FullSoftmax, AdaptiveSoftmax, SampledSoftmax])
@pytest.mark.parametrize("options", [{"nO": 0}, {"nI": 0}, {"init_range": 0.0}], ids=str)
def test_options_that_mean_nothing_are_refused(layer, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} = .*expected"):
        layer(**options)


@every_output
def test_input_that_does_not_fit_is_refused(kind):
    model, (H, targets) = started(kind), batch()
    with pytest.raises(ValueError, match="rows of width 5, expected nI=6"):
        model.predict((H[:, :5], targets))
    with pytest.raises(ValueError, match="pair of rows and targets"):
        model.predict(H)
    for is_train in (False, True):
        with pytest.raises(ValueError, match="targets from -1 to 13: expected ids from 0 to 12"):
            model((H, numpy.where(targets == 12, 13, targets)), is_train)


@every_output
def test_there_is_nothing_to_go_back_from_without_a_loss(kind):
    model, (H, targets) = started(kind), batch()
    for X, is_train in (((H, targets), False), ((H, None), True)):
        with pytest.raises(ValueError, match="no loss"):
            model(X, is_train)[1](1.0)


# Tied to an embedding.


def tied(nO: int = 13, nI: int = 6, *, seed: int = 0) -> Model:
    numpy.random.seed(seed)
    output, table = FullSoftmax(nO, nI), embedding(nI, nO)
    tie(output, table)
    table.initialize()
    output.initialize()
    return with_biases(output)


def reader(table: Model, output: Model) -> Model:
    """From ids to log-probabilities of the ids that follow them."""

    def forward(model, X, is_train):
        ids, targets = X
        H, backprop_table = model.layers[0](ids, is_train)
        log_probs, backprop = model.layers[1]((H, targets), is_train)
        return log_probs, lambda factor: backprop_table(backprop(factor))

    return Model("reader", forward, layers=[chain(table, noop()), output])


def test_a_tied_gradient_matches_finite_differences():
    model = tied()
    assert not model.has_param("W")
    assert_gradient_is_right(model, *batch(dtype="float64"))


def test_a_tied_output_is_a_full_one_with_the_weights_of_the_table():
    model, full, (H, targets) = tied(), FullSoftmax(13, 6), batch()
    full.initialize()
    full.set_param("W", model.layers[0].get_param("E"))
    full.set_param("b", model.get_param("b"))
    ours, theirs = gradients(model, H, targets), gradients(full, H, targets)
    for name, other in (("rows", "rows"), ("embedding E", "full_softmax W")):
        assert numpy.array_equal(ours[name], theirs[other])


def test_a_tied_table_learns_as_an_input_and_as_an_output():
    table, output = embedding(6, 13), FullSoftmax(13, 6)
    tie(output, table)
    model = reader(table, output)
    table.initialize()
    output.initialize()
    to_float64(model)
    ids, targets = numpy.array([1, 4, 4, 12]), numpy.array([4, 4, 12, 0])
    model((ids, targets), True)[1](1.0)

    def loss():
        return -float(model.predict((ids, targets)).sum())

    assert slope_error(loss, [table.get_param("E")], [table.get_grad("E")]) < 1e-6


def test_a_tied_model_keeps_its_table_through_bytes_and_copies():
    def make() -> Model:
        table, output = embedding(), FullSoftmax()
        tie(output, table)
        return reader(table, output)

    model = make()
    table, output = model.layers[0].layers[0], model.layers[1]
    for node, dim, size in ((table, "nO", 6), (table, "nV", 13), (output, "nO", 13)):
        resize(node, dim, size)
    resize(output, "nI", 6)
    table.initialize()
    output.initialize()
    X = numpy.array([1, 4]), numpy.array([4, 0])
    for other in (make().from_bytes(model.to_bytes()), model.copy()):
        assert other.layers[1].layers == other.layers[0].layers[:1]
        assert numpy.array_equal(other.predict(X), model.predict(X))
        other.layers[0].layers[0].get_param("E")[:] = 0
        assert not numpy.array_equal(other.predict(X), model.predict(X))


def test_what_cannot_be_tied_is_refused():
    with pytest.raises(ValueError, match=r"'sampled_softmax'.*expected a seqpipe.FullSoftmax.v1"):
        tie(SampledSoftmax(), embedding())
    with pytest.raises(ValueError, match="once"):
        tie(tied(), embedding())
    with pytest.raises(ValueError, match="'full_softmax': expected an embedding"):
        tie(FullSoftmax(), FullSoftmax())
    output, table = FullSoftmax(13, 6), embedding(6, 12)
    tie(output, table)
    table.initialize()
    with pytest.raises(ValueError, match=r"13 ids .* 12 rows of width 6: expected the same"):
        output.initialize()


def test_array_code_serves_float32_where_nothing_is_compiled(monkeypatch):
    """As on a machine where the kernels do not work."""
    H, targets = batch()
    expected = gradients(started("full"), H, targets)
    for module in ("cross_entropy", "softmax_rows"):
        monkeypatch.setattr(f"seqpipe.layers.{module}.can_compile", lambda ops, *arrays: False)
    model = started("full")
    assert isinstance(model.ops, NumpyOps)
    for name, found in gradients(model, H, targets).items():
        assert relative_error(found, expected[name]) < 1e-5, name
