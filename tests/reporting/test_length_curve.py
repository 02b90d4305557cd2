"""BLEU by length: a row and a point for each length, and lengths that differ are refused."""

import io
import re

import pytest
from rich.console import Console

from seqpipe.reporting.length_curve import plot_length_curves, print_length_curves
from seqpipe.translation.length_buckets import LengthBucket

WITH = [
    LengthBucket(1, 10, 1310, 0.38, (0.371, 0.389), 0.2),
    LengthBucket(11, None, 8, 0.3555, None, 0.1),
]
WITHOUT = [
    LengthBucket(1, 10, 1310, 0.36, (0.35, 0.37), 0.2),
    LengthBucket(11, None, 8, 0.2, None, 0.0),
]
CURVES = {"with attention": WITH, "without": WITHOUT}


def printed(curves, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_length_curves(console, curves)
    return console.file.getvalue()


def test_a_row_has_the_sentences_and_the_bleu_of_each_model():
    lines = [line.split() for line in printed(CURVES).splitlines()]
    assert " ".join(lines[1]) == "BLEU by length of the source, with 95 % intervals"
    assert lines[2] == ["tokens", "sentences", "with", "attention", "without"]
    assert lines[4] == ["1-10", "1,310", "38.00", "37.1-38.9", "36.00", "35.0-37.0"]
    assert lines[5] == ["11+", "8", "35.55", "-", "20.00", "-"]


def test_without_intervals_none_are_spoken_of():
    shown = printed({"one": WITH[1:]})
    assert "interval" not in shown
    assert shown.splitlines()[-1].split() == ["11+", "8", "35.55"]


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_console_stacks_the_cells(width):
    lines = printed(CURVES, width).splitlines()
    assert max(map(len, lines)) <= width


def test_curves_of_other_sentences_are_refused(tmp_path):
    curves = {"a": WITH, "b": WITHOUT[:1]}
    with pytest.raises(ValueError, match=r"of b: \[\('1-10', 1310\)\], expected those of a"):
        printed(curves)
    with pytest.raises(ValueError, match="expected those of a"):
        plot_length_curves(tmp_path / "a.png", curves)


def test_the_picture_names_models_and_lengths_and_shows_intervals(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "curve.svg"
    plot_length_curves(path, CURVES)
    text = path.read_text(encoding="utf-8")
    for name in ("with attention", "without", "1-10", "1,310", "11+", "BLEU"):
        assert re.search(rf"<!-- .*{re.escape(name)}.* -->", text.replace("\n", " "))
    # One upright line in each model's colour: the last lengths have no interval.
    upright = re.findall(r'id="LineCollection_\d+"', text)
    assert len(upright) == 2


def test_a_length_without_bleu_has_a_dash_and_no_point(tmp_path):
    curves = {"dates": [LengthBucket(1, 3, 25, None, None, 0.9), WITH[1]]}
    assert printed(curves).splitlines()[-2].split() == ["1-3", "25", "-"]
    pytest.importorskip("matplotlib")
    plot_length_curves(tmp_path / "curve.svg", curves)
    plot_length_curves(tmp_path / "both.svg", {"dates": [WITH[0], WITH[1]]})
    points, more = (
        (tmp_path / name).read_text(encoding="utf-8").count("clip-path=")
        for name in ("curve.svg", "both.svg")
    )
    assert points < more
