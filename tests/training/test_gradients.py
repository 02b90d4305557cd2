"""What the diagnosis of a config's gradients finds: the flow, and how often clipping fired."""

import warnings

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.loop import train
from thinc.api import Config

from seqpipe.files import InputError
from seqpipe.layers.gradient_flow import Flow
from seqpipe.training.config_file import read_config_file
from seqpipe.training.gradients import _sample, diagnose_gradients, verdict
from seqpipe.training.run import initialized_pipeline

WORDS = ["Ann", "paid", "Bob", "in", "Leeds", "and", "Mary", "sang"]
TAGS = ["N", "V", "N", "P", "N", "C", "N", "V"]
TAGGER = {
    "factory": "rnn_tagger",
    "max_gradient_norm": 3.2,
    "model": {
        "tok2vec": {"width": 6, "feature_width": 3, "characters": {"nO": 4, "width": 3}},
        "encoder": {"@layers": "seqpipe.Recurrent.v1", "cell": "gru", "nO": 8, "bi": True},
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with a corpus of docs of two to eight tokens."""
    monkeypatch.chdir(tmp_path)
    vocab = spacy.blank("xx").vocab
    docs = [Doc(vocab, words=WORDS[:n], tags=TAGS[:n]) for n in range(2, 9)] * 4
    DocBin(docs=docs).to_disk("train.spacy")
    return tmp_path


def write(components=None, **training):
    """A config file of these components, in this order."""
    components = components or {"tagger": TAGGER}
    config = {
        "paths": {"train": "train.spacy", "dev": "train.spacy"},
        "nlp": {"lang": "xx", "pipeline": list(components)},
        "components": components,
        "training": {
            "seed": 3,
            "gpu_allocator": None,
            "max_steps": 1000,
            "eval_frequency": 1000,
            "batcher": {"@batchers": "spacy.batch_by_sequence.v1", "size": 4},
            **training,
        },
    }
    Config(config).to_disk("a.cfg")
    return read_config_file("a.cfg")


def test_every_direction_is_measured_before_and_after():
    found = diagnose_gradients(write(), steps=30)
    assert found.steps == 30
    assert [(t.component, t.initial.level, t.initial.reverse) for t in found.travels] == [
        ("tagger", 1, False),
        ("tagger", 1, True),
    ]
    for travel in found.travels:
        assert travel.initial.norms[0] == travel.trained.norms[0] == pytest.approx(1)
        assert travel.initial.sequences.tolist() == [28, 28, 24, 20, 16, 12, 8, 4]
        assert not numpy.allclose(travel.initial.norms, travel.trained.norms, rtol=0.01)


def test_the_initial_flow_does_not_depend_on_the_steps():
    once, again = (diagnose_gradients(write(), steps=steps) for steps in (0, 5))
    assert (once.steps, once.travels[0].trained, once.clippings) == (0, None, [])
    for one, other in zip(once.travels, again.travels, strict=True):
        assert numpy.array_equal(one.initial.norms, other.initial.norms)


def test_the_steps_are_those_of_training_itself(tmp_path):
    file = write(max_steps=11, dropout=0.3)
    (found,) = diagnose_gradients(file, steps=1000).clippings
    nlp = initialized_pipeline(file)
    with open(tmp_path / "log", "w") as log:
        train(nlp, stdout=log, stderr=log)
    tagger = nlp.get_pipe("tagger")
    assert found.steps == tagger.steps > 0
    assert 0 < found.by_norm == tagger.steps_clipped_by_norm < found.steps
    assert (found.max_norm, found.max_value, found.by_value) == (3.2, 0.0, 0)


def test_training_ends_with_the_configs_epochs():
    assert diagnose_gradients(write(max_epochs=2), steps=1000).steps == 14


def test_averaged_parameters_are_those_that_are_measured_after():
    adam = {"@optimizers": "Adam.v1", "learn_rate": 0.01}
    found = [
        diagnose_gradients(write(optimizer={**adam, "use_averages": averages}), steps=10)
        for averages in (False, True)
    ]
    raw, averaged = (diagnosis.travels[0].trained.norms for diagnosis in found)
    assert not numpy.allclose(raw, averaged, rtol=1e-3)


def test_a_shared_encoder_under_spacys_own_tagger_is_measured():
    encode = {"@architectures": "seqpipe.RNNEncoder.v1", "width": 8, "cell": "lstm", "depth": 2}
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["NORM"]}
    embed |= {"rows": [50], "include_static_vectors": False}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "*"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    found = diagnose_gradients(
        write(
            {
                "tok2vec": {"factory": "tok2vec", "model": tok2vec},
                "tagger": {"factory": "tagger", "model": model},
            }
        ),
        steps=2,
    )
    levels = [(travel.component, travel.initial.level) for travel in found.travels]
    assert levels == [("tok2vec", 1), ("tok2vec", 1), ("tok2vec", 2), ("tok2vec", 2)]
    # The weights of spaCy's output layer start at zero, so no gradient comes through it.
    assert not len(found.travels[0].initial.norms)
    assert found.travels[0].trained.sequences[0] == 28
    assert found.clippings == []


@pytest.mark.parametrize("frozen", [False, True])
def test_a_config_without_a_recurrent_layer_that_is_trained_is_refused(frozen):
    hashed = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 8, "depth": 1, "embed_size": 50}
    hashed |= {"window_size": 1, "maxout_pieces": 1, "subword_features": False}
    hashed["pretrained_vectors"] = None
    plain = {"factory": "tagger", "model": {"@architectures": "spacy.Tagger.v2", "tok2vec": hashed}}
    diagnose = {"file": write({"plain": plain}), "steps": 1}
    names = "plain"
    if frozen:
        nlp = initialized_pipeline(write())
        nlp.to_disk("trained")
        components = {"plain": plain, "tagger": {"source": "trained"}}
        diagnose["file"] = write(components, frozen_components=["tagger"])
        names = "plain, tagger"
    message = rf"^a\.cfg: no component of {names} that is trained holds a recurrent layer, expected"
    with pytest.raises(InputError, match=message):
        diagnose_gradients(**diagnose)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_of_a_training_that_diverges_the_initial_flow_is_told():
    adam = {"@optimizers": "Adam.v1", "learn_rate": 1e30}
    found = diagnose_gradients(write(optimizer=adam), steps=20)
    assert "component 'tagger' at step" in str(found.diverged)
    assert found.steps < 20
    assert [travel.trained for travel in found.travels] == [None, None]
    assert found.travels[0].initial.norms[0] == pytest.approx(1)


def spacys_own(name, *, shared):
    """A component of spaCy's over a recurrent encoder, its own or one that it listens to."""
    encode = {"@architectures": "seqpipe.RNNEncoder.v1", "width": 8}
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["NORM"]}
    embed |= {"rows": [50], "include_static_vectors": False}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "*"}
    model = {"@architectures": "spacy.Tagger.v2"}
    if name == "ner":
        model = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "ner"}
        model |= {"extra_state_tokens": False, "hidden_width": 8, "maxout_pieces": 2}
    model["tok2vec"] = listener if shared else tok2vec
    below = {"tok2vec": {"factory": "tok2vec", "model": tok2vec}} if shared else {}
    return {**below, name: {"factory": name, "model": model}}


