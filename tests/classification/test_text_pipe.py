"""`rnn_textcat` and `rnn_sentiment`: shared checks, kinds of classes, weights, loans and errors."""

import logging
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.training import Example

from seqpipe.files import InputError
from seqpipe.testing import LabelledComponentChecks, SharedTok2VecChecks
from seqpipe.testing.case import ComponentCase, copy_of, train
from tests.classification.text_case import (
    AVERAGE,
    TINY,
    labelled,
    polarity_examples,
    star_examples,
)

GOLDEN = Path(__file__).parents[1] / "golden"


def cats(doc):
    return [[label, value] for label, value in sorted(doc.cats.items())]


class TestTextcat(LabelledComponentChecks, SharedTok2VecChecks):
    case = ComponentCase(
        factory="rnn_textcat",
        lang="xx",
        make_examples=polarity_examples,
        annotations=cats,
        unseen=lambda nlp: labelled(nlp, "The soup was cold", {"NEVER": 1.0}),
        score="cats_acc",
        reach=0.95,
        golden=GOLDEN,
        config=TINY,
    )


class TestSentiment(LabelledComponentChecks):
    case = ComponentCase(
        factory="rnn_sentiment",
        lang="xx",
        make_examples=star_examples,
        # spaCy's DocBin keeps no doc.sentiment.
        annotations=lambda doc: [cats(doc), doc._.stars],
        unseen=lambda nlp: labelled(nlp, "A good meal", {"0": 1.0}),
        score="cats_acc",
        reach=0.95,
        golden=GOLDEN,
        config={**TINY, "values": {**{str(n): float(n) for n in range(1, 6)}, "ANOTHER": 6.0}},
    )


def made(factory="rnn_textcat", examples=polarity_examples, steps=40, **config):
    nlp = spacy.blank("xx")
    nlp.add_pipe(factory, config={**TINY, **config})
    train(nlp, examples(nlp), steps)
    return nlp


@pytest.mark.parametrize("config", [TINY, AVERAGE], ids=["recurrent", "average"])
def test_both_models_learn_and_probabilities_sum_to_one(config):
    nlp = made(**config)
    for eg in polarity_examples(nlp):
        doc = nlp(eg.reference.text)
        assert sum(doc.cats.values()) == pytest.approx(1.0)
        assert max(doc.cats, key=doc.cats.get) in eg.reference.cats
    assert doc.sentiment == 0.0
    assert doc._.stars is None


def test_stars_are_the_expected_value():
    nlp = made("rnn_sentiment", star_examples)
    assert nlp.get_pipe("rnn_sentiment").labels == ("1", "2", "3", "4", "5")
    doc = nlp("A good meal and an awful table")
    expected = sum(float(label) * p for label, p in doc.cats.items())
    assert doc._.stars == pytest.approx(expected)
    assert doc.sentiment == pytest.approx((expected - 3) / 2, abs=1e-6)
    assert nlp("A superb meal").sentiment > 0.8
    assert nlp("An awful meal").sentiment < -0.5


def test_stars_are_in_the_order_of_their_numbers():
    def ten(nlp):
        return [labelled(nlp, f"number {n}", {str(n): 1.0}) for n in (10, 2, 1)]

    pipe = made("rnn_sentiment", ten, steps=1).get_pipe("rnn_sentiment")
    assert pipe.labels == ("1", "2", "10")
    assert pipe.values == {"1": 1.0, "2": 2.0, "10": 10.0}


def test_polarity_has_values_from_minus_one_to_one():
    nlp = made("rnn_sentiment")
    pipe = nlp.get_pipe("rnn_sentiment")
    assert pipe.kind == "exclusive"
    assert pipe.values == {"negative": -1.0, "positive": 1.0}
    doc = nlp("The soup was cold tonight")
    assert doc.sentiment == pytest.approx(doc.cats["positive"] - doc.cats["negative"], abs=1e-6)
    assert doc._.stars is None


def test_named_polarities_are_on_the_scale_already():
    def two(nlp):
        return [labelled(nlp, name, {name: 1.0}) for name in ("neutral", "positive")] * 4

    nlp = made("rnn_sentiment", two)
    assert nlp("neutral").sentiment == pytest.approx(0.0, abs=0.1)
    assert nlp("positive").sentiment == pytest.approx(1.0, abs=0.1)


