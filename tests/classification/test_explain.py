"""Reasons for a class: gradient times input against finite differences and sums, and attention."""

from __future__ import annotations

import numpy
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from seqpipe.classification.explain import explain, find_classifier
from seqpipe.files import InputError
from seqpipe.layers.packed import list2packed
from seqpipe.layers.pooling import pooling_weights
from seqpipe.testing.case import gradients, train
from tests.gradients import numeric_gradient, to_float64

TOK2VEC = {
    "@architectures": "seqpipe.WordFeatures.v1",
    "width": 6,
    "features": ["shape"],
    "feature_width": 3,
    "static_vectors": 0,
    "unk_rate": 0.5,
    "vectors": "none",
    "vectors_std": 0.25,
    "characters": None,
    "vocabulary": {"@misc": "seqpipe.Vocabulary.v1"},
}
AVERAGE = {
    "@architectures": "seqpipe.AverageEmbedding.v1",
    "tok2vec": TOK2VEC,
    "word_dropout_rate": 0.3,
}
RECURRENT = {
    "@architectures": "seqpipe.RNNClassifier.v1",
    "tok2vec": TOK2VEC,
    "encoder": {"@layers": "seqpipe.LSTM.v1", "nO": 4, "bi": True, "depth": 2, "dropout": 0.5},
    "pooling": "attention",
}
REVIEWS = [
    ("The dessert is excellent.", "positive"),
    ("An excellent quick meal.", "positive"),
    ("Service was quite slow.", "negative"),
    ("The slow meal is cold.", "negative"),
    ("Nothing special.", "neutral"),
    ("The meal is nothing special.", "neutral"),
]
LABELS = ("negative", "neutral", "positive")
TEXT = "The excellent dessert was slow."


def examples_of(nlp, names=LABELS):
    """The reviews, with these names for their labels; those of a label without one are left out."""
    named = dict(zip(LABELS, names, strict=True))
    for text, label in REVIEWS:
        if named[label]:
            cats = {name: float(name == named[label]) for name in names if name}
            yield Example.from_dict(nlp.make_doc(text), {"cats": cats})


def trained(model, *, factory="rnn_textcat", steps=30, names=LABELS, **config):
    """A pipeline with one small classifier that has learned the reviews by heart."""
    nlp = spacy.blank("xx")
    nlp.add_pipe(factory, name="classes", config={"model": model, **config})
    train(nlp, list(examples_of(nlp, names)), steps=steps)
    return nlp


@pytest.fixture(scope="module")
def average():
    return trained(AVERAGE)


@pytest.fixture(scope="module")
def recurrent():
    return trained(RECURRENT)


def score(pipe, logits, label):
    """The label's logit; where labels exclude each other, less the mean of the others'."""
    index = pipe.labels.index(label)
    if pipe.kind == "multilabel":
        return logits[index]
    return logits[index] - numpy.delete(logits, index).mean()


def numeric_weights(pipe, doc, label):
    """Gradient times input by central differences in the token vectors."""
    body = pipe.model.get_ref("body")
    X = numpy.array(pipe.model.get_ref("tok2vec").predict([doc])[0], dtype="float64")
    gradient = numeric_gradient(lambda: score(pipe, body.predict([X])[0], label), X)
    return (gradient * X).sum(axis=1)


MODELS = {
    "average": (AVERAGE, {}),
    "hidden": ({**AVERAGE, "hidden_width": 5, "hidden_depth": 2}, {}),
    "attention": (RECURRENT, {}),
    "max": ({**RECURRENT, "pooling": "max"}, {}),
    "multilabel": ({**RECURRENT, "pooling": "last"}, {"kind": "multilabel"}),
    "windows": ({**RECURRENT, "max_tokens": 2, "long_texts": "windows"}, {}),
    "cut": ({**RECURRENT, "max_tokens": 4, "long_texts": "both"}, {}),
}


