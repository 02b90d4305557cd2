"""Where a folder is made before it takes its place, and what is left of that by a kill."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path


@contextmanager
def unfinished(place: Path) -> Iterator[Path]:
    """A room beside a place, for what shall stand there: `.NAME.unfinished`.

    It stands beside the place, which may be on a file system of its own, and a later run knows its
    name. What is made in it has another name each time: what a killed run started may still write.

    place (Path): Where something shall stand.
    YIELDS (Path): The room.
    """
    room = _room(place)
    room.mkdir(parents=True, exist_ok=True)
    try:
        yield room
    finally:
        with suppress(OSError):  # something is left in it: `sweep` comes
            room.rmdir()


def sweep(place: Path) -> None:
    """Remove the room beside a place, where a killed run left one. No other run may be at work.

    place (Path): Where something stands, or should. What stood there, and was just being replaced,
        comes back.
    """
    room = _room(place)
    if not room.is_dir() or room.is_symlink():
        return
    for old in sorted(room.glob(f".{escape(place.name)}.*/old")):
        if not os.path.lexists(place):
            os.replace(old, place)
    shutil.rmtree(room, ignore_errors=True)


def _room(place: Path) -> Path:
    return place.with_name(f".{place.name}.unfinished")
