"""rnn_ner: the shared checks, confidences and n-best by enumeration, calibration, options."""

from __future__ import annotations

from itertools import pairwise, product
from math import exp, log
from pathlib import Path

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed

from seqpipe.files import InputError
from seqpipe.tagging.schemes import spans_of
from seqpipe.testing import LabelledComponentChecks, SharedTok2VecChecks
from seqpipe.testing.case import ComponentCase, copy_of, gradients, train, trained_on, trained_once

MODEL = {
    "tok2vec": {
        "width": 8,
        "feature_width": 4,
        "features": ["shape", "suffix2"],
        "characters": {"nO": 4, "width": 4},
    },
    "encoder": {"nO": 8},
}
PEOPLE = [["Mina", "Okafor"], ["Ada"], ["Jonas", "van", "Dyk"], ["Tove"]]
PLACES = [["Oslo"], ["New", "Haven"], ["Lima"], ["Port", "of", "Spain"]]


def make_examples(nlp):
    """Sixteen sentences like "Mina Okafor went to New Haven today ."."""
    examples = []
    for person in PEOPLE:
        for place in PLACES:
            words = [*person, "went", "to", *place, "today", "."]
            start = len(person) + 2
            spans = [(0, len(person), "PER"), (start, start + len(place), "LOC")]
            examples.append(example(nlp, words, spans))
    return examples


def example(nlp, words, spans):
    reference = Doc(nlp.vocab, words=words)
    reference.set_ents([Span(reference, start, end, label) for start, end, label in spans])
    return Example(Doc(nlp.vocab, words=words), reference)


def annotations(doc):
    return [[ent.start, ent.end, ent.label_, ent._.confidence] for ent in doc.ents]


CASE = ComponentCase(
    factory="rnn_ner",
    lang="xx",
    make_examples=make_examples,
    annotations=annotations,
    unseen=lambda nlp: example(nlp, ["Mina", "saw", "Titanic"], [(2, 3, "FILM")]),
    score="ents_f",
    reach=0.95,
    golden=Path(__file__).parents[1] / "golden",
    config={"model": MODEL},
)


class TestNER(LabelledComponentChecks, SharedTok2VecChecks):
    case = CASE


def pipeline(**config):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_ner", config={"model": MODEL, **config})
    return nlp


@pytest.fixture
def nlp():
    return copy_of(trained_once(CASE))


@pytest.fixture
def ner(nlp):
    return nlp.get_pipe("rnn_ner")


@pytest.fixture
def text():
    return "Mina Okafor went to New Haven today ."


def uncertain(scheme):
    """A pipeline that is not trained and whose tags all have some probability."""
    nlp = pipeline(scheme=scheme)
    examples = make_examples(nlp)
    fix_random_seed(1)
    nlp.initialize(lambda: examples)
    ner = nlp.get_pipe("rnn_ner")
    for name in ("output_layer", "head"):
        node = ner.model.get_ref(name)
        for param in node.param_names:
            shape = node.get_param(param).shape
            node.set_param(param, numpy.random.normal(size=shape).astype("f"))
    return nlp


def probabilities_by_enumeration(ner, doc):
    """P of every legal tag sequence of a doc under the model and its temperature."""
    P = ner.potentials([doc])
    tags = range(len(ner.tag_names()))
    scores = {}
    for path in product(tags, repeat=len(doc)):
        score = P.start[path[0]] + P.end[path[-1]]
        score += sum(P.emissions[P.packing.inverse[t], tag] for t, tag in enumerate(path))
        score += sum(P.transitions[a, b] for a, b in pairwise(path))
        if score > -numpy.inf:
            scores[path] = exp(score / ner.temperature)
    total = sum(scores.values())
    return {path: score / total for path, score in scores.items()}


# Confidence


