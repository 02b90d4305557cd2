"""The picture of surprisal: what is coloured how strongly, in the terminal and as HTML."""

from __future__ import annotations

import io
import json
import math
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from seqpipe.reporting.surprisal import (
    MOST_OPAQUE,
    RGB,
    Piece,
    SurprisalText,
    print_surprisal,
    render_surprisal,
)

VOID = {"meta", "br"}


def surprisal(*pieces, unit="nats"):
    return SurprisalText(
        pieces=pieces, model="lm", unit=unit, predictable=55, blind=4.0, perplexity=12.3456
    )


SALAD = surprisal(
    Piece("The", " ", 0.5),
    Piece("pair", " ", 4.5),
    Piece("<zebra>", " ", 2.5, is_unknown=True),
    Piece("  ", "", None),
    Piece("salad", " ", 1.0),
    Piece("<EOS>", "", 3.25, is_end=True),
)


def printed(text, width=80, **options):
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    print_surprisal(console, text)
    return console.file.getvalue()


def test_without_colour_numbers_stand_behind_the_words_that_would_have_one():
    lines = printed(SALAD, color_system=None, width=200).splitlines()
    assert lines[0] == "lm: perplexity 12.35, 5 tokens, 1 of them unknown, vocabulary 55"
    assert lines[1] == "The pair[4.50] <zebra>[2.50]   salad[1.00] <EOS>[3.25]"
    assert lines[2].startswith(
        'most surprising, in nats: "pair" 4.50, "<EOS>" 3.25, "<zebra>" 2.50'
    )
    assert '"<zebra>" 2.50 (unknown)' in lines[2]
    assert (
        "surprisal in nats: behind each token that has 1.00 or more (4.00: a token drawn"
        in (lines[-1])
    )


def test_all_that_is_said_without_colour_is_ascii():
    assert printed(SALAD, color_system=None).isascii()


def test_with_many_colours_the_text_stands_as_it_is():
    console = printed(SALAD, color_system="truecolor", force_terminal=True)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", console)
    assert shown.splitlines()[1] == "The pair <zebra>   salad <EOS>"
    assert "\x1b[1;37;48;2;163;59;0mpair" in console  # as surprising as a blind draw
    assert "\x1b[30;48;2;253;234;204msalad" in console  # a quarter of it
    assert "\x1b[30;48;2;251;199;135m<zebra>" in console  # half of it
    assert " 1.00 " in shown.splitlines()[-1] + shown.splitlines()[-2]


@pytest.mark.parametrize(
    "console", [{"color_system": "standard"}, {"color_system": "truecolor", "no_color": True}]
)
def test_with_few_colours_or_none_wanted_the_numbers_stay(console):
    assert "pair[4.50]" in printed(SALAD, force_terminal=True, **console)


@pytest.mark.parametrize("width", [20, 40])
def test_narrow_terminals_wrap(width):
    long = surprisal(*(Piece("word" * 12, " ", float(i)) for i in range(5)))
    assert max(map(len, printed(long, width=width, color_system=None).splitlines())) <= width


def test_control_characters_do_not_reach_the_terminal():
    shown = printed(surprisal(Piece("\x1b[31mred\x07", " ", 9.0)), color_system=None)
    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize("unit", ["nats", "bits", "log10"])
def test_the_unit_is_said(unit):
    text = surprisal(Piece("word", "", 1.5), unit=unit)
    assert f"surprisal in {unit}" in printed(text, color_system=None, width=200)
    assert f'title="1.50 {unit}"' in render_surprisal(text)


def test_what_is_impossible_is_told_apart():
    text = surprisal(Piece("zebra", "", math.inf, is_unknown=True))
    assert "zebra[inf]" in printed(text, color_system=None)
    assert "zebra[inf]" not in printed(text, color_system="truecolor", force_terminal=True)
    html = render_surprisal(text)
    assert 'title="probability 0, unknown word"' in html
    assert "double" in html
    assert json.loads(json.dumps(text.as_dict(), allow_nan=False))["tokens"] == [
        {"text": "zebra", "surprisal": None, "read": True, "unknown": True}
    ]


def test_a_text_without_tokens_is_shown():
    empty = SurprisalText((), "lm", "nats", 55, 4.0, math.nan)
    assert "perplexity -, 0 tokens" in printed(empty, color_system=None)
    assert "<figure" in render_surprisal(empty)


def marks(html):
    return dict(
        (unescape(text), (title, style))
        for style, title, text in re.findall(
            r'<mark style="(.*?)" title="(.*?)">(.*?)</mark>', html
        )
    )


def test_in_html_each_word_has_its_number_and_a_colour_by_it():
    found = marks(render_surprisal(SALAD))
    rgb = ", ".join(map(str, RGB))
    assert found["pair"][0] == "4.50 nats"
    assert found["<zebra>"][0] == "2.50 nats, unknown word"
    assert found["<small><EOS></small>"][0] == "end of the sentence: 3.25 nats"
    assert f"background: rgba({rgb}, {MOST_OPAQUE:.3f})" in found["pair"][1]
    assert f"background: rgba({rgb}, {MOST_OPAQUE / 4:.3f})" in found["salad"][1]
    assert "print-color-adjust: exact" in found["pair"][1]
    assert "0.22em solid" in found["pair"][1]
    assert "0.07em solid" in found["salad"][1]


def test_html_is_a_page_that_needs_nothing_else_or_a_part_of_one():
    page = render_surprisal(SALAD)
    assert page.startswith("<!doctype html>")
    assert "color-scheme: light dark" in page
    assert not re.search(r"https?:|<script|<link|url\(", page)
    assert page.count("most surprising, in nats:") == 1
    assert "<title>Surprisal</title>" in page
    part = render_surprisal(SALAD, page=False)
    assert part.startswith("<figure")
    assert part in page


class Nested(HTMLParser):
    """Checks that every tag is closed in its place, and keeps what is written in the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "div" in self.open:
            self.text += data


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
            st.none() | st.floats(0, math.inf),
        )
    )
)
def test_whatever_the_text_html_is_sound_and_has_all_of_it(words):
    parser = Nested()
    parser.feed(render_surprisal(surprisal(*(Piece(word, " ", found) for word, found in words))))
    parser.close()
    assert not parser.open
    assert parser.text == "".join(f"{word} " for word, _ in words)


def test_line_breaks_stay_line_breaks():
    html = render_surprisal(
        surprisal(Piece("a", "", 1.0), Piece("\n", "", 3.0), Piece("b", "", 1.0))
    )
    assert ">a</mark>\n<mark" in html
