"""The shared pipe: gradients over the whole component, the stop at NaN, batches, vocabularies."""

import json
import math
import shutil

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed
from spacy.vocab import Vocab
from thinc.api import SGD, Adam, Linear

from seqpipe.files import InputError
from seqpipe.layers.batches import BATCH_TOKENS, batches_by_length
from seqpipe.layers.embed import ROW_GRADIENT, row_gradients
from seqpipe.pipe import DivergedError, SequencePipe

TAGGED = [
    (["Anna", "paid", "Ms", "Bell"], ["N", "V", "T", "N"]),
    (["Bell", "spoke"], ["N", "V"]),
    (["in", "Bonn", ",", "Anna", "spoke", "often"], ["P", "N", "X", "N", "V", "A"]),
]
TINY = {
    "tok2vec": {"width": 6, "feature_width": 3, "characters": {"nO": 4, "width": 3}},
    "encoder": {"nO": 8},
}


FILES = ["cfg", "model", "vocabularies.json"]


def config(
    *,
    head: str = "seqpipe.CRF.v1",
    depth: int = 1,
    features=("shape", "suffix2"),
    characters: dict | None = None,
) -> dict:
    characters = characters or TINY["tok2vec"]["characters"]
    tok2vec = TINY["tok2vec"] | {"features": list(features), "characters": characters}
    encoder = TINY["encoder"] | {"depth": depth}
    return TINY | {"tok2vec": tok2vec, "encoder": encoder, "head": {"@layers": head}}


def examples_for(nlp: Language) -> list[Example]:
    return [
        Example.from_dict(spacy.tokens.Doc(nlp.vocab, words=words), {"tags": tags})
        for words, tags in TAGGED
    ]


def tagger(
    name: str = "tagger",
    *,
    max_gradient_norm: float = 0.0,
    max_gradient_value: float = 0.0,
    seed: int = 0,
    **model,
):
    """An initialised component and its examples."""
    fix_random_seed(seed)
    nlp = spacy.blank("xx")  # it is made quickest: texts come as tokens
    pipe = nlp.add_pipe(
        "rnn_tagger",
        name=name,
        config={
            "model": config(**model),
            "max_gradient_norm": max_gradient_norm,
            "max_gradient_value": max_gradient_value,
        },
    )
    examples = examples_for(nlp)
    nlp.initialize(lambda: examples)
    return pipe, examples


def parameters(pipe: SequencePipe) -> list[numpy.ndarray]:
    return [node.get_param(name).copy() for node in pipe.model.walk() for name in node.param_names]


def dense_gradients(pipe: SequencePipe) -> list[numpy.ndarray]:
    """The gradient of each parameter, that of the tables written out."""
    by_rows = {id(node): rows for node, rows in row_gradients(pipe.model)}
    gradients = []
    for node in pipe.model.walk():
        for name in node.param_names:
            if id(node) in by_rows:
                rows, values = by_rows[id(node)].collect(node.ops)
                gradients.append(numpy.zeros_like(node.get_param(name)))
                gradients[-1][rows] = values
            else:
                gradients.append(node.get_grad(name).copy())
    return gradients


def norm(arrays) -> float:
    return float(numpy.linalg.norm(numpy.concatenate([array.ravel() for array in arrays])))


def test_the_gradient_norm_is_that_of_all_gradients_as_one_vector():
    pipe, examples = tagger()
    pipe.update(examples)
    assert row_gradients(pipe.model)
    assert pipe.gradient_norm() == pytest.approx(norm(dense_gradients(pipe)), rel=1e-5)


def test_without_an_update_the_gradient_norm_is_zero():
    assert tagger()[0].gradient_norm() == 0.0


def test_a_long_gradient_is_scaled_as_a_whole():
    pipe, examples = tagger(max_gradient_norm=0.01)
    pipe.update(examples)
    gradients, before = dense_gradients(pipe), parameters(pipe)
    assert norm(gradients) > 0.01
    pipe.finish_update(SGD(1.0, use_averages=False))
    factor = 0.01 / norm(gradients)
    for old, new, gradient in zip(before, parameters(pipe), gradients, strict=True):
        assert numpy.allclose(old - new, factor * gradient, atol=1e-6)


