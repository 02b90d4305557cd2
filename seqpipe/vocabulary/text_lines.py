"""Files, plain or gzipped, and standard input, as bytes and as lines; a fault says the file and the
line."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from seqpipe.files import InputError, atomic_write

GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
STANDARD_INPUT = "-"


def is_gzip(path: str | Path) -> bool:
    """RETURNS (bool): Whether a file begins as gzip does.

    path: A file.
    """
    with open(path, "rb") as stream:
        return stream.read(2) == GZIP


@contextmanager
def open_bytes(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file to read, decompressed if it is gzipped.

    path: The file.
    YIELDS (IO[bytes]): Its content.
    RAISES (InputError): While it is read, if it is gzipped and damaged.
    """
    try:
        with gzip.open(path) if is_gzip(path) else open(path, "rb") as stream:
            yield cast(IO[bytes], stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"no sound gzip file ({error})", path=path) from error


@contextmanager
def write_bytes(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file to write, as a whole or not at all; gzipped if its name ends in .gz.

    path: The file.
    YIELDS (IO[bytes]): Takes its content.
    """
    with atomic_write(path, "wb") as stream:
        if not str(path).endswith(".gz"):
            yield stream
            return
        # No name and no time: the same vectors give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=stream, mtime=0) as zipped:
            yield cast(IO[bytes], zipped)


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Read a text line by line: UTF-8, split at "\\n" alone.

    path: The file, plain or gzipped.
    YIELDS (Tuple[int, str]): The line's number, from 1, and its text, without the line's end.
    RAISES (InputError): If a line is not UTF-8, or the file no sound gzip file.
    """
    with open_bytes(path) as stream:
        yield from _decoded(stream, path)


def source_name(source: Path) -> str:
    """RETURNS (str): What to call a file in messages; "-" is standard input.

    source (Path): As it was given.
    """
    return "standard input" if str(source) == STANDARD_INPUT else str(source)


def lines_of(source: Path) -> Iterator[tuple[int, str]]:
    """Read a file as `read_lines` does, or standard input line by line as it comes in.

    source (Path): A file, plain or gzipped; "-" for standard input.
    YIELDS (Tuple[int, str]): The line's number, from 1, and its text, without the line's end.
    RAISES (InputError): As `read_lines`, or if standard input is closed.
    """
    if str(source) != STANDARD_INPUT:
        yield from read_lines(source)
        return
    if sys.stdin is None:
        raise InputError("standard input is closed, expected texts there, or a file of texts")
    yield from _decoded(sys.stdin.buffer, source_name(source))


def _decoded(lines: Iterable[bytes], path: str | Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        text = decode(line, path, number)
        if number == 1:
            text = text.removeprefix(BYTE_ORDER_MARK)
        yield number, text.rstrip("\r\n")


def decode(data: bytes, path: str | Path, line: int | None = None) -> str:
    """Decode UTF-8.

    data (bytes): What was read.
    path: The file it comes from.
    line (int): The line in it.
    RETURNS (str): The text.
    RAISES (InputError): If it is none.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02x} is not UTF-8, expected a UTF-8 text"
        raise InputError(message, path=path, line=line) from error
