"""Evaluation as the docs come: the scores of spaCy's, to the bit, without all docs at once."""

import random
import threading
import weakref

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import create_evaluation_callback
from spacy.util import fix_random_seed

from seqpipe.training.evaluate import Evaluation, create_evaluation

TINY = {
    "model": {
        "@architectures": "seqpipe.RNNTagger.v1",
        "encoder": {"@layers": "seqpipe.LSTM.v1", "nO": 8},
        "tok2vec": {
            "@architectures": "seqpipe.WordFeatures.v1",
            "width": 8,
            "features": [],
            "characters": None,
            "vocabulary": {"@misc": "seqpipe.Vocabulary.v1"},
        },
    }
}
WORDS = ["Ann", "met", "Bob", "in", "Oslo", "and", "sang", "to", "Carol", "there", "again"]


def gold(nlp, i):
    """An example that only its number decides."""
    drawn = random.Random(i)
    words = drawn.choices(WORDS, k=drawn.randint(1, 9))
    # Some are left out, so that no component can be right everywhere.
    people = ("Ann", "Bob", "Carol")
    entities = ["B-PER" if word in people and drawn.random() < 0.9 else "O" for word in words]
    names = ["NOUN" if word.istitle() else "X" for word in words]
    reference = Doc(nlp.vocab, words=words, tags=names, pos=names, ents=entities)
    reference.cats = {"short": float(len(words) < 5), "long": float(len(words) >= 5)}
    return Example(nlp.make_doc(reference.text), reference)


def corpus(nlp, count=500):
    for i in range(count):
        yield gold(nlp, i)


def trained(*factories, batch_size=40):
    """A pipeline that has learned a little."""
    fix_random_seed(0)
    nlp = spacy.blank("xx")
    nlp.batch_size = batch_size
    for factory in factories:
        nlp.add_pipe(factory, config=TINY if factory.startswith("rnn_") else {})
    examples = list(corpus(nlp, 40))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(16):
        nlp.update(examples, sgd=optimizer)
    return nlp


def without_speed(scores):
    """The scores in their order, as text that shows every bit."""
    return [(key, repr(value)) for key, value in scores.items() if key != "speed"]


@pytest.fixture(scope="module")
def ours():
    return trained("rnn_ner", "rnn_tagger")


@pytest.mark.parametrize(
    ("factories", "is_bounded"),
    [
        (["rnn_ner", "rnn_tagger"], True),
        (["tok2vec", "tagger", "ner", "textcat", "senter"], True),
        (["tagger", "morphologizer"], False),
    ],
    ids=["ours", "spacy", "spacy, a scorer that reads twice"],
)
def test_scores_are_those_of_spacy(factories, is_bounded):
    nlp = trained(*factories)
    theirs = nlp.evaluate(list(corpus(nlp)))
    evaluation = Evaluation(nlp)
    for _ in range(2):
        found = evaluation.evaluate(lambda: corpus(nlp))
        assert without_speed(found) == without_speed(theirs)
        assert list(found)[-1] == "speed"
        if "ents_f" in found:
            assert 0.1 < found["ents_f"] < 1
        assert evaluation.is_bounded == is_bounded


def test_scores_are_weighted_as_spacy_weights_them(ours):
    weights = {"ents_f": 0.6, "tag_acc": 0.4, "ents_p": None, "cats_score": 0.5}
    score, scores = create_evaluation(ours, corpus, dict(weights))()
    expected, theirs = create_evaluation_callback(ours, corpus, dict(weights))()
    assert repr(score) == repr(expected)
    assert without_speed(scores) == without_speed(theirs)
    assert 0 < score < 1


def test_examples_are_left_as_they_are(ours):
    examples = list(corpus(ours, 20))
    Evaluation(ours).evaluate(lambda: examples)
    assert not any(eg.predicted.ents for eg in examples)


class Marker:
    """Stands in a doc to tell whether the doc is alive."""


