from itertools import product

import numpy
import pytest
from thinc.api import Config, Linear, Model, NumpyOps, Ragged, registry

from seqpipe.layers.attention import SCORES, Attention
from seqpipe.layers.attentional import attentional_decoder
from seqpipe.layers.encoder_decoder import (
    EncoderDecoder,
    decode_step,
    encode_decode,
    start_decoding,
)
from seqpipe.layers.packed import Packed, pack
from seqpipe.layers.recurrent import Recurrent
from tests.gradients import relative_error, to_float64
from tests.layers.shape_checks import (
    accuracy,
    affine,
    batch,
    gradient_errors,
    leaves,
    one_hot,
    passes,
    started,
    train,
)

OPS = NumpyOps()
# The third source is empty, as is the second target.
SOURCE, TARGET = [3, 1, 0, 4], [2, 0, 3, 1]
KINDS = [None, *SCORES]
EVERY_KIND = pytest.mark.parametrize("score", KINDS)
FED = pytest.mark.parametrize("feeding", ["input", "context"])
EVERY_WIRING = pytest.mark.parametrize(
    ("score", "feeding"),
    [*((score, "none") for score in KINDS), *product(SCORES, ["input", "context"])],
)


def pair(dtype="float64", source=SOURCE, target=TARGET):
    return batch(source, 3, dtype), batch(target, 2, dtype, seed=1)


def translator(
    score=None, encoder="gru", decoder="gru", *, bi=True, depth=1, nO=2, feeding="none", levels=1
) -> Model:
    """The states of both are as wide only where the score wants it."""
    return EncoderDecoder(
        Recurrent(encoder, 4, bi=bi, depth=depth, return_state=True),
        Recurrent(
            decoder,
            4 if score in ("dot", "scaled_dot") else 3,
            bi=False,
            depth=levels,
            initial="given",
            return_state=True,
        ),
        nO,
        attention=None if score is None else Attention(score),
        feeding=feeding,
    )


def model_for(score=None, *args, seed=0, **options) -> Model:
    return started(translator(score, *args, **options), pair("float32"), seed=seed)


@EVERY_WIRING
@pytest.mark.parametrize("levels", [1, 2])
def test_step_by_step_is_all_at_once(score, feeding, levels):
    model = model_for(score, decoder="lstm", depth=2, feeding=feeding, levels=levels)
    source, targets = batch([3, 1, 4], 3, "float32"), batch([5, 5, 5], 2, "float32", seed=1)
    whole = model.predict((source, targets))
    decoding = start_decoding(model, source)
    for t in range(5):
        y, decoding = decode_step(model, numpy.stack([target[t] for target in targets]), decoding)
        assert numpy.allclose(y, numpy.stack([among[t] for among in whole]), atol=1e-6)


@EVERY_WIRING
def test_a_beam_goes_on_from_its_parents(score, feeding):
    model = model_for(score, feeding=feeding)
    source, inputs = batch([3, 4], 3, "float32"), batch([2, 2], 2, "float32", seed=1)
    steps = [numpy.stack(step) for step in zip(*inputs, strict=True)]
    _, decoding = decode_step(model, steps[0], start_decoding(model, source))
    y, _ = decode_step(model, steps[1], decoding)
    parents = [1, 1, 0]
    chosen, _ = decode_step(model, steps[1][parents], decoding.select(parents))
    assert numpy.allclose(chosen, y[parents], atol=1e-6)
    # Of a source that has no sequence any more nothing is kept.
    alone, after = decode_step(model, steps[1][[1]], decoding.select([1]))
    assert numpy.allclose(alone, y[[1]], atol=1e-6)
    assert after.memory is None or len(after.memory.values) == 1


@EVERY_KIND
@pytest.mark.parametrize("decoder", ["rnn", "gru", "lstm"])
def test_gradient_matches_finite_differences(score, decoder):
    errors = gradient_errors(to_float64(model_for(score, decoder=decoder)), pair())
    assert max(errors.values()) < 1e-6, errors


@FED
@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(("decoder", "levels"), [("rnn", 1), ("gru", 2), ("lstm", 1), ("lstm", 2)])
def test_gradient_of_decoders_that_are_fed(score, feeding, decoder, levels):
    model = model_for(score, decoder=decoder, levels=levels, feeding=feeding)
    errors = gradient_errors(to_float64(model), pair())
    assert max(errors.values()) < 1e-6, errors