@pytest.mark.parametrize("scheme", ["BILUO", "BIO", "IOBES"])
@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_confidence_is_the_sum_over_all_tag_sequences_with_the_entity(scheme, temperature):
    nlp = uncertain(scheme)
    ner = nlp.get_pipe("rnn_ner")
    ner.cfg["temperature"] = temperature
    doc = Doc(nlp.vocab, words=["Mina", "saw", "New", "Haven"])
    expected = {}
    for path, probability in probabilities_by_enumeration(ner, doc).items():
        for span in spans_of([ner.tag_names()[tag] for tag in path], scheme):
            expected[span] = expected.get(span, 0.0) + probability
    (analyses,) = ner.nbest([doc], n=200)
    found = {tuple(entity[:3]): entity.confidence for a in analyses for entity in a.entities}
    assert len(found) == 2 * 10  # every span of four tokens with either label
    assert found == pytest.approx({span: expected[span] for span in found}, abs=1e-9)


def test_an_entity_of_a_doc_has_its_confidence(nlp, ner, text):
    doc = nlp(text)
    (entities,) = ner.predict([nlp.make_doc(text)])
    assert [ent._.confidence for ent in doc.ents] == [entity.confidence for entity in entities]
    assert all(0.0 < ent._.confidence <= 1.0 for ent in doc.ents)
    assert doc[0:1]._.confidence is None
    assert Span(doc, 0, 2, label="LOC")._.confidence is None


def test_a_later_ruler_with_another_label_does_not_inherit_the_confidence(nlp, text):
    ruler = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True})
    ruler.add_patterns([{"label": "CITY", "pattern": "New Haven"}])
    doc = nlp(text)
    assert [(ent.text, ent.label_) for ent in doc.ents][1] == ("New Haven", "CITY")
    assert doc.ents[0]._.confidence is not None
    assert doc.ents[1]._.confidence is None


def test_entities_set_by_others_at_other_offsets_have_no_confidence(nlp, text):
    doc = nlp(text)
    doc.ents = [Span(doc, 0, 1, label="PER"), Span(doc, 3, 6, label="LOC")]
    assert [ent._.confidence for ent in doc.ents] == [None, None]


def test_an_entity_of_a_ruler_before_it_stays_and_has_no_confidence(nlp, text):
    ruler = nlp.add_pipe("entity_ruler", before="rnn_ner")
    ruler.add_patterns([{"label": "PLANET", "pattern": "to New"}])
    doc = nlp(text)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("Mina Okafor", "PER"),
        ("to New", "PLANET"),
    ]
    assert doc.ents[0]._.confidence is not None
    assert doc.ents[1]._.confidence is None


def test_an_entity_of_a_ruler_stays_without_confidence_where_the_model_finds_it_too(nlp, text):
    ruler = nlp.add_pipe("entity_ruler", before="rnn_ner")
    ruler.add_patterns([{"label": "PER", "pattern": "Mina Okafor"}])
    person, place = nlp(text).ents
    assert (person.text, person.label_) == ("Mina Okafor", "PER")
    assert person._.confidence is None
    assert place._.confidence is not None


def test_an_entity_below_the_threshold_leaves_no_confidence_to_a_later_ruler(nlp, ner, text):
    ner.threshold = 1.0
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PER", "pattern": "Mina Okafor"}])
    (person,) = nlp(text).ents
    assert person._.confidence is None


def recogniser_of(label):
    """A pipeline that knows entities of one label only."""
    nlp = pipeline()
    examples = make_examples(nlp)
    for eg in examples:
        eg.reference.ents = [ent for ent in eg.reference.ents if ent.label_ == label]
    train(nlp, examples)
    return nlp


def test_two_recognisers_keep_each_others_confidences(text):
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_ner", source=recogniser_of("PER"), name="people")
    nlp.add_pipe("rnn_ner", source=recogniser_of("LOC"), name="places")
    doc = nlp(text)
    assert [ent.label_ for ent in doc.ents] == ["PER", "LOC"]
    assert None not in [ent._.confidence for ent in doc.ents]


