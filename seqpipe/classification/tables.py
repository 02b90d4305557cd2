"""Labelled texts of TSV, CSV and JSONL files, and of files with one text a line."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seqpipe.files import InputError

from .labelled import LabelledText
from .lines import read_lines, shown

_LONGEST_COLUMN = 2**31 - 1  # characters; Python's csv module would stop at 131,072


def read_table(
    path: Path,
    *,
    text: int | str,
    label: int | str,
    separator: str,
    is_quoted: bool,
    encoding: str,
) -> Iterator[LabelledText]:
    """Read the rows of a TSV or CSV file; lines without any character are passed over.

    path (Path): The file, gzipped if it ends in .gz.
    text, label: The columns: names, which the first row holds, or numbers from 0 (-1 is the last)
        if there is no such row.
    separator (str): What stands between columns, one character.
    is_quoted (bool): Whether a column may be in double quotes, as in CSV, and then hold separators,
        newlines and doubled quotes. If not, a quote is a character like others.
    encoding (str): The file's.
    YIELDS (LabelledText): The texts.
    RAISES (InputError): If a column is not there, or a row has another number of columns than the
        first.
    """
    rows = (_quoted_rows if is_quoted else _plain_rows)(path, separator, encoding)
    has_header = isinstance(text, str)
    columns: tuple[int, int] | None = None
    width = first_line = 0
    for number, row in rows:
        if columns is None:
            width, first_line = len(row), number
            columns = _column(row, text, path, number), _column(row, label, path, number)
            if has_header:
                continue
        if len(row) != width:
            count = "1 column" if len(row) == 1 else f"{len(row)} columns"
            raise InputError(
                f"{count}, expected {width} as in line {first_line}; the row begins "
                f"with {shown(separator.join(row))}",
                path=path,
                line=number,
            )
        yield LabelledText(row[columns[0]].strip(), row[columns[1]].strip(), path, number)


def read_json_lines(path: Path, *, text: str, label: str, encoding: str) -> Iterator[LabelledText]:
    """Read a file with one JSON object a line; blank lines are passed over.

    path (Path): The file, gzipped if it ends in .gz.
    text, label (str): The keys. The label may be a string, a number (4 and 4.0 are "4"), a list of
        these, all of which hold, or an object {label: 0 or 1}.
    encoding (str): The file's.
    YIELDS (LabelledText): The texts.
    RAISES (InputError): If a line is no such object.
    """
    for number, line in read_lines(path, encoding):
        if not line.strip():
            continue
        record = _json(line.rstrip(), path, number)
        if not isinstance(record, dict):
            message = f"{_as_json(record)}, expected an object with {text!r} and {label!r}"
            raise InputError(message, path=path, line=number)
        for key in (text, label):
            if key not in record:
                message = f"no key {key!r}, found {', '.join(map(repr, record)) or 'none'}"
                raise InputError(message, path=path, line=number)
        if not isinstance(record[text], str):
            message = f"{_as_json(record[text])} as the text, expected a string"
            raise InputError(message, path=path, line=number)
        given = _json_label(record[label], path, number)
        yield LabelledText(record[text].strip(), given, path, number)


def read_prefixed(path: Path, *, encoding: str) -> Iterator[LabelledText]:
    """Read a file in which each line is a label, a space and a text.

    path (Path): The file, gzipped if it ends in .gz.
    encoding (str): The file's.
    YIELDS (LabelledText): The texts.
    RAISES (InputError): If there is other white space in a label, such as a tab behind it.
    """
    for number, line in read_lines(path, encoding):
        label, _, text = line.rstrip("\r\n").partition(" ")
        if label and label.split() != [label]:
            message = f"white space in the label {label!r}, expected a label, a space and the text"
            raise InputError(message, path=path, line=number)
        yield LabelledText(text.strip(), label, path, number)


def read_one_label(path: Path, label: str, *, encoding: str) -> Iterator[LabelledText]:
    """Read a file with one text a line, all of one label.

    path (Path): The file, gzipped if it ends in .gz.
    label (str): The label.
    encoding (str): The file's.
    YIELDS (LabelledText): The texts.
    """
    for number, line in read_lines(path, encoding):
        yield LabelledText(line.strip(), label, path, number)


def _plain_rows(path: Path, separator: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in read_lines(path, encoding):
        row = line.rstrip("\r\n")
        if row:
            yield number, row.split(separator)


def _quoted_rows(path: Path, separator: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins on."""
    # The limit is one for the whole process; a higher one takes nothing from others.
    csv.field_size_limit(max(_LONGEST_COLUMN, csv.field_size_limit()))
    lines = (line for _, line in read_lines(path, encoding))
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as err:
            message = (
                f"a row that cannot be read ({err}), expected columns in double quotes to be "
                "closed, and quotes inside them to be doubled"
            )
            raise InputError(message, path=path, line=number) from err
        if row:
            yield number, row


def _column(row: list[str], name: int | str, path: Path, line: int) -> int:
    if isinstance(name, str):
        names = [column.strip() for column in row]
        if name in names:
            return names.index(name)
        message = (
            f"no column {name!r}, found {', '.join(map(shown, row))}; expected a row of names, or "
            "else numbers for text and label, from 0"
        )
    elif -len(row) <= name < len(row):
        return name
    else:
        message = f"no column {name}, expected a row of more columns than {len(row)}"
    raise InputError(message, path=path, line=line)


def _json(line: str, path: Path, number: int) -> Any:
    try:
        record = json.loads(line)
        # JSON can escape half a character ("\ud83d"), which no file and no Doc can hold.
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError as err:
        message = f"half a character ({err.object[err.start]!r}), expected pairs of such escapes"
        raise InputError(message, path=path, line=number) from err
    except json.JSONDecodeError as err:
        message = f"no sound JSON at character {err.colno} ({err.msg}), expected one object a line"
        raise InputError(message, path=path, line=number) from err
    except RecursionError as err:
        raise InputError("JSON of too many levels", path=path, line=number) from err
    return record


def _json_label(value: Any, path: Path, line: int) -> str | list[str] | dict[str, float]:
    if isinstance(value, list):
        return [_json_name(one, path, line) for one in value]
    if not isinstance(value, dict):
        return _json_name(value, path, line)
    return {name.strip(): given for name, given in value.items()}


def _json_name(value: Any, path: Path, line: int) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        message = f"{_as_json(value)} as the label, expected a string or a number"
        raise InputError(message, path=path, line=line)
    return str(int(value)) if value == int(value) else str(value)


def _as_json(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False))
