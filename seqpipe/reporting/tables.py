"""Tables of scores for the terminal: by type and in all, one model or the mean of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.class_tables import confusion_table, take_groups
from seqpipe.reporting.metrics import Summary, summarise

if TYPE_CHECKING:
    from rich.console import Console

# Scores that are shares of something, and read best in percent.
PERCENT = ("_p", "_r", "_f", "_acc", "_auc", "_las", "_uas", "cats_ece", "_oov_rate")
TRANSLATION = ("exact_match", "bleu", "bleu_p1", "bleu_p2", "bleu_p3", "bleu_p4", "chrf", "ter")
BY_TYPE = ("_per_type", "_per_feat")
MEASURES = {"p": "P", "r": "R", "f": "F1"}
# Tables that have another name than their score, and where the numbers of gold labels are then.
TITLES = {"ents_per_type": "entities", "cats_f_per_type": "classes"}
CLASSES, CLASS_SUPPORT, CONFUSION = "cats_f_per_type", "cats_support", "cats_confusion"
# One of the other scores of classes again, and which one.
AGAIN = ("cats_score", "cats_score_desc")

LONG = 7  # letters: longer words may be cut where room is short

# A cell is text, or parts of it that may go below each other where the terminal is narrow.
Cell = str | Sequence[str]


def print_scores(
    console: Console,
    scores: Sequence[Mapping[str, Any]],
    *,
    support: Mapping[str, int] | None = None,
) -> None:
    """Print what `nlp.evaluate` returned: a table for each score by type, one for all the others.

    console (Console): Where to.
    scores (Sequence[Dict]): The scores of one model, or of several of a kind: then each cell is
        their mean and sample standard deviation.
    support (Dict[str, int]): How many entities of each type the data has. How many texts have each
        class stands in the scores.
    """
    left = {key: [run.get(key) for run in scores] for key in scores[0]}
    of_tokens = [key for key in left if key.startswith("token_")]
    if all(value in (1.0, None) for key in of_tokens for value in left[key]):
        # Data that came in tokens says nothing of the tokenizer.
        left = {key: values for key, values in left.items() if key not in of_tokens}
    if CLASSES in left:
        left = {key: values for key, values in left.items() if key not in AGAIN}
    counts = {"ents_per_type": support, CLASSES: _support(left)}
    spread = "" if len(scores) == 1 else f", mean of {len(scores)} and standard deviation"
    for key in [key for key in left if key.endswith(BY_TYPE)]:
        _print_by_type(console, key, left, counts.get(key), spread)
    _print_confusion(console, [run for run in left.pop(CONFUSION, []) if run])
    _print_groups(console, left, spread)
    if left:
        rows = [[key, _flat(console, key, values)] for key, values in left.items()]
        print_table(console, f"scores{spread}", ["", ""], rows)


def print_table(
    console: Console, title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print a table that stays readable where room is short, and of which no number is cut.

    console (Console): Where to.
    title (str): What the table is of.
    heads (Sequence[str]): Column heads, all empty for none; the first column is the row's name.
    rows (Iterable[Sequence[Cell]]): The cells; one in parts is stacked where room is short.
    """
    from rich.text import Text

    rows = list(rows)
    console.print(Text(f"\n{title}", style="bold"))
    whole = [[_join(cell, " ") for cell in row] for row in rows]
    wished = [max(map(len, column)) for column in zip(heads, *whole, strict=True)]
    if sum(wished) + 2 * len(heads) <= console.width:
        _print_columns(console, heads, whole, [None] * len(heads))
        return
    stacked = [[_join(cell, "\n") for cell in row] for row in rows]
    least = [max(map(_uncut, column)) for column in zip(heads, *stacked, strict=True)]
    free = console.width - sum(least) - 2 * len(heads)
    if free >= 0:
        _print_columns(console, heads, stacked, _widened(least, wished, free))
    else:
        _print_records(console, heads, whole)


