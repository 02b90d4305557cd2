"""The paired bootstrap: equal systems, better ones, and what is refused."""

from __future__ import annotations

import pytest

from seqpipe.evaluation.bleu_compare import compare_systems
from seqpipe.files import InputError

GOLD = [[f"the {noun} is on the mat and it sleeps"] for noun in ("cat", "dog", "pig", "hen")] * 10
SAME = [one for (one,) in GOLD]
WORSE = [one.replace("on the", "at a") for one in SAME]


def test_a_worse_system_is_told_from_chance_under_every_metric():
    found = compare_systems([("a", SAME), ("b", WORSE)], GOLD, chrf=True, ter=True, samples=100)
    assert set(found.scores) == set(found.signatures) == {"bleu", "chrf", "ter"}
    for first, second in found.scores.values():
        assert (first.system, second.system, first.p_value) == ("a", "b", None)
        assert second.p_value < 0.05
    assert found.scores["bleu"][0].score == pytest.approx(100)
    assert found.scores["ter"][0].score == 0
    assert "bs:100|seed:12345" in found.signatures["bleu"]


def test_equal_systems_differ_by_chance_alone():
    first, second = compare_systems([("a", WORSE), ("b", list(WORSE))], GOLD).scores["bleu"]
    assert (second.score, second.mean) == (first.score, first.mean)
    assert second.p_value == 1


def test_three_systems_are_each_compared_with_the_first():
    half = [*SAME[:20], *WORSE[20:]]
    found = compare_systems([("a", WORSE), ("b", half), ("c", SAME)], GOLD).scores["bleu"]
    assert [one.system for one in found] == ["a", "b", "c"]
    assert found[0].score < found[1].score < found[2].score


def test_one_system_is_none_to_compare():
    with pytest.raises(InputError, match=r"1 system\(s\) to compare, expected two or more"):
        compare_systems([("a", SAME)], GOLD)


def test_a_system_with_too_few_lines_is_refused():
    with pytest.raises(InputError, match="39 hypotheses and references for 40 sentences"):
        compare_systems([("a", SAME), ("b", SAME[1:])], GOLD)