@pytest.mark.parametrize("scheme", ["BILUO", "BIO", "IOBES"])
def test_no_entity_begins_or_ends_on_white_space(scheme):
    nlp = trained_on(CASE, pipeline(scheme=scheme))
    text = "\n\nMina  Okafor \n went  to \n New Haven \n\n today ."
    doc = nlp(text)
    assert [ent.text for ent in nlp(text.replace("\n", "").replace("  ", " ")).ents]
    readings = nlp.get_pipe("rnn_ner").nbest([nlp.make_doc(text)], 50)[0]
    spans = [doc[e.start : e.end] for reading in readings for e in reading.entities]
    for span in [*doc.ents, *spans]:
        assert not span[0].is_space
        assert not span[-1].is_space
    assert nlp("  \n ").ents == ()


def test_a_confidence_never_passes_one(nlp):
    train(nlp, make_examples(nlp), 200)
    docs = nlp.pipe([eg.reference.text for eg in make_examples(nlp)] * 4)
    assert max(ent._.confidence for doc in docs for ent in doc.ents) <= 1.0


def test_user_data_of_any_key_do_not_disturb(nlp, text):
    doc = nlp.make_doc(text)
    doc.user_data[1] = "mine"
    assert len(nlp(doc).ents) == 2
    assert doc.user_data[1] == "mine"


def test_a_second_run_over_a_doc_changes_nothing(nlp, text):
    doc = nlp(text)
    before = annotations(doc)
    assert annotations(nlp(doc)) == before


def test_confidences_survive_retokenisation(nlp, text):
    doc = nlp(text)
    before = [(ent.text, ent.label_, ent._.confidence) for ent in doc.ents]
    with doc.retokenize() as retokenizer:
        for ent in doc.ents:
            retokenizer.merge(ent)
    assert len(doc) == 6
    assert [(ent.text, ent.label_, ent._.confidence) for ent in doc.ents] == before
    assert None not in [confidence for _, _, confidence in before]


def test_a_threshold_leaves_less_probable_entities_out(nlp, ner, text):
    person, place = nlp(text).ents
    low, high = sorted([person, place], key=lambda ent: ent._.confidence)
    ner.threshold = (low._.confidence + high._.confidence) / 2
    assert [(ent.text, ent.label_) for ent in nlp(text).ents] == [(high.text, high.label_)]
    ner.threshold = 0.0
    assert len(nlp(text).ents) == 2


# N-best


def test_the_first_reading_is_the_prediction(nlp, ner):
    docs = [nlp.make_doc(eg.text) for eg in make_examples(nlp)]
    assert [analyses[0].entities for analyses in ner.nbest(docs, n=3)] == ner.predict(docs)


@pytest.mark.parametrize("scheme", ["BILUO", "BIO"])
def test_readings_are_those_of_enumeration_the_most_probable_first(scheme):
    nlp = uncertain(scheme)
    ner = nlp.get_pipe("rnn_ner")
    ner.cfg["temperature"] = 0.6
    doc = Doc(nlp.vocab, words=["New", "Mina", "Oslo"])
    expected = sorted(probabilities_by_enumeration(ner, doc).values(), reverse=True)
    (analyses,) = ner.nbest([doc], n=7)
    assert [a.probability for a in analyses] == pytest.approx(expected[:7])


def test_the_probabilities_of_all_readings_of_two_tokens_sum_to_one():
    nlp = uncertain("BILUO")
    ner = nlp.get_pipe("rnn_ner")
    doc = Doc(nlp.vocab, words=["Mina", "slept"])
    (analyses,) = ner.nbest([doc], n=100)
    readings = {tuple(tuple(entity[:3]) for entity in a.entities) for a in analyses}
    assert len(analyses) == len(readings) == 11  # two tokens of O, PER or LOC, or one entity of two
    assert sum(a.probability for a in analyses) == pytest.approx(1.0)