@pytest.mark.parametrize("encoder", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(
    ("bi", "depth"), [(False, 1), (True, 2)], ids=["one-direction", "two-directions-deep"]
)
def test_gradient_of_every_encoder(encoder, bi, depth):
    model = to_float64(model_for("general", encoder, bi=bi, depth=depth))
    errors = gradient_errors(model, pair())
    assert max(errors.values()) < 1e-6, errors


def test_gradient_of_deep_networks_with_dropout():
    model = EncoderDecoder(
        Recurrent("lstm", 4, depth=2, dropout=0.3, return_state=True),
        Recurrent("lstm", 3, depth=2, dropout=0.3, bi=False, initial="given", return_state=True),
        2,
        attention=Attention(),
    )
    errors = gradient_errors(to_float64(started(model, pair("float32"))), pair())
    assert max(errors.values()) < 1e-6, errors


def states_of(p, a, x):
    """tanh(Wh a<t-1> + Wx x<t> + b) for each row of x, from a on."""
    states = []
    for row in x:
        a = numpy.tanh(p["Wh"] @ a + p["Wx"] @ row + p["b"])
        states.append(a)
    return numpy.reshape(states, (len(x), len(a)))


def parts(model):
    """Bridge, output, and with attention what mixes."""
    (_, bridge, attentional), output = model.layers[0].layers, model.layers[1]
    return bridge, output, attentional.layers[1:]


@pytest.mark.parametrize("score", [None, "dot"])
def test_the_shape_is_the_equations(score):
    model = to_float64(model_for(score, "rnn", "rnn"))
    ahead, back, writer = passes(model)
    bridge, output, mixing = parts(model)
    source, target = pair()
    for x, z, Y in zip(source, target, model.predict((source, target)), strict=True):
        left, right = (
            states_of(p, numpy.zeros(2), rows) for p, rows in ((ahead, x), (back, x[::-1]))
        )
        final = numpy.concatenate([left[-1], right[-1]]) if len(x) else numpy.zeros(4)
        memory = numpy.hstack([left, right[::-1]])
        for s, y in zip(states_of(writer, numpy.tanh(affine(bridge, final)), z), Y, strict=True):
            if mixing:
                odds = numpy.exp(memory @ s)
                context = odds @ memory / max(odds.sum(), 1e-9)
                s = numpy.tanh(affine(mixing[1], numpy.concatenate([context, s])))
            assert numpy.allclose(y, affine(output, s))


@FED
@pytest.mark.parametrize("levels", [1, 2])
def test_what_is_fed_is_the_equations(feeding, levels):
    options = {"bi": False, "feeding": feeding, "levels": levels}
    model = to_float64(model_for("dot", "rnn", "rnn", **options))
    reader, *writers = passes(model)
    bridge, output, (_, mix) = parts(model)
    source, target = pair()

    def context(s, memory):
        odds = numpy.exp(memory @ s)
        return odds @ memory / max(odds.sum(), 1e-9)

    for x, z, Y in zip(source, target, model.predict((source, target)), strict=True):
        memory = states_of(reader, numpy.zeros(4), x)
        final = memory[-1] if len(x) else numpy.zeros(4)
        states = numpy.split(numpy.tanh(affine(bridge, final)), levels)
        fed = numpy.zeros(4)
        for row, y in zip(z, Y, strict=True):
            if feeding == "context":
                fed = context(states[-1], memory)  # the last level asks
            s = numpy.concatenate([row, fed])
            for level, writer in enumerate(writers):
                (s,) = states_of(writer, states[level], [s])
                states[level] = s
            c = fed if feeding == "context" else context(s, memory)
            h = numpy.tanh(affine(mix, numpy.concatenate([c, s])))
            fed = h if feeding == "input" else fed
            assert numpy.allclose(y, affine(output, h))


@pytest.mark.parametrize(
    ("score", "feeding"), [(None, "none"), ("dot", "none"), ("dot", "input"), ("dot", "context")]
)
def test_nothing_is_dropped_when_steps_are_decoded(score, feeding):
    model = model_for(score, feeding=feeding, levels=2)
    source, inputs = batch([3, 4], 3, "float32"), batch([2, 2], 2, "float32", seed=1)
    whole = model.predict((source, inputs))
    for node in model.walk():
        if "dropout_rate" in node.attrs:
            node.attrs["dropout_rate"] = 0.5
    decoding = start_decoding(model, source)
    for t in range(2):
        y, decoding = decode_step(model, numpy.stack([x[t] for x in inputs]), decoding)
        assert numpy.allclose(y, numpy.stack([z[t] for z in whole]), atol=1e-6)


def test_a_decoder_reads_no_more_than_its_targets_unless_it_is_fed():
    decoder = Recurrent("gru", 4, bi=False, initial="given", return_state=True)
    encoder = Recurrent("gru", 4, return_state=True)
    assert attentional_decoder(decoder).attrs["feeding"] == "none"
    assert encode_decode(encoder, decoder, None).layers[2].attrs["feeding"] == "none"
    assert EncoderDecoder(encoder, decoder, 2).layers[0].layers[2].attrs["feeding"] == "none"


@EVERY_WIRING
def test_steps_have_the_type_of_float_of_what_is_read(score, feeding):
    model = model_for(score, feeding=feeding)
    source, inputs = batch([3, 4], 3, "float32"), batch([2, 2], 2, "float32", seed=1)
    decoding = start_decoding(model, source)
    for step in zip(*inputs, strict=True):
        y, decoding = decode_step(model, numpy.stack(step), decoding)
        assert {y.dtype, decoding.state.dtype, decoding.fed.dtype} == {numpy.dtype("float32")}


@EVERY_WIRING
@pytest.mark.parametrize("depth", [1, 2])
def test_a_pair_alone_gives_what_it_gives_among_others(score, feeding, depth):
    model = model_for(score, "lstm", depth=depth, feeding=feeding)
    source, target = pair("float32")
    together, backprop = model((source, target), True)
    expected = (together, *backprop(together))
    for i, (x, z) in enumerate(zip(source, target, strict=True)):
        alone, backprop = model(([x], [z]), True)
        (dx,), (dz,) = backprop(alone)
        for ours, others in zip((alone[0], dx, dz), expected, strict=True):
            assert ours.shape == others[i].shape
            # The gradients too beside what went back, the output: where much cancels out, the last
            # bits of that are what is left.
            assert numpy.linalg.norm(ours - others[i]) <= 1e-6 * numpy.linalg.norm(alone[0])


@EVERY_KIND
def test_what_is_written_does_not_depend_on_what_is_read_later(score):
    model = model_for(score, decoder="lstm")
    source, target = pair("float32", target=[5] * 4)
    whole = model.predict((source, target))
    for n in range(1, 5):
        for y, expected in zip(
            model.predict((source, [z[:n] for z in target])), whole, strict=True
        ):
            assert relative_error(y, expected[:n]) < 1e-6


@EVERY_KIND
def test_both_types_of_float_come_back_as_they_came(score):
    model = model_for(score)
    for dtype in ("float32", "float64"):
        Y, backprop = model(pair(dtype), True)
        assert {y.dtype for y in (*Y, *leaves(backprop(Y)))} == {numpy.dtype(dtype)}
        to_float64(model)


@EVERY_KIND
def test_bytes_keep_what_was_learned(score):
    X = pair("float32")
    model, other = model_for(score), model_for(score, seed=1)
    assert model.to_bytes() != other.to_bytes()
    other.from_bytes(model.to_bytes())
    for ours, theirs in zip(model.predict(X), other.predict(X), strict=True):
        assert numpy.array_equal(ours, theirs)


@pytest.mark.parametrize("score", [None, "additive"])
def test_the_output_has_the_form_of_the_target_and_gradients_that_of_each(score):
    source, target = pair("float32")
    model = model_for(score)
    expected, backprop = model((source, target), True)
    d_source, d_target = (numpy.concatenate(d) for d in backprop(expected))
    ragged = Ragged(numpy.concatenate(target), OPS.asarray1i(TARGET))
    Y, backprop = model((OPS.list2padded(source), ragged), True)
    assert numpy.array_equal(Y.dataXd, numpy.concatenate(expected))
    padded, dY = backprop(Y)
    assert numpy.array_equal(numpy.concatenate(OPS.padded2list(padded)), d_source)
    assert numpy.array_equal(dY.dataXd, d_target)
    assert isinstance(model.predict((source, pack(OPS, target))), Packed)


@EVERY_KIND
def test_no_pairs_and_none_that_has_steps(score):
    model = model_for(score)
    Y, backprop = model(([], []), True)
    assert Y == []
    assert backprop(Y) == ([], [])
    Y, backprop = model(pair("float32", [0, 0], [0, 0]), True)
    assert [y.shape for y in Y] == [(0, 2)] * 2
    assert [dx.shape for dx in leaves(backprop(Y))] == [(0, 3)] * 2 + [(0, 2)] * 2


@EVERY_KIND
def test_widths_are_inferred_from_the_data(score):
    model = translator(score, nO=None)
    X = pair("float32")
    model.initialize(X=X, Y=batch(TARGET, 7, "float32"))
    assert model.get_dim("nO") == 7
    assert [y.shape for y in model.predict(X)] == [(n, 7) for n in TARGET]


CONFIG = """
[model]
@layers = "seqpipe.EncoderDecoder.v1"
nO = 2

[model.encoder]
@layers = "seqpipe.Recurrent.v1"
cell = "gru"
nO = 4
return_state = true

[model.decoder]
@layers = "seqpipe.GRU.v1"
nO = 3
bi = false
initial = "given"
return_state = true

[model.attention]
@layers = "seqpipe.Attention.v1"
score = "general"
"""


def test_a_config_makes_the_shape():
    X, expected = pair("float32"), model_for("general")
    model = started(registry.resolve(Config().from_str(CONFIG))["model"], X)
    for ours, theirs in zip(model.predict(X), expected.predict(X), strict=True):
        assert numpy.array_equal(ours, theirs)


READER = {"return_state": True}
WRITER = {"bi": False, "initial": "given", "return_state": True}


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        ({}, WRITER, "encoder: return_state = False, expected True"),
        ({**READER, "initial": "given"}, WRITER, "encoder: initial = 'given'"),
        (READER, {**WRITER, "bi": True}, "decoder: bi = True, expected False"),
        (READER, {"bi": False}, "decoder: expected initial = 'given'"),
        (READER, {**WRITER, "return_state": False}, "decoder: return_state = False"),
        ({**READER, "nO": None}, WRITER, "encoder: expected nO"),
        (READER, {**WRITER, "nO": None}, "decoder: expected nO"),
    ],
)
def test_wrong_networks_are_refused(encoder, decoder, message):
    networks = [Recurrent("gru", **{"nO": 4, **options}) for options in (encoder, decoder)]
    with pytest.raises(ValueError, match=message):
        EncoderDecoder(*networks)


