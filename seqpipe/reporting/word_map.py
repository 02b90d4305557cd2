"""A map of words: what is drawn, and which of its words have room for their names.

`word_picture` draws it with matplotlib, `word_page` as a page."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqpipe.files import InputError
from seqpipe.reporting.plots import SUFFIXES, check_plot_file

PAGE = ".html"
# Where a name may stand, to the right and up of its point: beside it, above or below, at a corner.
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))

AIR = 4.0  # dots between names on one line


@dataclass(frozen=True)
class WordMap:
    """Words and their places.

    words (Sequence[str]): Those drawn, the most frequent first.
    places (np.ndarray): float (words, 2), finite: to the right, and up.
    title (str): What is drawn.
    method (str): How it was brought into two dimensions.
    axes (Optional[Tuple[str, str]]): What lies to the right and up; None if that means nothing.
    ranks (Optional[Sequence[int]]): Of each among all words of the vectors, from 1, if they have an
        order.
    marked (FrozenSet[int]): Those to be seen at once, by their place in `words`.
    neighbours (np.ndarray): int (words, k), each one's nearest by cosine among those drawn, by
        their place in `words`, the nearest first.
    cosines (np.ndarray): float (words, k), theirs.
    """

    words: Sequence[str]
    places: np.ndarray
    title: str
    method: str
    neighbours: np.ndarray
    cosines: np.ndarray
    axes: tuple[str, str] | None = None
    ranks: Sequence[int] | None = None
    marked: frozenset[int] = frozenset()


def check_map_file(path: str | os.PathLike[str]) -> None:
    """See that a map can be written there, before the work that it will show.

    path: The file.
    RAISES (InputError): If its ending is not one of a picture or a page, it is a folder, or it
        cannot be written there.
    RAISES (ImportError): If it is a picture and matplotlib is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (*SUFFIXES, PAGE):
        raise InputError(f"a map of words ends in {', '.join(SUFFIXES)} or {PAGE}", path=path)
    if suffix != PAGE:
        check_plot_file(path)
    elif os.path.isdir(path):
        raise InputError("a folder stands there, expected a file for the map", path=path)


def place_names(
    points: np.ndarray,
    sizes: np.ndarray,
    order: Iterable[int],
    *,
    room: tuple[float, float],
    gaps: np.ndarray,
    needed: Collection[int] = (),
) -> dict[int, tuple[float, float]]:
    """Choose which points get their names, and where: none over another, over a point or outside.

    Greedy: each in its turn takes the first side of its point that is free, or goes without.

    points (np.ndarray): float (points, 2), in dots from the lower left of the picture.
    sizes (np.ndarray): float (points, 2), width and height of each name, in dots; one of width 0
        is not written.
    order (Iterable[int]): The points, that which needs its name most first.
    room (Tuple[float, float]): Width and height of the picture.
    gaps (np.ndarray): float (points,), between a point's centre and its name.
    needed (Collection[int]): Points whose names may stand over other points if they must.
    RETURNS (Dict[int, Tuple[float, float]]): The lower left corner of the name of each point that
        has one.
    """
    sides = np.array(SIDES)
    taken = np.empty((0, 4))  # of the names placed: left, bottom, right, top
    placed = {}
    by_side = points[np.argsort(points[:, 0])]
    for index in order:
        size = sizes[index]
        if size[0] == 0:
            continue
        corners = points[index] + sides * gaps[index] + (sides - 1) / 2 * size
        boxes = np.hstack([corners, corners + size])  # (sides, 4)
        inside = (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= room).all(axis=1)
        free = boxes[inside & ~_meets(boxes, taken)]
        clear = free[~_covers(free, by_side)]
        if len(clear) == 0 and index in needed:
            clear = free
        if len(clear):
            placed[index] = (float(clear[0, 0]), float(clear[0, 1]))
            # Side by side, two names would read as one.
            taken = np.vstack([taken, clear[0] + (-AIR, 0, AIR, 0)])
    return placed


def _meets(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the boxes overlap one of the others: bool (boxes,)."""
    low, high = boxes[:, None, :2], boxes[:, None, 2:]  # (boxes, 1, 2)
    return np.any(np.all((low < others[:, 2:]) & (high > others[:, :2]), axis=2), axis=1)


def _covers(boxes: np.ndarray, by_side: np.ndarray) -> np.ndarray:
    """Which of the boxes lie over one of the points, which are sorted from left to right."""
    if len(boxes) == 0:
        return np.zeros(0, dtype=bool)
    first, last = np.searchsorted(by_side[:, 0], (boxes[:, 0].min(), boxes[:, 2].max()))
    near = by_side[first:last]
    low, high = boxes[:, None, :2], boxes[:, None, 2:]  # (boxes, 1, 2)
    return np.any(np.all((low < near) & (near < high), axis=2), axis=1)
