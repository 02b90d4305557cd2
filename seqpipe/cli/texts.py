"""Texts as they come in: from a file, a .gz, a .jsonl or standard input, in batches."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

CHUNK = 1 << 16
BOM = b"\xef\xbb\xbf"


@contextmanager
def open_texts(source: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file of texts.

    source (Path): The file, or "-" for standard input.
    YIELDS (BufferedIOBase): Its bytes, unpacked.
    RAISES (InputError): If there is no such file, it is a folder, or standard input is closed.
    """
    if str(source) == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed, expected texts there, or a file of texts")
        yield sys.stdin.buffer  # type: ignore[misc]
        return
    if source.is_dir():
        raise InputError("a folder, expected a file of texts", path=source)
    if not source.exists():
        raise InputError("no such file, expected one of texts", path=source)
    with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as stream:
        yield stream


def read_texts(
    stream: io.BufferedIOBase, source: Path, batch_size: int
) -> Iterator[list[dict[str, Any]]]:
    """Read texts, a line each, in batches that never wait for more input than there is.

    stream (BufferedIOBase): The bytes.
    source (Path): Where they come from, for messages; its name says whether they are JSON lines.
    batch_size (int): The most texts to a batch.
    YIELDS (List[Dict[str, Any]]): Objects that have at least "text".
    RAISES (InputError): If a line is no UTF-8, or no JSON object with a "text".
    """
    is_json = source.name.removesuffix(".gz").endswith(".jsonl")
    name = "standard input" if str(source) == "-" else source
    batch: list[dict[str, Any]] = []
    number = 0
    for lines in _complete_lines(stream, source):
        for raw in lines:
            number += 1
            try:
                item = _read_line(raw.removeprefix(BOM) if number == 1 else raw, is_json)
            except ValueError as error:
                # What came before the bad line is still good.
                yield batch
                raise InputError(str(error), path=name, line=number) from None
            if item is not None:
                batch.append(item)
            if len(batch) == batch_size:
                yield batch
                batch = []
        if batch:
            yield batch
            batch = []


def _read_line(raw: bytes, is_json: bool) -> dict[str, Any] | None:
    """RETURNS (Dict[str, Any]): The line's object with "text"; None for a blank line of JSON."""
    try:
        line = raw.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte 0x{raw[error.start]:02x} is not UTF-8") from None
    if not is_json:
        return {"text": line}
    if not line.strip():
        return None
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        shown = line if len(line) <= 60 else line[:57] + "..."
        raise ValueError(f'{shown}: expected a JSON object with a string "text"')
    return value


def _complete_lines(stream: io.BufferedIOBase, source: Path) -> Iterator[list[bytes]]:
    """Split on "\\n" alone whatever one read gives: read1 returns as soon as there is something."""
    pending: list[bytes] = []
    try:
        while chunk := stream.read1(CHUNK):
            if b"\n" not in chunk:
                pending.append(chunk)
                continue
            *lines, rest = b"".join([*pending, chunk]).split(b"\n")
            pending = [rest] if rest else []
            yield lines
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"no sound gzip file ({error})", path=source) from None
    if pending:
        yield [b"".join(pending)]
