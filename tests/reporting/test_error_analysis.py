"""The table and the page of an error analysis: what they say, and that they fit."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from seqpipe.reporting.error_analysis import print_analysis, render_analysis
from seqpipe.translation.analysis import analyse
from tests.translation.garden_path import REFERENCES, TableTranslator, garden_examples


@pytest.fixture(scope="module")
def analysis():
    return analyse(TableTranslator(), garden_examples())


def printed(analysis, width=80, **options):
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    print_analysis(console, analysis)
    return console.file.getvalue()


def rows_of(text, title):
    """The words of each row of a table, without its heads."""
    table = text.split(title)[1].split("\n\n")[0]
    return [line.split() for line in table.splitlines()[3:]]


def test_a_row_a_width_has_counts_shares_and_scores(analysis):
    text = printed(analysis, width=120)
    rows = rows_of(text, "errors by beam width")
    shares = ["50.0", "15-85", "25.0", "5-70", "25.0", "5-70"]
    assert rows[0] == ["1", "4", *shares, f"{100 * analysis.totals[0].bleu:.2f}", "20.0"]
    assert [row[0] for row in rows] == ["1", "3", "10", "30"]
    assert "width in use 1, normalisation length, alpha 0.7" in text


def test_the_advice_is_printed_as_it_is(analysis):
    text = " ".join(printed(analysis, width=60).split())
    assert analysis.advice
    for sentence in analysis.advice:
        assert sentence in text


def test_lengths_have_a_table_of_their_own():
    examples = [eg for _ in range(25) for eg in garden_examples()]
    found = analyse(TableTranslator(), examples, widths=[1, 2], edges=[2])
    text = printed(found, width=120)
    for width in (1, 2):
        rows = rows_of(text, f"width {width}, by length of the source")
        assert [row[:2] for row in rows] == [["1-2", "75"], ["3+", "50"]]


def test_what_is_out_of_reach_has_a_column_only_where_there_is_some():
    references = {text: some for text, some in REFERENCES.items() if text != "Jane danse"}
    found = analyse(TableTranslator(), garden_examples(references), widths=[1])
    assert "out of reach" not in printed(found)
    assert "out of reach" not in render_analysis(found)


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(width):
    examples = [eg for _ in range(25) for eg in garden_examples()]
    found = analyse(TableTranslator(), examples, widths=[1, 30], edges=[2])
    text = printed(found, width=width, color_system=None)
    assert "tokens" in text  # heads are whole too
    assert max(map(len, text.splitlines())) <= width
    assert f"{100 * found.totals[1].bleu:.2f}" in text
    spreads = re.findall(r"±\S*", text)
    assert len(spreads) == len(found.rows)
    assert "40-60" in text
    assert all(re.fullmatch(r"±\d+\.\d", spread) for spread in spreads)


def test_a_console_of_ascii_gets_ascii():
    class AsciiFile(io.StringIO):
        encoding = "ascii"

    examples = [eg for _ in range(25) for eg in garden_examples()]
    found = analyse(TableTranslator(), examples, widths=[1])
    console = Console(file=AsciiFile(), width=80)
    print_analysis(console, found)
    assert "+-" in console.file.getvalue()
    assert "±" not in console.file.getvalue()


def test_the_page_has_the_table_the_advice_and_errors_of_each_kind(analysis):
    page = render_analysis(analysis)
    assert page.startswith("<!doctype html>")
    for said in (
        "Sentence 1, width 1: the search&#39;s fault",
        "Sentence 2, width 1: the model&#39;s fault",
        "Sentence 5, width 1: out of reach",
        "score -0.7351, log P -3.152 nats, 8 pieces",
        "score -0.3199, log P -0.987 nats, 5 pieces",
        "at piece 3: ŷ &#34;going&#34; -0.598, y* &#34;visiting&#34; -0.844 nats",
        "16 pieces, cut at the maximum length",
        "Even a search that misses nothing would right 2",
    ):
        assert said in page


def test_each_example_has_its_attention(analysis):
    page = render_analysis(analysis)
    assert page.count("<table") == 1 + len(analysis.examples)
    assert "going ← visite: 0.250" in page


def test_the_page_needs_nothing_else_and_escapes_what_it_shows():
    tables = {"<b>x</b> & y": {"": {"Jane": 0.9}}}
    examples = garden_examples({"<b>x</b> & y": ["<script>Jane</script> sings"]})
    page = render_analysis(analyse(TableTranslator(tables), examples, widths=[1]))
    assert "<script" not in page
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page
    assert not re.search(r"https?://|src=|url\(|@import", page)


def test_of_several_references_the_page_names_the_best():
    references = {"Jane visite l'Afrique": ["Jane is to be", "Jane is visiting Africa"]}
    page = render_analysis(analyse(TableTranslator(), garden_examples(references), widths=[1]))
    assert "&#34;Jane is visiting Africa&#34;: score -0.3199" in page


def test_a_part_of_a_page_is_no_page(analysis):
    assert "<html" not in render_analysis(analysis, page=False)


def test_where_nothing_is_wrong_the_page_has_no_share():
    found = analyse(TableTranslator(), garden_examples({"Jane chante": ["Jane sings la la"]}))
    assert "- %" not in render_analysis(found)


def test_outputs_without_four_words_have_a_dash_for_bleu():
    examples = garden_examples({"Jane a visité l'Afrique": ["Jane visited Africa"]})
    found = analyse(TableTranslator(), examples, widths=[1])
    (row,) = rows_of(printed(found, width=120), "errors by beam width")
    assert row[-2:] == ["-", "0.0"]
    assert "0.00" not in render_analysis(found)
