"""Refuses paths of a project.yml that a project must not write to, or that no system can name."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

from seqpipe.project.hashes import ROOM
from seqpipe.project.variables import Text

# What the runner keeps beside project.yml: the state in which its commands last succeeded.
LOCK = "seqpipe.lock"
# Bytes that a name and a whole path can have on the systems there are.
NAME_LIMIT = 255
PATH_LIMIT = 4095


class Places:
    """The places of a project.

    file (Path): Its project.yml.
    """

    def __init__(self, file: Path) -> None:
        self._folder = os.path.abspath(file.parent)
        self._real_top = os.path.realpath(self._folder)
        self._tops = (self._folder, self._real_top)
        own = (file.name, LOCK, ROOM)
        self._own = {os.path.join(top, name) for top in self._tops for name in own}
        self._real: dict[str, str] = {}

    def check_read(self, what: str, path: Text) -> None:
        """Refuse a path that no system can name.

        what (str): The key that it stands under.
        path (Text): The path. Raises ValueError.
        """
        if 4 * len(path.value) < NAME_LIMIT:
            return  # however many bytes a character has
        longest = max((len(os.fsencode(part)) for part in PurePath(path.value).parts), default=0)
        if longest > NAME_LIMIT:
            raise ValueError(f"{what}: a name of {longest:,} bytes, expected at most {NAME_LIMIT}")
        whole = len(os.fsencode(self._whole(path)))
        if whole > PATH_LIMIT:
            raise ValueError(f"{what}: a path of {whole:,} bytes, expected at most {PATH_LIMIT:,}")

    def check_folder(self, path: Text) -> None:
        """Refuse a folder that is outside of the project, or that cannot be made.

        path (Text): The folder. Raises ValueError.
        """
        what = "directories"
        self._check_inside(what, path)
        place = self._whole(path)
        if os.path.isdir(place):
            return
        self._check_links(what, path)
        while not os.path.lexists(place):
            place = os.path.dirname(place)
        if not os.path.isdir(place):
            fault = f"{path.shown} cannot be made, a file stands there"
            raise ValueError(f"{what}: {fault}; expected a folder, or nothing")

    def check_written(self, what: str, path: Text) -> None:
        """Refuse a path outside of the project, all of it, or what seqpipe itself needs in it.

        what (str): The key that it stands under.
        path (Text): The path. Raises ValueError.
        """
        self._check_inside(what, path)
        if self._whole(path) in self._tops:
            fault = f"{path.shown or 'an empty path'} is the project's own folder"
            raise ValueError(f"{what}: {fault}, expected a path in it")
        self._check_links(what, path)

    def _check_inside(self, what: str, path: Text) -> None:
        self.check_read(what, path)
        if path.value == "~" or path.value.startswith("~/"):
            fault = f"{path.shown}: no shell reads ~ here"
            raise ValueError(f"{what}: {fault}, expected a path in the project's folder")
        whole = self._whole(path)
        if not any(_is_in(whole, top) for top in self._tops):
            fault = f"{path.shown} leaves the project's folder"
            raise ValueError(f"{what}: {fault}, expected a path in it")
        self._check_own(what, path, whole)

    def _whole(self, path: Text) -> str:
        return os.path.normpath(os.path.join(self._folder, path.value))

    def _check_own(self, what: str, path: Text, whole: str) -> None:
        if any(_is_in(whole, own) for own in self._own):
            fault = f"{path.shown} is what seqpipe itself reads and writes"
            raise ValueError(f"{what}: {fault}, expected another path")

    def _check_links(self, what: str, path: Text) -> None:
        real = self._follow(os.path.join(self._folder, path.value))
        if not _is_in(real, self._real_top):
            fault = f"{path.shown} leaves the project's folder through the link {self._link(path)}"
            raise ValueError(f"{what}: {fault}, expected a path in the folder")
        self._check_own(what, path, real)

    def _follow(self, path: str) -> str:
        """`os.path.realpath`, which looks at each folder once."""
        above, name = os.path.split(path.rstrip(os.sep))
        if name in ("", os.curdir, os.pardir) or os.path.islink(path.rstrip(os.sep)):
            return os.path.realpath(path)
        if above not in self._real:
            self._real[above] = os.path.realpath(above)
        return os.path.join(self._real[above], name)

    def _link(self, path: Text) -> str:
        """The link that leads out; what stands in for a value of `env` is not taken apart."""
        if path.value != path.shown:
            return path.shown
        parts = PurePath(path.value).parts
        ways = [os.path.join(*parts[:end]) for end in range(1, len(parts) + 1)]
        for way in ways:
            place = os.path.join(self._folder, way)
            if os.path.islink(place) and not _is_in(os.path.realpath(place), self._real_top):
                return way
        return path.shown


def _is_in(path: str, top: str) -> bool:
    """Whether a path is another one or lies in it."""
    path, top = os.path.normcase(path), os.path.normcase(top)
    return path == top or path.startswith(os.path.join(top, ""))
