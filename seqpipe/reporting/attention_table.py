"""What a translation attended to, in the terminal: a cell for each two pieces, shaded by weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from seqpipe.reporting.attention import AttentionMap
from seqpipe.reporting.pieces import ELLIPSIS, cut, kept_in_place, letters, shown_piece
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# A cell is as wide as the widest letter, which the heads' letters below each other need.
CELL = 2
LONGEST_HEAD = 12
# Of the width, so much at most is for the pieces of the translation.
NAMES_SHARE = 0.35
# From which weight on a cell has the next mark, where there are few colours or none.
LEVELS = (0.05, 0.25, 0.5, 0.75)
MARKS, ASCII_MARKS = " ░▒▓█", " .:*#"
# From weight 0 to 1. Nothing is left to the terminal's own colours: on a dark one the strongest
# would be the faintest.
PAPER, INK = (247, 251, 255), (8, 48, 107)
STEPS = 10


def print_attention(console: Console, attention: AttentionMap, *, title: str = "") -> None:
    """Print a heatmap: rows are the pieces of the translation, columns those of the source, whose
    names are written downward. What is wider than the console goes on below.

    Where the console has fewer than 256 colours, or is asked for none (NO_COLOR), marks of four
    strengths stand in the cells.

    console (Console): Where to.
    attention (AttentionMap): The weights.
    title (str): What to write above.
    """
    from rich.cells import cell_len
    from rich.text import Text

    if title:
        # In as many lines as it takes: the beginning of a translation alone would mislead.
        console.print(Text(plain(title).replace("\n", " "), style="bold"), highlight=False)
    heads = [shown_piece(piece) for piece in attention.source]
    rows = list(attention.rows())
    if not rows or not heads:
        _print(console, Text("no attention: one side is empty", style="dim"))
        return
    room = max(1, int(console.width * NAMES_SHARE))
    names = [cut(name, room) for name, _ in rows]
    width = max(map(cell_len, names))
    for part in _parts(len(heads), room=(console.width - width - 1) // CELL):
        if len(heads) > part.stop - part.start:
            said = f"pieces {part.start + 1} to {part.stop} of {len(heads)}"
            console.print(Text(said, style="dim"), highlight=False)
        for head_line in _head_lines(heads[part]):
            _print(console, Text(" " * (width + 1) + head_line))
        for name, (_, weights) in zip(names, rows, strict=True):
            line = Text(" " * (width - cell_len(name)) + kept_in_place(name) + " ")
            _print(console, line.append_text(_cells(console, weights[part])))
    console.print(_legend(console), highlight=False)


def _parts(columns: int, *, room: int) -> Iterator[slice]:
    """Which columns are printed together: as few parts as can be, about equally wide."""
    count = -(-columns // max(1, room))
    for part in range(count):
        yield slice(columns * part // count, columns * (part + 1) // count)


def _print(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="crop", highlight=False)


def _head_lines(heads: Sequence[str]) -> Iterator[str]:
    """The names of the columns, each downward to its column."""
    written = []
    for head in heads:
        letter_list = letters(head)
        if len(letter_list) > LONGEST_HEAD:
            letter_list = [*letter_list[: LONGEST_HEAD - 1], ELLIPSIS]
        written.append(letter_list)
    height = max(map(len, written))
    lines = zip_longest(*([""] * (height - len(head)) + head for head in written))
    for line in lines:
        yield "".join(map(_in_cell, line)).rstrip()


def _in_cell(letter: str) -> str:
    from rich.cells import cell_len

    return kept_in_place(letter) + " " * (CELL - cell_len(letter))


def _cells(console: Console, weights: Sequence[float]) -> Text:
    from rich.text import Text

    result = Text()
    for weight in weights:
        if _has_colours(console):
            result.append(" " * CELL, style=_style(weight))
        else:
            result.append(_mark(console, weight) * CELL)
    return result


def _has_colours(console: Console) -> bool:
    return not console.no_color and console.color_system in ("256", "truecolor")


def _style(weight: float) -> str:
    share = round(weight * STEPS) / STEPS
    rgb = (round(a + share * (b - a)) for a, b in zip(PAPER, INK, strict=True))
    return "on #" + "".join(f"{value:02x}" for value in rgb)


def _mark(console: Console, weight: float) -> str:
    marks = ASCII_MARKS if console.options.ascii_only else MARKS
    return marks[sum(weight >= level for level in LEVELS)]


def _legend(console: Console) -> Text:
    """What the colours or the marks mean."""
    from rich.text import Text

    legend = Text("attention: ")
    if _has_colours(console):
        legend.append("0 ")
        for step in range(STEPS + 1):
            legend.append(" " * CELL, style=_style(step / STEPS))
        return legend.append(" 1")
    for level in LEVELS:
        legend.append(f"{_mark(console, level) * CELL} {level:.2f} ")
    return legend.append("and more")
