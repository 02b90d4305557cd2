"""The page of curves needs nothing else, holds all points, and says what differs between runs."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqpipe.reporting.curves_page import WIDTH, Axis, write_page
from seqpipe.reporting.run_logs import read_runs
from tests.run_log_case import evaluation, write_log

VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """Checks that tags are closed in order; collects texts, tags and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def page(tmp_path, runs, **options):
    write_page(tmp_path / "a.html", runs, **options)
    return Page((tmp_path / "a.html").read_text(encoding="utf-8"))


@pytest.fixture
def runs(tmp_path):
    """Two runs that differ in their dropout; the second is the better one."""
    for name, dropout, best in (("one", 0.1, 0.75), ("two", 0.3, 0.8125)):
        evaluations = [
            evaluation(0, 0.25, losses={"tagger": 2.5}),
            evaluation(500, best, losses={"tagger": 0.5}, f=0.125),
            evaluation(1000, 0.5, losses={"tagger": 0.01}),
        ]
        config = {"training": {"dropout": dropout, "seed": 1}}
        write_log(tmp_path / f"{name}.jsonl", evaluations, config=config)
    return read_runs([tmp_path])


def test_the_page_loads_nothing(tmp_path, runs):
    found = page(tmp_path, runs)
    assert not {tag for tag, _ in found.tags} & {"link", "script", "img", "iframe", "object"}
    assert not [attrs for _, attrs in found.tags if {"src", "href", "srcset"} & set(attrs)]
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import|https?:", text)


def test_it_fits_light_and_dark_and_narrow(tmp_path, runs):
    found = page(tmp_path, runs)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in found.of(
        "meta"
    )
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", text, flags=re.DOTALL)
    names = re.compile(r"(--\w+): #")
    assert names.findall(light) == names.findall(dark)
    assert set(re.findall(r"var\((--\w+)\)", text)) == set(names.findall(light))


def test_every_evaluation_is_a_point_with_its_numbers(tmp_path, runs):
    found = page(tmp_path, runs)
    assert len(found.of("circle")) == 2 * 2 * 3
    assert "two: 0.8125 at 500 steps" in found.texts
    assert "one: 0.01 at 1,000 steps" in found.texts


def test_the_table_marks_the_best_run(tmp_path, runs):
    found = page(tmp_path, runs, metric="f")
    assert [attrs.get("class") for attrs in found.of("tr")][1:3] == [None, "best"]
    row = found.texts[found.texts.index("two") :]
    assert [text for text in row if text][:8] == [
        "two", "0.8125", "0.1250", "500", "250", "1000", "500", "20",
    ]  # fmt: skip


def test_a_single_run_is_not_marked(tmp_path, runs):
    assert not [attrs for attrs in page(tmp_path, runs[:1]).of("tr") if attrs.get("class")]


def test_settings_that_differ_are_listed_and_no_others(tmp_path, runs):
    found = page(tmp_path, runs)
    at = found.texts.index("training.")  # a long name may be broken after a dot
    assert [t for t in found.texts[at + 1 :] if t][:5] == ["dropout", "one", "0.1", "two", "0.3"]
    assert "seed" not in found.texts
    assert "In what the configs differ" not in page(tmp_path, runs[:1]).texts


def test_a_missing_score_breaks_the_curve(tmp_path):
    scores = [0.1, 0.2, None, 0.4]
    write_log(tmp_path / "a.jsonl", [evaluation(n, s) for n, s in enumerate(scores)])
    found = page(tmp_path, read_runs([tmp_path]))
    curve = next(a["d"] for a in found.of("path") if a.get("class") == "curve" and "role" not in a
                 and a["d"].count(" ") > 3)  # fmt: skip
    assert re.sub(r"[^ML]", "", curve) == "MLM"


def test_names_cannot_be_markup(tmp_path):
    write_log(tmp_path / "<b>&.jsonl", [evaluation(0, 0.5, losses={"<i>": 0.5})])
    found = page(tmp_path, read_runs([tmp_path]))
    assert "<b>&" in found.texts
    assert "loss per token: <i>" in found.texts


def test_a_run_without_any_score_is_in_the_table_alone(tmp_path):
    write_log(tmp_path / "a.jsonl", [evaluation(0, None, losses={})])
    found = page(tmp_path, read_runs([tmp_path]))
    assert found.of("figure") == []
    assert "-" in found.texts


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_ticks_are_few_and_within_the_axis(low, high):
    assume(high - low > 1e-6 * max(abs(low), abs(high), 1e-3))
    ticks = Axis(low, high, 0.0, WIDTH).ticks()
    assert 2 <= len(ticks) <= 6
    assert all(-1 <= place <= WIDTH + 1 for place, _ in ticks)
    assert len({place for place, _ in ticks}) == len(ticks)


@given(st.floats(-6, 6), st.floats(1.2, 12))
def test_ticks_of_a_log_axis_are_within_it(low, spread):
    ticks = Axis(low, low + spread, 0.0, WIDTH, log=True).ticks()
    assert 2 <= len(ticks) <= 13
    assert all(0 <= place <= WIDTH for place, _ in ticks)


def test_steps_are_whole_numbers():
    texts = [text for _, text in Axis(0.0, 3.0, 0.0, WIDTH, whole=True).ticks()]
    assert texts == ["0", "1", "2", "3"]
