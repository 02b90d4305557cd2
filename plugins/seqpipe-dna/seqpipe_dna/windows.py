"""Cuts records into windows that a recurrent network can read, each with some bases around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seqpipe.files import InputError


@dataclass(frozen=True)
class Window:
    """A piece of a record; all places count from 0, and ends are not included.

    start, end (int): The bases that are labelled: each base of a region is so in one window.
    left, right (int): The bases that are read.
    """

    start: int
    end: int
    left: int
    right: int


def windows(start: int, end: int, *, size: int, margin: int) -> Iterator[Window]:
    """Tile a region.

    start, end (int): The region. Nothing beyond it is read.
    size (int): Bases that are labelled in each; the last may have fewer.
    margin (int): Bases that are read on either side beside them, as far as the region goes.
    YIELDS (Window): From left to right.
    """
    for place in range(start, end, size):
        stop = min(place + size, end)
        yield Window(place, stop, max(place - margin, start), min(stop + margin, end))


def check_sizes(size: int, margin: int) -> None:
    """Raise InputError unless windows can be cut so.

    size, margin (int): As for `windows`.
    """
    if size < 1:
        raise InputError(f"window = {size}: expected at least 1 base")
    if margin < 0:
        raise InputError(f"margin = {margin}: expected 0 bases or more")
