"""The neural language model: its contexts by hand, its gradient by finite differences, what it
learns and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from spacy.util import registry

from seqpipe.embeddings.encoded import LINE_END
from seqpipe.embeddings.neural_lm import NeuralLM, adagrad, first_weights, loss_and_gradients
from seqpipe.embeddings.objective import Setup
from seqpipe.files import InputError
from tests.embeddings.encoded_case import encode
from tests.embeddings.learner_checks import (
    check_goes_on_to_the_same_bytes,
    check_tables,
    learn_epochs,
)
from tests.gradients import numeric_gradient, relative_error

SENTENCE = [
    "I",
    "want",
    "a",
    "glass",
    "of",
    "orange",
    "juice",
    "to",
    "go",
    "along",
    "with",
    "my",
    "cereal",
]

LAST = """
- - - - > I
- - - I > want
- - I want > a
- I want a > glass
I want a glass > of
want a glass of > orange
a glass of orange > juice
glass of orange juice > to
of orange juice to > go
orange juice to go > along
juice to go along > with
to go along with > my
go along with my > cereal
"""
BOTH = """
- - - - want a glass of > I
- - - I a glass of orange > want
- - I want glass of orange juice > a
- I want a of orange juice to > glass
I want a glass orange juice to go > of
want a glass of juice to go along > orange
a glass of orange to go along with > juice
glass of orange juice go along with my > to
of orange juice to along with my cereal > go
orange juice to go with my cereal - > along
juice to go along my cereal - - > with
to go along with cereal - - - > my
go along with my - - - - > cereal
"""
LAST_WORD = """
- > I
I > want
want > a
a > glass
glass > of
of > orange
orange > juice
juice > to
to > go
go > along
along > with
with > my
my > cereal
"""


def start(text, *, width=8, seed=0, **settings):
    objective = NeuralLM(**settings)
    return objective.start(text, Setup(width, seed, Path(), lambda what, share: None))


def shown_examples(seed=0, **settings):
    """The examples of the lecture's sentence as lines "context > word", "-" for padding."""
    ids = np.array([*range(len(SENTENCE)), LINE_END], dtype=np.int32)
    words, contexts = NeuralLM(**settings).examples(ids, np.random.default_rng(seed))
    shown = [*SENTENCE, "-"]  # LINE_END is the last
    return [
        " ".join([*(shown[i] for i in context), ">", shown[word]])
        for word, context in zip(words, contexts, strict=True)
    ]


@pytest.mark.parametrize(
    ("context", "expected"), [("last", LAST), ("both", BOTH), ("last_word", LAST_WORD)]
)
def test_contexts_of_the_lectures_sentence(context, expected):
    assert shown_examples(context=context, words=4) == expected.strip().splitlines()


def test_nearby_words_of_the_lectures_sentence():
    epochs = [shown_examples(seed, context="nearby", words=4) for seed in range(200)]
    assert all([line.split(" > ")[1] for line in lines] == SENTENCE for lines in epochs)
    near = {line for lines in epochs for line in lines if line.endswith("> juice")}
    assert near == {
        "a > juice",
        "glass > juice",
        "of > juice",
        "orange > juice",
        "to > juice",
        "go > juice",
        "along > juice",
        "with > juice",
    }


@pytest.mark.parametrize("direct", [False, True])
def test_gradient_matches_finite_differences(direct):
    settings = NeuralLM(words=2, hidden=4, direct=direct)
    rng = np.random.default_rng(0)
    weights = {
        name: value + rng.normal(size=value.shape)  # float64, and none of them 0
        for name, value in first_weights(settings, np.array([5, 3, 2, 1, 1]), 3, seed=0).items()
    }
    assert ("W" in weights) == direct
    contexts = np.array([[LINE_END, LINE_END], [LINE_END, 0], [0, 0], [1, 3], [3, 1]])
    targets = np.array([0, 1, 4, 2, 2])

    def loss():
        return loss_and_gradients(weights, contexts, targets)[0]

    _, gradients = loss_and_gradients(weights, contexts, targets)
    assert gradients.keys() == weights.keys()
    for name, (rows, gradient) in gradients.items():
        whole = np.zeros_like(weights[name])
        whole[rows] = gradient
        assert relative_error(whole, numeric_gradient(loss, weights[name])) < 1e-7, name


def test_the_gradient_of_vectors_has_the_rows_that_were_read_once_each():
    weights = first_weights(NeuralLM(words=2), np.ones(50), 3, seed=0)
    contexts = np.array([[LINE_END, 7], [7, 30], [30, 7]])
    _, gradients = loss_and_gradients(weights, contexts, np.array([7, 30, 1]))
    assert gradients["E"][0].tolist() == [LINE_END, 7, 30]
    assert gradients["E"][1].shape == (3, 3)


def test_before_it_learns_it_knows_how_frequent_words_are():
    counts = np.array([6, 3, 1])
    weights = first_weights(NeuralLM(words=2), counts, 8, seed=0)
    contexts, targets = np.array([[0, 1], [2, 2], [LINE_END, 1]]), np.array([0, 1, 2])
    loss, _ = loss_and_gradients(weights, contexts, targets)
    assert loss == pytest.approx(-np.log([0.6, 0.3, 0.1]).sum(), rel=1e-6)