@pytest.mark.parametrize("name", MODELS)
def test_gradient_times_input_matches_finite_differences(name):
    model, config = MODELS[name]
    nlp = trained(model, steps=5, **config)
    pipe = nlp.get_pipe("classes")
    to_float64(pipe.model)
    doc = nlp.make_doc(TEXT)
    for label in LABELS:
        found = explain(pipe, doc, label=label).weights
        assert found == pytest.approx(numeric_weights(pipe, doc, label), abs=1e-8, rel=1e-5)
        assert max(map(abs, found)) > 1e-4


@pytest.mark.parametrize("label", LABELS)
def test_weights_of_a_linear_model_sum_to_its_score_without_the_bias(average, label):
    pipe, doc = average.get_pipe("classes"), average.make_doc(TEXT)
    logits = pipe.model.predict([doc])[0]
    bias = pipe.model.get_ref("output_layer").get_param("b")
    expected = score(pipe, logits, label) - score(pipe, bias, label)
    assert sum(explain(pipe, doc, label=label).weights) == pytest.approx(expected, rel=1e-5)


def test_of_two_labels_one_speaks_against_what_the_other_speaks_for():
    nlp = trained(AVERAGE, names=("no", None, "yes"))
    yes, no = (explain(nlp, TEXT, label=label).weights for label in ("yes", "no"))
    assert yes == pytest.approx([-weight for weight in no], rel=1e-5)
    by_word = dict(zip(("The", "excellent", "dessert", "was", "slow", "."), yes, strict=True))
    assert by_word["excellent"] == max(yes)
    assert by_word["slow"] == min(yes)


def test_label_is_the_most_probable_one_unless_one_is_asked_for(recurrent):
    doc = recurrent(TEXT)
    found = explain(recurrent, recurrent.make_doc(TEXT))
    assert found.label == max(doc.cats, key=doc.cats.get)
    assert found.probability == pytest.approx(doc.cats[found.label], rel=1e-5)
    asked = explain(recurrent, recurrent.make_doc(TEXT), label="neutral")
    assert (asked.label, asked.method) == ("neutral", "gradient")
    assert asked.probability == pytest.approx(doc.cats["neutral"], rel=1e-5)


@pytest.mark.parametrize("method", ["gradient", "attention"])
def test_weights_are_set_on_the_tokens(recurrent, method):
    doc = recurrent.make_doc(TEXT)
    found = explain(recurrent, doc, method=method)
    assert [token._.class_weight for token in doc] == list(found.weights)
    assert found.text == TEXT


def test_attention_is_that_of_the_pooling_layer(recurrent):
    pipe, doc = recurrent.get_pipe("classes"), recurrent.make_doc(TEXT)
    found = explain(pipe, doc, method="attention")
    steps = pipe.model.get_ref("tok2vec").predict([doc])
    packed = list2packed().predict(steps)
    states = pipe.model.get_ref("encoder").predict(packed)
    (alpha,) = pooling_weights(pipe.model.get_ref("pooling"), states)
    assert found.weights == pytest.approx(alpha.tolist())
    assert sum(found.weights) == pytest.approx(1.0, rel=1e-5)


def test_attention_is_refused_where_there_is_none(average):
    with pytest.raises(InputError, match="classes: its pooling is 'mean', so it has no attention"):
        explain(average, TEXT, method="attention")


def test_words_that_are_not_read_weigh_nothing_and_are_told():
    nlp = trained({**RECURRENT, "max_tokens": 3, "long_texts": "both"}, steps=5)
    for method in ("gradient", "attention"):
        found = explain(nlp, TEXT, method=method)
        assert found.read == (True, True, False, False, False, True)
        assert [bool(weight) for weight in found.weights] == list(found.read)
        assert found.unread == 3
    assert explain(nlp, "Nothing special.").unread == 0


@pytest.mark.parametrize("method", ["gradient", "attention"])
@pytest.mark.parametrize("text", ["", "Excellent"])
def test_empty_and_one_word_texts(recurrent, text, method):
    doc = recurrent.make_doc(text)
    found = explain(recurrent.get_pipe("classes"), doc, method=method)
    assert len(found.weights) == len(found.words) == len(found.read) == len(doc)
    assert all(numpy.isfinite(found.weights))
    assert found.label in LABELS


