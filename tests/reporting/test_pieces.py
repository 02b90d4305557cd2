"""Pieces shown one by one: something is seen of each, and nothing turns what stands around."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqpipe.reporting.pieces import cut, kept_in_place, letters, shown_piece


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        ("năm", "năm"),
        (" ", "␣"),
        ("\t", "⇥"),
        ("\r\n", "↵"),
        ("New York", "New␣York"),
        ("", "∅"),
        ("\u0301", "◌\u0301"),
        ("\u200b", "U+200B"),
        ("\u202e", "U+202E"),
        ("\u202eabc", "abc"),
        ("\x1b[31m", "␣[31m"),
    ],
)
def test_a_piece_is_seen(piece, shown):
    assert shown_piece(piece) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_the_piece_something_is_seen_on_one_line(piece):
    shown = shown_piece(piece)
    assert any(unicodedata.category(letter)[0] not in "ZC" for letter in shown)
    assert not any(unicodedata.category(letter) == "Cc" for letter in shown)


def test_marks_stay_with_their_letter():
    assert letters("e\u0301a") == ["e\u0301", "a"]
    assert letters("👩\u200d👧!") == ["👩\u200d👧", "!"]


@given(st.text(), st.integers(1, 10))
def test_what_is_cut_fits_and_says_so(text, cells):
    found = cut(text, cells)
    assert cell_len(found) <= cells
    assert found == text or found.endswith("…")


def test_only_what_is_written_from_the_right_is_kept_in_place():
    assert kept_in_place("année 2001") == "année 2001"
    assert kept_in_place("שלום") == "\u200eשלום\u200e"
