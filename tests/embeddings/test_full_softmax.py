"""Skip-gram with the full softmax: its loss by the formula, its gradient by finite differences, and
what it learns."""

import numpy as np
import pytest

from seqpipe.embeddings.full_softmax import (
    LONGEST_STEP,
    SoftmaxSkipGram,
    descend,
    softmax_gradient,
)
from tests.embeddings.encoded_case import encode
from tests.embeddings.learner_checks import (
    check_goes_on_to_the_same_bytes,
    check_tables,
    learn_epochs,
)
from tests.gradients import numeric_gradient, relative_error

CENTERS = np.array([4, 1, 4, 4, 0, 4])
CONTEXTS = np.array([1, 4, 2, 1, 0, 3])


def start(text, **settings):
    defaults = {
        "width": 8,
        "seed": 0,
        "window": 2,
        "dynamic_window": True,
        "subsample": 0.0,
        "learning_rate": 0.1,
        "min_learning_rate": 0.01,
        "batch_size": 16,
    }
    return SoftmaxSkipGram(text, **{**defaults, **settings})


def float64_tables(words=6, width=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(words, width)), rng.normal(size=(words, width))


def test_the_loss_is_that_of_each_pair():
    e, theta = float64_tables()
    expected = 0.0
    for c, t in zip(CENTERS, CONTEXTS, strict=True):
        scores = [np.exp(theta[j] @ e[c]) for j in range(len(theta))]
        expected -= np.log(scores[t] / sum(scores))
    assert softmax_gradient(e, theta, CENTERS, CONTEXTS)[0] == pytest.approx(expected, rel=1e-12)


def test_gradient_matches_finite_differences():
    e, theta = float64_tables()

    def loss():
        return softmax_gradient(e, theta, CENTERS, CONTEXTS)[0]

    _, rows, de, dtheta = softmax_gradient(e, theta, CENTERS, CONTEXTS)
    assert rows.tolist() == [0, 1, 4]
    whole = np.zeros_like(e)
    whole[rows] = de
    assert relative_error(whole, numeric_gradient(loss, e)) < 1e-7
    assert relative_error(dtheta, numeric_gradient(loss, theta)) < 1e-7


def test_no_vector_moves_further_than_the_longest_step():
    vectors = np.zeros((3, 2), dtype=np.float32)
    descend(vectors, np.array([0, 2]), np.array([[0.3, -0.4], [30.0, 40.0]], np.float32), 0.1)
    assert vectors[0] == pytest.approx([-0.03, 0.04])
    assert vectors[1].tolist() == [0.0, 0.0]
    assert vectors[2] == pytest.approx([-0.6 * LONGEST_STEP, -0.8 * LONGEST_STEP])


def test_the_first_loss_is_that_of_the_uniform_distribution(tmp_path):
    text = encode([["a", "b", "c", "d", "e"]], tmp_path)
    outcome = start(text, batch_size=1000).learn(0, 0, 0.0)
    assert outcome.loss / outcome.examples == pytest.approx(np.log(5))


def test_words_in_the_same_contexts_come_near(tmp_path):
    rng = np.random.default_rng(0)
    kinds = [("drink {} now", "juice", "tea"), ("the {} barks", "dog", "fox")]
    drawn = [(kinds[k], i) for k, i in zip(*rng.integers(0, 2, (2, 600)), strict=True)]
    lines = [kind[0].format(kind[1 + i]).split() for kind, i in drawn]
    text = encode(lines, tmp_path, part_size=400)
    learner = start(text)
    losses = learn_epochs(learner, 0, 4)
    assert losses == sorted(losses, reverse=True)
    unit = learner.vectors() / np.linalg.norm(learner.vectors(), axis=1, keepdims=True)
    juice, tea, dog, fox = (
        unit[text.words.index(word)] for word in (["juice", "tea", "dog", "fox"])
    )
    assert min(juice @ tea, dog @ fox) > 0.9
    assert max(juice @ dog, tea @ fox) < 0.5


def test_a_word_that_fills_a_large_batch_does_not_make_it_diverge(tmp_path):
    rng = np.random.default_rng(0)
    lines = [["the", f"w{i}", "the", f"w{j}"] for i, j in rng.integers(0, 50, (400, 2))]
    text = encode(lines, tmp_path, part_size=2000)
    losses = learn_epochs(start(text, batch_size=4096, learning_rate=1.0), 0, 4)
    assert losses[-1] < np.log(len(text.words))


@pytest.mark.parametrize("dynamic_window", [False, True])
def test_learning_that_was_stopped_goes_on_to_the_same_bytes(dynamic_window, tmp_path):
    text = encode([["a", "b", "c"], ["x", "b", "y"]] * 40, tmp_path, part_size=40)
    check_goes_on_to_the_same_bytes(
        lambda: start(text, dynamic_window=dynamic_window, subsample=0.1)
    )


def test_subsampling_thins_out_the_pairs(tmp_path):
    text = encode([["a", "b", "c", "a"]] * 40, tmp_path, part_size=200)
    assert start(text, subsample=0.01).learn(0, 0, 0.0).examples < (
        0.5 * start(text).learn(0, 0, 0.0).examples
    )


def test_a_text_without_pairs_has_no_examples(tmp_path):
    assert start(encode([["a"], ["b"]], tmp_path)).learn(0, 0, 0.0)[:2] == (0.0, 0)


def test_tables(tmp_path):
    text = encode([["a", "b", "c"]], tmp_path)
    learner = start(text)
    check_tables(learner, 3)
    assert learner.by_word == learner.tables.keys()
