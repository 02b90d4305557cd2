"""Where a folder is made before it takes its place, and what is left of that by a kill."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from seqpipe.project.hashes import ROOM, make_room

FOLDER = "unfinished"
PLACE = "place"  # the file in a room that says for which place it is


@contextmanager
def unfinished(place: Path, project: Path) -> Iterator[Path]:
    """A room on the file system of a place, for what shall stand there.

    place (Path): Where something shall stand.
    project (Path): The project's folder.
    YIELDS (Path): The room: a folder with a name that is new each time, as something that a killed
        run started may still write into the old one.
    """
    rooms = _rooms(place, project)
    rooms.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(dir=rooms))
    try:
        (room / PLACE).write_text(os.path.relpath(place, project), encoding="utf-8")
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        if rooms == _beside(place):
            shutil.rmtree(rooms, ignore_errors=True)


def sweep(project: Path, places: Iterable[Path]) -> None:
    """Remove all rooms that a killed run left. No other run may be at work.

    What stood in a place, and was just being replaced, comes back.

    project (Path): The project's folder.
    places (Iterable[Path]): Where things stand, or should.
    """
    for rooms in (project / ROOM / FOLDER, *map(_beside, places)):
        if not os.path.isdir(rooms) or rooms.is_symlink():
            continue
        for note in rooms.glob(f"*/{PLACE}"):
            place = project / note.read_text(encoding="utf-8")
            for old in note.parent.glob(f".{escape(place.name)}.*/old"):
                if not os.path.lexists(place):
                    os.replace(old, place)
        shutil.rmtree(rooms, ignore_errors=True)


def _rooms(place: Path, project: Path) -> Path:
    """The folder of all rooms in the project, where no command sees them; beside a place that is on
    another file system, from where nothing can be moved there in one go."""
    rooms = make_room(project) / FOLDER
    above = next(folder for folder in place.absolute().parents if folder.exists())
    is_near = os.stat(above).st_dev == os.stat(rooms.parent).st_dev
    return rooms if is_near else _beside(place)


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.unfinished")