def test_what_is_no_attention_and_what_does_not_fit_is_refused():
    networks = [Recurrent("gru", 4, **READER), Recurrent("gru", 6, **WRITER)]
    with pytest.raises(ValueError, match=r"attention: expected seqpipe.*found linear"):
        EncoderDecoder(*networks, attention=Linear(4))
    with pytest.raises(ValueError, match=r"'nQ' .* from 5 to 6"):
        EncoderDecoder(*networks, 2, attention=Attention("general", 5)).initialize(X=pair("f"))
    with pytest.raises(ValueError, match="nQ = 6, nK = 4: the dot score"):
        EncoderDecoder(*networks, 2, attention=Attention("dot")).initialize(X=pair("f"))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pair("f", [1, 1], [1]), "2 source sequences, 1 target"),
        (batch([2], 3, "f"), "a pair of source and target sequences, found list"),
        ((batch([2], 5, "f"), batch([2], 2, "f")), "width 5, expected nI=3"),
        ((batch([2], 3, "f"), batch([2], 5, "f")), "width 5, expected nI=2"),
        ((batch([2], 3, "i"), batch([2], 2, "f")), "floats expected, found .*int32"),
    ],
)
def test_wrong_input_is_refused(X, message):
    model = model_for()
    with pytest.raises(ValueError, match=message):
        model.predict(X)


