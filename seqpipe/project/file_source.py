"""Files of this machine as a source of assets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from seqpipe.files import InputError
from seqpipe.hookspecs import Download

PIECE = 1 << 20  # bytes


def fetch_file(url: str, offset: int, tag: str) -> Download:
    """Read the file that a URL names.

    url (str): Begins with file://.
    offset (int): Where to begin.
    tag (str): What the bytes before that came with.
    RETURNS (Download): See `read_file`.
    """
    return read_file(Path(url2pathname(urlsplit(url).path)), offset, tag)


def read_file(path: Path, offset: int, tag: str) -> Download:
    """Read a file, from the offset if it is still the same one.

    path (Path): The file.
    offset (int): Where to begin.
    tag (str): What the bytes before that came with.
    RETURNS (Download): Its bytes. Raises InputError where it cannot be read.
    """
    if not path.is_file():
        raise InputError("no such file")
    try:
        stream = open(path, "rb")  # noqa: SIM115
    except OSError as fault:
        raise InputError(fault.strerror or "cannot be read") from None
    found = os.fstat(stream.fileno())
    now = f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"
    start = offset if tag == now else 0
    stream.seek(start)
    return Download(pieces_of(stream), start, found.st_size, now)


def pieces_of(opened: AbstractContextManager[BinaryIO]) -> Iterator[bytes]:
    """The bytes of a file, which is closed behind the last of them.

    opened (BinaryIO): The open file.
    YIELDS (bytes): A piece.
    """
    with opened as stream:
        while piece := stream.read(PIECE):
            yield piece
