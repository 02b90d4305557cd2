"""Tables of a report: values looked up in metrics files, and numbers as a reader is shown them."""

from __future__ import annotations

import difflib
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqpipe.files import InputError

NOTHING = "–"
ITEM = "."  # the path of the item itself
SPREAD = {"mean", "std"}  # the keys of several runs' summary
MOST_DECIMALS = 8
MOST_DIGITS = sys.float_info.max_10_exp
NAMED_KEYS = 12  # keys that a message lists


@dataclass(frozen=True)
class Column:
    """A column of a table: where its values stand.

    heading (str): What stands above it.
    path (str): Keys, and for lists places from 0, with dots between them; "." for the item itself.
    percent (bool): Whether its values are shares, to be shown in percent.
    """

    heading: str
    path: str
    percent: bool = False


@dataclass(frozen=True)
class Table:
    """A table as it is shown.

    headings (Tuple[str, ...]): One for each cell of a row; empty above the names of rows.
    rows (Tuple[Tuple[str, ...], ...]): The cells.
    caption (str): What the table is of; may be empty.
    has_names (bool): Whether the first cell of a row is its name.
    numeric (Tuple[bool, ...]): For each column, whether it holds nothing but numbers.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str
    has_names: bool
    numeric: tuple[bool, ...]


def table_of(
    items: Iterable[tuple[str | None, Any]], columns: Sequence[Column], *, caption: str = ""
) -> Table:
    """Make a table with a row for each item.

    items (Iterable[Tuple[Optional[str], Any]]): The rows' names, None for rows without one, and
        what the columns are looked up in.
    columns (Sequence[Column]): The columns.
    caption (str): What the table is of.
    RETURNS (Table): The table.
    RAISES (InputError): If a column is in none of the items, or is no value that a cell can hold.
    """
    found = list(items)
    names = [(name,) if name is not None else () for name, _ in found]
    cells = [_column(column, [item for _, item in found]) for column in columns]
    has_names = any(names)
    headings = [*([""] if has_names else []), *(column.heading for column in columns)]
    numeric = [all(_is_number(value) for value in values) for values, _ in cells]
    texts = zip(*(shown for _, shown in cells), strict=True)
    return Table(
        tuple(headings),
        tuple((*name, *row) for name, row in zip(names, texts, strict=True)),
        caption,
        has_names,
        (*([False] if has_names else []), *numeric),
    )


def items_at(data: Any, path: str) -> list[tuple[str | None, Any]]:
    """The items of a mapping under their keys, or of a list without names.

    data: What a file holds.
    path (str): Where the mapping or the list stands in it.
    RETURNS (List[Tuple[Optional[str], Any]]): Names and items.
    RAISES (InputError): If nothing stands there, or something else.
    """
    found = value_at(data, path)
    if found is MISSING:
        raise InputError(_no_such(data, path))
    if isinstance(found, Mapping):
        return [(str(key), item) for key, item in found.items()]
    if isinstance(found, list):
        return [(None, item) for item in found]
    raise InputError(f"at '{path}' stands {said(found)}, expected a mapping or a list")


def lists_beside(data: Any, columns: Sequence[Column]) -> list[tuple[str | None, Any]]:
    """The places of lists that belong together, from 1, for columns whose paths lead to lists.

    data: What a file holds.
    columns (Sequence[Column]): The columns.
    RETURNS (List[Tuple[Optional[str], Any]]): For each place its number, and the values there
        under the columns' headings.
    RAISES (InputError): If one of them is no list, not as long as the first, or holds what no cell
        can hold.
    """
    lists: list[list[Any]] = []
    for column in columns:
        found = value_at(data, column.path)
        if found is MISSING:
            raise InputError(f"column '{column.heading}': {_no_such(data, column.path)}")
        if not isinstance(found, list):
            raise InputError(
                f"column '{column.heading}': at '{column.path}' stands {said(found)}, expected a "
                "list; a table of one file has each: PATH, or columns that are lists"
            )
        if lists and len(found) != len(lists[0]):
            raise InputError(
                f"column '{column.heading}': {len(found)} values at '{column.path}', expected "
                f"{len(lists[0])} as in the first column"
            )
        _cells(column, found)
        lists.append(found)
    return [(str(place), list(row)) for place, row in enumerate(zip(*lists, strict=True), start=1)]


def value_at(data: Any, path: str) -> Any:
    """Look a value up.

    data: Mappings and lists within each other.
    path (str): The way to it. A key that has dots itself is found too.
    RETURNS: The value, or MISSING.
    """
    return data if path == ITEM else _follow(data, path.split("."))


def shown_value(value: Any, *, percent: bool = False) -> str:
    """Write a value as a cell of a table.

    value: A number, a text, a truth, None, a summary {"mean", "std"}, or a list of these.
    percent (bool): Whether it is a share, to be shown in percent.
    RETURNS (str): The text.
    RAISES (InputError): If it is a mapping of something else, or an integer of more digits than
        numbers with a point have.
    """
    if isinstance(value, Mapping) and set(value) == SPREAD:
        return _summary(value["mean"], value["std"], percent)
    if isinstance(value, list):
        return ", ".join(shown_value(item, percent=percent) for item in value) or NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        _check_size(value)
        return _number(value, percent)
    if value is None or value is MISSING:
        return NOTHING
    if isinstance(value, str):
        return value
    raise InputError(f"{said(value)}, expected a number or a text")


class _Missing:
    """What is found where nothing stands."""


MISSING = _Missing()


def _column(column: Column, items: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """RETURNS (Tuple[List, List[str]]): A column's values, and as they are shown."""
    values = [value_at(item, column.path) for item in items]
    if items and all(value is MISSING for value in values):
        raise InputError(f"column '{column.heading}': {_no_such(items[0], column.path)}")
    return values, _cells(column, values)