def test_an_empty_doc_has_one_reading(nlp, ner):
    empty, other = ner.nbest([nlp.make_doc(""), nlp.make_doc("Mina slept")], n=3)
    assert [(a.entities, a.probability) for a in empty] == [([], 1.0)]
    assert len(other) == 3
    assert ner.nbest([]) == []


# Calibration


def cross_entropy(nlp, examples):
    """Mean over the predicted entities of -log P(what the entity is: right or wrong), in nats."""
    losses = []
    for eg in examples:
        gold = {(ent.start, ent.end, ent.label_) for ent in eg.reference.ents}
        for *span, confidence in annotations(nlp(eg.reference.text)):
            p = confidence if tuple(span) in gold else 1 - confidence
            losses.append(-log(max(p, 1e-12)))
    return sum(losses) / len(losses)


@pytest.fixture
def unsure():
    """Pipeline and data on which it is often wrong: every other reference has a wrong label."""
    nlp = trained_on(CASE, pipeline())
    examples = make_examples(nlp)
    for eg in examples[::2]:
        ents = [Span(eg.reference, ent.start, ent.end, "PER") for ent in eg.reference.ents]
        eg.reference.set_ents(ents)
    return nlp, examples


def test_calibration_lowers_the_cross_entropy(unsure):
    nlp, examples = unsure
    before = cross_entropy(nlp, examples)
    temperature = nlp.get_pipe("rnn_ner").calibrate(examples)
    assert temperature > 1.0
    assert cross_entropy(nlp, examples) < before


def test_the_temperature_is_saved(unsure, tmp_path):
    nlp, examples = unsure
    temperature = nlp.get_pipe("rnn_ner").calibrate(examples)
    nlp.to_disk(tmp_path)
    for loaded in (spacy.load(tmp_path), copy_of(nlp)):
        assert loaded.get_pipe("rnn_ner").temperature == temperature
        assert cross_entropy(loaded, examples) == pytest.approx(cross_entropy(nlp, examples))


def test_calibration_counts_a_label_that_training_never_saw_as_a_miss(nlp, ner):
    assert ner.calibrate([*make_examples(nlp), CASE.unseen(nlp)]) > 0.0


def test_calibration_without_a_prediction_keeps_the_temperature_at_one(nlp, ner):
    assert ner.calibrate([Example(nlp.make_doc("it"), nlp.make_doc("it"))]) == 1.0


# Missing annotation


def test_calibration_leaves_out_what_was_not_annotated(nlp, ner):
    known, hidden = make_examples(nlp)[0], make_examples(nlp)[0]
    hidden.reference.set_ents([], default="missing")
    assert ner.calibrate([hidden]) == 1.0
    assert ner.calibrate([known, hidden]) == ner.calibrate([known])


def test_tokens_marked_missing_take_any_label_that_hides_there(nlp, ner):
    words = ["Mina", "Okafor", "saw", "Lima", "today"]
    tags = ["B-PER", "L-PER", "O", "-", "-"]
    eg = Example.from_dict(Doc(nlp.vocab, words=words), {"entities": tags})
    whole = example(nlp, words, [(0, 2, "PER"), (3, 4, "LOC")])
    as_missing = ner.update([eg])["rnn_ner"]
    assert 0.0 <= as_missing < ner.update([whole])["rnn_ner"]
    gold = ner.gold_tags([eg])
    assert [ner.tag_names()[tag] for tag in gold[:3]] == ["B-PER", "L-PER", "O"]
    assert gold[3] == gold[4] < 0


def test_an_example_without_annotation_changes_nothing(nlp, ner):
    examples = make_examples(nlp)[:4]
    bare = [
        Example(eg.predicted.copy(), Doc(nlp.vocab, words=[t.text for t in eg.predicted]))
        for eg in examples
    ]
    ner.update(examples)
    alone = gradients(ner)[: len(ner.model.get_ref("head").param_names)]
    other = copy_of(nlp).get_pipe("rnn_ner")
    other.update([*examples, *bare])
    together = gradients(other)[: len(alone)]
    for one, other_one in zip(alone, together, strict=True):
        numpy.testing.assert_allclose(other_one, one, atol=1e-5)


