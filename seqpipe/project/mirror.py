"""A folder of files that stands in for downloads: finds the one with a given MD5."""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from seqpipe.files import InputError

VARIABLE = "SEQPIPE_MIRROR"
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Copy:
    """A file of the mirror that holds what is wanted.

    path (Path): The file.
    packed (bool): What is wanted is its content after gunzip.
    """

    path: Path
    packed: bool

    def open(self) -> AbstractContextManager[BinaryIO]:
        """RETURNS (AbstractContextManager[BinaryIO]): The wanted content."""
        if self.packed:
            return cast(AbstractContextManager[BinaryIO], gzip.open(self.path, "rb"))
        return open(self.path, "rb")


class Mirror:
    """The files below a folder, each hashed at most once, and only as far as needed. Several
    threads may look at a time.

    folder (Path): The folder. Raises InputError where it is none.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{VARIABLE} names this, which is not a folder", path=folder)
        self._files = sorted(Path(top, name) for top, _, names in os.walk(folder) for name in names)
        self._sums: dict[Path, list[tuple[str, bool]]] = {}
        self._lock = threading.Lock()

    def find(self, checksum: str, name: str) -> Copy | None:
        """Find a file by its content.

        checksum (str): The wanted MD5, in lower case.
        name (str): The wanted file's name: files called so are looked at first.
        RETURNS (Optional[Copy]): Where it is, or None.
        """
        for path in sorted(self._files, key=lambda path: path.name not in (name, f"{name}.gz")):
            with self._lock:
                if path not in self._sums:
                    self._sums[path] = list(_checksums(path))
            for found, packed in self._sums[path]:
                if found == checksum:
                    return Copy(path, packed)
        return None


def open_mirror() -> Mirror | None:
    """The mirror that the environment names.

    RETURNS (Optional[Mirror]): The mirror, or None where the variable is not set.
    """
    folder = os.environ.get(VARIABLE)
    return Mirror(Path(folder)) if folder else None


def _checksums(path: Path) -> Iterator[tuple[str, bool]]:
    """The MD5 of a file as it is, and after gunzip; a file that cannot be read has none."""
    try:
        with open(path, "rb") as stream:
            magic = stream.read(len(GZIP_MAGIC))
            stream.seek(0)
            yield hashlib.file_digest(stream, "md5").hexdigest(), False
        if magic == GZIP_MAGIC:
            with gzip.open(path, "rb") as content:
                yield hashlib.file_digest(content, "md5").hexdigest(), True
    except (OSError, EOFError, zlib.error):
        return