def _print_columns(
    console: Console,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    widths: Sequence[int | None],
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, show_header=any(heads))
    for index, (head, width) in enumerate(zip(heads, widths, strict=True)):
        justify = "right" if index else "left"
        table.add_column(Text(head), justify=justify, overflow="fold", width=width)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_records(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the cells of each row below its name, where they cannot stand side by side."""
    from rich.text import Text

    for name, *cells in rows:
        console.print(Text(name))
        for head, cell in zip(heads[1:], cells, strict=True):
            console.print(Text(f"  {head}: {cell}" if head else f"  {cell}"))


def _uncut(cell: str) -> int:
    """RETURNS (int): How wide a column must be so that no number of a cell is cut."""
    numbers = [len(word) for word in cell.split() if any(map(str.isdigit, word))]
    words = [min(len(word), LONG) for word in cell.split()]
    return max((*words, *(n for n in numbers if n <= 2 * LONG)), default=1)


def _widened(least: Sequence[int], wished: Sequence[int], free: int) -> list[int]:
    """Share out the columns of a terminal that are left, to all that wish for more alike."""
    widths = list(least)
    while free > 0 and (narrow := [i for i, wish in enumerate(wished) if widths[i] < wish]):
        for index in narrow[:free]:
            widths[index] += 1
        free -= len(narrow[:free])
    return widths


def figures(console: Console, summary: Summary | None, *, percent: bool = False) -> Cell:
    """Write a summary of runs as a cell.

    console (Console): The console it is for, which may know no "±".
    summary (Summary): Mean and spread, or None if there is no score.
    percent (bool): Whether to multiply by a hundred and give two decimals.
    RETURNS (Cell): The mean, and the spread if there is one.
    """
    if summary is None:
        return "-"
    sign = "+-" if console.options.ascii_only else "±"
    shown = [
        f"{100 * number:.2f}" if percent else _number(number)
        for number in (summary.mean, summary.std)
        if number is not None
    ]
    return [shown[0], *(f"{sign}{number}" for number in shown[1:])]


def _number(number: float) -> str:
    """Four digits, but a whole number in full."""
    return f"{number:,.0f}" if abs(number) >= 1000 and number == int(number) else f"{number:.4g}"


def _print_by_type(
    console: Console,
    key: str,
    left: dict[str, list[Any]],
    support: Mapping[str, int] | None,
    spread: str,
) -> None:
    """Print a table of the score by type, and take it and its totals out of the rest."""
    by_type = [run or {} for run in left.pop(key)]
    rows = _rows_by_type(console, by_type, support, in_order=key.startswith("cats_"))
    totals = _take_totals(key, left)
    if not rows:
        return
    for name, total in totals.items():
        scores = [total[measure] for measure in MEASURES]
        row = [name, *(figures(console, summarise(s), percent=True) for s in scores)]
        rows.append(row if support is None else [*row, str(sum(support.values()))])
    heads = list(MEASURES.values()) if len(rows[0]) > 2 else ["score"]
    heads += ["gold"] if support is not None else []
    print_table(console, f"{TITLES.get(key, key)}{spread} (%)", ["", *heads], rows)


def _rows_by_type(
    console: Console,
    by_type: Sequence[Mapping[str, Any]],
    support: Mapping[str, int] | None,
    *,
    in_order: bool,
) -> list[list[Cell]]:
    """RETURNS (List[List[Cell]]): A row a type, of P, R and F1 or of one score."""
    has_measures = any(isinstance(value, Mapping) for run in by_type for value in run.values())
    rows: list[list[Cell]] = []
    names = dict.fromkeys(name for run in [*by_type, support or {}] for name in run)
    for name in names if in_order else sorted(names):
        # A type that a model neither met nor predicted has no figures there.
        found = [run.get(name) for run in by_type]
        scores = [[(v or {}).get(m) for v in found] for m in MEASURES] if has_measures else [found]
        rows.append([name, *(figures(console, summarise(s), percent=True) for s in scores)])
        if support is not None:
            rows[-1].append(str(support.get(name, 0)))
    return rows


def _take_totals(key: str, left: dict[str, list[Any]]) -> dict[str, dict[str, list[Any]]]:
    """Take the scores over all types out of the rest, where they can be told from the name."""
    base = key.removesuffix("_per_type").removesuffix("_per_feat")
    short = base.removesuffix("_f")
    totals: dict[str, dict[str, list[Any]]] = {}
    for name, prefixes in (
        ("all", (base, f"{base}_micro", f"{short}_micro")),
        ("macro", (f"{short}_macro",)),
    ):
        for prefix in prefixes:
            if name not in totals and all(f"{prefix}_{measure}" in left for measure in MEASURES):
                totals[name] = {measure: left.pop(f"{prefix}_{measure}") for measure in MEASURES}
    return totals


def _support(left: dict[str, list[Any]]) -> dict[str, int] | None:
    """Take out how many texts have each class: the same for all models of the same data."""
    runs = [run for run in left.pop(CLASS_SUPPORT, []) if run]
    return {label: count for run in runs for label, count in run.items()} if runs else None


def _print_confusion(console: Console, runs: Sequence[Mapping[str, Any]]) -> None:
    if runs:
        title, heads, rows = confusion_table(runs, width=console.width)
        spread = f", mean of {len(runs)}" if len(runs) > 1 else ""
        if rows:
            print_table(console, f"{title}{spread}", heads, rows)


def _print_groups(console: Console, left: dict[str, list[Any]], spread: str) -> None:
    rows: list[list[Cell]] = [
        [row.name, figures(console, summarise(row.accuracy), percent=True), str(row.texts)]
        for row in take_groups(left)
    ]
    if rows:
        print_table(console, f"accuracy{spread} (%)", ["", "cats_acc", "texts"], rows)


def _flat(console: Console, key: str, values: list[Any]) -> Cell:
    if any(isinstance(value, str | list | tuple) for value in values):
        return ", ".join(dict.fromkeys(map(str, values)))
    percent = key.endswith(PERCENT) or key in TRANSLATION
    cell = figures(console, summarise(values), percent=percent)
    return [*cell, "%"] if percent and cell != "-" else cell


def _join(cell: Cell, gap: str) -> str:
    return cell if isinstance(cell, str) else gap.join(cell)