def test_explaining_leaves_the_model_as_it_was():
    nlp = trained(RECURRENT, steps=5)
    pipe = nlp.get_pipe("classes")
    examples = [Example.from_dict(nlp.make_doc(TEXT), {"cats": {"positive": 1.0}})]
    pipe.update(examples, drop=0.4)
    before, held = pipe.to_bytes(), gradients(pipe)
    assert any(gradient.any() for gradient in held)
    explain(pipe, nlp.make_doc(TEXT))
    assert pipe.to_bytes() == before
    for found, expected in zip(gradients(pipe), held, strict=True):
        assert (found == expected).all()


def test_explaining_leaves_no_gradient_behind(recurrent):
    explain(recurrent, TEXT)
    assert not any(gradient.any() for gradient in gradients(recurrent.get_pipe("classes")))


def test_dropout_of_training_does_not_change_the_reasons():
    nlp = trained(RECURRENT, steps=5)
    pipe = nlp.get_pipe("classes")
    expected = explain(nlp, TEXT).weights
    pipe.update([Example.from_dict(nlp.make_doc(TEXT), {"cats": {"positive": 1.0}})], drop=0.9)
    assert explain(nlp, TEXT).weights == expected


def test_text_is_run_through_the_components_that_the_classifier_listens_to():
    nlp = spacy.blank("xx")
    shared = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 8,
        "depth": 1,
        "embed_size": 64,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
    }
    nlp.add_pipe("tok2vec", config={"model": shared})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "tok2vec"}
    nlp.add_pipe("rnn_textcat", config={"model": {**AVERAGE, "tok2vec": listener}})
    train(nlp, list(examples_of(nlp)))
    found = explain(nlp, TEXT)
    assert found.weights == pytest.approx(explain(nlp, nlp(TEXT)).weights)
    assert any(found.weights)


def test_unknown_label_is_refused_with_the_near_ones(average):
    with pytest.raises(InputError, match=r"label 'positiv': did you mean 'positive'\?"):
        explain(average, TEXT, label="positiv")
    with pytest.raises(
        InputError, match="'xyz': expected one of 'negative', 'neutral', 'positive'"
    ):
        explain(average, TEXT, label="xyz")


def test_unknown_method_is_refused(average):
    with pytest.raises(InputError, match="method = 'lime': expected 'gradient' or 'attention'"):
        explain(average, TEXT, method="lime")


def test_text_as_a_string_needs_the_pipeline(average):
    with pytest.raises(InputError, match="expected a Doc"):
        explain(average.get_pipe("classes"), TEXT)


def test_classifier_is_found_by_name_where_there_are_several(average):
    nlp = spacy.blank("xx")
    with pytest.raises(InputError, match=r"expected one rnn_textcat .* \[\]"):
        find_classifier(nlp)
    nlp.add_pipe("classes", name="one", source=average)
    nlp.add_pipe("classes", name="two", source=average)
    with pytest.raises(InputError, match=r"components \['one', 'two'\]"):
        explain(nlp, TEXT)
    assert find_classifier(nlp, "two") is nlp.get_pipe("two")
    assert explain(nlp, TEXT, component="two").weights == explain(average, TEXT).weights
    with pytest.raises(InputError, match="named 'three' among"):
        find_classifier(nlp, "three")


def test_stars_are_explained_by_one_of_them():
    nlp = trained(AVERAGE, factory="rnn_sentiment", names=("1", "3", "5"))
    found = explain(nlp, "The dessert is excellent.", label="5")
    assert found.words[numpy.argmax(found.weights)] == "excellent"


def test_doc_without_words_between_spaces_keeps_its_text(recurrent):
    doc = Doc(recurrent.vocab, words=["Slow", "\n\n", "meal"], spaces=[False, False, False])
    assert explain(recurrent, doc).text == "Slow\n\nmeal"
