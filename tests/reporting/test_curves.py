"""Curves hold every evaluation of every run, each run in its colour, as picture, page or table."""

import io
import math
import re

import pytest
from rich.console import Console

from seqpipe.files import InputError
from seqpipe.reporting.curves import (
    check_curves_file,
    curve_panels,
    metric_names,
    plot_curves,
    print_runs,
    short_number,
)
from seqpipe.reporting.run_logs import read_runs
from tests.run_log_case import evaluation, write_log

NARROW, WIDE = 40, 100


def losses(tagger, ner):
    return {"tagger": tagger, "ner": ner}


@pytest.fixture
def runs(tmp_path):
    """Two runs of a tagger, the second with an entity recogniser whose loss falls far."""
    one = [evaluation(0, 0.25), evaluation(50, 0.75), evaluation(100, None)]
    write_log(tmp_path / "one.jsonl", one)
    two = [
        evaluation(0, 0.1, losses=losses(2.0, 5.0), per_type={"PER": {"f": 0.2}}),
        evaluation(1000, 0.8, losses=losses(1.0, 0.05), per_type={"PER": {"f": 0.3}}),
        evaluation(2000, 0.7, losses=losses(0.9, 0.02), per_type={"PER": {"f": 0.4}}),
    ]
    write_log(tmp_path / "two.jsonl", two)
    return read_runs([tmp_path])


def test_a_panel_for_the_score_and_one_for_each_components_loss(runs):
    score, tagger, ner = curve_panels(runs)
    assert [panel.title for panel in (score, tagger, ner)] == [
        "score",
        "loss per token: tagger",
        "loss per token: ner",
    ]
    assert [line.name for line in score.lines] == [line.name for line in tagger.lines]
    assert [(line.name, line.colour) for line in ner.lines] == [("two", 1)]
    assert (list(ner.lines[0].x), list(ner.lines[0].y)) == ([0, 1000, 2000], [5.0, 0.05, 0.02])


def test_only_losses_that_spread_wide_have_a_log_scale(runs):
    assert [panel.log for panel in curve_panels(runs)] == [False, False, True]


def test_a_loss_of_zero_keeps_the_scale_linear(tmp_path):
    falling = [evaluation(n, 0.1, losses={"tagger": loss}) for n, loss in enumerate((9.0, 0.0))]
    path = write_log(tmp_path / "a.jsonl", falling)
    assert not curve_panels(read_runs([path]))[1].log


@pytest.mark.parametrize(
    ("x", "last"), [("steps", 2000), ("words", 20000), ("seconds", 1000)], ids=str
)
def test_curves_are_drawn_against_steps_words_or_seconds(runs, x, last):
    assert curve_panels(runs, x=x)[0].lines[1].x[-1] == last


def test_a_score_that_was_not_a_number_is_a_gap(runs):
    assert math.isnan(curve_panels(runs)[0].lines[0].y[2])


def test_metrics_are_all_scores_that_are_numbers_those_in_groups_too(runs):
    assert metric_names(runs) == ["score", "per_type.PER.f", "tag_acc"]
    (line,) = curve_panels(runs, metric="per_type.PER.f")[0].lines
    assert (line.name, line.y) == ("two", [0.2, 0.3, 0.4])


def test_more_runs_than_colours_are_told_apart_by_dashes(tmp_path):
    for number in range(12):
        write_log(tmp_path / f"{number:02}.jsonl", [evaluation(0, 0.5)])
    lines = curve_panels(read_runs([tmp_path]))[0].lines
    assert len({(line.colour, line.dashed) for line in lines}) == 12


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.05, "0.05"), (999, "999"), (1500, "1.5k"), (20e6, "20M"), (3e9, "3G")],
)
def test_long_numbers_are_written_short(number, text):
    assert short_number(number) == text


def printed(runs, *, width=WIDE, **options):
    stream = io.StringIO()
    print_runs(Console(file=stream, width=width, color_system=None), runs, **options)
    return stream.getvalue()


def test_the_table_says_what_each_run_reached_and_when(runs):
    rows = {words[0]: words[1:] for words in map(str.split, printed(runs).splitlines()) if words}
    assert rows["one"] == ["0.7500", "50", "25", "20"]
    assert rows["two"] == ["0.8000", "1000", "500", "20"]


def test_another_metric_is_that_of_the_best_model(runs):
    text = printed(runs, metric="per_type.PER.f")
    rows = {words[0]: words[1:] for words in map(str.split, text.splitlines()) if words}
    assert rows["one"][:2] == ["0.7500", "-"]
    assert rows["two"][:2] == ["0.8000", "0.3000"]


def test_a_narrow_terminal_is_wide_enough_for_the_table(runs):
    lines = printed(runs, width=NARROW).splitlines()
    assert max(map(len, lines)) <= NARROW
    assert any(line.split() == ["two", "0.8000", "1000", "500", "20"] for line in lines)


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("new/a.pdf", b"%PDF")],
)
def test_the_ending_says_the_format(tmp_path, runs, name, beginning):
    pytest.importorskip("matplotlib")
    check_curves_file(tmp_path / name)
    plot_curves(tmp_path / name, runs)
    assert (tmp_path / name).read_bytes().startswith(beginning)


def test_the_picture_names_runs_panels_and_the_axis(tmp_path, runs):
    pytest.importorskip("matplotlib")
    plot_curves(tmp_path / "a.svg", runs, metric="tag_acc", x="words")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for name in ("tag_acc", "loss per token: tagger", "loss per token: ner", "words", "20k"):
        assert f"<!-- {name} -->" in text
    for label in ("one", "two"):
        assert text.count(f"<!-- {label} -->") == 1


def test_names_are_drawn_as_they_are(tmp_path):
    pytest.importorskip("matplotlib")
    write_log(tmp_path / "_x$y$" / "run.jsonl", [evaluation(0, 0.5)])
    write_log(tmp_path / "z" / "run.jsonl", [evaluation(0, 0.5)])
    plot_curves(tmp_path / "a.svg", read_runs([tmp_path]))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert re.search(r"<!--\s+_x\\?\$y\\?\$ -->", text)


@pytest.mark.parametrize("name", ["a", "a.jpg", "a.jsonl"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"a.*: curves end in \.png, \.svg, \.pdf or \.html"):
        check_curves_file(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "html"])
def test_a_folder_in_their_place_is_refused(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").mkdir()
    with pytest.raises(InputError, match=rf"a\.{suffix}: a folder stands there, expected a file"):
        check_curves_file(tmp_path / f"a.{suffix}")
