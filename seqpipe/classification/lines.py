"""Lines of text files in any encoding, gzipped or not; a byte that is none of it is named."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, cast

from seqpipe.files import InputError

_BYTE_ORDER_MARK = "\ufeff"
# What Python makes of bytes that cannot be decoded, if it is told to go on.
_UNDECODED = re.compile("[\udc80-\udcff]")


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Read a text line by line, split at "\\n" alone; a byte order mark is left out.

    path (Path): The file, gzipped if it ends in .gz.
    encoding (str): A text encoding that Python knows.
    YIELDS (Tuple[int, str]): The line's number, from 1, and its text with the line's end.
    RAISES (InputError): If a line is not in the encoding, or the file no sound gzip file; or if it
        holds a NUL, as what is read of UTF-16 in another encoding does.
    """
    number = other = 0  # `other`: the last line before this one that is more than ASCII
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as stream:
        # "surrogateescape" instead of an error at once: that would not say in which line.
        text = TextIOWrapper(
            cast(BinaryIO, stream), encoding, errors="surrogateescape", newline="\n"
        )
        try:
            for number, line in enumerate(text, start=1):
                if not line.isascii():
                    undecoded = _UNDECODED.search(line)
                    if undecoded:
                        raise _undecoded(line, undecoded.start(), encoding, path, number, other)
                    other = number
                if "\0" in line:
                    raise _nul(line.index("\0"), encoding, path, number)
                yield number, line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        except UnicodeError as err:  # of encodings with several bytes a character, such as UTF-16
            message = f"not {encoding} after line {number} ({err}), expected a file in {encoding}"
            raise InputError(message, path=path) from err
        except (gzip.BadGzipFile, EOFError, zlib.error) as err:
            message = f"not a sound gzip file after line {number} ({err})"
            raise InputError(message, path=path) from err


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """Read a whole file; the rest is as in read_lines.

    path (Path): The file, gzipped if it ends in .gz.
    encoding (str): One that Python knows.
    RETURNS (str): All of it.
    """
    return "".join(line for _, line in read_lines(path, encoding))


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know, or that is none of text.

    encoding (str): As it was given.
    RAISES (InputError): If it is so.
    """
    try:
        "".encode(encoding)
    except LookupError as err:
        message = f"unknown encoding {encoding!r}, expected one such as utf-8, cp1252 or utf-16"
        raise InputError(message) from err


def shown(text: str) -> str:
    """RETURNS (str): A text as messages quote it: on one line, cut where it is long.

    text (str): Of any length.
    """
    line = " ".join(text[:200].split())
    return repr(line if len(line) <= 60 else f"{line[:57]}...")


def _undecoded(
    line: str, place: int, encoding: str, path: Path, number: int, other: int
) -> InputError:
    byte = ord(line[place]) - 0xDC00
    is_utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    likely = "cp1252" if is_utf8 else "utf-8"
    if (number, place) == (1, 0) and byte in (0xFE, 0xFF):
        likely = "utf-16"
    advice = f'if it is in another encoding, say which, such as encoding = "{likely}"'
    if is_utf8 and other:  # what is not UTF-8 is hardly ever sound UTF-8 by chance
        advice = f"line {other} is, so the file mixes encodings: bring all of it to one"
    return InputError(
        f"byte 0x{byte:02x} at character {place + 1} is not {encoding}, expected a file that is "
        f"{encoding} throughout; {advice}",
        path=path,
        line=number,
    )


def _nul(place: int, encoding: str, path: Path, number: int) -> InputError:
    return InputError(
        f"a NUL at character {place + 1}, expected a text in {encoding}; if the file is in UTF-16, "
        'say so, as in encoding = "utf-16", "utf-16-le" or "utf-16-be"',
        path=path,
        line=number,
    )
