"""What a translation attended to, as a picture. Needs matplotlib, which the extra `plot` brings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqpipe.files import atomic_write
from seqpipe.reporting.attention import AttentionMap
from seqpipe.reporting.pieces import cut, shown_piece
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
# In inches. Cells become smaller, as far as their names can be read, before the picture grows.
CELL, LEAST_CELL, SHEET = 0.3, 0.14, 12.0
NAME_SHARE, LARGEST_NAME = 0.6, 10.0  # of a cell's side; in points
LONGEST_NAME = 24  # in cells of a terminal
MOST_SHAPES = 5000  # beyond them a .svg or .pdf holds the cells as dots
MOST_PIECES = 400  # beyond them a picture has more dots than many programs open
RULE, INK = "#dde1e6", "#1d232b"
# What would make two files of the same weights differ.
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
# It has a sign for every letter, but the same one for all of a script.
PLACEHOLDER = "Last Resort"


def draw_attention(
    path: str | os.PathLike[str], attention: AttentionMap, *, title: str = ""
) -> list[str]:
    """Draw a heatmap; the name's ending says in which format. The same weights, the same bytes.

    In a .svg the names stay text, so that they can be searched and copied; who looks at it needs
    the fonts. matplotlib before 3.11 writes all scripts from left to right.

    path: The file, .png, .svg or .pdf.
    attention (AttentionMap): The weights.
    title (str): What to write above.
    RETURNS (List[str]): Pieces that no font of this machine can write.
    RAISES (ValueError): If a side has no pieces, or more than 400.
    """
    from matplotlib import rc_context

    _check_sides(attention)
    kind = Path(path).suffix[1:].lower()
    source, target = (
        [cut(shown_piece(piece), LONGEST_NAME) for piece in side]
        for side in (attention.source, attention.target)
    )
    families, lacking = _fonts({*source, *target, title})
    settings: dict[Any, Any] = {
        "svg.hashsalt": "seqpipe",
        "svg.fonttype": "none",
        "text.parse_math": False,
        "font.family": families,
    }
    with rc_context(settings), warnings.catch_warnings():
        # What the fonts lack is in what is returned, and a .svg leaves it to the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = _figure(attention, source, target, plain(title))
        with atomic_write(path, "wb") as stream:
            figure.savefig(
                stream, format=kind, dpi=DPI, metadata=UNDATED.get(kind), bbox_inches="tight"
            )
    return [name for name in (*source, *target) if lacking & set(name)]


def _check_sides(attention: AttentionMap) -> None:
    for name, side in (("source", attention.source), ("translation", attention.target)):
        if not 1 <= len(side) <= MOST_PIECES:
            raise ValueError(
                f"attention with {len(side)} pieces of the {name}: expected 1 to {MOST_PIECES}, "
                "to be drawn"
            )


def _figure(
    attention: AttentionMap, source: Sequence[str], target: Sequence[str], title: str
) -> Figure:
    """The whole picture. It is cut to what is drawn, so that names need no room of their own."""
    # Not pyplot, which would choose a window system and keep every figure.
    from matplotlib.figure import Figure

    cell = float(np.clip(SHEET / max(len(source), len(target)), LEAST_CELL, CELL))
    width, height = cell * len(source), cell * len(target)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    weights = np.clip(np.asarray(attention.weights, dtype="float64"), 0.0, 1.0)
    mesh = axes.pcolormesh(
        weights,
        vmin=0.0,
        vmax=1.0,
        cmap="Blues",
        edgecolors=RULE,
        linewidth=0.5 * cell / CELL,
        rasterized=weights.size > MOST_SHAPES,
    )
    axes.invert_yaxis()
    _write_names(axes, source, target, size=min(LARGEST_NAME, NAME_SHARE * cell * 72))
    if title:
        axes.set_title(title, loc="left", fontsize=LARGEST_NAME, color=INK)
    # As high as the cells, but not too low to be read, and not higher than a page.
    bar_height = min(max(height, 1.2), 4.0) / height
    bar = figure.add_axes((1 + 0.25 / width, 1 - bar_height, 0.14 / width, bar_height))
    figure.colorbar(mesh, cax=bar, label="attention").outline.set_visible(False)
    return figure


def _write_names(axes: Axes, source: Sequence[str], target: Sequence[str], *, size: float) -> None:
    axes.set_xticks(np.arange(len(source)) + 0.5, source)
    axes.set_yticks(np.arange(len(target)) + 0.5, target)
    axes.tick_params(
        top=False, bottom=False, left=False, labeltop=True, labelbottom=False,
        labelsize=size, labelcolor=INK, pad=2,
    )  # fmt: skip
    for tick, name in zip(axes.xaxis.get_major_ticks(), source, strict=True):
        tick.label2.set_rotation(0 if len(name) <= 2 else 90)
    axes.spines[:].set_visible(False)


def _fonts(texts: Iterable[str]) -> tuple[list[str], set[str]]:
    """The default font and those that have what it lacks.

    RETURNS (Tuple[List[str], Set[str]]): Names of families, and letters that none has.
    """
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    lacking = set("".join(texts)) - {"\n"}
    default = findfont(FontProperties())
    lacking -= set(map(chr, get_font(default).get_charmap()))
    families = FontProperties().get_family()
    for font in sorted(fontManager.ttflist, key=lambda font: (font.style, font.weight, font.name)):
        if not lacking:
            break
        if font.name.startswith(PLACEHOLDER) or font.name in families:
            continue
        found = lacking & set(map(chr, get_font(font.fname).get_charmap()))
        if found:
            families = [*families, font.name]
            lacking -= found
    return families, lacking
