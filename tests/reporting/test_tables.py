"""Score tables say mean and spread, and stay readable on narrow, plain and ASCII terminals."""

import io

import pytest
from rich.console import Console

from seqpipe.reporting.metrics import summarise
from seqpipe.reporting.tables import figures, print_scores


def scores(p, r, f, **more):
    per_type = {"PER": {"p": p, "r": r, "f": f}}
    return {"ents_p": p, "ents_r": r, "ents_f": f, "ents_per_type": per_type, **more}


def printed(runs, *, width=80, encoding="utf-8", **options):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_scores(Console(file=stream, width=width, color_system=None), runs, **options)
    return raw.getvalue().decode(encoding)


def rows(text):
    return {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words}


def test_types_come_in_percent_with_their_number_and_a_total():
    text = printed([scores(0.5, 0.25, 1 / 3)], support={"PER": 4, "LOC": 2})
    assert rows(text)["PER"] == ["50.00", "25.00", "33.33", "4"]
    assert rows(text)["LOC"] == ["-", "-", "-", "2"]
    assert rows(text)["all"] == ["50.00", "25.00", "33.33", "6"]


def test_several_runs_give_mean_and_sample_standard_deviation():
    text = printed([scores(0.8, 0.5, 0.6), scores(0.9, 0.5, 0.7)])
    assert rows(text)["PER"] == ["85.00", "±7.07", "50.00", "±0.00", "65.00", "±7.07"]
    assert "mean of 2" in text


@pytest.mark.parametrize("runs", [1, 3])
def test_forty_columns_are_enough(runs):
    text = printed([scores(0.8, 0.5, 0.61234)] * runs, width=40, support={"PER": 1000})
    assert max(map(len, text.splitlines())) <= 40
    assert "61.23" in text
    assert "…" not in text
    assert ("±0.00" in text) == (runs > 1)


def test_ascii_terminal_gets_no_other_character():
    assert "+-" in printed([scores(0.8, 0.5, 0.6)] * 2, encoding="ascii")


def test_other_scores_stand_in_a_table_of_their_own():
    text = printed([{"tag_acc": 0.973, "ents_ece": 0.0412, "sents_f": None}])
    assert rows(text)["tag_acc"] == ["97.30", "%"]
    assert rows(text)["ents_ece"] == ["0.0412"]
    assert rows(text)["sents_f"] == ["-"]


def test_table_without_column_heads_starts_with_its_first_row():
    _, title, first, *_ = printed([{"tag_acc": 0.973}]).splitlines()
    assert title == "scores"
    assert first.split() == ["tag_acc", "97.30", "%"]


def test_scores_by_class_that_are_plain_numbers_are_a_table():
    text = printed([{"cats_auc_per_type": {"good": 0.75, "bad": None}}])
    assert rows(text)["good"] == ["75.00"]
    assert rows(text)["bad"] == ["-"]


def test_scores_by_type_that_the_data_cannot_give_are_left_out():
    assert "per_type" not in printed([{"ents_per_type": None, "tag_acc": 0.5}])


def test_perfect_tokens_are_left_out_and_others_are_not():
    assert "token" not in printed([{"token_acc": 1.0, "token_f": None, "tag_acc": 0.5}])
    assert "token_acc" in printed([{"token_acc": 0.9, "tag_acc": 0.5}])


def test_types_that_only_some_models_know_are_averaged_over_those():
    other = scores(0.5, 0.5, 0.5)
    other["ents_per_type"] = {}
    assert rows(printed([scores(0.8, 0.5, 0.6), other]))["PER"] == ["80.00", "50.00", "60.00"]


def test_whole_numbers_stand_in_full_and_others_with_four_digits():
    console = Console(file=io.StringIO(), width=80)
    shown = [figures(console, summarise([value])) for value in (82430.0, 999.0, 114.5678, 0.0521)]
    assert [cell[0] for cell in shown] == ["82,430", "999", "114.6", "0.0521"]
