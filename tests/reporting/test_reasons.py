"""Reasons in the terminal and as HTML: what is marked, how strongly, and who can read it."""

from __future__ import annotations

import io
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from seqpipe.reporting.reasons import (
    AGAINST_RGB,
    FOR_RGB,
    MOST_OPAQUE,
    Explanation,
    mark_reasons,
    print_reasons,
    render_reasons,
)

VOID = {"meta", "br"}


def explanation(*words, method="gradient", read=None, label="positive"):
    """From words with their weights: ("slow", -1.0)."""
    return Explanation(
        words=tuple(word for word, _ in words),
        spaces=tuple(" " for _ in words[:-1]) + ("",) * bool(words),
        weights=tuple(weight for _, weight in words),
        read=tuple(read or [True for _ in words]),
        label=label,
        probability=0.93,
        method=method,
    )


MEAL = explanation(("Excellent", 1.5), ("but", -0.1), ("slow", -0.9), ("meal", 0.6), (".", 0.0))


def printed(*explanations, width=80, **options):
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    print_reasons(console, explanations)
    return console.file.getvalue()


def test_without_colour_words_have_marks_by_sign_and_strength():
    lines = printed(MEAL, color_system=None).splitlines()
    assert lines[0] == "label positive, probability 0.9300, gradient times input"
    assert lines[1] == "Excellent[+++] but slow[--] meal[++] ."
    assert lines[2] == 'most for it: "Excellent" +1.5, "meal" +0.6'
    assert lines[3] == 'most against it: "slow" -0.9, "but" -0.1'
    assert "[+][++][+++] speaks for the label" in printed(MEAL, width=200, color_system=None)
    assert "[-][--][---] speaks against it" in printed(MEAL, width=200, color_system=None)


def test_all_that_is_said_without_colour_is_ascii():
    assert printed(MEAL, color_system=None).isascii()


def test_with_many_colours_the_text_stands_as_it_is():
    console = printed(MEAL, color_system="truecolor", force_terminal=True)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", console)
    assert shown.splitlines()[1] == "Excellent but slow meal ."
    assert "\x1b[1;37;48;2;28;92;184mExcellent" in console
    assert "\x1b[30;48;2;245;168;96mslow" in console


@pytest.mark.parametrize(
    "console", [{"color_system": "standard"}, {"color_system": "truecolor", "no_color": True}]
)
def test_with_few_colours_or_none_wanted_the_marks_stay(console):
    assert "Excellent[+++]" in printed(MEAL, force_terminal=True, **console)


@pytest.mark.parametrize("width", [20, 40])
def test_narrow_terminals_wrap(width):
    long = explanation(*[("excellent", 1.0), ("unpretentiousnesses" * 3, -1.0)] * 5)
    out = printed(long, width=width, color_system=None)
    assert max(map(len, out.splitlines())) <= width
    assert out.count("[+++]") == 5 + 1  # and the legend


def test_words_that_were_not_read_are_dim_and_counted():
    cut = explanation(("good", 1.0), ("food", 0.0), ("here", 0.0), read=[True, False, False])
    text = mark_reasons(cut, with_marks=True)
    assert [text.plain[span.start : span.end] for span in text.spans if span.style == "dim"] == [
        "food",
        "here",
    ]
    assert "not read: 2 of 3 words" in printed(cut, color_system=None)
    assert "not read: 2 of 3 words" in render_reasons([cut])
    assert '<span title="not read" style="opacity: 0.7">food here</span>' in render_reasons([cut])


def test_attention_has_no_sides():
    seen = explanation(("good", 0.7), ("food", 0.3), method="attention")
    for out in (printed(seen, color_system=None, width=200), unescape(render_reasons([seen]))):
        assert 'most weight: "good" +0.7, "food" +0.3' in out
        assert "against" not in out


def test_white_space_has_no_marks_in_the_terminal_nor_in_html():
    tabbed = explanation(("\t", 1.0), ("\n", -1.0), ("good", 1.0))
    (span,) = mark_reasons(tabbed, with_marks=True).spans
    assert mark_reasons(tabbed, with_marks=True).plain == "\t \n good[+++]"
    assert span.start == len("\t \n ")
    assert [mark["text"] for mark in read(render_reasons([tabbed])).marks] == ["good"]


def test_control_characters_do_not_reach_the_terminal():
    out = printed(explanation(("a\x1b[31mb\x07", 1.0), label="x\x1b[0m"), color_system=None)
    assert not set(out) & {"\x1b", "\x07"}


def test_texts_without_words_or_weights_are_shown():
    for one in (explanation(), explanation(("word", 0.0))):
        assert "probability 0.9300" in printed(one, color_system=None)
        assert "<mark" not in render_reasons([one]).split("</figure>")[0]


class Reader(HTMLParser):
    """What a browser makes of a page: its text by element, and whether elements are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.marks = [], "", []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark" and "figure" in self.open:
            self.marks.append(dict(attrs) | {"text": ""})

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        inside = self.open[self.open.index("figure") :] if "figure" in self.open else []
        if "div" in inside:
            self.text += data
        if "mark" in inside:
            self.marks[-1]["text"] += data


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def test_html_marks_each_word_by_its_weight():
    marks = {mark["text"]: mark for mark in read(render_reasons([MEAL])).marks}
    assert {text: mark["title"] for text, mark in marks.items()} == {
        "Excellent": "+1.5",
        "but": "-0.1",
        "slow": "-0.9",
        "meal": "+0.6",
    }
    assert "rgba(30, 110, 220, 0.6)" in marks["Excellent"]["style"]
    assert "rgba(30, 110, 220, 0.24)" in marks["meal"]["style"]
    assert "rgba(225, 90, 0, 0.36)" in marks["slow"]["style"]
    assert "dashed" in marks["slow"]["style"]
    assert "dashed" not in marks["meal"]["style"]


def test_html_is_a_page_or_what_goes_into_one():
    page, part = render_reasons([MEAL, MEAL]), render_reasons([MEAL, MEAL], page=False)
    assert part in page
    assert page.startswith("<!doctype html>")
    assert part.startswith("<div")
    assert part.count("<figure") == 2
    assert part.count("speaks for the label") == 1
    assert "http" not in page


words = st.lists(
    st.tuples(
        st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1),
        st.floats(-1e6, 1e6),
    )
)


@given(words=words, label=st.text(st.characters(exclude_categories=["Cs"])))
def test_html_shows_the_text_whatever_it_is(words, label):
    one = explanation(*words, label=label)
    assert read(render_reasons([one])).text == one.text


@given(words=words, width=st.integers(20, 100))
def test_terminal_shows_any_text(words, width):
    assert "label positive" in printed(explanation(*words), width=width, color_system=None)


@pytest.mark.parametrize("rgb", [FOR_RGB, AGAINST_RGB])
@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0), (255, 255, 255)), ((255,) * 3, (18,) * 3)])
def test_text_on_the_strongest_colour_is_readable_dark_and_light(rgb, ink, paper):
    laid = [MOST_OPAQUE * c + (1 - MOST_OPAQUE) * p for c, p in zip(rgb, paper, strict=True)]
    lighter, darker = sorted((luminance(ink), luminance(laid)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 7  # WCAG 2.2, AAA


def luminance(rgb):
    """Relative luminance (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
