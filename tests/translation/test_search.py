"""The search of translations: what is found, within which limits, and that no doc is found another
translation for what stands beside it."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.greedy import greedy
from seqpipe.decoding.sampling import Sampling
from seqpipe.files import InputError
from seqpipe.translation.search import ROOM, SearchOptions, Steps
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.translation.translator_case import SYMBOLS, WIRINGS, excited, reversals, reverser

PAIRS = [("a b c d e f", ["u v w x y z"]), ("a b", ["u v"])]
DOCS = st.lists(st.text(alphabet="abcdefg ☃", max_size=12), min_size=1, max_size=6)
GREEDY = SearchOptions(width=1, normalisation="none")


@lru_cache
def wired(wiring):
    """No test may change it."""
    return excited(pairs=PAIRS, **WIRINGS[wiring])


def pipe_of(nlp):
    return nlp.get_pipe("rnn_translator")


def same(one, other):
    assert one.text == other.text
    assert one.pieces == other.pieces
    assert one.finished == other.finished
    np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-4)
    assert one.score == pytest.approx(other.score, abs=1e-4)
    if one.attention is not None:
        np.testing.assert_allclose(one.attention, other.attention, atol=1e-4)


def without_end(pipe):
    """Take <EOS> out of what is likely."""
    output = pipe.model.get_ref("output_layer")
    output.get_param("b")[Vocabulary.EOS_ID] = -100.0


# Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width = 0: expected a beam of at least 1"),
        ({"width": -2}, "width = -2"),
        ({"n_best": 0}, "n_best = 0: expected 1 to width = 5"),
        ({"n_best": 6}, "n_best = 6: expected 1 to width = 5"),
        ({"normalisation": "words"}, "normalisation = 'words'"),
        ({"alpha": -1.0}, "alpha = -1.0"),
        ({"alpha": float("nan")}, "alpha = nan"),
        ({"coverage": -0.1}, "coverage = -0.1"),
        ({"min_length": -1}, "min_length = -1"),
        ({"no_repeat": -1}, "no_repeat = -1"),
        ({"max_ratio": 0.0}, "max_ratio = 0.0"),
        ({"max_ratio": float("nan")}, "max_ratio = nan"),
        ({"max_ratio": float("inf")}, "max_ratio = inf"),
        ({"max_ratio": 1e30}, r"max_ratio = 1e\+30: expected a number above 0, up to 1,000"),
        ({"max_ratio": "2"}, "max_ratio = '2': expected a number"),
        ({"max_ratio": None}, "max_ratio = None"),
        ({"width": 2.5}, "width = 2.5: expected a beam of at least 1, a whole number"),
        ({"width": True}, "width = True: expected a beam"),
        ({"width": "5"}, "width = '5': expected a beam"),
        ({"width": 10**20}, "width = 1.*: expected a beam.*up to 1,000,000"),
        ({"n_best": 1.5}, "n_best = 1.5: expected 1 to width = 5, a whole number"),
        ({"n_best": True}, "n_best = True"),
        ({"alpha": None}, "alpha = None: expected 0 or more, a number up to 10"),
        ({"alpha": "0.7"}, "alpha = '0.7'"),
        ({"alpha": False}, "alpha = False"),
        ({"alpha": 1e300}, r"alpha = 1e\+300"),
        ({"coverage": None}, "coverage = None"),
        ({"coverage": float("inf")}, "coverage = inf"),
        ({"normalisation": None}, "normalisation = None"),
        ({"min_length": 10**20}, "min_length = 1.*: expected a whole number from 0 to 1,000,000"),
        ({"min_length": 2.0}, "min_length = 2.0"),
        ({"no_repeat": True}, "no_repeat = True"),
        ({"no_repeat": 1.5}, "no_repeat = 1.5"),
    ],
)
def test_options_that_mean_nothing_are_named(options, message):
    with pytest.raises(InputError, match=message):
        SearchOptions(**options)


def test_the_greatest_options_that_are_allowed_can_be_searched_with():
    nlp = excited(pairs=PAIRS)
    options = SearchOptions(width=2, alpha=10, coverage=1_000_000, no_repeat=1_000_000)
    ((found,),) = pipe_of(nlp).search([nlp.make_doc("a")], options)
    assert np.isfinite(found.log_prob)
    limits = SearchOptions(max_ratio=1000, min_length=1_000_000).limits([10**6])
    assert limits.max_length.tolist() == [10**9 + ROOM]


def test_a_translation_may_be_as_long_as_its_source_lets_it():
    options = SearchOptions(max_ratio=1.5)
    assert options.limits([4, 1]).max_length.tolist() == [6 + ROOM, 1 + ROOM]
    assert SearchOptions(min_length=40).max_length(1) == 41


# What is found


def test_the_best_of_the_best_is_right():
    nlp = reverser()
    pairs = reversals(50, seed=7)
    found = pipe_of(nlp).search([nlp.make_doc(source) for source, _ in pairs])
    right = sum(one[0].text in expected for one, (_, expected) in zip(found, pairs, strict=True))
    assert right >= 48


def test_n_best_are_different_and_fall_in_score():
    nlp = reverser()
    (found,) = pipe_of(nlp).search([nlp.make_doc("a b c d")], SearchOptions(width=8, n_best=6))
    assert len({one.pieces for one in found}) == 6
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0].text == "d c b a"


def test_n_best_have_different_texts_though_subwords_make_one_in_several_ways():
    nlp = excited(units="subwords", pairs=[("ab", ["ab"])])
    pipe, options = pipe_of(nlp), SearchOptions(width=100, n_best=100, max_ratio=0.1)
    docs = [nlp.make_doc("ab"), nlp.make_doc("ab ab")]
    for doc, found in zip(docs, pipe.search(docs, options), strict=True):
        source = pipe._source(doc)
        all_of_them = beam_search(
            pipe._steps,
            pipe._begin([source]),
            options.limits([len(source.ids)]),
            width=100,
            n_best=100,
            score=options.score(),
        )[0].hypotheses
        best = {}
        for one in (pipe._translation(source, hypothesis) for hypothesis in all_of_them):
            best.setdefault(one.text, one)
        assert len(best) < len(all_of_them)
        assert [one.text for one in found] == list(best)
        for one, other in zip(found, best.values(), strict=True):
            same(one, other)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_width_1_without_normalisation_is_greedy_search(wiring):
    nlp = wired(wiring)
    pipe = pipe_of(nlp)
    docs = [nlp.make_doc(text) for text in ("a b c", "f", "d d d d d e")]
    steps, sources = Steps(pipe.model), [pipe._source(doc) for doc in docs]
    limits = GREEDY.limits([len(source.ids) for source in sources])
    expected = greedy(steps, steps.begin([source.ids for source in sources]), limits)
    for (one,), other in zip(pipe.search(docs, GREEDY), expected, strict=True):
        words = pipe.units.target.vocabulary.words(other.ids)
        assert list(one.pieces) == words
        np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)


@pytest.mark.parametrize("wiring", WIRINGS)
@given(texts=DOCS, width=st.integers(1, 4), no_repeat=st.integers(0, 2))
@settings(max_examples=15)
def test_a_doc_is_translated_alike_in_any_batch(wiring, texts, width, no_repeat):
    nlp = wired(wiring)
    pipe = pipe_of(nlp)
    coverage = 0.1 if pipe.has_attention else 0.0
    options = SearchOptions(width=width, n_best=width, no_repeat=no_repeat, coverage=coverage)
    docs = [nlp.make_doc(text) for text in texts]
    for doc, together in zip(docs, pipe.search(docs, options), strict=True):
        (alone,) = pipe.search([doc], options)
        assert len(alone) == len(together)
        for one, other in zip(alone, together, strict=True):
            same(one, other)


def test_pipe_gives_what_a_call_gives():
    nlp = reverser()
    texts = [source for source, _ in reversals(30, seed=3)]
    for text, doc in zip(texts, nlp.pipe(texts, batch_size=7), strict=True):
        alone = nlp(text)
        assert doc._.translation == alone._.translation
        np.testing.assert_allclose(doc._.attention, alone._.attention, atol=1e-5)


def test_the_search_itself_changes_no_doc():
    nlp = reverser()
    doc = nlp.make_doc("a b c")
    pipe_of(nlp).search([doc])
    assert doc._.translation is None


# Limits


def test_min_length_forbids_the_end_before():
    nlp = reverser()
    (found,) = pipe_of(nlp).search([nlp.make_doc("a b")], SearchOptions(min_length=5))
    assert len(found[0].pieces) >= 6


def test_no_repeat_lets_no_n_gram_stand_twice():
    nlp = reverser()
    doc = nlp.make_doc("a b a b")
    assert nlp("a b a b")._.translation == "b a b a"
    for size in (1, 2, 3):
        (found,) = pipe_of(nlp).search([doc], SearchOptions(no_repeat=size, min_length=4))
        words = found[0].pieces[:-1]
        grams = [words[i : i + size] for i in range(len(words) - size + 1)]
        assert len(grams) == len(set(grams)) > 0


def test_what_does_not_end_is_cut_off_and_says_so():
    nlp = excited(pairs=PAIRS)
    pipe = pipe_of(nlp)
    without_end(pipe)
    (found,) = pipe.search([nlp.make_doc("a b c")], SearchOptions(max_ratio=1.0, width=2))
    assert not found[0].finished
    assert len(found[0].pieces) == 4 + ROOM
    assert "<EOS>" not in found[0].pieces
    assert found[0].text == " ".join(found[0].pieces)
    assert nlp("a b c")._.translations[0]["finished"] is False


@pytest.mark.parametrize("wiring", WIRINGS)
def test_padding_and_begin_are_never_written(wiring):
    nlp = wired(wiring)
    docs = [nlp.make_doc(text) for text in ("a", "b c d", "f e d c b a")]
    options = SearchOptions(width=8, n_best=8)
    for found in pipe_of(nlp).search(docs, options):
        assert not {"<PAD>", "<BOS>"} & {piece for one in found for piece in one.pieces}


# Nothing to translate


def test_an_empty_source_has_an_empty_translation():
    nlp = reverser()
    pipe = pipe_of(nlp)
    for text in ("", " ", "\n \t"):
        doc = nlp.make_doc(text)
        ((found,),) = pipe.search([doc], SearchOptions(n_best=3))
        assert (found.text, found.pieces, found.log_prob, found.finished) == ("", (), 0.0, True)
        assert pipe.trace(doc) == ([found], [])
        assert pipe.sample([doc], sampling=Sampling()) == [found]
    assert pipe.search([]) == []


# Trace and sampling


@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_trace_is_of_the_search_that_search_makes(wiring):
    nlp = wired(wiring)
    pipe, doc = pipe_of(nlp), nlp.make_doc("a b c")
    options = SearchOptions(width=3, n_best=2)
    found, steps = pipe.trace(doc, options)
    for one, other in zip(found, pipe.search([doc], options)[0], strict=True):
        same(one, other)
    best = found[0].pieces
    written = {pipe.target_pieces[node.token] for step in steps for node in step}
    assert set(best) <= written
    assert len(steps) >= len(best)


def test_a_seed_draws_the_same_again():
    nlp = wired("general")
    docs = [nlp.make_doc(text) for text in ("a b c", "", "f", "d e")]
    drawn = [pipe_of(nlp).sample(docs, sampling=Sampling(), seed=seed) for seed in (1, 1, 2)]
    for one, other in zip(drawn[0], drawn[1], strict=True):
        same(one, other)
    assert [one.text for one in drawn[0]] != [one.text for one in drawn[2]]
    for one in drawn[0]:
        assert one.score == pytest.approx(one.log_prob)


def test_a_sample_depends_on_the_seed_and_the_place_of_its_doc_alone():
    nlp = wired("input")
    pipe = pipe_of(nlp)
    docs = [nlp.make_doc(text) for text in ("a b c", "f e d c", "d")]
    others = [nlp.make_doc("b"), docs[1], nlp.make_doc("a b c d e f")]
    one, other = (pipe.sample(some, sampling=Sampling(), seed=3)[1] for some in (docs, others))
    same(one, other)


def test_many_samples_of_one_source_differ():
    """Also those that are computed in different batches."""
    nlp = wired("none")
    docs = [nlp.make_doc("a b c d")] * 1200
    drawn = pipe_of(nlp).sample(docs, sampling=Sampling(), seed=0)
    long = [one.pieces for one in drawn if len(one.pieces) > 10]
    assert len(long) > 100
    assert len(set(long)) > 0.9 * len(long)


def test_at_a_low_temperature_samples_are_greedy():
    nlp = wired("context")
    docs = [nlp.make_doc(text) for text in ("a b c", "f e d c", "d")]
    drawn = pipe_of(nlp).sample(docs, sampling=Sampling(temperature=1e-6), seed=0)
    for one, (best,) in zip(drawn, pipe_of(nlp).search(docs, GREEDY), strict=True):
        assert one.pieces == best.pieces


def test_pieces_of_targets_are_named_by_id():
    pipe = pipe_of(reverser())
    assert pipe.target_pieces[:4] == ["<PAD>", "<UNK>", "<BOS>", "<EOS>"]
    assert set(pipe.target_pieces[4:]) == set(SYMBOLS)
