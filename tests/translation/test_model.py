"""The encoder-decoder over ids: its gradient, its equations, and that steps are the whole."""

import numpy as np
import pytest
from thinc.api import set_dropout_rate

from seqpipe.files import InputError
from seqpipe.layers.attention import Attention
from seqpipe.layers.recurrent import Recurrent
from seqpipe.layers.softmax_output import FullSoftmax
from seqpipe.translation.model import Pairs, RNNTranslator, fit, start, write
from seqpipe.translation.units import make_source_units, make_target_units
from seqpipe.vocabulary.embed import VOCABULARY
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.gradients import parameter_errors, to_float64
from tests.layers.shape_checks import affine, passes

BOS, EOS = Vocabulary.BOS_ID, Vocabulary.EOS_ID
# The second source has nothing but its end, as has the last target.
SOURCES = [[5, 4, 6, EOS], [EOS], [4, EOS]]
TARGETS = [[5, EOS], [4, 1, 4, 5, EOS], [EOS]]
WIRINGS = [(None, "none"), ("general", "none"), ("additive", "input"), ("dot", "context")]
TIES = ["none", "output", "all"]
EVERY_WIRING = pytest.mark.parametrize(("score", "feeding"), WIRINGS)
EVERY_TIE = pytest.mark.parametrize("tied", TIES)


def pairs(sources=SOURCES, targets=TARGETS):
    return Pairs([np.array(ids) for ids in sources], [np.array(ids) for ids in targets])


def translator(
    score="general", feeding="none", *, tied="none", encoder="gru", decoder="gru", **options
):
    """Three words and the specials on the source's side, two on the target's, or the same three."""
    joint = options.pop("joint", tied == "all")
    shape = {"nO": 4, "bi": True, "depth": 1, "levels": 1}
    nO, bi, depth, levels = (options.pop(key, value) for key, value in shape.items())
    model = RNNTranslator(
        make_source_units(),
        make_target_units(),
        Recurrent(encoder, nO, bi=bi, depth=depth),
        Recurrent(decoder, nO, bi=False, depth=levels, initial="given"),
        FullSoftmax(),
        None if score is None else Attention(score),
        feeding,
        width=4 if score is None else 3,
        tied=tied,
        joint=joint,
        **options,
    )
    words = [*(("source", word) for word in "abc"), *(("target", word) for word in "ab")]
    return ready(model, dict.fromkeys(words, 1))


def ready(model, counts):
    """The model, initialised, with no bias of zero, which would hide mistakes."""
    model.attrs[VOCABULARY] = units = model.attrs[VOCABULARY].build(counts)
    fit(model, units)
    np.random.seed(0)
    model.initialize()
    for node in model.walk():
        for name in node.param_names:
            if node.has_param(name) and node.get_param(name).ndim == 1:
                shape = node.get_param(name).shape
                node.set_param(name, np.random.normal(size=shape).astype("f"))
    return model


def gradient_errors(model, X, *, seed=1):
    def run():
        np.random.seed(seed)  # the same dropout masks at every call
        return model(X, True)

    def loss():
        return -sum(float(found.sum()) for found in run()[0])

    run()[1](1.0)
    return parameter_errors(loss, model)


