"""A folder that an asset brought, and the hidden note beside it that says so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from seqpipe.files import IGNORED, InputError, atomic_folder, atomic_write


class Brought:
    """A folder from an archive or out of git.

    The note `.NAME.asset` holds the names of the files that came, and what they came from: it tells
    when that has changed, and what in the folder is ours to replace. It stands beside the folder,
    not in it, so that the folder holds what the asset holds.

    folder (Path): The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._note = folder.with_name(f".{folder.name}.asset")
        self._source, self._names = self._read()

    def _read(self) -> tuple[str, frozenset[str]]:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return str(note["source"]), frozenset(map(str, note["files"]))
        except (OSError, ValueError, KeyError, TypeError):
            return "", frozenset()

    def is_from(self, source: str) -> bool:
        """Ask whether the folder is there, from this very source.

        source (str): What tells the source from another one.
        RETURNS (bool): Whether it is.
        """
        return self._source == source and self.folder.is_dir()

    def check_free(self, shown: str) -> None:
        """Refuse a place with something that the asset did not bring: it would be lost.

        shown (str): The folder's path, for the message.
        RAISES (InputError): If something else stands there, or in it.
        """
        if not self.folder.is_dir():
            if os.path.lexists(self.folder):
                raise InputError(f"{shown} is a file, expected a folder; move it away")
            return
        own = next((name for name in _names(self.folder) if name not in self._names), None)
        if own is not None:
            raise InputError(
                f"{shown} would be replaced, and holds '{own}', which did not come with this "
                "asset; move that away"
            )

    def place(self, filled: Path, room: Path, source: str) -> int:
        """Put a folder into its place, whole.

        filled (Path): The folder.
        room (Path): Where to work, on the same file system.
        source (str): See `is_from`.
        RETURNS (int): How many files it holds.
        """
        names = frozenset(_names(filled))
        # A kill in between leaves the files of before or of now; both are ours.
        self._write("", names | self._names)
        with atomic_folder(self.folder, within=room) as fresh:
            fresh.rmdir()
            os.replace(filled, fresh)
        self._write(source, names)
        return len(names)

    def _write(self, source: str, names: frozenset[str]) -> None:
        with atomic_write(self._note) as note:
            json.dump({"source": source, "files": sorted(names)}, note)


def _names(folder: Path) -> Iterator[str]:
    """The paths of all files and links; what Python and we leave where code runs is none."""
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in IGNORED]
        links = [name for name in folders if os.path.islink(os.path.join(top, name))]
        for name in (*files, *links):
            yield Path(top, name).relative_to(folder).as_posix()
