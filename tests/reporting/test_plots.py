"""Plots of lines: the picture holds them, or a fault is said before the work."""

import re
from pathlib import Path

import pytest

from seqpipe.files import InputError
from seqpipe.reporting.plots import Line, check_plot_file, plot_lines

pytest.importorskip("matplotlib")
BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
LINES = [
    Line("down, initial", [0, 1, 2, 3], [1, 0.1, 0.01, 0.0], dashed=True),
    Line("down, trained", [0, 1, 2, 3], [1, 0.2, 0.04, 0.008]),
    Line("up", [0, 1], [1, 10], colour=1),
]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_the_ending_says_the_format(tmp_path, suffix):
    path = tmp_path / "new" / f"plot.{suffix}"
    check_plot_file(path)
    plot_lines(path, LINES, x_label="distance", y_label="norm", log=True)
    assert path.read_bytes().startswith(BEGINNINGS[suffix.lower()])
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def drawn(tmp_path, **options):
    plot_lines(tmp_path / "plot.svg", LINES, x_label="distance", y_label="norm", **options)
    return (tmp_path / "plot.svg").read_text(encoding="utf-8")


def test_a_plot_names_its_lines_and_axes(tmp_path):
    text = drawn(tmp_path)
    for name in ("distance", "norm", "down, initial", "down, trained", "up"):
        assert f"<!-- {name} -->" in text


def test_lines_that_belong_together_share_a_colour(tmp_path):
    text = drawn(tmp_path)
    strokes = re.findall(r'<path d="M[^"]*" clip-path[^>]*stroke: (#\w+); stroke-width: 1.5', text)
    dashed = re.findall(r"stroke-dasharray: 5\.55[^;]*; stroke-dashoffset: 0; stroke: (#\w+)", text)
    assert set(dashed) == {"#1f77b4"}
    assert set(strokes) == {"#1f77b4", "#ff7f0e"}


def test_on_a_log_scale_zero_is_left_out(tmp_path):
    (line, *_) = re.findall(r'<path d="(M[^"]*)" clip-path[^>]*dasharray: 5', drawn(tmp_path))
    assert len(re.findall("[ML]", line)) == 4
    (line, *_) = re.findall(
        r'<path d="(M[^"]*)" clip-path[^>]*dasharray: 5', drawn(tmp_path, log=True)
    )
    assert len(re.findall("[ML]", line)) == 3


def test_points_may_have_names_and_intervals(tmp_path):
    line = Line("BLEU", [0, 1], [30, 20], intervals=[(29, 31), None])
    path = tmp_path / "plot.svg"
    plot_lines(path, [line], x_label="length", y_label="BLEU", x_names=["short", "long"])
    text = path.read_text(encoding="utf-8")
    assert "<!-- short -->" in text
    assert "<!-- long -->" in text
    assert len(re.findall(r'id="LineCollection_\d+"', text)) == 1


@pytest.mark.parametrize("name", ["plot", "plot.jpg", "plot.svgz"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"plot.*: a plot ends in \.png, \.svg or \.pdf"):
        check_plot_file(tmp_path / name)


def test_a_folder_in_the_plots_place_is_refused(tmp_path):
    (tmp_path / "plot.png").mkdir()
    with pytest.raises(InputError, match="a folder stands there"):
        check_plot_file(tmp_path / "plot.png")


@pytest.mark.parametrize("name", ["file/plot.png", "file/new/plot.png", f"{'long' * 70}.png"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"{name}: the plot cannot be written: "):
        check_plot_file(tmp_path / name)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no /proc")
def test_a_folder_that_takes_no_file_is_refused():
    with pytest.raises(InputError, match=r"^/proc/plot\.png: the plot cannot be written: "):
        check_plot_file("/proc/plot.png")


def test_the_check_leaves_nothing(tmp_path):
    check_plot_file(tmp_path / "new" / "plot.png")
    assert list(tmp_path.iterdir()) == []