def test_two_labels_with_one_number_are_refused():
    def twice(nlp):
        return [labelled(nlp, label, {label: 1.0}) for label in ("4", "4.0", "5")]

    with pytest.raises(InputError, match=r"numbers of labels are .*expected such that differ"):
        made("rnn_sentiment", twice)


def test_a_label_without_texts_is_named(caplog):
    def three(nlp):
        return [
            labelled(nlp, eg.reference.text, {**eg.reference.cats, "neutral": 0.0})
            for eg in polarity_examples(nlp)
        ]

    made(examples=three, steps=1)
    assert "no training text has the label neutral" in caplog.text


def test_five_polarities_are_evenly_spaced():
    def five(nlp):
        names = ["very negative", "negative", "neutral", "positive", "very positive"]
        return [labelled(nlp, name, {name: 1.0}) for name in names]

    values = made("rnn_sentiment", five, steps=1).get_pipe("rnn_sentiment").values
    assert sorted(values.values()) == [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_a_label_without_a_number_is_refused_unless_one_is_given():
    def moods(nlp):
        return [labelled(nlp, name, {name: 1.0}) for name in ("glad", "sad")]

    with pytest.raises(InputError, match="rnn_sentiment: label 'glad' has no number"):
        made("rnn_sentiment", moods)
    nlp = made("rnn_sentiment", moods, values={"glad": 1.0, "sad": 0.0})
    assert nlp.get_pipe("rnn_sentiment").labels == ("sad", "glad")
    assert nlp("glad").sentiment > 0


def several(nlp):
    texts = {
        "good food": {"food": 1.0, "service": 0.0},
        "good service": {"food": 0.0, "service": 1.0},
        "good food and service": {"food": 1.0, "service": 1.0},
        "nothing": {"food": 0.0, "service": 0.0},
    }
    return [labelled(nlp, text, given) for text, given in texts.items()] * 3


def test_labels_that_do_not_exclude_each_other():
    nlp = made(examples=several, kind="multilabel", steps=60)
    for eg in several(nlp)[:4]:
        found = nlp(eg.reference.text).cats
        assert {label for label, p in found.items() if p > 0.5} == {
            label for label, given in eg.reference.cats.items() if given
        }


def test_a_label_of_several_that_is_not_annotated_has_no_gradient():
    nlp = made(examples=several, kind="multilabel", steps=1)
    pipe = nlp.get_pipe("rnn_textcat")
    partly = labelled(nlp, "good food", {"food": 1.0})
    _, gradient = pipe.get_loss([partly], numpy.zeros((1, 2), dtype="f"))
    assert gradient[0, 0] == pytest.approx(-0.5)
    assert gradient[0, 1] == 0.0


@pytest.mark.parametrize("kind", ["exclusive", "multilabel"])
def test_the_gradient_of_the_loss_is_right(kind):
    nlp = made(kind=kind, steps=1, class_weights={"positive": 3.0, "negative": 0.5})
    pipe = nlp.get_pipe("rnn_textcat")
    examples = polarity_examples(nlp)[8:12]
    logits = numpy.random.default_rng(0).normal(size=(4, 2))
    _, gradient = pipe.get_loss(examples, logits)
    for place in numpy.ndindex(4, 2):
        moved = [logits.copy(), logits.copy()]
        moved[0][place] += 1e-5
        moved[1][place] -= 1e-5
        up, down = (pipe.get_loss(examples, z)[0] for z in moved)
        assert gradient[place] * 4 == pytest.approx((up - down) / 2e-5, rel=1e-4)


def test_balanced_weights_make_classes_count_alike():
    def skewed(nlp):
        every = polarity_examples(nlp)
        rare = [eg for eg in every if "negative" in eg.reference.cats]
        return [eg for eg in every if eg not in rare[2:]]

    pipe = made(examples=skewed, class_weights="balanced", steps=1).get_pipe("rnn_textcat")
    assert pipe.cfg["weights"] == {"positive": 12 / 20, "negative": 12 / 4}


def test_balanced_weights_count_soft_labels_by_their_parts():
    def doubtful(nlp):
        return [labelled(nlp, "fine", {"positive": 0.75, "negative": 0.25})] * 4

    pipe = made(examples=doubtful, class_weights="balanced", steps=1).get_pipe("rnn_textcat")
    assert pipe.cfg["weights"] == {"positive": 4 / 6, "negative": 4 / 2}


def test_balanced_weights_of_a_stream_are_refused():
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_textcat", config={**TINY, "class_weights": "balanced"})
    nlp.config["training"]["max_epochs"] = -1
    with pytest.raises(InputError, match="a stream shows its first examples"):
        train(nlp, polarity_examples(nlp), 1)


def test_soft_labels_are_learned_from():
    def doubtful(nlp):
        return [labelled(nlp, "fine", {"positive": 0.7, "negative": 0.3})] * 4

    assert made(examples=doubtful)("fine").cats["positive"] == pytest.approx(0.7, abs=0.05)


def test_other_cats_of_a_doc_stay():
    nlp = made(steps=1)
    doc = nlp.make_doc("The soup")
    doc.cats["about soup"] = 1.0
    assert nlp(doc).cats["about soup"] == 1.0


def test_long_texts_are_cut_and_that_is_said_once(caplog):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_textcat", config={"model": {**TINY["model"], "max_tokens": 3}})
    with caplog.at_level(logging.WARNING, logger="seqpipe"):
        train(nlp, polarity_examples(nlp), 1)
        nlp("one two three four")
    said = [record.getMessage() for record in caplog.records if "max_tokens" in record.message]
    assert said == [
        "rnn_textcat: 20 of 20 texts are longer than max_tokens = 3: of those, so many tokens are "
        'read (long_texts = "start"); this is said once'
    ]
    assert nlp("The soup was cold").cats == nlp("The soup was warm").cats
    assert nlp("The soup was").cats == nlp("The soup was warm").cats


def test_one_class_only_is_refused():
    def one(nlp):
        return [labelled(nlp, "good", {"positive": 1.0})]

    def named(nlp):
        return [labelled(nlp, "good", {"positive": 1.0, "negative": 0.0})]

    for examples in (one, named):
        with pytest.raises(InputError, match="one class only, 'positive'; expected at least two"):
            made(examples=examples)
    assert made(examples=one, kind="multilabel", steps=1)("good").cats["positive"] > 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"positive": 1.0, "negative": 1.0}, "expected one label with 1.0"),
        ({"positive": 0.0}, "expected one label with 1.0"),
        ({"odd": 1.0}, "unknown label 'odd', expected one of negative, positive"),
    ],
)
def test_gold_that_does_not_fit_is_named_with_its_text(wrong, message):
    nlp = made(steps=1)
    eg = labelled(nlp, "The soup was odd", wrong)
    with pytest.raises(InputError, match=message) as caught:
        nlp.update([eg])
    assert "The soup was odd" in str(caught.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "sentiment"}, "kind"),
        ({"threshold": 1.0}, "threshold = 1.0"),
        ({"class_weights": "even"}, "class_weights = 'even'"),
        ({"class_weights": {"positive": -1.0}}, "expected 'balanced', a number from 0 on"),
        ({"class_weights": {"positive": 0.0}}, "not all 0"),
        ({"class_weights": "balanced", "kind": "multilabel"}, "expected a number from 0 on"),
    ],
)
def test_settings_out_of_range_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        spacy.blank("xx").add_pipe("rnn_textcat", config=config)