@pytest.mark.parametrize("max_gradient_norm", [0.0, 1000.0], ids=["off", "above"])
def test_a_gradient_that_is_not_too_long_stays(max_gradient_norm):
    pipe, examples = tagger(max_gradient_norm=max_gradient_norm)
    pipe.update(examples)
    gradients, before = dense_gradients(pipe), parameters(pipe)
    pipe.finish_update(SGD(0.1, use_averages=False, grad_clip=0.001))
    for old, new, gradient in zip(before, parameters(pipe), gradients, strict=True):
        assert numpy.allclose(old - new, 0.1 * gradient, atol=1e-6)


def test_each_value_of_a_gradient_is_cut_to_the_bound():
    pipe, examples = tagger(max_gradient_value=0.01)
    pipe.update(examples)
    gradients, before = dense_gradients(pipe), parameters(pipe)
    assert max(abs(gradient).max() for gradient in gradients) > 0.01
    pipe.finish_update(SGD(1.0, use_averages=False))
    for old, new, gradient in zip(before, parameters(pipe), gradients, strict=True):
        assert numpy.allclose(old - new, numpy.clip(gradient, -0.01, 0.01), atol=1e-6)


def test_values_are_cut_before_the_norm_is_taken():
    pipe, examples = tagger(max_gradient_value=0.01, max_gradient_norm=0.02)
    pipe.update(examples)
    cut = [numpy.clip(gradient, -0.01, 0.01) for gradient in dense_gradients(pipe)]
    before = parameters(pipe)
    assert norm(cut) > 0.02
    pipe.finish_update(SGD(1.0, use_averages=False))
    for old, new, gradient in zip(before, parameters(pipe), cut, strict=True):
        assert numpy.allclose(old - new, gradient * 0.02 / norm(cut), atol=1e-6)


@pytest.mark.parametrize("key", ["max_gradient_norm", "max_gradient_value"])
@pytest.mark.parametrize("bound", [-0.1, math.inf, math.nan, "nan", "5.0"])
def test_a_bound_that_is_none_is_refused(key, bound):
    with pytest.raises(InputError, match=f"^tagger: {key} = {bound}: expected a "):
        SequencePipe(Vocab(), Linear(), "tagger", **{key: bound})


@pytest.mark.parametrize(
    ("bounds", "by_norm", "by_value"),
    [
        ({}, 0, 0),
        ({"max_gradient_norm": 1e-6}, 3, 0),
        ({"max_gradient_value": 1e-6}, 0, 3),
        # What was cut is short enough.
        ({"max_gradient_norm": 0.1, "max_gradient_value": 1e-6}, 0, 3),
        ({"max_gradient_norm": 1e6, "max_gradient_value": 1e6}, 0, 0),
    ],
)
def test_steps_and_those_in_which_clipping_fired_are_counted(bounds, by_norm, by_value):
    pipe, examples = tagger(**bounds)
    for _ in range(3):
        pipe.update(examples, sgd=Adam(0.001))
    counted = pipe.steps, pipe.steps_clipped_by_norm, pipe.steps_clipped_by_value
    assert counted == (3, by_norm, by_value)
    pipe.initialize(lambda: examples)
    assert (pipe.steps, pipe.steps_clipped_by_norm, pipe.steps_clipped_by_value) == (0, 0, 0)


def test_the_optimizers_own_clip_is_as_it_was():
    pipe, examples = tagger()
    sgd = Adam(0.001, grad_clip=0.25)
    pipe.update(examples, sgd=sgd)
    assert sgd.grad_clip == 0.25
    for node in pipe.model.walk():
        if node.has_grad("b"):
            node.set_grad("b", node.get_grad("b") * math.nan)
            break
    with pytest.raises(ValueError, match="norm"):
        pipe.finish_update(sgd)
    assert sgd.grad_clip == 0.25


def test_a_step_by_rows_is_the_dense_step_from_fresh_moments():
    (by_rows, examples), (dense, _) = tagger(), tagger()
    for node in dense.model.walk():
        if ROW_GRADIENT in node.attrs:
            node.attrs[ROW_GRADIENT] = None
    for pipe in (by_rows, dense):
        fix_random_seed(1)
        pipe.update(examples, sgd=Adam(0.01, use_averages=False))
    assert not row_gradients(by_rows.model)
    for ours, theirs in zip(parameters(by_rows), parameters(dense), strict=True):
        assert numpy.allclose(ours, theirs, rtol=0, atol=1e-6)


