"""A map of words as a picture: every word a point, and names where there is room. Needs matplotlib,
which the extra `plot` brings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seqpipe.files import atomic_write
from seqpipe.reporting.word_map import WordMap, place_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE, DPI = (10.0, 9.0), 150  # inches, and dots an inch
NAME_SIZE, LARGE = 7.5, 11.0  # points; large where there are few words
FEW = 60
POINT, MARKED_POINT = 4.0, 6.5  # diameters, in points; a third less where words are many
MANY = 1500
POINT_COLOUR, MARKED_COLOUR, INK, RULE, FAINT = (
    "#8fa3b8",
    "#c2410c",
    "#1d232b",
    "#c9d0d8",
    "#5f6975",
)
# Behind the name of a marked word, which may stand over points.
PAPER = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.5}
# What would make two files of the same map differ.
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


class Named(NamedTuple):
    """Which words of a picture have their names.

    words (int): How many.
    unwritable (Sequence[str]): Words that have none because the font lacks their letters.
    """

    words: int
    unwritable: Sequence[str]


def draw_map(path: str | os.PathLike[str], word_map: WordMap) -> Named:
    """Draw a map of words; the name's ending says in which format. The same map, the same bytes.

    In a .svg the names stay text, so that they can be searched and copied; who looks at it needs
    the fonts.

    path: The file, .png, .svg or .pdf.
    word_map (WordMap): The map. Names of marked words come first, then those of frequent ones.
    RETURNS (Named): Which words have their names.
    """
    from matplotlib import rc_context

    kind = Path(path).suffix[1:].lower()
    settings: dict[Any, Any] = {
        "svg.hashsalt": "seqpipe",
        "svg.fonttype": "none",
        "text.parse_math": False,
    }
    with rc_context(settings), warnings.catch_warnings():
        # What the font lacks is in what is returned, and a .svg leaves it to the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure, axes = _frame(word_map)
        sizes, unwritable = _name_sizes(figure, word_map.words, is_text=kind == "svg")
        words = _write_names(axes, word_map, sizes)
        about = {"Title": word_map.title, **UNDATED.get(kind, {})}
        with atomic_write(path, "wb") as stream:
            figure.savefig(stream, format=kind, dpi=DPI, metadata=about)
    return Named(words, unwritable)


def _frame(word_map: WordMap) -> tuple[Figure, Axes]:
    """The figure with its points, laid out for good, so that names can be measured and placed."""
    from matplotlib.figure import Figure

    # Not pyplot, which would choose a window system and keep every figure.
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    axes = figure.subplots()
    diameters, is_marked = _diameters(word_map), _is_marked(word_map)
    for chosen, colour, layer in ((~is_marked, POINT_COLOUR, 2), (is_marked, MARKED_COLOUR, 3)):
        right, up = word_map.places[chosen].T
        axes.scatter(right, up, s=diameters[chosen] ** 2, color=colour, linewidths=0, zorder=layer)
    axes.set_aspect("equal", adjustable="datalim")  # distances are the same in all directions
    axes.margins(0.06)
    axes.set_title(f"{word_map.title}\n{word_map.method}", fontsize="medium", loc="left")
    _label_axes(axes, word_map)
    axes.spines[:].set_color(RULE)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure, axes


def _is_marked(word_map: WordMap) -> np.ndarray:
    """bool (words,)."""
    return np.isin(np.arange(len(word_map.words)), list(word_map.marked))


def _diameters(word_map: WordMap) -> np.ndarray:
    """Of the points, in points: float (words,)."""
    scale = 1.0 if len(word_map.words) <= MANY else 2 / 3
    return np.where(_is_marked(word_map), MARKED_POINT, POINT) * scale


def _label_axes(axes: Axes, word_map: WordMap) -> None:
    if word_map.axes is None:
        axes.set(xticks=[], yticks=[])
        return
    axes.set_xlabel(word_map.axes[0])
    axes.set_ylabel(word_map.axes[1])
    axes.tick_params(color=RULE, labelcolor=FAINT)
    axes.grid(alpha=0.3)


def _write_names(axes: Axes, word_map: WordMap, sizes: np.ndarray) -> int:
    """Write the names that have room; returns how many."""
    corner = axes.bbox.p0
    placed = place_names(
        axes.transData.transform(word_map.places) - corner,
        sizes,
        sorted(range(len(word_map.words)), key=lambda index: index not in word_map.marked),
        room=(axes.bbox.width, axes.bbox.height),
        gaps=(_diameters(word_map) / 2 + 1) * DPI / 72,
        needed=word_map.marked,
    )
    to_share = axes.transAxes.inverted()
    for index, place in placed.items():
        right, up = to_share.transform(np.add(place, corner))
        is_marked = index in word_map.marked
        axes.text(
            right,
            up,
            word_map.words[index],
            transform=axes.transAxes,
            fontsize=_name_size(word_map.words),
            color=MARKED_COLOUR if is_marked else INK,
            va="bottom",
            zorder=5 if is_marked else 4,
            bbox=PAPER if is_marked else None,
        )
    return len(placed)


def _name_size(words: Sequence[str]) -> float:
    return LARGE if len(words) <= FEW else NAME_SIZE


def _name_sizes(
    figure: Figure, words: Sequence[str], *, is_text: bool
) -> tuple[np.ndarray, list[str]]:
    """Width and height of each name in dots, float (words, 2), and the words that the font cannot
    write: in a picture of dots these are 0 wide, as text they are taken to be as wide as high."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = FontProperties(size=_name_size(words))
    known = get_font(findfont(font)).get_charmap()
    renderer = RendererAgg(figure.bbox.width, figure.bbox.height, DPI)
    # All as high as a whole line, which is how matplotlib places them.
    height = renderer.get_text_width_height_descent("lp", font, False)[1]
    sizes = np.full((len(words), 2), height)
    unwritable = []
    for index, word in enumerate(words):
        if all(ord(letter) in known for letter in word):
            sizes[index, 0] = renderer.get_text_width_height_descent(word, font, False)[0]
        elif is_text:
            sizes[index, 0] = height * len(word)
        else:
            sizes[index, 0] = 0.0
            unwritable.append(word)
    return sizes, unwritable
