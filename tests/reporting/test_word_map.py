"""Maps of words: names never overlap, pictures are the same each time, the place is checked."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.files import InputError
from seqpipe.reporting.word_map import WordMap, check_map_file, place_names
from seqpipe.reporting.word_picture import draw_map

ROOM = (400.0, 300.0)
GAP = 5.0


def placed(points, sizes, **options):
    gaps = np.full(len(points), GAP)
    order = range(len(points))
    return place_names(points, np.asarray(sizes, float), order, room=ROOM, gaps=gaps, **options)


@given(st.integers(0, 1000), st.integers(1, 60))
def test_names_stand_beside_their_points_inside_and_over_nothing(seed, count):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, ROOM, (count, 2))
    sizes = np.column_stack([rng.uniform(10, 80, count), np.full(count, 12.0)])
    found = placed(points, sizes)
    assert found
    boxes = {index: (*low, *np.add(low, sizes[index])) for index, low in found.items()}
    for index, (left, bottom, right, top) in boxes.items():
        assert min(left, bottom) >= 0
        assert right <= ROOM[0]
        assert top <= ROOM[1]
        over = (points > (left, bottom)).all(axis=1) & (points < (right, top)).all(axis=1)
        assert not over.any()
        nearest = np.clip(points[index], (left, bottom), (right, top))
        assert np.linalg.norm(nearest - points[index]) <= GAP * np.sqrt(2) + 1e-9
        for other, (left2, bottom2, right2, top2) in boxes.items():
            is_apart = left2 >= right or right2 <= left or bottom2 >= top or top2 <= bottom
            assert is_apart or other == index


def test_the_first_in_order_has_its_name_and_what_has_no_room_goes_without():
    points = np.array([[100.0, 100.0], [120.0, 100.0], [300.0, 100.0]])
    assert set(placed(points, [[350, 280], [350, 280], [50, 12]])) == {2}
    found = placed(points, [[60, 12]] * 3)
    # To the right the first name would cover the second point.
    assert found == {0: (40 - GAP, 94), 1: (120 + GAP, 94), 2: (300 + GAP, 94)}


def test_a_needed_name_may_stand_over_points_but_not_over_names():
    others = [[x, y] for x in range(0, 400, 8) for y in range(0, 300, 8)]
    points = np.array([[200.0, 150.0], *others])
    sizes = [[60, 12], *[[0, 12]] * len(others)]
    assert placed(points, sizes) == {}
    assert placed(points, sizes, needed={0}) == {0: (200 + GAP, 144)}
    two = np.array([[4.0, 150.0], [5.0, 150.0]])
    assert set(placed(two, [[380, 290]] * 2, needed={0, 1})) == {0}


def test_a_name_of_no_width_is_not_written():
    assert set(placed(np.array([[50.0, 50.0], [200.0, 200.0]]), [[0, 12], [40, 12]])) == {1}


def word_map(words, **options):
    count = len(words)
    near = [[j for j in range(count) if j != i] for i in range(count)]
    return WordMap(
        words=words,
        places=np.random.default_rng(0).normal(size=(count, 2)),
        title="vectors.txt: words",
        method="principal components",
        neighbours=np.array(near),
        cosines=np.zeros((count, count - 1)),
        **options,
    )


@pytest.fixture
def drawn():
    pytest.importorskip("matplotlib")
    return word_map(
        ["king", "queen", "man", "woman"],
        axes=("component 1: 30.0%", "component 2: 20.0%"),
        marked=frozenset({1}),
    )


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_map_gives_the_same_bytes(tmp_path, drawn, suffix):
    one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
    assert draw_map(one, drawn) == (4, [])
    draw_map(two, drawn)
    assert one.read_bytes() == two.read_bytes()


def test_names_in_an_svg_are_text_and_marked_ones_have_their_colour(tmp_path, drawn):
    draw_map(tmp_path / "map.svg", drawn)
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    found = dict(re.findall(r'<text style="[^"]*fill: (#\w+)[^>]*>(\w+)</text>', text)[::-1])
    assert set(found) == {"#1d232b", "#c2410c"}
    assert found["#c2410c"] == "queen"
    for word in ("king", "man", "woman", "component 1: 30.0%", "vectors.txt: words"):
        assert f">{word}</text>" in text


ODD = ["$x_1$", "_a", "<b>&", "שלום", "\U0001f469‍\U0001f467", "日本語", r"\alpha"]


def test_letters_that_the_font_lacks_are_said_and_left_to_the_readers_fonts_in_an_svg(tmp_path):
    pytest.importorskip("matplotlib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw_map(tmp_path / "map.png", word_map(ODD))
        text = draw_map(tmp_path / "map.svg", word_map(ODD))
    assert picture == (5, ["\U0001f469‍\U0001f467", "日本語"])
    assert text == (7, [])
    svg = (tmp_path / "map.svg").read_text(encoding="utf-8")
    for word in (*ODD[:2], "&lt;b&gt;&amp;", *ODD[3:]):
        assert f">{word}</text>" in svg


def test_words_in_one_place_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    here = word_map(["a", "b"])
    same = WordMap(**{**vars(here), "places": np.zeros((2, 2))})
    assert draw_map(tmp_path / "map.png", same).words == 2


@pytest.mark.parametrize("name", ["map", "map.jpg", "map.htm"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"ends in \.png, \.svg, \.pdf or \.html"):
        check_map_file(tmp_path / name)


def test_a_page_needs_a_place(tmp_path):
    (tmp_path / "map.html").mkdir()
    with pytest.raises(InputError, match="a folder stands there"):
        check_map_file(tmp_path / "map.html")
    check_map_file(tmp_path / "new.html")
