"""Forced scoring: what a search says of what it found, and exhaustive search where the target's
vocabulary is tiny."""

from itertools import product

import numpy as np
import pytest

from seqpipe.files import InputError
from seqpipe.translation.forced import AT_ONCE, forced
from seqpipe.translation.search import SearchOptions, Steps
from seqpipe.translation.units import Pieces
from seqpipe.vocabulary.vocabulary import Vocabulary
from tests.translation.translator_case import UNITS, WIRINGS, excited, reverser

PAIRS = [("a cat sat", ["un chat, là"]), ("the cats", ["les chats"]), ("so", ["si (oui)"])]
TEXTS = ["a cat sat", "so", "the the cats sat so", "cat"]
SCORES = [
    {"normalisation": "none"},
    {"normalisation": "length", "alpha": 0.7},
    {"normalisation": "length", "alpha": 1.0},
    {"normalisation": "gnmt", "alpha": 0.6},
]


def pipe_of(nlp):
    return nlp.get_pipe("rnn_translator")


def as_pieces(ids):
    """Ids as a target."""
    return Pieces([], np.array(ids), np.zeros(0), [])


def forced_by(pipe, docs, targets, options):
    """What `forced` says of ids."""
    sources = [pipe._source(doc) for doc in docs]
    return forced(Steps(pipe.model), sources, [as_pieces(ids) for ids in targets], options.score())


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_search_says_of_what_it_found_what_forced_scoring_says(units, wiring):
    pipe = pipe_of(nlp := excited(units=units, pairs=PAIRS, **WIRINGS[wiring]))
    coverage = 0.2 if pipe.has_attention else 0.0
    options = SearchOptions(width=4, n_best=3, coverage=coverage, max_ratio=0.5)
    docs = [nlp.make_doc(text) for text in TEXTS]
    pairs = [
        (doc, one)
        for doc, found in zip(docs, pipe.search(docs, options), strict=True)
        for one in found
    ]
    vocabulary = pipe.units.target.vocabulary
    ids = [vocabulary.ids(one.pieces).tolist() for _, one in pairs]
    again = forced_by(pipe, [doc for doc, _ in pairs], ids, options)
    for (_, one), (log_probs, score, attention) in zip(pairs, again, strict=True):
        np.testing.assert_allclose(one.log_probs, log_probs, atol=1e-4)
        assert one.score == pytest.approx(score, abs=1e-4)
        if pipe.has_attention:
            np.testing.assert_allclose(one.attention, attention, atol=1e-5)


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("n_best", [1, 5])
def test_a_beam_that_is_wide_enough_is_exhaustive_search(wiring, n_best):
    nlp = excited(pairs=[("a b c", ["x"])], **WIRINGS[wiring])
    pipe = pipe_of(nlp)
    docs = [nlp.make_doc(text) for text in ("a b c", "c")]
    (x,) = pipe.units.target.vocabulary.ids(["x"]).tolist()
    most = 10  # pieces that any source allows
    sequences = [
        [*ids, Vocabulary.EOS_ID]
        for length in range(most)
        for ids in product([Vocabulary.UNK_ID, x], repeat=length)
    ]
    # Each wiring meets each score with coverage once and without once, once for either n_best.
    for number, score in enumerate(SCORES, start=list(WIRINGS).index(wiring) + n_best // 5):
        coverage = 0.5 if number % 2 and pipe.has_attention else 0.0
        options = SearchOptions(
            width=2 ** (most - 1), n_best=n_best, max_ratio=0.01, coverage=coverage, **score
        )
        for doc, found in zip(docs, pipe.search(docs, options), strict=True):
            every = forced_by(pipe, [doc] * len(sequences), sequences, options)
            best = sorted(every, key=lambda one: -one[1])[:n_best]
            np.testing.assert_allclose(
                [one.score for one in found], [one[1] for one in best], atol=1e-5
            )
            np.testing.assert_allclose(found[0].log_probs, best[0][0], atol=1e-4)


def test_a_narrow_beam_misses_what_forced_scoring_shows():
    """It need not find the best, and then what it found scores less."""
    nlp = excited(pairs=[("a b c", ["x y z"])])
    pipe, missed = pipe_of(nlp), 0
    docs = [nlp.make_doc(" ".join(words)) for words in product("abc", repeat=3)]
    narrow, wide = (SearchOptions(width=width, max_ratio=0.01) for width in (1, 200))
    for few, many in zip(pipe.search(docs, narrow), pipe.search(docs, wide), strict=True):
        assert few[0].score <= many[0].score + 1e-6
        missed += few[0].score < many[0].score - 1e-6
    assert missed


def test_log_p_of_a_text_piece_by_piece():
    nlp = reverser()
    (right, wrong) = pipe_of(nlp).score_targets([nlp.make_doc("a b c")] * 2, ["c b a", "c a a"])
    assert right.pieces == ("c", "b", "a", "<EOS>")
    assert right.finished
    assert right.log_prob == pytest.approx(right.log_probs.sum())
    assert right.log_prob > -0.1
    assert right.score == pytest.approx(right.log_prob / 4**0.7)
    assert right.attention.shape == (4, 4)
    assert wrong.log_probs[0] == pytest.approx(right.log_probs[0], abs=1e-6)
    assert wrong.log_probs[1] < -3


def test_a_text_that_was_found_scores_as_the_search_says():
    nlp = reverser()
    docs = [nlp.make_doc(text) for text in ("a b c", "h", "a a d e f g")]
    options = SearchOptions(width=3, n_best=3, normalisation="gnmt", coverage=0.1, min_length=1)
    for doc, found in zip(docs, pipe_of(nlp).search(docs, options), strict=True):
        again = pipe_of(nlp).score_targets([doc] * 3, [one.text for one in found], options)
        for one, same in zip(found, again, strict=True):
            assert one.pieces == same.pieces
            assert one.score == pytest.approx(same.score, abs=1e-4)


def test_a_pair_is_scored_alike_in_any_batch():
    nlp = reverser()
    texts = ["a b", "c d e f g", "h"] * (AT_ONCE // 3 + 10)
    targets = ["b a", "g f e d c", "h h h"] * (AT_ONCE // 3 + 10)
    docs = [nlp.make_doc(text) for text in texts]
    together = pipe_of(nlp).score_targets(docs, targets)
    for i in (0, 1, 2, len(docs) - 1):
        (alone,) = pipe_of(nlp).score_targets([docs[i]], [targets[i]])
        assert alone.pieces == together[i].pieces
        np.testing.assert_allclose(alone.log_probs, together[i].log_probs, atol=1e-5)
        np.testing.assert_allclose(alone.attention, together[i].attention, atol=1e-5)


def test_unknown_pieces_are_scored_as_unknown_beside_known_ones():
    nlp = reverser()
    doc = nlp.make_doc("a b c")
    unknown, literal = pipe_of(nlp).score_targets([doc] * 2, ["c ☃ a", "c <UNK> a"])
    assert unknown.pieces == ("c", "☃", "a", "<EOS>")
    np.testing.assert_allclose(unknown.log_probs, literal.log_probs)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([""], "an empty target"),
        ([" \n"], "an empty target"),
        (["привет мир"], "no piece of the target 'привет мир' is known"),
        ([], "1 sources, 0 targets"),
        (["a", "b"], "1 sources, 2 targets"),
    ],
)
def test_targets_that_cannot_be_scored_are_named(targets, message):
    nlp = reverser()
    with pytest.raises(InputError, match=message):
        pipe_of(nlp).score_targets([nlp.make_doc("a b")], targets)


def test_nothing_to_score_is_nothing():
    assert pipe_of(reverser()).score_targets([], []) == []
