"""The report of an audit of bias: tables, page and pictures, what they say, and that they fit."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from seqpipe.debiasing.audit import audit
from seqpipe.debiasing.debiaser import debias
from seqpipe.debiasing.findings import SOURCES, AuditSettings, Findings
from seqpipe.debiasing.published_lists import SemBiasQuestion
from seqpipe.debiasing.word_lists import WeatTest, WordLists
from seqpipe.debiasing.words import WordVectors
from seqpipe.reporting.bias_report import print_audit
from seqpipe.reporting.bias_report_direction import (
    AlongDirection,
    print_along,
    print_debiased,
    signed,
)
from seqpipe.reporting.bias_report_lists import lists_as_dict
from seqpipe.reporting.bias_report_page import render_audit
from seqpipe.reporting.bias_report_words import EXPLAINED, HIDDEN, UNSEEN, reading
from tests.debiasing.debias_case import LISTS, PAIRS, letters, planted

pytest.importorskip("sklearn")

NEUTRAL = letters(200)
FEMALE, MALE = zip(*PAIRS, strict=True)
FULL = replace(
    LISTS,
    attributes={"female": FEMALE, "male": MALE},
    targets={"occupations": NEUTRAL[:20], "a set with a very long name": ("nosuchword",)},
    weat=(WeatTest("work/home", NEUTRAL[:6], NEUTRAL[50:56], FEMALE, MALE),),
)
SETTINGS = AuditSettings(
    per_side=40, neighbours=10, sampled=30, recover_per_side=60, generated=5, permutations=500
)
QUESTIONS = [SemBiasQuestion(("man", "woman"), NEUTRAL[:2], (NEUTRAL[2:4], NEUTRAL[4:6]))]


def measured(before, after, lists=FULL):
    return audit(before, after, lists, settings=SETTINGS, sembias_questions=QUESTIONS)


@pytest.fixture(scope="module")
def both():
    before = planted(200, 20)
    return measured(before, debias(before, FULL).vectors)


@pytest.fixture(scope="module")
def once():
    return measured(planted(200, 20), None)


def printed(show, width=60, **options):
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    show(console)
    return console.file.getvalue()


def words_of(text):
    return " ".join(text.split())


def test_every_metric_of_an_audit_is_explained():
    metrics = {name for name in Findings.__dataclass_fields__ if name != "generated"}
    assert set(EXPLAINED) == metrics
    assert set(SOURCES) == metrics | {"generated"}


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_terminal(both, width):
    text = printed(lambda console: print_audit(console, both), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_each_table_has_its_source_and_what_it_does_not_show(both):
    text = words_of(printed(lambda console: print_audit(console, both), width=100))
    assert text.count("Does not show:") == text.count("Shows:") >= 9
    for metric in ("direct_bias", "weat", "clustering", "sembias"):
        assert f"Source: {SOURCES[metric]}." in text
    assert "p 0." in text or "p 1." in text


def test_values_and_intervals_stand_beside_each_other(both):
    text = printed(lambda console: print_audit(console, both), width=140)
    row = next(line for line in text.splitlines() if line.startswith("occupations"))
    first = both.before.direct_bias[0]
    low, high = first.interval.low, first.interval.high
    assert f"{first.value:.3f} {low:.2f} to {high:.2f}" in row
    assert row.rstrip().endswith("20/20")


def test_what_has_no_value_has_its_reason(both):
    text = words_of(printed(lambda console: print_audit(console, both), width=140))
    assert "a set with a very long name: none of the words has a vector" in text
    assert "a set with a very long name - - 0/1" in text


def test_ascii_is_enough(both):
    class AsciiFile(io.StringIO):
        encoding = "ascii"

    console = Console(file=AsciiFile(), width=60, highlight=False)
    print_audit(console, both)
    assert console.file.getvalue().isascii()


def test_nothing_says_that_bias_is_gone(both, once):
    for found in (both, once):
        texts = [printed(lambda console, found=found: print_audit(console, found))]
        texts += [render_audit(found), *reading(found)]
        for text in texts:
            assert not re.search(r"remov|unbiased|bias-free|no longer", text, re.IGNORECASE)


def test_the_reading_says_that_sides_can_still_be_told():
    """Neighbours of another kind lie apart in more than one direction."""
    rng = np.random.default_rng(0)
    before = planted(200, 20)
    matrix = before.matrix.copy()
    first = before.index[NEUTRAL[0]]
    # Half of the neutral words lean along the first axis, and along the second as well.
    lean = np.repeat([1.0, -1.0], 100)
    matrix[first:] = rng.normal(scale=0.3, size=(200, 20))
    matrix[first:, :2] += 1.5 * lean[:, None]
    vectors = WordVectors(before.words, matrix)
    found = reading(measured(vectors, debias(vectors, FULL).vectors))
    assert HIDDEN in found
    assert UNSEEN not in found
    assert any(re.match(r"Along the direction: .* 0\.\d+ before, 0\.000 after", s) for s in found)


def test_the_reading_of_one_table_compares_nothing(once):
    found = reading(once)
    assert all(" after" not in sentence for sentence in found)
    assert any("direct bias of occupations" in sentence for sentence in found)


def test_an_audit_without_a_direction_says_why():
    lists = WordLists(name="none", pairs=(("x1", "x2"),), targets={"all": NEUTRAL[:5]})
    found = measured(planted(20), None, lists)
    text = words_of(printed(lambda console: print_audit(console, found)))
    assert "no direction: 0 of 1 pairs can be used" in text
    assert "no direction" in render_audit(found)


def test_the_page_needs_nothing_else(both):
    html = render_audit(both)
    for outside in ("http://", "https://", "<script", "<link", "@import", "url("):
        assert outside not in html
    assert "prefers-color-scheme: dark" in html
    assert "nan" not in re.sub(r"<[^>]*>", " ", html).lower().split()


def test_plots_of_the_page_say_what_they_show(both):
    html = render_audit(both)
    images = re.findall(r"<svg[^>]*>", html)
    assert len(images) == 2  # neighbours before and after
    for image in images:
        assert 'role="img"' in image
        assert "nearest neighbours on the side of" in image
        assert "occupations: r = " in image
    assert html.count('<span class="strip" aria-hidden="true">') > 20


def test_places_of_marks_are_within_their_strip(both):
    html = render_audit(both)
    places = [float(number) for number in re.findall(r'class="mark[^>]*left: ([-\d.]+)%', html)]
    assert len(places) > 40
    assert all(0 <= place <= 100 for place in places)
    bars = re.findall(r"left: ([-\d.]+)%; width: ([-\d.]+)%", html)
    assert all(float(left) + float(width) <= 100.5 for left, width in bars)


def test_words_of_a_page_are_escaped():
    vectors = planted(60)
    words = tuple("<b>x</b>" if word == NEUTRAL[0] else word for word in vectors.words)
    lists = replace(FULL, targets={"occupations": ("<b>x</b>", NEUTRAL[1])}, weat=())
    html = render_audit(measured(WordVectors(words, vectors.matrix), None, lists), title="<i>")
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html
    assert "<i>" not in re.sub(r'<i class="[^"]*"', "", html)


def along(**after):
    before = {"nurse": 0.3, "judge": 0.0, "pilot": -0.2}
    return AlongDirection.sorted_by_bias(
        "occupations", before, after or None, sides=("female", "male")
    )


def test_words_are_drawn_where_they_lie():
    text = printed(lambda console: print_along(console, along(nurse=0.0, judge=0.0, pilot=0.1)))
    nurse, judge, pilot = text.splitlines()[-3:]
    assert nurse.split()[1].index("o") > nurse.split()[1].index("*")
    assert pilot.split()[1].index("o") < len(pilot.split()[1]) // 2 < pilot.split()[1].index("*")
    strip = judge.split()[1]
    assert strip.index("*") == len(strip) // 2  # one mark over the other
    assert nurse.split()[2:] == ["+0.300", "0.000"]
    assert "male -0.3" in text
    assert "+0.3 female" in text


def test_only_the_farthest_words_are_drawn_where_there_are_many():
    before = {f"w{n}": n / 100 for n in range(-20, 21)}
    found = AlongDirection.sorted_by_bias("words", before, None, ("a", "b")).extremes(2)
    assert found.words == ("w20", "w19", "w-19", "w-20")
    assert found.name == "words, 4 of 41"


def test_rounding_has_no_sign():
    assert signed(-1e-9).strip() == "0.000"
    assert signed(-0.0006) == "-0.001"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_picture_is_the_same_for_the_same_words(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    from seqpipe.reporting.bias_report_plot import draw_along

    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        draw_along(path, along(nurse=0.0, judge=0.0, pilot=0.1), title="$x$ of words")
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_debiasing_did_is_said_in_sixty_columns():
    lists = replace(FULL, equalise=(*FULL.equalise, *((f"x{n}", f"y{n}") for n in range(20))))
    report = debias(planted(60), lists).report()
    text = printed(lambda console: print_debiased(console, report))
    assert max(map(len, text.splitlines())) <= 60
    assert "neutralised" in text
    assert "not equalised: 20 sets, such as x0/y0 (no vector for 'x0', 'y0')" in words_of(text)
    assert "x9" not in text


def test_lists_come_back_from_their_json(tmp_path):
    import json

    path = tmp_path / "lists.json"
    path.write_text(json.dumps(lists_as_dict(FULL)), encoding="utf-8")
    assert WordLists.load(path) == FULL
