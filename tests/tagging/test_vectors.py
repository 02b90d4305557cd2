"""rnn_ner on the pipeline's vectors, frozen and tuned: saved, sourced, stopped and resumed."""

import numpy
import pytest
import spacy
from spacy.vectors import Vectors
from thinc.api import Config

from seqpipe.files import InputError
from seqpipe.testing.case import train, weights
from tests.tagging.test_ner import annotations, changed, make_examples
from tests.training.test_loop import run, stopped
from tests.training.training_case import WARM, content, write_config, write_corpus

MODES = ["frozen", "tuned"]
every_mode = pytest.mark.parametrize("mode", MODES)
TEXTS = ["", "Mina Okafor went to New Haven today .", "OSLO met Zagreb in 1999"]


def pipeline(mode, *, vectors=True, **tok2vec):
    """A pipeline with an rnn_ner, and with vectors of a few words."""
    nlp = spacy.blank("xx")
    rng = numpy.random.default_rng(0)
    for word in ("mina", "Okafor", "oslo", "zagreb", "lima", "to") if vectors else ():
        nlp.vocab.set_vector(word, rng.normal(size=6).astype("f"))
    nlp.add_pipe("rnn_ner", config=changed(vectors=mode, **tok2vec))
    return nlp


def trained(mode, **tok2vec):
    nlp = pipeline(mode, **tok2vec)
    losses = train(nlp, make_examples(nlp))
    assert losses[-1] < losses[0] / 2
    return nlp


def read_texts(nlp):
    return [annotations(doc) for doc in nlp.pipe(TEXTS)]


@pytest.mark.parametrize("features", [[], ["shape"]], ids=["words-only", "features"])
@every_mode
def test_a_saved_pipeline_says_the_same(mode, features, tmp_path):
    nlp = trained(mode, features=features, characters=None)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert read_texts(loaded) == read_texts(nlp)
    assert weights(loaded.get_pipe("rnn_ner")) == weights(nlp.get_pipe("rnn_ner"))
    through_bytes = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert read_texts(through_bytes) == read_texts(nlp)


def test_a_tuned_component_works_where_there_are_no_vectors():
    nlp, other = trained("tuned"), spacy.blank("xx")
    with pytest.warns(UserWarning, match="W113"):  # spaCy's: the vectors are not the same
        other.add_pipe("rnn_ner", source=nlp)
    assert read_texts(other) == read_texts(nlp)


def test_a_frozen_component_asks_for_its_vectors_where_there_are_none():
    nlp, other = trained("frozen"), spacy.blank("xx")
    with pytest.warns(UserWarning, match="W113"):
        other.add_pipe("rnn_ner", source=nlp)
    with pytest.raises(InputError, match="vectors = 'frozen': the pipeline has no vectors"):
        other("Mina Okafor")


@every_mode
def test_training_leaves_the_pipeline_s_vectors_alone(mode):
    before, nlp = pipeline(mode), trained(mode)
    assert numpy.array_equal(nlp.vocab.vectors.data, before.vocab.vectors.data)


@every_mode
def test_training_without_vectors_is_refused(mode):
    nlp = pipeline(mode, vectors=False)
    with pytest.raises(InputError, match=f"vectors = '{mode}': the pipeline has no vectors"):
        nlp.initialize(lambda: make_examples(nlp))


def test_frozen_floret_vectors_train_and_are_saved(tmp_path):
    nlp = pipeline("frozen", vectors=False)
    data = numpy.random.default_rng(0).normal(size=(40, 6)).astype("f")
    nlp.vocab.vectors = Vectors(
        data=data, mode="floret", minn=2, maxn=3, hash_count=2, strings=nlp.vocab.strings
    )
    losses = train(nlp, make_examples(nlp))
    assert losses[-1] < losses[0] / 2
    nlp.to_disk(tmp_path)
    assert read_texts(spacy.load(tmp_path)) == read_texts(nlp)


@every_mode
def test_a_gradient_that_is_not_finite_is_named(mode):
    nlp = pipeline(mode, characters=None)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    ner = nlp.get_pipe("rnn_ner")
    ner.update(examples)
    (table,) = (node.layers[0] for node in ner.model.walk() if node.name == mode)
    table.attrs["row_gradient"].scale(float("nan"))
    with pytest.raises(ValueError, match=r"because of that of embedding E \(vectors\)"):
        ner.finish_update(optimizer)


@every_mode
def test_a_run_that_goes_on_ends_with_the_same_bytes(mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    nlp = pipeline("none")
    nlp.remove_pipe("rnn_ner")
    nlp.to_disk(tmp_path / "vectors")
    file = write_config(tmp_path, more=WARM)
    config = Config().from_disk(file, interpolate=False)
    config["components"]["ner"] |= changed(vectors=mode)
    config["initialize"]["vectors"] = "vectors"
    config.to_disk(file)
    run(file, tmp_path / "whole")
    stopped(file, tmp_path / "parts", after=5)
    run(file, tmp_path / "parts", resume=True)
    assert content(tmp_path / "parts" / "model-last") == content(tmp_path / "whole" / "model-last")
