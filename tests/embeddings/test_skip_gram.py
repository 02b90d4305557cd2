"""Skip-gram and CBOW as objectives: they learn, to the same bytes; settings are checked."""

import numpy
import pytest

from seqpipe.embeddings.objective import Setup
from seqpipe.embeddings.skip_gram import make_cbow, make_skip_gram
from seqpipe.embeddings.subwords import Subwords
from seqpipe.files import InputError
from tests.embeddings.encoded_case import encode

SMALL = Subwords(rows=200)
OBJECTIVES = [
    pytest.param(make_skip_gram(subsample=0.0), id="skip-gram"),
    pytest.param(make_skip_gram(subsample=0.0, dynamic_window=False), id="skip-gram-fixed"),
    pytest.param(make_skip_gram(subsample=0.0, loss="hierarchical"), id="skip-gram-tree"),
    pytest.param(make_skip_gram(subsample=0.0, subwords=SMALL), id="skip-gram-subwords"),
    pytest.param(make_cbow(subsample=0.0), id="cbow"),
    pytest.param(make_cbow(subsample=0.0, loss="hierarchical"), id="cbow-tree"),
    pytest.param(make_cbow(subsample=0.0, subwords=SMALL), id="cbow-subwords"),
]
ANIMALS, FOODS = ["cat", "dog", "horse"], ["apple", "bread", "rice"]


def sentences(n=400):
    """Animals run and foods are eaten: within a kind all words have the same neighbours."""
    rng = numpy.random.default_rng(0)
    for _ in range(n):
        animal, food = rng.choice(ANIMALS), rng.choice(FOODS)
        yield ["the", animal, "runs", "fast"]
        yield ["we", "eat", food, "daily"]


def start(objective, tmp_path, *, width=16, seed=3):
    text = encode(list(sentences()), tmp_path, part_size=200)
    return objective.start(text, Setup(width, seed, tmp_path, lambda what, share: None))


def train(learner, epochs=5):
    losses = []
    for epoch in range(epochs):
        outcomes = [
            learner.learn(epoch, part, (epoch + part / learner.parts) / epochs)
            for part in range(learner.parts)
        ]
        losses.append(sum(o.loss for o in outcomes) / sum(o.examples for o in outcomes))
    return losses


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_loss_falls_and_words_of_a_kind_come_together(objective, tmp_path):
    learner = start(objective, tmp_path)
    losses = train(learner, epochs=12)
    assert losses[-1] < losses[0]
    E = learner.vectors()
    E = E / numpy.linalg.norm(E, axis=1, keepdims=True)
    row = {word: i for i, word in enumerate(learner.text.words)}
    same = numpy.mean([E[row[a]] @ E[row[b]] for k in (ANIMALS, FOODS) for a in k for b in k])
    other = numpy.mean([E[row[a]] @ E[row[b]] for a in ANIMALS for b in FOODS])
    assert same > other + 0.2


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(objective, tmp_path):
    learners = [start(objective, tmp_path, seed=seed) for seed in (3, 3, 4)]
    for learner in learners:
        train(learner, epochs=1)
    found = [learner.vectors().tobytes() for learner in learners]
    assert found[0] == found[1] != found[2]


def test_a_part_depends_on_what_came_before_only_through_the_tables(tmp_path):
    first, second = (start(make_skip_gram(), tmp_path) for _ in range(2))
    train(first, epochs=1)
    for name, table in first.tables.items():
        second.tables[name][:] = table
    assert first.learn(1, 2, 0.5) == second.learn(1, 2, 0.5)
    assert first.vectors().tobytes() == second.vectors().tobytes()


def test_the_tables_of_a_tree_are_named_after_it(tmp_path):
    (tmp_path / "a").mkdir()
    one = start(make_skip_gram(loss="hierarchical"), tmp_path)
    text = encode([["x", "y", "y"], ["z", "z", "z"]], tmp_path / "a")
    setup = Setup(16, 3, tmp_path, lambda what, share: None)
    other = make_skip_gram(loss="hierarchical").start(text, setup)
    assert one.by_word == {"inputs"}
    assert set(one.tables) & set(other.tables) == {"inputs"}


def test_a_text_of_one_word_is_learned_from_without_harm(tmp_path):
    for objective in (make_skip_gram(subsample=0.0), make_cbow(loss="hierarchical")):
        text = encode([["a", "a", "a"]], tmp_path)
        learner = objective.start(text, Setup(5, 0, tmp_path, lambda what, share: None))
        learner.learn(0, 0, 0.0)
        assert numpy.isfinite(learner.vectors()).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 0},
        {"window": 101},
        {"negatives": 0},
        {"subsample": -1.0},
        {"learning_rate": 0.0},
        {"min_learning_rate": 1.0},
        {"noise_exponent": float("nan")},
    ],
    ids=lambda settings: next(iter(settings)),
)
@pytest.mark.parametrize("make", [make_skip_gram, make_cbow], ids=["skip-gram", "cbow"])
def test_settings_out_of_range_are_refused_by_name(make, settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        make(**settings)


def test_full_softmax_has_no_subwords(tmp_path):
    with pytest.raises(InputError, match="subwords"):
        start(make_skip_gram(loss="softmax", subwords=Subwords()), tmp_path)