def test_gradients_add_up_until_a_step_is_taken():
    pipe, examples = tagger()
    pipe.model.get_ref("tok2vec").attrs["unk_rate"] = 0.0
    pipe.update(examples)
    once = dense_gradients(pipe)
    pipe.update(examples)
    for first, both in zip(once, dense_gradients(pipe), strict=True):
        assert numpy.allclose(both, 2 * first, atol=1e-5)


@pytest.mark.parametrize("head", ["seqpipe.CRF.v1", "seqpipe.TokenSoftmax.v1"])
def test_a_loss_that_is_no_number_stops_training(head):
    pipe, examples = tagger("my_tagger", head=head)
    for _ in range(2):
        pipe.update(examples, sgd=Adam(0.001))
    pipe.model.get_ref("output_layer").get_param("W")[0, 0] = math.nan
    with pytest.raises(ValueError, match=r"component 'my_tagger' at step 3 the loss is nan"):
        pipe.update(examples, sgd=Adam(0.001))


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_parameter_that_is_infinite_stops_training_without_a_warning():
    pipe, examples = tagger()
    (table, *_) = [node for node in pipe.model.walk() if node.name == "embedding"]
    table.get_param("E")[...] = math.inf
    with pytest.raises(DivergedError, match="the loss is"):
        pipe.update(examples, sgd=Adam(0.001))


@pytest.mark.parametrize(
    ("max_gradient_norm", "advice"),
    [
        (5.0, "A lower learning rate or a lower max_gradient_norm may help."),
        (0.0, "A lower learning rate may help, or a max_gradient_norm: it is 0, which is off."),
    ],
)
def test_what_may_help_depends_on_the_bound(max_gradient_norm, advice):
    pipe, examples = tagger(max_gradient_norm=max_gradient_norm)
    pipe.model.get_ref("output_layer").get_param("W")[0, 0] = math.nan
    with pytest.raises(DivergedError) as caught:
        pipe.update(examples)
    assert str(caught.value).endswith(advice)


def spoil_row(pipe, bad):
    row_gradients(pipe.model)[0][1].scale(bad)
    return r"embedding E \(word\)"


def spoil_row_of_a_feature(pipe, bad):
    row_gradients(pipe.model)[2][1].scale(bad)
    return r"embedding E \(suffix2\)"


def spoil_recurrent_weight(pipe, bad):
    node = [node for node in pipe.model.walk() if node.name == "lstm_pass"][1]
    node.get_grad("Wh")[2, 1] = bad
    return r"lstm_pass Wh \(number 2 of 2 layers of that name\)"


def spoil_head(pipe, bad):
    pipe.model.get_ref("head").get_grad("transitions")[0, 0] = bad
    return "crf transitions"


SPOILS = [
    spoil_row,
    spoil_row_of_a_feature,
    spoil_recurrent_weight,
    spoil_head,
]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("max_gradient_value", [0.0, 1.0], ids=["no-bound", "bound"])
def test_a_gradient_that_is_not_finite_stops_training_before_anything_changes(
    spoil, bad, max_gradient_value
):
    pipe, examples = tagger(
        "my_tagger", max_gradient_norm=5.0, max_gradient_value=max_gradient_value
    )
    pipe.update(examples, sgd=(sgd := Adam(0.001)))
    pipe.update(examples)
    loss, before, moments = pipe._last_loss, parameters(pipe), dict(sgd.nr_update)
    parameter = spoil(pipe, bad)
    what = (
        r"component 'my_tagger' at step 2 the norm of the gradients is (nan|inf), because of that"
    )
    with pytest.raises(DivergedError, match=rf"{what} of {parameter} \(loss {loss:.4g}\)"):
        pipe.finish_update(sgd)
    assert all(map(numpy.array_equal, before, parameters(pipe)))
    assert dict(sgd.nr_update) == moments


def test_the_table_of_characters_is_named():
    characters = {"@layers": "seqpipe.CharacterLSTM.v1", "nO": 4, "width": 3}
    pipe, examples = tagger(characters=characters)
    pipe.update(examples)
    row_gradients(pipe.model)[-1][1].scale(math.nan)
    with pytest.raises(DivergedError, match=r"because of that of embedding E \(character\)"):
        pipe.finish_update(Adam(0.001))


