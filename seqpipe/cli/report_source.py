"""Reads the files that a report shows; each fault says which file, as the REPORT.yml names it."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

from seqpipe.cli import WORDS
from seqpipe.files import InputError


def read_content(file: Path, name: str) -> bytes:
    """Read all of a file.

    file (Path): Where it is.
    name (str): For messages.
    RETURNS (bytes): What it holds.
    RAISES (InputError): If it is not there, no file, empty, or cannot be read.
    """
    try:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise InputError(f"{name}: a device or a pipe, expected a file")
        content = file.read_bytes()
    except OSError as fault:
        if fault.errno == errno.ENOENT:
            raise InputError(f"{name}: no such file, expected one that a command wrote") from None
        raise InputError(f"{name}: {WORDS.get(fault.errno or 0, fault.strerror)}") from None
    if not content.strip():
        raise InputError(f"{name}: an empty file")
    return content


def read_text(file: Path, name: str) -> str:
    """Read a file of text.

    file (Path): Where it is.
    name (str): For messages.
    RETURNS (str): The text, without a byte order mark.
    RAISES (InputError): As `read_content`, and if it is not UTF-8.
    """
    try:
        return read_content(file, name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name}: not UTF-8") from None


def lines_of(text: str, limit: int | None = None) -> list[str]:
    """Split a text where its lines end, and not at other characters that str.splitlines knows: JSON
    may hold those within a line.

    text (str): Its lines end with "\\n" or "\\r\\n".
    limit (Optional[int]): How many lines to give; None for all.
    RETURNS (List[str]): The lines, without their ends.
    """
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")[:limit]


def parse_json(text: str, name: str, line: int | None = None) -> Any:
    """Read JSON.

    text (str): All of a file, or a line of it.
    name (str): The file, for messages.
    line (Optional[int]): Which line of it the text is; None for all of the file.
    RETURNS: What it says.
    RAISES (InputError): If it is no JSON, or what no page can hold.
    """
    where = name if line is None else f"{name}, line {line}"
    try:
        data = json.loads(text)
        # Half a character can be written in JSON, and in no file of UTF-8.
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as fault:
        at = f"{name}, line {line or fault.lineno}"
        raise InputError(f"{at}: not JSON: {fault.msg}, in column {fault.colno}") from None
    except UnicodeEncodeError as fault:
        half = ascii(fault.object[fault.start])
        raise InputError(f"{where}: half a character, {half}, expected whole ones") from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply to be read") from None
    except ValueError:  # Python's own bound
        most = sys.get_int_max_str_digits()
        raise InputError(
            f"{where}: an integer of more than {most:,} digits, expected a smaller one"
        ) from None
    return data
