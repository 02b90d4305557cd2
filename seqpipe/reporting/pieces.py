"""Pieces of a translation model as they may be shown one by one: white space is seen, and nothing
in them turns the direction of what stands around."""

from __future__ import annotations

import unicodedata

from seqpipe.reporting.text_page import plain

SPACES = {" ": "␣", "\t": "⇥", "\n": "↵", "\r\n": "↵"}
EMPTY, CIRCLE = "∅", "◌"  # nothing; the place of a letter below or above which a mark stands
ELLIPSIS = "…"
# Embeddings, overrides and isolates: they turn round all that follows until they are closed.
TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Written on both sides of a piece it keeps the columns of a bidirectional terminal in their order.
LEFT_TO_RIGHT = "\u200e"


def shown_piece(piece: str) -> str:
    """RETURNS (str): A piece as it is shown by itself, never empty and never white.

    piece (str): A word, a part of one, or a character: " " is shown as "␣", a mark that belongs
        above or below a letter on a dotted circle, and what nothing is seen of by its number.
    """
    shown = "".join(SPACES.get(letter, letter) for letter in plain(piece.replace("\r\n", "\n")))
    shown = shown.translate(TURNING)
    if not shown:
        return " ".join(f"U+{ord(letter):04X}" for letter in piece) or EMPTY
    if all(unicodedata.category(letter)[0] in "ZC" for letter in shown):
        return " ".join(f"U+{ord(letter):04X}" for letter in shown)
    return CIRCLE + shown if unicodedata.category(shown[0])[0] == "M" else shown


def letters(text: str) -> list[str]:
    """RETURNS (List[str]): A text's letters, each with the marks that belong to it.

    text (str): Any text.
    """
    from rich.cells import cell_len

    found: list[str] = []
    for letter in text:
        # After a joiner the next sign is a part of this one.
        if found and (cell_len(letter) == 0 or found[-1].endswith("\u200d")):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def cut(text: str, cells: int) -> str:
    """RETURNS (str): A text that takes so many cells of a terminal at most, "…" for what is cut.

    text (str): Any text.
    cells (int): At least 1.
    """
    from rich.cells import cell_len

    if cell_len(text) <= cells:
        return text
    kept, taken = "", 1
    for letter in letters(text):
        taken += cell_len(letter)
        if taken > cells:
            break
        kept += letter
    return kept + ELLIPSIS


def kept_in_place(text: str) -> str:
    """RETURNS (str): A text that leaves what stands beside it in the terminal where it is, also
    where it is written from right to left.

    text (str): Any text.
    """
    is_turned = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in text)
    return f"{LEFT_TO_RIGHT}{text}{LEFT_TO_RIGHT}" if is_turned else text