# Faults


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scheme": "BOI"}, r"rnn_ner: .*'BOI'.*expected one of"),
        ({"scheme": "IOB1"}, r"rnn_ner: .*IOB1.*expected one of"),
        ({"threshold": 1.5}, r"rnn_ner: threshold = 1.5: expected a probability"),
        ({"threshold": -0.1}, r"rnn_ner: threshold = -0.1: expected a probability"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(config, message):
    with pytest.raises(InputError, match=message):
        pipeline(**config)


def test_training_data_without_an_entity_are_refused():
    nlp = pipeline()
    bare = example(nlp, ["Nothing", "here"], [])
    with pytest.raises(InputError, match="rnn_ner: the training data show no entity"):
        nlp.initialize(lambda: [bare])


def test_an_unknown_label_in_training_is_named(nlp, ner):
    with pytest.raises(ValueError, match=r"'FILM'.*expected one of \['LOC', 'PER'\]"):
        ner.update([CASE.unseen(nlp)])


def test_static_vectors_without_vectors_are_refused():
    nlp = pipeline(**changed(static_vectors=4))
    with pytest.raises(InputError, match="static_vectors = 4: the pipeline has no vectors"):
        nlp.initialize(lambda: make_examples(nlp))


def test_a_negative_norm_is_refused():
    with pytest.raises(InputError, match="max_gradient_norm = -1"):
        pipeline(max_gradient_norm=-1.0)


def test_an_unknown_feature_is_refused():
    model = {**MODEL, "tok2vec": {**MODEL["tok2vec"], "features": ["colour"]}}
    with pytest.raises(InputError, match="unknown feature 'colour', expected one of"):
        pipeline(model=model)


# Options


def changed(**tok2vec):
    return {"model": {**MODEL, "tok2vec": {**MODEL["tok2vec"], **tok2vec}}}


def with_encoder(**encoder):
    return {"model": {**MODEL, "encoder": {**MODEL["encoder"], **encoder}}}


OPTIONS = {
    "softmax": {"model": {**MODEL, "head": {"@layers": "seqpipe.TokenSoftmax.v1"}}},
    "character-lstm": changed(
        characters={"@layers": "seqpipe.CharacterLSTM.v1", "nO": 4, "width": 4}
    ),
    "no-characters": changed(characters=None),
    "no-features": changed(features=[]),
    "words-only": changed(features=[], characters=None),
    "vectors": changed(static_vectors=6),
    "vectors-without-types": changed(static_vectors=6, features=[], characters=None),
    "two-levels": with_encoder(depth=2, dropout=0.2),
    "one-direction": with_encoder(bi=False),
    "bio": {"model": MODEL, "scheme": "BIO"},
    "iobes": {"model": MODEL, "scheme": "IOBES"},
    "no-clipping": {"model": MODEL, "max_gradient_norm": 0.0},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_learns_and_round_trips(option, tmp_path):
    nlp = spacy.blank("xx")
    for eg in make_examples(nlp):
        for token in eg.reference:
            vector = numpy.random.default_rng(len(token.text)).normal(size=5).astype("f")
            nlp.vocab.set_vector(token.text, vector)
    nlp.add_pipe("rnn_ner", config=OPTIONS[option])
    examples = make_examples(nlp)
    losses = train(nlp, examples, steps=40)
    assert losses[-1] < losses[0]
    assert nlp.evaluate(examples)["ents_f"] > 0.9
    nlp.to_disk(tmp_path)
    texts = ["", *(eg.reference.text for eg in examples)]
    expected = [annotations(doc) for doc in nlp.pipe(texts)]
    assert [annotations(doc) for doc in spacy.load(tmp_path).pipe(texts)] == expected