def test_docs_without_a_token_teach_nothing():
    pipe, examples = tagger()
    empty = Example.from_dict(spacy.tokens.Doc(pipe.vocab, words=[]), {})
    assert pipe.update([empty], sgd=Adam(0.1)) == {"tagger": 0.0}
    fix_random_seed(1)
    alone = pipe.update(examples)["tagger"]
    fix_random_seed(1)
    assert pipe.update([empty, *examples])["tagger"] == pytest.approx(alone)


@given(st.lists(st.integers(0, 2 * BATCH_TOKENS), max_size=40))
def test_batches_hold_every_doc_once_and_not_too_many_tokens(lengths):
    batches = list(batches_by_length(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or sum(lengths[i] for i in batch) <= BATCH_TOKENS


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_batches_hold_docs_of_like_length(lengths):
    order = [lengths[i] for batch in batches_by_length(lengths) for i in batch]
    assert order == sorted(lengths)


def test_predictions_come_in_the_order_of_the_docs(monkeypatch):
    pipe, examples = tagger()
    docs = [eg.predicted for eg in examples] * 3
    alone = [pipe.predict([doc])[0] for doc in docs]
    monkeypatch.setattr("seqpipe.layers.batches.BATCH_TOKENS", 7)
    assert pipe.predict(docs) == alone
    assert pipe.predict([]) == []


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "tagger"
    tagger()[0].to_disk(folder)
    return folder


@pytest.fixture
def saved(saved_once, tmp_path):
    """A folder that a component was written to."""
    return shutil.copytree(saved_once, tmp_path / "tagger")


def test_round_trip_through_a_folder(saved):
    (pipe, examples), (other, _) = tagger(), tagger(seed=5)
    docs = [eg.predicted for eg in examples]
    other.from_disk(saved)
    expected, found = (p.potentials(docs).emissions for p in (pipe, other))
    assert numpy.array_equal(expected, found)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_missing_is_named(saved, file):
    (saved / file).unlink()
    with pytest.raises(InputError, match=f"tagger/{file}: cannot be read: No such file"):
        tagger()[0].from_disk(saved)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_cut_short_is_named(saved, file, kept):
    data = (saved / file).read_bytes()
    (saved / file).write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(InputError, match=f"tagger/{file}: (not a whole JSON file|does not load)"):
        tagger()[0].from_disk(saved)


def test_vocabularies_that_are_not_utf8(saved):
    (saved / "vocabularies.json").write_bytes(b'["\xff"]')
    with pytest.raises(InputError, match=r"vocabularies\.json: not a whole JSON file"):
        tagger()[0].from_disk(saved)


@pytest.mark.parametrize("content", [{}, [], [{}, {}], "text"])
def test_vocabularies_of_another_number_of_layers(saved, content):
    (saved / "vocabularies.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"vocabularies\.json: expected .* of 1 layers"):
        tagger()[0].from_disk(saved)


def test_vocabularies_of_another_architecture(saved):
    expected = r"vocabularies\.json: vocabularies of .*'shape'.*, expected \['word', 'character'\]"
    with pytest.raises(InputError, match=expected):
        tagger(features=[])[0].from_disk(saved)


def test_a_model_of_another_architecture(saved):
    with pytest.raises(InputError, match=r"tagger/model: does not load \(.* mismatched structure"):
        tagger(depth=2)[0].from_disk(saved)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"features": ["shape"]}, "expected .'word', 'shape', 'character'"),
        ({"depth": 2}, "mismatched structure"),
    ],
    ids=["other-features", "other-depth"],
)
def test_bytes_of_another_architecture_are_refused(other, message):
    data = tagger()[0].to_bytes()
    with pytest.raises(ValueError, match=message):
        tagger(**other)[0].from_bytes(data)


def test_what_is_excluded_stays(saved):
    other, _ = tagger(seed=5)
    before = parameters(other)
    other.from_disk(saved, exclude=["model", "vocabularies"])
    assert all(map(numpy.array_equal, before, parameters(other)))
    assert "vocabularies" not in spacy.util.srsly.msgpack_loads(
        other.to_bytes(exclude=["vocabularies"])
    )
