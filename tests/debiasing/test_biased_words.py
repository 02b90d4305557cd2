"""Which words are looked at, and which of them are the most biased."""

import pytest

from seqpipe.debiasing.biased_words import is_plain, neutral_vocabulary
from tests.debiasing.planted import along_first_axis, first_axis

BIAS = {"nurse": 0.5, "she": 0.9, "pilot": -0.4, "New_York": 0.3, "cook": 0.1, "boss": -0.2, "a": 0}


def test_the_most_biased_of_each_side_come_first_and_both_sides_get_as_many():
    vocabulary = neutral_vocabulary(
        along_first_axis(BIAS | {"maid": 0.45}),
        first_axis(),
        definitional={"she"},
        sides=("female", "male"),
    )
    assert vocabulary.words == ("nurse", "pilot", "cook", "boss", "a", "maid")
    assert vocabulary.most_biased(9) == (["nurse", "maid"], ["pilot", "boss"])
    assert vocabulary.most_biased(1) == (["nurse"], ["pilot"])


def test_only_the_most_frequent_words_count():
    found = neutral_vocabulary(along_first_axis(BIAS), first_axis(), most_frequent=3)
    assert found.words == ("nurse", "she", "pilot")


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("nurse", True),
        ("größe", True),
        ("护士", True),
        ("Nurse", False),
        ("co-pilot", False),
        ("7up", False),
        ("a" * 21, False),
    ],
)
def test_plain_words_are_letters_alone(word, plain):
    assert is_plain(word) is plain


def test_capitals_can_count():
    assert is_plain("Krankenschwester", capitals=True)