def _cells(column: Column, values: Sequence[Any]) -> list[str]:
    try:
        return [shown_value(value, percent=column.percent) for value in values]
    except InputError as fault:
        raise InputError(f"column '{column.heading}': at '{column.path}' stands {fault}") from None


def _follow(data: Any, names: Sequence[str]) -> Any:
    if not names:
        return data
    if isinstance(data, list):
        place = int(names[0]) if names[0].isdecimal() else len(data)
        return _follow(data[place], names[1:]) if place < len(data) else MISSING
    if not isinstance(data, Mapping):
        return MISSING
    # A key may have dots itself, as a file's name has.
    for count in range(1, len(names) + 1):
        key = ".".join(names[:count])
        found = _follow(data[key], names[count:]) if key in data else MISSING
        if found is not MISSING:
            return found
    return MISSING


def _no_such(data: Any, path: str) -> str:
    """RETURNS (str): That a path leads nowhere, and what there is where it ends."""
    names = path.split(".")
    reached = next(
        count
        for count in reversed(range(len(names)))
        if _follow(data, names[:count]) is not MISSING
    )
    around = _follow(data, names[:reached])
    where = f"'{'.'.join(names[:reached])}'" if reached else "the file"
    if path == ITEM or not isinstance(around, Mapping | list):
        there = said(around)
    elif isinstance(around, list):
        there = f"a list of {len(around)}"
    else:
        keys = [str(key) for key in around]
        near = difflib.get_close_matches(names[reached], keys, n=1)
        more = ", ..." if len(keys) > NAMED_KEYS else ""
        there = f"'{near[0]}'" if near else (", ".join(keys[:NAMED_KEYS]) or "nothing") + more
    return f"nothing at '{path}': in {where} is {there}"


def _summary(mean: Any, std: Any, percent: bool) -> str:
    if not all(value is None or _is_one_number(value) for value in (mean, std)):
        raise InputError("a mean and a spread that are no numbers, expected numbers")
    for value in (mean, std):
        _check_size(value or 0)
    if mean is None or std is None:
        return NOTHING if mean is None else _number(mean, percent)
    scale = 100 if percent else 1
    decimals = 2 if percent else _decimals(std)
    sign = " %" if percent else ""
    return f"{scale * mean:,.{decimals}f} ± {scale * std:,.{decimals}f}{sign}"


def _check_size(value: float) -> None:
    """Refuse what cannot be computed with: only an integer can be that large."""
    if sys.float_info.max < abs(value) < math.inf:
        raise InputError(f"an integer of more than {MOST_DIGITS} digits, expected a smaller one")


def _decimals(std: float) -> int:
    """RETURNS (int): So many that two digits of a spread are seen."""
    if not std or not math.isfinite(std):
        return 4
    return min(MOST_DECIMALS, max(0, 1 - math.floor(math.log10(abs(std)))))


def _number(value: float, percent: bool) -> str:
    if isinstance(value, int) and not percent:
        return f"{value:,}"
    if not math.isfinite(value):
        return NOTHING
    if percent:
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _is_number(value: Any) -> bool:
    """RETURNS (bool): Whether a cell is a number, or several, or has none."""
    if isinstance(value, Mapping):
        return set(value) == SPREAD
    if isinstance(value, list):
        return all(map(_is_number, value))
    return value is None or value is MISSING or _is_one_number(value)


def _is_one_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def said(value: Any) -> str:
    """RETURNS (str): What a value is, for a message.

    value: What JSON or YAML hold.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return f"a mapping of {', '.join(map(str, list(value)[:NAMED_KEYS])) or 'nothing'}"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