def test_weights_of_unknown_labels_are_refused():
    with pytest.raises(InputError, match="class_weights has 'odd', expected labels of the data"):
        made(class_weights={"odd": 2.0})


def add_vectors(nlp, seed):
    rng = numpy.random.default_rng(seed)
    for word in ("soup", "cold", "warm"):
        nlp.vocab.set_vector(word, rng.normal(size=4).astype("f"))


def lender(tmp_path, *, has_vectors=False, **tok2vec):
    nlp = spacy.blank("xx")
    if has_vectors:
        add_vectors(nlp, 0)
    model = {"tok2vec": {**TINY["model"]["tok2vec"], **tok2vec}, "encoder": {"nO": 8}}
    nlp.add_pipe("rnn_tagger", config={"model": with_tagger_parts(model)})
    words = ["The", "soup", "was", "cold", "again"]
    docs = [
        spacy.tokens.Doc(nlp.vocab, words=words, tags=["DT", "NN", "VBD", "JJ", "RB"])
        for _ in range(2)
    ]
    train(nlp, [Example(doc.copy(), doc) for doc in docs], 3)
    nlp.to_disk(tmp_path / "tagger")
    return nlp


def with_tagger_parts(model):
    return {**model, "tok2vec": {"features": [], "characters": None, **model["tok2vec"]}}


