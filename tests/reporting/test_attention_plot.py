"""The heatmap as a picture: every piece is named, in every format."""

import numpy as np
import pytest

from seqpipe.reporting.attention import AttentionMap
from seqpipe.reporting.attention_plot import draw_attention

pytest.importorskip("matplotlib")
BEGINNINGS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def even(source, target):
    return AttentionMap(source, target, np.full((len(target), len(source)), 1 / len(source)))


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_the_ending_says_the_format_and_the_same_weights_give_the_same_bytes(tmp_path, suffix):
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    attention = even(["ngày", "5", "tháng", "3"], ["the", "fifth"])
    assert draw_attention(one, attention, title="A date") == []
    draw_attention(two, attention, title="A date")
    assert one.read_bytes().startswith(BEGINNINGS[suffix.lower()])
    assert one.read_bytes() == two.read_bytes()


def test_pieces_stand_in_the_picture_as_they_are(tmp_path):
    path = tmp_path / "a.svg"
    draw_attention(path, even(["$a_b$", " ", "<b>&"], ["ngày", "x" * 40]), title="$x$")
    text = path.read_text(encoding="utf-8")
    for shown in ("$a_b$", "␣", "&lt;b&gt;&amp;", "ngày", "x" * 23 + "…", "$x$"):
        assert f">{shown}</text>" in text


def test_pieces_that_no_font_can_write_are_named(tmp_path):
    unassigned = "\U000e0fff\u2fe0"
    assert draw_attention(tmp_path / "a.png", even(["a", f"b{unassigned[1]}"], ["c"])) == [
        f"b{unassigned[1]}"
    ]


def test_names_downward_only_where_they_are_long(tmp_path):
    path = tmp_path / "a.svg"
    draw_attention(path, even(["5", "août"], ["c"]))
    texts = path.read_text(encoding="utf-8").splitlines()
    (short,) = [line for line in texts if ">5</text>" in line]
    (long,) = [line for line in texts if ">août</text>" in line]
    assert "rotate(-90" in long
    assert "rotate(-90" not in short


@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (401, 1), (1, 401)])
def test_what_cannot_be_drawn_is_refused(tmp_path, source, target):
    attention = AttentionMap(["a"] * source, ["b"] * target, np.zeros((target, source)))
    with pytest.raises(ValueError, match=r"pieces of the .*: expected 1 to 400"):
        draw_attention(tmp_path / "a.png", attention)
    assert not (tmp_path / "a.png").exists()


def test_many_pieces_make_no_large_file(tmp_path):
    path = tmp_path / "a.svg"
    draw_attention(path, even(["a"] * 150, ["b"] * 150))
    assert path.stat().st_size < 500_000
