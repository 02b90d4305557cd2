"""Words along a direction of bias, before and after, as a picture. Needs matplotlib, which the
extra `plot` brings."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from seqpipe.files import atomic_write
from seqpipe.reporting.bias_report_direction import AlongDirection
from seqpipe.reporting.text_page import plain

DPI = 150
WIDTH, LINE, FRAME = 7.0, 0.2, 1.5  # inches: of all, of a word, and around the words
BEFORE, AFTER, RULE, INK = "#c2560c", "#1f6fb4", "#c9d0d8", "#1d232b"
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def draw_along(path: str | os.PathLike[str], along: AlongDirection, *, title: str) -> None:
    """Draw words along a direction; the name's ending says in which format. The same words, the
    same bytes.

    path: The file, .png, .svg or .pdf.
    along (AlongDirection): The words, one a line.
    title (str): What to write above.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    kind = Path(path).suffix[1:].lower()
    settings: dict[Any, Any] = {
        "svg.hashsalt": "seqpipe",
        "svg.fonttype": "none",
        "text.parse_math": False,
    }
    with rc_context(settings), warnings.catch_warnings():
        # A .svg leaves letters that this machine lacks to the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Not pyplot, which would choose a window system and keep every figure.
        height = FRAME + LINE * len(along.words)
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        _draw(figure.subplots(), along)
        figure.suptitle(plain(title), fontsize="medium")
        if along.after is not None:
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
        with atomic_write(path, "wb") as stream:
            figure.savefig(stream, format=kind, metadata=UNDATED.get(kind))


def _draw(axes: Any, along: AlongDirection) -> None:
    rows = range(len(along.words))
    reach = along.reach()
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    hollow = {"facecolors": "white", "edgecolors": BEFORE, "linewidths": 1.4}
    axes.scatter(along.before, rows, s=26, zorder=3, label="before", **hollow)
    if along.after is not None:
        axes.hlines(rows, along.before, along.after, color=RULE, linewidth=1.2, zorder=2)
        axes.scatter(along.after, rows, s=26, color=AFTER, zorder=4, label="after")
    axes.set_yticks(rows, [plain(word) for word in along.words], fontsize=8)
    axes.set_ylim(len(along.words) - 0.4, -0.6)  # the first word on top
    axes.set_xlim(-reach, reach)
    positive, negative = map(plain, along.sides)
    axes.set_xlabel(f"← {negative}     cosine with the direction     {positive} →")
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(left=False, color=RULE)
    axes.spines[:].set_color(RULE)
