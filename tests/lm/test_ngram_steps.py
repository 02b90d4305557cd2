"""What follows many contexts at once, against the scores of sentences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqpipe.lm.ngram_steps import next_log_probs, next_states
from tests.lm.ngram_case import SALADS, SENTENCES, learned

SMOOTHINGS = ("kneser_ney", "add_k", "maximum_likelihood")


@given(SENTENCES, st.sampled_from(SMOOTHINGS), st.integers(1, 4), SENTENCES)
@settings(max_examples=60, deadline=None)
def test_each_row_is_what_the_model_says_of_its_context(text, smoothing, order, contexts):
    model = learned(text, smoothing=smoothing, order=order)
    given = [[], *contexts]
    states = np.array([model.state(words) for words in given])
    names = list(model.vocabulary)
    for row, words in zip(next_log_probs(model, states), given, strict=True):
        assert row[0] == row[2] == -np.inf  # <PAD> and <BOS>
        # As words of a text <UNK> and <EOS> are unknown, which is what <UNK> stands for.
        scores = [model.score([*words, name], eos=False) for name in names]
        expected = [score.log_probs[-1] for score in scores]
        expected[3] = model.score(words).log_probs[-1]
        np.testing.assert_allclose(np.delete(row, [0, 2]), np.delete(expected, [0, 2]), rtol=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_step_reads_a_word_as_the_model_does(smoothing):
    model = learned(SALADS, smoothing=smoothing)
    contexts = [["the"], ["a", "pear"], ["zebra"], []]
    words = ["apple", "salad", "the", "and"]
    states = np.array([model.state(context) for context in contexts])
    expected = [model.state([*c, word]) for c, word in zip(contexts, words, strict=True)]
    assert next_states(model, states, model.ids(words)).tolist() == expected


def test_probabilities_add_up_to_1():
    model = learned(SALADS, order=3)
    states = np.array([model.state(words) for words in SALADS])
    np.testing.assert_allclose(np.exp(next_log_probs(model, states)).sum(axis=1), 1.0, rtol=1e-5)