def test_a_step_of_adagrad_by_hand():
    weights, squares = np.array([[1.0], [2.0], [3.0]]), np.array([[7.0], [1.0], [0.0]])
    adagrad(weights, squares, np.array([0, 2]), np.array([[3.0], [-5.0]]), 0.1)
    assert weights[:, 0] == pytest.approx([1.0 - 0.1 * 3 / 4, 2.0, 3.0 + 0.1])
    assert squares[:, 0].tolist() == [16.0, 1.0, 25.0]


def test_vectors_of_words_that_a_part_lacks_stay_as_they_are(tmp_path):
    text = encode([["a", "b", "c"] * 6, ["d", "e", "f"] * 6], tmp_path, part_size=19)
    learner = start(text, batch_size=4)  # the first step moves none: U is 0 before it
    before = learner.vectors()
    learner.learn(0, 0, 0.0)
    changed = (learner.vectors() != before).any(axis=1)
    assert {text.words[i] for i in np.flatnonzero(changed)} == {"a", "b", "c"}


# What follows b depends on the word before it.
ORDERED = [["a", "b", "c"], ["x", "b", "y"]] * 40


def perplexity(text, **settings):
    return np.exp(learn_epochs(start(text, batch_size=8, **settings), 0, 8, epochs=8)[-1])


@pytest.mark.parametrize("direct", [False, True])
def test_it_learns_what_its_context_can_tell(direct, tmp_path):
    text = encode(ORDERED, tmp_path, part_size=40)
    # Only the first word of a line is open.
    assert perplexity(text, context="last", words=2, direct=direct) < 1.05 * 2 ** (1 / 3)
    # So is the word after b.
    assert perplexity(text, context="last_word", direct=direct) > 0.95 * 2 ** (2 / 3)
    # Nothing is.
    assert perplexity(text, context="both", words=2, direct=direct) < 1.05


def test_words_in_the_same_contexts_come_near(tmp_path):
    rng = np.random.default_rng(0)
    kinds = [("drink {} now", "juice", "tea"), ("the {} barks", "dog", "fox")]
    drawn = [(kinds[k], i) for k, i in zip(*rng.integers(0, 2, (2, 400)), strict=True)]
    lines = [kind[0].format(kind[1 + i]).split() for kind, i in drawn]
    text = encode(lines, tmp_path, part_size=400)
    learner = start(text, context="both", words=1, batch_size=16)
    losses = learn_epochs(learner, 0, 4)
    assert losses == sorted(losses, reverse=True)
    unit = learner.vectors() / np.linalg.norm(learner.vectors(), axis=1, keepdims=True)
    juice, tea, dog, fox = (unit[text.words.index(w)] for w in ("juice", "tea", "dog", "fox"))
    assert min(juice @ tea, dog @ fox) > 0.8
    assert max(juice @ dog, tea @ fox) < 0.3


@pytest.mark.parametrize("context", ["last", "both", "last_word", "nearby"])
def test_learning_that_was_stopped_goes_on_to_the_same_bytes(context, tmp_path):
    text = encode(ORDERED, tmp_path, part_size=40)
    check_goes_on_to_the_same_bytes(lambda: start(text, context=context, direct=True))


def test_tables(tmp_path):
    text = encode(ORDERED, tmp_path)
    learner = start(text, direct=True)
    check_tables(learner, len(text.words))
    assert learner.tables["padding"].shape == (1, 8)
    assert {"E", "E.squares", "U", "U.squares", "b", "W"} <= learner.by_word
    assert not {"padding", "H", "d"} & learner.by_word


def test_another_seed_draws_other_vectors(tmp_path):
    text = encode(ORDERED, tmp_path)
    assert (start(text, seed=1).vectors() != start(text, seed=2).vectors()).any()


def test_lines_of_one_word_have_no_nearby_word(tmp_path):
    learner = start(encode([["a"], ["b"]], tmp_path), context="nearby")
    assert learner.learn(0, 0, 0.0)[:2] == (0.0, 0)


def test_the_rate_falls_linearly(tmp_path):
    learner = start(encode(ORDERED, tmp_path), learning_rate=0.3, min_learning_rate=0.1)
    rates = [learner.learn(0, 0, done).rate for done in (0.0, 0.5, 1.0)]
    assert rates == pytest.approx([0.3, 0.2, 0.1])


def test_it_is_registered():
    block = {"@misc": "seqpipe.NeuralLM.v1", "context": "both", "words": 2}
    assert registry.resolve({"objective": block})["objective"].context_size == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"context": "next"}, "context = 'next': expected one of last, both, last_word, nearby"),
        ({"words": 0}, "words = 0: expected a whole number, at least 1"),
        ({"hidden": 2.5}, "hidden = 2.5: expected a whole number, at least 1"),
        ({"batch_size": -1}, "batch_size = -1: expected a whole number, at least 1"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0: expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate = nan: expected a number above 0"),
        (
            {"learning_rate": 0.1, "min_learning_rate": 0.2},
            "min_learning_rate = 0.2: expected a number from 0 to learning_rate = 0.1",
        ),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(InputError) as caught:
        NeuralLM(**settings)
    assert str(caught.value) == message