def test_docs_are_let_go_when_all_scorers_have_seen_them():
    alive, most = weakref.WeakSet(), []

    @Language.component("mark")
    def mark(doc):
        doc.user_data["marker"] = marker = Marker()
        alive.add(marker)
        most.append(len(alive))
        return doc

    nlp = trained("rnn_ner", "rnn_tagger")
    nlp.add_pipe("mark", first=True)
    evaluation = Evaluation(nlp)
    evaluation.evaluate(lambda: corpus(nlp, 1500))
    assert evaluation.is_bounded
    assert len(most) == 1500
    assert max(most) < 400


def scored_by(score):
    """A pipeline with one component, which is scored so."""

    class Pipe:
        def __call__(self, doc):
            return doc

        def score(self, examples, **settings):
            return score(examples)

    Language.factory("scored", func=lambda nlp, name: Pipe())
    nlp = spacy.blank("xx")
    nlp.add_pipe("scored")
    return nlp


def first_words(examples):
    return "".join(eg.predicted[0].text for eg in examples)


def tolerant(examples):
    """Reads twice, and takes a refusal for an end."""
    count = sum(1 for _ in examples)
    try:
        again = sum(1 for _ in examples)
    except TypeError:
        again = 0
    return {"count": count, "again": again}


SCORERS = {
    "once": (lambda egs: {"words": first_words(egs)}, True),
    "as a list": (lambda egs: {"words": first_words(list(egs))}, True),
    "the first only": (lambda egs: {"words": next(iter(egs)).predicted.text}, True),
    "not at all": (lambda egs: {"words": 1}, True),
    "nothing": (lambda egs: {}, True),
    "twice": (lambda egs: {"words": first_words(egs) + first_words(egs)}, False),
    "twice, tolerant": (tolerant, False),
    "in pairs": (lambda egs: {"same": [a is b for a, b in zip(egs, egs, strict=True)]}, False),
    "the number": (lambda egs: {"count": len(egs)}, False),
    "by its place": (lambda egs: {"last": egs[-1].predicted.text}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", SCORERS)
def test_a_scorer_may_do_with_the_examples_what_it_likes(name):
    score, is_bounded = SCORERS[name]
    nlp = scored_by(score)
    evaluation = Evaluation(nlp)
    found = evaluation.evaluate(lambda: corpus(nlp, 300))
    assert without_speed(found) == without_speed(nlp.evaluate(list(corpus(nlp, 300))))
    assert evaluation.is_bounded == is_bounded


def test_without_an_example_the_scores_are_those_of_spacy():
    nlp = scored_by(lambda egs: {"words": 1} if egs else {"words": 0})
    assert Evaluation(nlp).evaluate(lambda: [])["words"] == 0


def test_a_scorer_that_fails_says_so_itself():
    nlp = scored_by(lambda egs: {"words": [eg.nothing for eg in egs]})
    with pytest.raises(AttributeError, match="nothing"):
        Evaluation(nlp).evaluate(lambda: corpus(nlp, 5))


def test_a_fault_of_the_corpus_comes_through_and_no_thread_is_left(ours):
    def broken():
        yield from corpus(ours, 200)
        raise ValueError("dev.conll, line 9")

    before = threading.active_count()
    with pytest.raises(ValueError, match=r"dev\.conll, line 9"):
        Evaluation(ours).evaluate(broken)
    assert threading.active_count() == before


def test_docs_that_an_error_handler_dropped_are_scored_as_spacy_scores_them():
    def refuse_short(doc):
        if len(doc) < 3:
            raise ValueError("too short")
        return doc

    nlp = scored_by(lambda egs: {"words": first_words(egs)})
    Language.component("refuse_short", func=refuse_short)
    nlp.add_pipe("refuse_short", first=True)
    nlp.set_error_handler(lambda name, pipe, docs, error: None)
    found = Evaluation(nlp).evaluate(lambda: corpus(nlp, 300))
    assert without_speed(found) == without_speed(nlp.evaluate(list(corpus(nlp, 300))))


def test_evaluating_again_draws_what_spacy_would_have_drawn():
    nlp = scored_by(SCORERS["twice"][0])

    def drawn():
        for i in range(200):
            yield gold(nlp, random.randrange(100 + i))

    random.seed(3)
    found = Evaluation(nlp).evaluate(drawn)
    state = random.getstate()
    random.seed(3)
    assert without_speed(found) == without_speed(nlp.evaluate(list(drawn())))
    assert random.getstate() == state