@pytest.fixture
def entities():
    """Let the corpus hold entities, for spaCy's ner to learn."""
    vocab = spacy.blank("xx").vocab
    tags = ["B-PER", "O", "B-PER", "O", "B-LOC", "O", "B-PER", "O"]
    DocBin(docs=[Doc(vocab, words=WORDS, tags=TAGS, ents=tags)] * 8).to_disk("train.spacy")


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
@pytest.mark.parametrize("name", ["ner", "tagger"])
@pytest.mark.parametrize("learn_rate", [1e30, 1e18])
@pytest.mark.usefixtures("entities")
def test_a_component_of_spacys_that_diverges_ends_training_too(name, shared, learn_rate):
    adam = {"@optimizers": "Adam.v1", "learn_rate": learn_rate}
    found = diagnose_gradients(write(spacys_own(name, shared=shared), optimizer=adam), steps=20)
    assert str(found.diverged).startswith("training stopped: ")
    assert found.steps < 20
    assert {travel.trained for travel in found.travels} == {None}


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
@pytest.mark.usefixtures("entities")
def test_a_gradient_that_is_not_finite_after_the_last_step_is_told(shared):
    adam = {"@optimizers": "Adam.v1", "learn_rate": 1e18}
    found = diagnose_gradients(write(spacys_own("ner", shared=shared), optimizer=adam), steps=1)
    assert str(found.diverged).startswith("after 1 steps the ")
    for travel in found.travels:
        assert travel.trained.not_finite == 8
        assert verdict(travel.trained) == "the gradient is not finite (sequences: 8)"


def test_the_warnings_of_others_are_as_they_were():
    before = list(warnings.filters)
    diagnose_gradients(write(), steps=1)
    assert warnings.filters == before


@pytest.mark.parametrize("docs", [100, 128, 200, 300])
def test_the_sample_is_spread_over_all_that_was_read(docs):
    vocab = spacy.blank("xx").vocab
    examples = [Example(doc, doc) for doc in (Doc(vocab, words=[str(i)]) for i in range(docs))]
    places = [int(eg.predicted[0].text) for eg in _sample(iter(examples))]
    assert len(set(places)) == min(docs, 128)
    assert (places[0], places[-1]) == (0, docs - 1)
    assert max(numpy.diff(places)) - min(numpy.diff(places)) <= 1


@pytest.mark.parametrize(
    ("norms", "said"),
    [
        ([1, 0.5, 0.25], "0.25 at distance 2, the farthest (sequences: 4)"),
        ([1, 1e-2, 1e-4, 1e-6], "below 1e-03 from distance 2 on"),
        ([1, 0.0, 1e-1, 0.0], "below 1e-03 from distance 3 on"),
        ([1, 10, 1e4], "above 1e+03 from distance 2 on"),
        ([1, 1e4, 2], "2 at distance 2, the farthest (sequences: 4)"),
        ([1], "1 at distance 0, the farthest (sequences: 4)"),
        ([], "no gradient arrives at any last step"),
    ],
)
def test_the_verdict_says_how_far_a_gradient_gets(norms, said):
    assert verdict(flow(norms)) == said


def flow(norms, zeros=None, not_finite=0):
    zeros = numpy.array([0] * len(norms) if zeros is None else zeros)
    sequences = numpy.full(len(norms), 4)
    return Flow("recurrent", 1, "rnn", False, numpy.array(norms), sequences, zeros, not_finite)


def test_the_verdict_tells_of_sequences_in_which_nothing_is_left():
    said = verdict(flow([1, 0.5, 0.25], zeros=[0, 1, 1]))
    assert said == (
        "0.25 at distance 2, the farthest (sequences: 4); 0 in 1 of 4 sequences at distance 1"
    )


def test_the_verdict_tells_of_gradients_that_are_not_finite():
    assert verdict(flow([], not_finite=3)) == "the gradient is not finite (sequences: 3)"
    said = verdict(flow([1, 10, 1e4], not_finite=2))
    assert said == "above 1e+03 from distance 2 on; not finite in 2 sequences"
