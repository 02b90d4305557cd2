"""The page of a report: that it holds all it shows, loads nothing, and can be read by everybody."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from seqpipe.reporting.report import (
    Lines,
    Page,
    Picture,
    Report,
    Section,
    anchors,
    as_html,
    foot,
    render_report,
)
from seqpipe.reporting.report_page import FRAMED, HIGHEST, STYLE
from seqpipe.reporting.report_tables import Column, table_of

VOID = {"meta", "img", "br", "link", "input"}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TRICKY = """<!doctype html><title>"x" & 'y'</title><p title="a &amp; b">&lt;</p>
</iframe><script>document.title = "</" + "script>"</script>"""
TABLE = table_of(
    [("<b>one</b>", {"f": 0.5, "note": "x & y"})],
    [Column("F1", "f", percent=True), Column("note", "note")],
    caption='Scores "here"',
)


class Reader(HTMLParser):
    """Reads a page as a browser does, and notes its tags, and what is left open."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.stack, self.texts = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.stack):
            self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def report(*parts, title="A tour", text="", section="Scores"):
    return Report(title, text, [Section(section, "What it is.", parts)])


def read(*parts, **options):
    reader = Reader(render_report(report(*parts, **options)))
    assert not reader.stack
    return reader


EVERYTHING = (
    TABLE,
    Page("The map", TRICKY),
    Picture(SVG, ".svg", "Words & their places", "The map"),
    Picture(b"\x89PNG", ".png", "A plot"),
    Lines("To be,\n  <or> not\x1b[31m", "samples.txt", "Samples"),
)


def test_nothing_is_loaded_from_anywhere():
    html = render_report(report(*EVERYTHING))
    reader = Reader(html)
    for tag, attrs in reader.tags:
        assert tag not in ("link", "base", "object", "embed"), tag
        for name in ("src", "href", "poster", "data", "action"):
            assert attrs.get(name, "#").startswith(("#", "data:")), (tag, attrs)
    assert not re.search(r"url\(|@import|https?://", html.replace(TRICKY, ""))
    (policy,) = [m["content"] for m in reader.all("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?:|\*", policy)


def test_every_picture_has_words_and_holds_its_content():
    vector, raster = read(*EVERYTHING).all("img")
    assert (vector["alt"], raster["alt"]) == ("Words & their places", "A plot")
    head, content = vector["src"].split(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(content) == SVG
    assert raster["src"].startswith("data:image/png;base64,")
    assert (vector.get("class"), raster.get("class")) == (None, "raster")


@pytest.mark.parametrize(
    "html", [TRICKY, "<p>&quot;&amp;amp;", "'\">\n\r\n<!--", "ü 漢 \U0001f40d"]
)
def test_a_framed_page_is_whole_and_stays_in_its_frame(html):
    reader = read(Page('The "map"', html))
    (frame,) = reader.all("iframe")
    assert frame["srcdoc"] == html + FRAMED
    assert frame["title"] == 'The "map"'
    assert frame["sandbox"] == "allow-scripts allow-downloads"


def test_a_page_that_is_higher_than_a_frame_can_be_scrolls_in_it():
    assert f"max-height: {HIGHEST}px" in STYLE
    assert f'overflowY = height + 2 > {HIGHEST} ? "auto" : "hidden"' in FRAMED
    assert "HIGHEST" not in STYLE + FRAMED


def test_titles_texts_and_cells_are_no_html():
    reader = read(*EVERYTHING, title="<i>Tour</i>", text="<img src=x>", section="A & <b>")
    assert {"i", "b", "or"}.isdisjoint(tag for tag, _ in reader.tags)
    texts = "".join(reader.texts)
    for text in ("<i>Tour</i>", "<img src=x>", "A & <b>", "<b>one</b>", "x & y", "<or> not"):
        assert text in texts
    assert "\x1b" not in texts


def test_a_table_has_heads_and_a_name_for_who_hears_it():
    reader = read(TABLE)
    assert [th["scope"] for th in reader.all("th")] == ["col", "col", "row"]
    (region,) = [attrs for attrs in reader.all("div") if attrs.get("role") == "region"]
    assert (region["aria-label"], region["tabindex"]) == ('Scores "here"', "0")
    assert "50.00 %" in reader.texts


def test_lines_are_shown_as_they_are():
    html = render_report(report(Lines("\n  two\n\nfour", "s.txt")))
    # A parser leaves out the line end behind <pre>.
    assert ">\n\n  two\n\nfour</pre>" in html


def test_contents_lead_to_every_section():
    sections = [Section(title) for title in ("Scores", "Scores", "Größe & Zeit", "???", "scores 2")]
    reader = Reader(render_report(Report("T", "", sections)))
    links = [attrs["href"] for attrs in reader.all("a")]
    found = [attrs["id"] for attrs in reader.all("section")]
    assert links == [f"#{name}" for name in found]
    assert found == ["scores", "scores-2", "grösse-zeit", "section", "scores-2-2"]
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_no_title_of_a_section_takes_a_name_that_the_page_needs():
    titles = ("Contents", "Scores", "Scores title", "Scores:title")
    reader = Reader(render_report(Report("T", "", list(map(Section, titles)))))
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_no_two_anchors_are_the_same():
    titles = ["a", "a", "a-2", "A", "a 2", "", " "]
    assert len(set(anchors(titles))) == len(titles)


def test_markdown_is_rendered_without_html_headings_and_pictures():
    html = as_html("# No *heading*\n\n- a `b`\n\n![x](y.png) <b>c</b> [d](https://spacy.io)")
    assert "<em>heading</em>" in html
    assert "<code>b</code>" in html
    assert '<a href="https://spacy.io">d</a>' in html
    assert not re.search(r"<(h1|img|b)\b", html)


def test_markdown_leads_to_no_script():
    assert "<a" not in as_html("[x](javascript:alert(1))")


def test_the_foot_says_where_the_report_comes_from():
    made_by = {
        "versions": {"python": "3.11.7", "seqpipe": "0.1.0", "spacy": "3.8.1"},
        "commit": "0123456789abcdef-dirty",
        "machine": {"platform": "Linux-6.1-x86_64", "cpu": "A CPU", "cores": 2},
    }
    assert foot(made_by, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == (
        "Made on 2026-01-02 at 03:04 UTC with seqpipe 0.1.0, Python 3.11.7, spaCy 3.8.1; "
        "commit 0123456789ab with changes; A CPU, 2 cores, Linux."
    )
    assert "commit" not in foot({**made_by, "commit": None}, datetime.now(UTC))


def test_the_same_report_at_the_same_time_is_the_same_page():
    made = datetime(2026, 1, 2, tzinfo=UTC)
    one, other = (render_report(report(*EVERYTHING), made=made) for _ in range(2))
    assert one == other
