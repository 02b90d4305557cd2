"""The page of entities: what stands in it, and that it is read without colour too."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from seqpipe.reporting.entities import Entity
from seqpipe.reporting.entities_page import COLOURS, render_entities

TEXT = "Mina <b> moved to Huế & Ulm."
MINA, HUE, ULM = (
    Entity(0, 4, "PER", 0.981),
    Entity(18, 21, "LOC", 0.31),
    Entity(24, 27, "LOC"),
)


def shown(html):
    """What a reader sees of a page, in one line."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split()).replace("&lt;", "<")


def marks(html):
    return re.findall(r'<mark style="([^"]*)">', html)


def test_label_and_confidence_stand_behind_the_entity():
    html = render_entities([(TEXT, [ULM, HUE, MINA])], page=False)
    text = shown(html).replace("&gt;", ">").replace("&amp;", "&")
    assert text.startswith("Mina PER 0.98 <b> moved to Huế LOC 0.31? & Ulm LOC. Behind each")


def test_a_doubtful_entity_is_told_by_its_line_and_a_question_mark():
    sure, doubtful, unknown = marks(render_entities([(TEXT, [MINA, HUE, ULM])]))
    assert [" dashed " in style for style in (sure, doubtful, unknown)] == [False, True, False]


def test_a_label_has_one_colour_whatever_is_found():
    labels = ["LOC", "ORG", "PER"]
    (alone,) = marks(render_entities([(TEXT, [MINA])], labels=labels))
    first, *_ = marks(render_entities([(TEXT, [MINA, HUE])], labels=labels))
    assert alone == first
    assert COLOURS[2] in alone


def test_more_labels_than_colours_are_shown():
    labels = [f"L{i}" for i in range(12)]
    found = [Entity(i, i + 1, label) for i, label in enumerate(labels)]
    assert len(marks(render_entities([("x" * 12, found)], labels=labels))) == 12


def test_without_confidences_nothing_is_said_of_them():
    html = render_entities([(TEXT, [ULM])])
    assert "confidence" not in html
    assert "?" not in shown(html)


def test_a_text_without_entities_says_so():
    assert shown(render_entities([("Nothing.", [])], page=False)) == "Nothing. no entity found"


def test_the_page_needs_nothing_else():
    html = render_entities([(TEXT, [MINA])])
    assert not re.search(r"https?:|src=|<link|<script|url\(", html)
    assert "color-scheme: light dark" in html


@given(st.text(), st.lists(st.integers(0, 30), max_size=8))
def test_all_of_the_text_is_there(text, cuts):
    places = sorted({min(cut, len(text)) for cut in cuts})
    entities = [Entity(a, b, "X") for a, b in zip(places[::2], places[1::2], strict=False)]
    html = render_entities([(text, entities)], page=False)
    unmarked = re.sub(r" <small.*?</small>", "", html)
    bare = shown(unmarked.replace("no entity found", ""))
    for written, meant in (("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        bare = bare.replace(written, meant)
    visible = "".join(c if c.isprintable() or c.isspace() else " " for c in text)
    assert [c for c in bare if c.isalnum()] == [c for c in visible if c.isalnum()]
