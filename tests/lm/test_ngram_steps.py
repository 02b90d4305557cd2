"""What follows many contexts at once, against the model's answer for one."""

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
    states = np.array([model.state(words) for words in [[], *contexts]])
    for row, state in zip(next_log_probs(model, states), states.tolist(), strict=True):
        np.testing.assert_allclose(row, model.next_log_probs(state), rtol=1e-6)


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