# Learning: to write the symbols 1 to 5 backwards; 0 begins what the decoder reads, and ends it


def reversals(words):
    """One-hot source, the answer as the decoder reads it, one step late, and its classes."""
    answers = [[*reversed(word), 0] for word in words]
    reads = [[0, *answer[:-1]] for answer in answers]
    X = tuple([one_hot(word, 6) for word in side] for side in (words, reads))
    return X, numpy.concatenate(answers)


@pytest.mark.parametrize("score", SCORES)
def test_attention_learns_to_write_backwards(score):
    words = [word for n in (3, 4, 5) for word in product([1, 2, 3, 4, 5], repeat=n)]
    words = [words[i] for i in numpy.random.default_rng(0).permutation(len(words))[:1200]]
    seen, unseen = words[:1000], words[1000:]
    model = EncoderDecoder(
        Recurrent("lstm", 32, return_state=True),
        Recurrent("lstm", 32, bi=False, initial="given", return_state=True),
        6,
        attention=Attention(score),
    )
    started(model, reversals(seen)[0])
    batches = [reversals(seen[i : i + 50]) for i in range(0, 1000, 50)]
    train(model, batches, epochs=12, rate=0.01)
    X, classes = reversals(unseen)
    assert accuracy(model, X, classes) > 0.95
