"""The distribution of noise words and the table that they are drawn from."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.embeddings.noise import alias_table, noise_distribution


def test_noise_is_the_count_to_the_power_of_three_quarters():
    found = noise_distribution(numpy.array([16, 81, 1]), 0.75)
    assert found.tolist() == pytest.approx([8 / 36, 27 / 36, 1 / 36])


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=60))
def test_the_table_holds_the_distribution(counts):
    probabilities = noise_distribution(numpy.array(counts), 1.0)
    columns = alias_table(probabilities)
    thresholds, aliases = columns & 0xFFFFFFFF, (columns >> 32).astype(int)
    own = (thresholds.astype(float) + (thresholds == 2**32 - 1)) / 2.0**32
    found = own.copy()
    numpy.add.at(found, aliases, 1.0 - own)
    numpy.testing.assert_allclose(found / len(counts), probabilities, atol=1e-9)