@EVERY_WIRING
@EVERY_TIE
def test_gradient_matches_finite_differences(score, feeding, tied):
    errors = gradient_errors(to_float64(translator(score, feeding, tied=tied)), pairs())
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("bi", "depth"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("feeding", ["none", "context"])
def test_gradient_of_every_cell_direction_and_depth(cell, bi, depth, feeding):
    shape = {"nO": 2, "bi": bi, "depth": depth, "levels": 2}
    model = translator("general", feeding, encoder=cell, decoder=cell, **shape)
    errors = gradient_errors(to_float64(model), pairs())
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("dropout_per", ["element", "sequence"])
@pytest.mark.parametrize("tied", ["none", "all"])
def test_gradient_with_dropout(dropout_per, tied):
    model = to_float64(translator("general", "input", tied=tied, dropout_per=dropout_per))
    set_dropout_rate(model, 0.4)
    X = pairs()
    np.random.seed(1)
    dropped = np.concatenate(model(X, True)[0])
    assert abs(dropped - np.concatenate(model.predict(X))).max() > 1e-3
    errors = gradient_errors(model, X)
    assert max(errors.values()) < 1e-6, errors


def test_dropout_reaches_both_sides_and_the_output():
    model = translator()
    set_dropout_rate(model, 0.9)
    for kept, layer in enumerate(model.layers[-5:-2]):
        others = [other for place, other in enumerate(model.layers[-5:-2]) if place != kept]
        rates = [other.attrs["dropout_rate"] for other in others]
        for other in others:
            other.attrs["dropout_rate"] = 0.0
        assert abs(np.concatenate(model(pairs(), True)[0])).sum() != pytest.approx(
            abs(np.concatenate(model.predict(pairs()))).sum()
        )
        for other, rate in zip(others, rates, strict=True):
            other.attrs["dropout_rate"] = rate
        assert layer.attrs["dropout_rate"] == 0.9


# The equations


def softmax(logits):
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def cell(p, a, x):
    return np.tanh(p["Wh"] @ a + p["Wx"] @ x + p["b"])


def log_probs_by_hand(model, source, target, feeding):
    """tanh cells and dot attention, or none: log P of each target id."""
    reader, writer = passes(model)
    _, bridge, attentional = model.get_ref("core").layers
    E, F = (model.get_ref(side).get_param("E") for side in ("source", "target"))
    output = model.get_ref("output_layer")
    W = F if model.attrs["tied"] != "none" else output.get_param("W")
    memory, a = [], np.zeros(4)
    for id in source:
        a = cell(reader, a, E[id])
        memory.append(a)
    memory = np.array(memory)

    def context(query):
        return softmax(memory @ query) @ memory

    s, h, found = np.tanh(affine(bridge, a)), np.zeros(W.shape[1]), []
    for read, next_id in zip([BOS, *target[:-1]], target, strict=True):
        y = F[read]
        if feeding is None:
            s = h = cell(writer, s, y)
        else:
            fed = {"none": [], "input": h, "context": context(s)}[feeding]
            c = fed
            s = cell(writer, s, np.concatenate([y, fed]))
            c = c if feeding == "context" else context(s)
            h = np.tanh(affine(attentional.layers[2], np.concatenate([c, s])))
        found.append(np.log(softmax(W @ h + output.get_param("b")))[next_id])
    return found


@pytest.mark.parametrize("feeding", [None, "none", "input", "context"])
@EVERY_TIE
def test_the_model_is_its_equations(feeding, tied):
    score = None if feeding is None else "dot"
    plain = {"encoder": "rnn", "decoder": "rnn", "bi": False, "tied": tied}
    model = to_float64(translator(score, feeding or "none", **plain))
    for source, target, found in zip(SOURCES, TARGETS, model.predict(pairs()), strict=True):
        np.testing.assert_allclose(found, log_probs_by_hand(model, source, target, feeding))


# Steps


@EVERY_WIRING
@EVERY_TIE
def test_step_by_step_is_all_at_once(score, feeding, tied):
    model = translator(score, feeding, tied=tied, decoder="lstm", levels=2)
    X = pairs(targets=[[4, 5, 4, EOS], [5, 1, 5, EOS], [1, 1, 4, EOS]])
    whole = np.array(model.predict(X))
    decoding, ids = start(model, X.sources), np.full(3, BOS)
    for t in range(4):
        log_probs, weights, decoding = write(model, ids, decoding)
        np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1.0, rtol=1e-5)
        ids = np.array([target[t] for target in X.targets])
        np.testing.assert_allclose(log_probs[np.arange(3), ids], whole[:, t], atol=1e-5)
        if score is None:
            assert weights is None
        else:
            np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
            for row, source in zip(weights, X.sources, strict=True):
                assert not row[len(source) :].any()


@EVERY_WIRING
def test_a_pair_alone_gives_what_it_gives_among_others(score, feeding):
    model = translator(score, feeding)
    together = model.predict(pairs())
    for source, target, found in zip(SOURCES, TARGETS, together, strict=True):
        (alone,) = model.predict(pairs([source], [target]))
        np.testing.assert_allclose(alone, found, atol=1e-6)


def test_no_pair_is_nothing():
    assert [len(found) for found in translator().predict(pairs([], []))] in ([], [0])


@EVERY_TIE
def test_bytes_keep_what_was_learned(tied):
    model, other = translator(tied=tied), translator(tied=tied)
    other.get_ref("target").set_param("E", other.get_ref("target").get_param("E") + 1)
    expected = model.predict(pairs())
    assert abs(np.concatenate(other.predict(pairs())) - np.concatenate(expected)).max() > 1e-3
    for one, same in zip(
        other.from_bytes(model.to_bytes()).predict(pairs()), expected, strict=True
    ):
        np.testing.assert_array_equal(one, same)


def test_tied_weights_are_one_table():
    ids = {tied: len({id(n) for n in translator(tied=tied).walk() if "E" in n.param_names})
           for tied in TIES}  # fmt: skip
    assert ids == {"none": 2, "output": 2, "all": 1}
    assert not translator(tied="output").get_ref("output_layer").has_param("W")


# What does not fit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tied": "both"}, "tied = 'both': expected one of none, output, all"),
        ({"tied": "all", "joint": False}, "joint = true"),
        ({"score": None, "feeding": "input"}, "feeding = 'input': expected attention"),
        ({"feeding": "output"}, "feeding = 'output'"),
        ({"dropout_per": "word"}, "dropout_per = 'word'"),
    ],
)
def test_settings_that_mean_nothing_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        translator(**options)


def test_layers_that_are_none_are_named():
    sides = make_source_units(), make_target_units()
    gru = Recurrent("gru", 4, bi=False)
    for layers, message in (
        ((Attention(), gru), "encoder: expected"),
        ((gru, FullSoftmax()), "decoder: expected"),
        ((gru, Recurrent("gru", 4, bi=True)), "decoder: bi = true"),
    ):
        with pytest.raises(InputError, match=message):
            RNNTranslator(*sides, *layers, FullSoftmax())
    with pytest.raises(ValueError, match=r"attention: expected seqpipe\.Attention\.v1"):
        RNNTranslator(*sides, gru, Recurrent("gru", 4, bi=False), FullSoftmax(), FullSoftmax())


def test_a_tied_width_that_nothing_can_bring_about_is_named():
    units = make_source_units(), make_target_units()
    layers = [Recurrent("gru", 4, bi=False) for _ in range(2)]
    with pytest.raises(InputError, match=r"without attention: width = 3, the decoder's nO = 4"):
        RNNTranslator(*units, *layers, FullSoftmax(), None, width=3, tied="output")