def borrowed(folder, *, config=TINY, vectors_seed=None, **initialize):
    nlp = spacy.blank("xx")
    if vectors_seed is not None:
        add_vectors(nlp, vectors_seed)
    nlp.add_pipe("rnn_textcat", config=config)
    settings = {"start_from": str(folder), **initialize}
    nlp.config["initialize"]["components"]["rnn_textcat"] = settings
    examples = polarity_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp


def test_it_starts_from_the_encoder_of_another_pipeline(tmp_path):
    tagger = lender(tmp_path).get_pipe("rnn_tagger")
    nlp = borrowed(tmp_path / "tagger")
    pipe = nlp.get_pipe("rnn_textcat")
    docs = [nlp.make_doc("The soup was cold again")]
    mine, theirs = (one.model.get_ref("tok2vec").predict(docs)[0] for one in (pipe, tagger))
    numpy.testing.assert_array_equal(mine, theirs)
    assert pipe.model.get_ref("encoder").to_bytes() == tagger.model.get_ref("encoder").to_bytes()
    losses = [pipe.update(polarity_examples(nlp), sgd=nlp.create_optimizer()) for _ in range(8)]
    assert losses[-1]["rnn_textcat"] < losses[0]["rnn_textcat"]
    assert copy_of(nlp)("The soup was cold").cats == nlp("The soup was cold").cats


def test_an_encoder_that_is_built_otherwise_is_refused(tmp_path):
    lender(tmp_path, width=9)
    with pytest.raises(InputError, match="the tok2vec of its component 'rnn_tagger' is built"):
        borrowed(tmp_path / "tagger")


def test_other_features_are_refused_with_the_component(tmp_path):
    lender(tmp_path, features=["shape"])
    with pytest.raises(InputError, match=r"rnn_textcat: start_from: the tok2vec .*'shape'"):
        borrowed(tmp_path / "tagger")


def test_settings_of_its_own_stay(tmp_path):
    lender(tmp_path, unk_rate=0.9)
    pipe = borrowed(tmp_path / "tagger").get_pipe("rnn_textcat")
    assert pipe.model.get_ref("tok2vec").attrs["unk_rate"] == 0.5


def test_a_vocabulary_beside_it_is_refused(tmp_path):
    lender(tmp_path)
    with pytest.raises(InputError, match=r"vocabulary = 'words.json' beside start_from"):
        borrowed(tmp_path / "tagger", vocabulary="words.json")


@pytest.mark.parametrize("other", [False, True])
def test_frozen_vectors_must_be_the_same_ones(tmp_path, other):
    frozen = {"width": 0, "vectors": "frozen"}
    lender(tmp_path, has_vectors=True, **frozen)
    config = {"model": {**TINY["model"], "tok2vec": frozen}}
    if other:
        with pytest.raises(InputError, match="it reads the vectors of another pipeline"):
            borrowed(tmp_path / "tagger", config=config, vectors_seed=1)
    else:
        borrowed(tmp_path / "tagger", config=config, vectors_seed=0)


def test_an_average_starts_from_an_average(tmp_path):
    nlp = made(**AVERAGE)
    nlp.to_disk(tmp_path / "average")
    mine, theirs = (
        one.get_pipe("rnn_textcat").model.get_ref("tok2vec").to_bytes()
        for one in (borrowed(tmp_path / "average", config=AVERAGE), nlp)
    )
    assert mine == theirs


def test_a_pipeline_without_an_encoder_is_refused(tmp_path):
    spacy.blank("xx").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match=r"start_from: none of its components \[\] has a tok2vec"):
        borrowed(tmp_path / "blank")
