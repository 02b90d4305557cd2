"""Tables of a report: where values are looked up, how numbers are shown, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.reporting.report_tables import (
    MISSING,
    Column,
    items_at,
    lists_beside,
    shown_value,
    table_of,
    value_at,
)

METRICS = {
    "scores": {"ents_f": 0.86726, "by.type": {"PER": {"f": 0.9}, "LOC": {"f": 0.5}}},
    "runs": [{"seed": 0}, {"seed": 7}],
    "bleu": {"clipped": [9493, 6041], "totals": [12998, 11998], "short": [1], "far": [1, {"a": 2}]},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scores.ents_f", 0.86726),
        ("scores.by.type.PER.f", 0.9),
        ("runs.1.seed", 7),
        ("runs.2.seed", MISSING),
        ("runs.last", MISSING),
        ("scores.ents_f.p", MISSING),
        ("scores.", MISSING),
        ("", MISSING),
    ],
)
def test_a_path_leads_through_keys_and_places_of_lists(path, value):
    assert value_at(METRICS, path) == value


def test_a_dot_is_the_item_itself():
    assert value_at(METRICS, ".") is METRICS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.86726, "0.8673"),
        (12998, "12,998"),
        (12998.0, "12,998"),
        (32565.4, "32,565"),
        (1.0, "1"),
        (0, "0"),
        (1.3e-7, "1.3e-07"),
        (None, "–"),
        (MISSING, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (True, "yes"),
        (False, "no"),
        ("13a", "13a"),
        ([1, 0.5, None], "1, 0.5, –"),
        ([], "–"),
        ({"mean": 0.86726, "std": 0.00277}, "0.8673 ± 0.0028"),
        ({"mean": 32565.4, "std": 2028.2}, "32,565 ± 2,028"),
        ({"mean": 1.0, "std": 0.0}, "1.0000 ± 0.0000"),
        ({"mean": 0.5, "std": None}, "0.5"),
        ({"mean": None, "std": None}, "–"),
    ],
)
def test_values_are_shown_as_a_reader_expects(value, shown):
    assert shown_value(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.86726, "86.73 %"),
        (1, "100.00 %"),
        (None, "–"),
        ({"mean": 0.86726, "std": 0.00277}, "86.73 ± 0.28 %"),
        ([0.1, 0.2], "10.00 %, 20.00 %"),
    ],
)
def test_shares_are_shown_in_percent(value, shown):
    assert shown_value(value, percent=True) == shown


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(VALUES | st.lists(VALUES, max_size=3))
def test_all_that_json_holds_but_mappings_is_shown_as_a_text(value):
    assert isinstance(shown_value(value), str)


def test_a_row_has_its_name_and_its_values():
    items = [("English", METRICS), ("German", {"scores": {}})]
    table = table_of(items, [Column("F1", "scores.ents_f", percent=True)], caption="NER")
    assert table.headings == ("", "F1")
    assert table.rows == (("English", "86.73 %"), ("German", "–"))
    assert table.numeric == (False, True)
    assert (table.has_names, table.caption) == (True, "NER")


def test_items_of_a_mapping_are_named_and_those_of_a_list_are_not():
    assert [name for name, _ in items_at(METRICS, "scores.by.type")] == ["PER", "LOC"]
    assert items_at(METRICS, "runs") == [(None, {"seed": 0}), (None, {"seed": 7})]
    table = table_of(items_at(METRICS, "runs"), [Column("seed", "seed")])
    assert (table.headings, table.rows) == (("seed",), (("0",), ("7",)))


def test_a_list_without_items_is_a_table_without_rows():
    table = table_of(items_at({"rows": []}, "rows"), [Column("seed", "seed")])
    assert (table.headings, table.rows) == (("seed",), ())


def test_lists_beside_each_other_are_rows_numbered_from_one():
    columns = [Column("matches", "bleu.clipped"), Column("n-grams", "bleu.totals")]
    assert lists_beside(METRICS, columns) == [("1", [9493, 12998]), ("2", [6041, 11998])]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("bleu.short", r"column 'x': 1 values at 'bleu.short', expected 2 as in the first column"),
        ("scores.ents_f", r"at 'scores.ents_f' stands 0.86726, expected a list; .* has each: PATH"),
        ("bleu.far", r"column 'x': at 'bleu.far' stands a mapping of a, expected a number"),
        ("bleu.clip", r"nothing at 'bleu.clip': in 'bleu' is 'clipped'"),
    ],
)
def test_columns_that_are_no_lists_of_one_length_are_refused(column, message):
    with pytest.raises(InputError, match=message):
        lists_beside(METRICS, [Column("first", "bleu.clipped"), Column("x", column)])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("scores.ents_ff", "column 'F1': nothing at 'scores.ents_ff': in 'scores' is 'ents_f'"),
        ("zzz", "nothing at 'zzz': in the file is scores, runs, bleu"),
        ("runs.5", "nothing at 'runs.5': in 'runs' is a list of 2"),
        ("scores.ents_f.p", "nothing at 'scores.ents_f.p': in 'scores.ents_f' is 0.86726"),
        ("scores", "at 'scores' stands a mapping of ents_f, by.type, expected a number or a text"),
    ],
)
def test_a_column_that_is_in_no_row_is_refused(path, message):
    with pytest.raises(InputError, match=message):
        table_of([("a", METRICS)], [Column("F1", path)])


@pytest.mark.parametrize("percent", [False, True])
@pytest.mark.parametrize("value", [10**309, -(10**309), {"mean": 10**309, "std": 0}, [10**309]])
def test_an_integer_that_cannot_be_computed_with_is_refused(value, percent):
    with pytest.raises(InputError, match="an integer of more than 308 digits"):
        shown_value(value, percent=percent)


@pytest.mark.parametrize("std", ["x", {"a": 1}])
def test_a_spread_that_is_no_number_is_refused(std):
    with pytest.raises(InputError, match="a mean and a spread that are no numbers"):
        shown_value({"mean": 0.5, "std": std})


def test_each_wants_a_mapping_or_a_list():
    with pytest.raises(InputError, match=r"at 'scores\.ents_f' stands 0.86726, expected a mapping"):
        items_at(METRICS, "scores.ents_f")
    with pytest.raises(InputError, match=r"nothing at .*: in 'scores' is 'by\.type'"):
        items_at(METRICS, "scores.by_type")
