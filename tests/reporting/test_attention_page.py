"""Attention as HTML: what it says of each example, and weights that do not fit their pieces."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.reporting.attention import AttentionMap, TranslationExample, render_attention

VOID = {"meta", "br"}
SMALL = AttentionMap(
    ["le", "chat", "<EOS>"], ["the", "cat"], np.array([[0.9, 0.1, 0.0], [0.004, 0.2, 0.796]])
)
CAT = TranslationExample(
    source="le chat",
    output="the cat",
    references=["a cat"],
    log_prob=-1.234,
    attention=SMALL,
    title="1. Model error",
    facts=[("score", "-0.9")],
)


class Read(HTMLParser):
    """Checks that every tag is closed in its place, and keeps what stands in which."""

    def __init__(self, html):
        super().__init__()
        self.open, self.found = [], {}
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.found.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.found[self.open[-1]][-1] += data

    def texts(self, tag):
        return self.found.get(tag, [])


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (6,), (2, 3, 1)])
def test_weights_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=rf"shape {re.escape(str(shape))}: expected \(2, 3\)"):
        AttentionMap(["a", "b", "c"], ["d", "e"], np.zeros(shape))


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan, math.inf])
def test_weights_that_are_none_are_refused(weight):
    with pytest.raises(ValueError, match=rf"attention {weight} at piece 1 .* 0 of the source"):
        AttentionMap(["a"], ["b", "c"], np.array([[0.5], [weight]]))


def test_a_page_has_the_texts_and_the_pieces_of_each_example():
    other = TranslationExample(source="le chien", output="the dog", references=["a", "b"])
    page = Read(render_attention([CAT, other], title="Mine"))
    assert page.texts("title") == page.texts("h1") == ["Mine"]
    assert page.texts("h2") == ["1. Model error"]
    names = ["source", "output", "reference", "log P, nats", "score"]
    assert page.texts("dt") == [*names, "source", "output", "reference 1", "reference 2"]
    facts = ["le chat", "the cat", "a cat", "-1.23", "-0.9", "le chien", "the dog", "a", "b"]
    assert page.texts("dd") == facts
    assert page.texts("bdi") == ["le", "chat", "<EOS>", "the", "cat"]
    assert len(page.texts("table")) == 1


def test_cells_say_their_weight_in_percent_unless_it_is_none():
    html = render_attention([CAT])
    assert Read(html).texts("td") == ["90", "10", "", "", "20", "80"]
    assert 'style="--weight: 0.90"' in html
    assert 'title="the ← le: 0.900"' in html
    assert html.count('class="most"') == 2


def test_a_page_needs_nothing_else_and_a_part_goes_into_one():
    page = render_attention([CAT])
    assert page.startswith("<!doctype html>")
    assert "color-scheme: light dark" in page
    assert not re.search(r"https?:|<script|<link|url\(|@import", page)
    part = render_attention([CAT], page=False)
    assert "<html" not in part
    assert Read(part).texts("h3") == Read(page).texts("h2")
    assert Read(part).texts("td") == Read(page).texts("td")


def test_the_picture_can_be_reached_and_is_named_for_who_does_not_see_it():
    html = render_attention([CAT])
    named = "Attention: 2 pieces of the output by 3 pieces of the source"
    assert f'tabindex="0" role="region" aria-label="{named}"' in html
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 2


def test_without_attention_or_pieces_there_is_no_table():
    empty = AttentionMap(["<EOS>"], [], np.zeros((0, 1)))
    html = render_attention([TranslationExample(source="", output="", attention=empty)])
    assert "<table" not in html
    assert "Rows are the pieces" not in render_attention(
        [TranslationExample(source="a", output="b")]
    )


def test_white_space_is_seen_and_long_names_stand_downward():
    weights = AttentionMap([" ", "août"], ["\t"], np.array([[0.5, 0.5]]))
    html = render_attention([TranslationExample(source="", output="", attention=weights)])
    assert "<bdi>␣</bdi>" in html
    assert '<bdi class="down">août</bdi>' in html
    assert "<bdi>⇥</bdi>" in html


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(TEXT, st.lists(TEXT, min_size=1, max_size=3), st.floats())
def test_whatever_the_texts_html_is_sound_and_has_all_of_them(text, pieces, log_prob):
    weights = np.full((1, len(pieces)), 1 / len(pieces))
    example = TranslationExample(
        source=text,
        output=text,
        references=pieces,
        log_prob=log_prob,
        attention=AttentionMap(pieces, [text], weights),
        title=text,
    )
    found = Read(render_attention([example], title=text)).texts("dd")
    assert found[:2] == [text, text]
    assert found[2:-1] == pieces


def test_markup_in_a_text_stays_text():
    evil = '"><script>alert(1)</script>'
    weights = AttentionMap([evil], [evil], np.ones((1, 1)))
    example = TranslationExample(
        source=evil, output=evil, attention=weights, title=evil, facts=[(evil, evil)]
    )
    assert "<script" not in render_attention([example], title=evil)
