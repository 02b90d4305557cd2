"""Content digests of files and folders, with a cache of what was hashed before."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Collection
from pathlib import Path

from seqpipe.files import IGNORED, atomic_write

# What seqpipe keeps for itself in a project's folder; nothing in it is worth keeping.
ROOM = ".seqpipe"
FILE = "hashes.json"
VERSION = 1
# A file may change twice within one tick of the clock that dates it, and look the same.
TICK = 100_000_000  # ns; well above the clock tick of any kernel
COARSE_TICK = 2_500_000_000  # ns; where dates have no fractions, as on FAT

# Size, mtime, ctime (both in ns), inode.
Signature = tuple[int, int, int, int]


class Hashes:
    """Content digests, equal to those of `seqpipe.files.content_digest`.

    A file is read again only where its size, one of its times or its inode is another than when it
    was hashed.

    folder (Path): The project's folder, which holds the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prefix = os.path.join(os.path.abspath(folder), "")
        self._known, self._listings = _read(folder / ROOM / FILE)
        self._kept = set(self._listings)
        self._seen: set[str] = set()
        self._changed = False

    def digest(self, path: str | os.PathLike[str], leave_out: Collection[str] = ()) -> str:
        """A digest of a file, or of a folder with the names in it; links are followed.

        path: A file or folder that exists.
        leave_out (Collection[str]): Absolute paths below it that do not count.
        RETURNS (str): SHA-256.
        """
        return self._digest(os.path.abspath(path), leave_out, frozenset())

    def keep(self, digests: Collection[str]) -> None:
        """Say which folders' listings to keep, so that `difference` knows them in a later process.

        digests (Collection[str]): Digests; those of files do not matter.
        """
        kept: set[str] = set()
        waiting = list(digests)
        while waiting:
            digest = waiting.pop()
            if digest in self._listings and digest not in kept:
                kept.add(digest)
                waiting += self._listings[digest].values()
        self._changed |= kept != self._kept
        self._kept = kept

    def difference(self, before: str, now: str) -> tuple[str, str] | None:
        """The first file in which two states of a folder differ.

        before (str): The digest of the one.
        now (str): The digest of the other.
        RETURNS (Optional[Tuple[str, str]]): Its path in the folder, and "changed", "is new" or "is
            gone"; None where it is not known or the digests are not of folders.
        """
        old, new = self._listings.get(before), self._listings.get(now)
        if old is None or new is None:
            return None
        name = next((n for n in sorted({*old, *new}) if old.get(n) != new.get(n)), None)
        if name is None:
            return None
        if name not in old or name not in new:
            return name, "is new" if name in new else "is gone"
        inner = self.difference(old[name], new[name])
        return (name, "changed") if inner is None else (f"{name}/{inner[0]}", inner[1])

    def save(self) -> None:
        """Write the cache, if there is none or something new; what cannot be written is none."""
        if not self._changed and (self._folder / ROOM).is_dir():
            return
        for name in [name for name in self._known if name not in self._seen]:
            if not os.path.lexists(self._prefix + name):
                del self._known[name]
        try:
            room = make_room(self._folder)
            with atomic_write(room / FILE) as stream:
                listings = {digest: self._listings[digest] for digest in sorted(self._kept)}
                data = {"version": VERSION, "files": self._known, "folders": listings}
                stream.write(json.dumps(data))
        except OSError:
            return
        self._changed = False

    def _digest(self, path: str, leave_out: Collection[str], above: frozenset[str]) -> str:
        try:
            found = os.stat(path)
        except OSError:
            return "-"
        if stat.S_ISREG(found.st_mode):
            return self._file(path, found)
        if not stat.S_ISDIR(found.st_mode):
            return "-"
        real = os.path.realpath(path)
        if real in above:
            return "-"
        whole = hashlib.sha256(b"folder\0")
        listing: dict[str, str] = {}
        for name in sorted(os.listdir(path)):
            inner = os.path.join(path, name)
            if name not in IGNORED and inner not in leave_out:
                listing[name] = self._digest(inner, leave_out, above | {real})
                whole.update(f"{name}\0{listing[name]}\0".encode("utf-8", "surrogateescape"))
        digest = whole.hexdigest()
        self._listings[digest] = listing
        return digest

    def _file(self, path: str, found: os.stat_result) -> str:
        # Relative to the project, so that a project that is moved keeps its cache.
        name = path.removeprefix(self._prefix)
        self._seen.add(name)
        signature = _signature(found)
        known = self._known.get(name)
        if known is not None and known[0] == signature:
            return known[1]
        began = time.time_ns()
        with open(path, "rb") as stream:
            signature = _signature(os.fstat(stream.fileno()))
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            still = _signature(os.fstat(stream.fileno())) == signature
        if still and _is_settled(signature, began):
            self._known[name] = (signature, digest)
            self._changed = True
        elif self._known.pop(name, None) is not None:
            self._changed = True
        return digest


def make_room(folder: Path) -> Path:
    """Make the folder for what seqpipe keeps for itself; git does not look into it.

    folder (Path): The project's folder.
    RETURNS (Path): The folder.
    """
    room = folder / ROOM
    ignore = room / ".gitignore"
    if not ignore.exists():
        with atomic_write(ignore) as stream:
            stream.write("*\n")
    return room


def _signature(found: os.stat_result) -> Signature:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _is_settled(signature: Signature, now: int) -> bool:
    """Whether a change from now on must give a file another date."""
    _, mtime, ctime, _ = signature
    tick = TICK if mtime % 1_000_000 or ctime % 1_000_000 else COARSE_TICK
    return max(mtime, ctime) + tick < now


def _read(path: Path) -> tuple[dict[str, tuple[Signature, str]], dict[str, dict[str, str]]]:
    """The digests by file, and the listings of folders by digest."""
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != VERSION:
            return {}, {}
        files = {
            name: ((int(size), int(mtime), int(ctime), int(inode)), str(digest))
            for name, ((size, mtime, ctime, inode), digest) in data["files"].items()
        }
        listings = {digest: dict(listing) for digest, listing in data["folders"].items()}
        return files, listings
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}  # it is only a cache
