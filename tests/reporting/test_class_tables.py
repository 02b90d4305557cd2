"""Tables of classes: nothing is lost in forty columns, nor with many labels."""

import io

import pytest
from rich.console import Console

from seqpipe.reporting.class_tables import MATRIX_LABELS, confusion_table, take_groups
from seqpipe.reporting.tables import print_scores

STARS = {
    "1": {"1": 30, "2": 5, "3": 1},
    "2": {"1": 4, "2": 20, "3": 6},
    "3": {"1": 0, "2": 7, "3": 17},
}


def scores(f=0.5, confusion=STARS, **more):
    prf = {"p": f, "r": f, "f": f}
    return {
        "cats_score": f,
        "cats_score_desc": "macro F",
        "cats_micro_p": f,
        "cats_micro_r": f,
        "cats_micro_f": f,
        "cats_macro_p": f / 2,
        "cats_macro_r": f / 2,
        "cats_macro_f": f / 2,
        "cats_f_per_type": dict.fromkeys(confusion, prf),
        "cats_acc": f,
        "cats_ece": 0.04,
        "cats_support": {gold: sum(row.values()) for gold, row in confusion.items()},
        "cats_confusion": confusion,
        **more,
    }


def printed(runs, *, width=80, encoding="utf-8"):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    print_scores(Console(file=stream, width=width, color_system=None), runs)
    return raw.getvalue().decode(encoding)


def tables(text):
    """By title the rows of each table, their words apart."""
    found, rows = {}, None
    for line in text.splitlines():
        if not line.strip():
            rows = None
        elif rows is None:
            rows = found.setdefault(line.strip(), [])
        else:
            rows.append(line.split())
    return found


def names(count, *, long=False):
    return [f"label{i:02}{'-of-great-length' if long else ''}" for i in range(count)]


def square(labels, *, off=1):
    return {
        gold: {label: 9 if label == gold else off * (i + 1) for label in labels}
        for i, gold in enumerate(labels)
    }


def test_classes_come_with_their_number_a_total_and_the_mean_over_classes():
    rows = tables(printed([scores()]))["classes (%)"]
    assert rows[0] == ["P", "R", "F1", "gold"]
    assert rows[2] == ["1", "50.00", "50.00", "50.00", "36"]
    assert rows[-2] == ["all", "50.00", "50.00", "50.00", "90"]
    assert rows[-1] == ["macro", "25.00", "25.00", "25.00", "90"]


def test_classes_stand_in_the_order_of_the_labels():
    confusion = square(["very bad", "bad", "good"])
    rows = tables(printed([scores(confusion=confusion)]))["classes (%)"]
    assert [row[0] for row in rows[2:5]] == ["very", "bad", "good"]


def test_scores_by_class_stand_in_the_order_of_the_labels_too():
    text = printed([{"cats_auc_per_type": {"good": 0.75, "bad": 0.5}}])
    assert text.index("good") < text.index("bad")


def test_classes_of_several_models_have_mean_and_spread():
    text = printed([scores(0.8), scores(0.9)])
    rows = tables(text)["classes, mean of 2 and standard deviation (%)"]
    assert rows[2] == ["1", "85.00", "±7.07", "85.00", "±7.07", "85.00", "±7.07", "36"]


def test_confusion_has_a_row_for_each_gold_label():
    rows = tables(printed([scores()]))["confusion (rows gold, columns predicted)"]
    assert rows[0] == ["1", "2", "3"]
    assert rows[2:] == [["1", "30", "5", "1"], ["2", "4", "20", "6"], ["3", "0", "7", "17"]]


def test_confusion_of_several_models_is_their_mean():
    other = {gold: {label: 2 for label in STARS} for gold in STARS}
    text = printed([scores(), scores(confusion=other)])
    rows = tables(text)["confusion (rows gold, columns predicted), mean of 2"]
    assert rows[2] == ["1", "16.0", "3.5", "1.5"]


def test_label_that_one_of_several_models_does_not_know_was_not_predicted_by_it():
    table = confusion_table([{"a": {"a": 4}}, {"a": {"a": 1, "b": 2}, "b": {"b": 2}}], width=80)
    assert table.rows == [["a", "2.5", "1.0"], ["b", "0.0", "1.0"]]


def test_labels_too_long_for_columns_are_numbered():
    table = confusion_table([square(["very negative", "neutral", "very positive"])], width=40)
    assert table.heads == ["", "1", "2", "3"]
    assert table.rows[2] == ["3 very positive", "3", "3", "9"]


def test_of_many_labels_the_most_frequent_confusions_are_shown():
    labels = names(MATRIX_LABELS + 1)
    table = confusion_table([square(labels)], width=200)
    assert table.title == f"most frequent confusions, 10 of {len(labels) * (len(labels) - 1)}"
    last = len(labels)
    assert table.rows[0] == [labels[-1], labels[0], "13", f"{1300 / (13 * (last - 1) + 9):.1f}"]


def test_many_labels_without_confusions_need_no_table():
    text = printed([scores(confusion=square(names(MATRIX_LABELS + 1), off=0))])
    assert "confusion" not in text


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize(
    "labels",
    [["1", "2", "3", "4", "5"], names(2), names(8), names(3, long=True), names(50, long=True)],
    ids=["stars", "two", "eight", "long", "many-and-long"],
)
def test_forty_columns_are_enough(labels, runs):
    confusion = square(labels, off=1000)
    text = printed([scores(0.61234, confusion), *[scores(0.6, confusion)] * (runs - 1)], width=40)
    assert max(map(len, text.splitlines())) <= 40
    assert "…" not in text
    assert str(1000 * len(labels)) in text


def test_ascii_terminal_gets_no_other_character():
    printed([scores()] * 2, encoding="ascii")


def test_no_dictionary_is_printed_and_the_rest_stands_in_its_table():
    text = printed([scores()])
    assert "{" not in text
    assert ["cats_acc", "50.00", "%"] in tables(text)["scores"]


def test_calibration_error_of_classes_is_in_percent_like_their_accuracy():
    rows = tables(printed([scores(cats_ece=0.005423), scores(cats_ece=0.015423)]))
    table = rows["scores, mean of 2 and standard deviation"]
    assert ["cats_ece", "1.04", "±0.71", "%"] in table


@pytest.mark.parametrize("runs", [[scores()], [scores()] * 2, [dict.fromkeys(scores())]])
def test_the_score_that_is_one_of_the_others_is_not_shown_again(runs):
    assert "cats_score" not in printed(runs)


def test_a_score_of_classes_that_is_none_of_the_others_is_shown():
    assert "cats_score" in printed([{"cats_score": 0.5}])


def test_groups_of_texts_have_a_table_of_their_own():
    groups = {"cats_acc_negation": 0.75, "cats_texts_negation": 8}
    empty = {"cats_acc_rest": None, "cats_texts_rest": 0}
    found = tables(printed([scores(**groups, **empty)]))
    assert found["accuracy (%)"][2:] == [["negation", "75.00", "8"], ["rest", "-", "0"]]
    assert not any("negation" in row[0] for row in found["scores"])


def test_taking_groups_leaves_the_other_scores():
    left = {"cats_acc": [0.5], "cats_acc_rest": [0.25], "cats_texts_rest": [4], "cats_ece": [0.1]}
    assert take_groups(left) == [("rest", [0.25], 4)]
    assert list(left) == ["cats_acc", "cats_ece"]


def test_scores_of_data_without_gold_labels_are_dashes():
    text = printed([dict.fromkeys(scores())])
    assert ["cats_acc", "-"] in tables(text)["scores"]
    assert "classes" not in text
