"""What every metric gives, as JSON."""

import json
import math

import numpy as np
import pytest

from seqpipe.debiasing.measure import Coverage, Interval, Measure, look_up, plain
from seqpipe.debiasing.words import WordVectors


def test_a_measure_is_strict_json():
    measure = Measure(
        name="occupations",
        value=np.float32(0.5),
        coverage=Coverage(1, 2, ("x",)),
        interval=Interval(0.25, 1, "Wilson"),
    )
    assert json.loads(json.dumps(measure.as_dict(), allow_nan=False)) == {
        "name": "occupations",
        "value": 0.5,
        "coverage": {"found": 1, "given": 2, "missing": ["x"], "left_out": []},
        "interval": {"low": 0.25, "high": 1, "method": "Wilson"},
        "reason": None,
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float32("nan")])
def test_nan_never_comes_into_a_report(value):
    with pytest.raises(ValueError, match="expected a number"):
        plain({"value": [value]})


def test_zero_vectors_and_unknown_words_are_missing_and_a_word_counts_once():
    vectors = WordVectors(("a", "b", "zero"), np.array([[1.0, 0], [0, 1], [0, 0]]))
    found, coverage = look_up(vectors, ["a", "b", "a", "zero", "c"], leave_out={"b"})
    assert found == ["a"]
    assert coverage == Coverage(1, 4, ("zero", "c"), ("b",))
