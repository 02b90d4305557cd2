"""An audit of bias as tables for the terminal, before and after beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from seqpipe.reporting.bias_report_words import EXPLAINED, PRICE, reading
from seqpipe.reporting.tables import Cell, print_table
from seqpipe.reporting.text_page import plain

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.debiasing.findings import Audit, AuditRow
    from seqpipe.debiasing.generated_analogies import Analogy, GeneratedAnalogies

# Analogies that a terminal shows; a page shows all.
LISTED = 10
INTERVALS = "After a value: its 95 % interval. Found: of the words, pairs or questions given."


class Figure(NamedTuple):
    """A value as a report shows it.

    value (float): The value.
    ends (Optional[Tuple[float, float]]): Of its interval.
    method (str): How the interval was found.
    more (str): What stands beside it, such as a p-value.
    """

    value: float
    ends: tuple[float, float] | None = None
    method: str = ""
    more: str = ""


class ReportRow(NamedTuple):
    """A line of a table.

    name (str): The set of words, or the test.
    before, after (Optional[Figure]): What was measured; None if there is nothing.
    found, given (int): The coverage.
    missing (Tuple[str, ...]): Words without a vector.
    reasons (Tuple[str, ...]): Why a value is not there.
    """

    name: str
    before: Figure | None
    after: Figure | None
    found: int
    given: int
    missing: tuple[str, ...]
    reasons: tuple[str, ...]


def print_audit(console: Console, audit: Audit) -> None:
    """Print an audit: a table a metric, each with its source, what it shows and what it hides.

    console (Console): Where to; sixty columns are enough.
    audit (Audit): What was measured.
    """
    from rich.text import Text

    about = audit.as_dict()
    _say(console, f"{summary(audit)}\n{about['note']} {INTERVALS}")
    for metric, explained in EXPLAINED.items():
        rows = report_rows(audit, metric)
        if not rows:
            continue
        has_after = audit.after is not None
        heads = ["", "before", "after", "found"] if has_after else ["", "value", "found"]
        if metric in PRICE and has_after:
            heads.insert(3, "points")
        cells = [_cells(row, heads) for row in rows]
        print_table(console, explained.title, heads, cells)
        for row in rows:
            for reason in row.reasons:
                console.print(Text(f"{row.name}: {reason}"))
        _say(console, f"Source: {about['sources'][metric]}.", style="dim")
        _say(console, f"Shows: {explained.shows}", style="dim")
        _say(console, f"Does not show: {explained.hides}", style="dim")
    _print_generated(console, audit, about["sources"]["generated"])
    console.print()
    for sentence in reading(audit):
        _say(console, sentence)


def summary(audit: Audit) -> str:
    """RETURNS (str): What was measured: vectors, lists, direction.

    audit (Audit): The audit.
    """
    said = f"{audit.words:,} words × {audit.width}, lists: {audit.lists}, seed {audit.seed}"
    if audit.direction is None:
        return plain(f"{said}; no direction: {audit.reason}")
    used, left = len(audit.direction.pairs), audit.direction.left_out
    pairs = f"{used} of {used + len(left)} pairs"
    without = f" (left out: {', '.join(map(str, left))})" if left else ""
    return plain(
        f"{said}; direction by {audit.direction.method} from {pairs}{without}, which explains "
        f"{100 * float(audit.direction.variance[0]):.1f} % of their variance; above 0 is the side "
        f"of {audit.sides[0]}"
    )


def report_rows(audit: Audit, metric: str) -> list[ReportRow]:
    """Take the lines of a metric.

    audit (Audit): The audit.
    metric (str): A key of `EXPLAINED`.
    RETURNS (List[ReportRow]): In their order.
    """
    found = [row for row in audit.rows() if row.metric == metric]
    groups = {getattr(row.before, "groups", None) for row in found}
    rows = []
    for row in found:
        name = row.name
        if len(groups) > 1:  # of more than two groups each two are compared
            name += f" ({', '.join(row.before.groups)})"  # type: ignore[attr-defined]
        rows += _sembias_rows(row) if metric == "sembias" else [_row(row, name, "value")]
    return rows


def _sembias_rows(row: AuditRow) -> list[ReportRow]:
    """One each for the share of definitions, stereotypes and others."""
    parts = {"definition": "value", "stereotype": "stereotype", "none": "none"}
    if row.before.value is None:
        parts = {"definition": "value"}
    return [_row(row, f"{row.name}: {part}", key) for part, key in parts.items()]


def _row(row: AuditRow, name: str, key: str) -> ReportRow:
    sides = [side for side in (row.before, row.after) if side is not None]
    coverage = sides[0].coverage
    return ReportRow(
        name=plain(name),
        before=_figure(row.before, key),
        after=None if row.after is None else _figure(row.after, key),
        found=coverage.found,
        given=coverage.given,
        missing=tuple(map(plain, coverage.missing)),
        reasons=tuple(dict.fromkeys(plain(side.reason) for side in sides if side.reason)),
    )


def _figure(measure: Any, key: str) -> Figure | None:
    value = getattr(measure, key)
    if value is None:
        return None
    interval = getattr(measure, "interval" if key == "value" else f"{key}_interval")
    ends = None if interval is None else (interval.low, interval.high)
    return Figure(value, ends, interval.method if interval else "", _p_value(measure))


def _p_value(measure: Any) -> str:
    """Of WEAT; where it is the smallest that could come out, it says so."""
    p = getattr(measure, "p_holm", None)
    if p is None:
        return ""
    at_least = not measure.exact and measure.p_value <= measure.resolution
    return f"p {'<=' if at_least else ''}{_probability(p)}"


def _probability(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def _cells(row: ReportRow, heads: Sequence[str]) -> list[Cell]:
    figures = [row.before, row.after] if "after" in heads else [row.before]
    change: list[Cell] = []
    if "points" in heads:
        both = row.before is not None and row.after is not None
        change = [points(row) if both else "-"]
    return [row.name, *map(_cell, figures), *change, f"{row.found:,}/{row.given:,}"]


def points(row: ReportRow) -> str:
    """RETURNS (str): How far a value changed, in points: hundredths.

    row (ReportRow): With both values.
    """
    assert row.before is not None
    assert row.after is not None
    return f"{100 * (row.after.value - row.before.value):+.1f}"


def _cell(figure: Figure | None) -> Cell:
    if figure is None:
        return "-"
    ends = [] if figure.ends is None else [f"{figure.ends[0]:.2f} to {figure.ends[1]:.2f}"]
    return [f"{figure.value:.3f}", *ends, *([figure.more] if figure.more else [])]


def _print_generated(console: Console, audit: Audit, source: str) -> None:
    found = audit.before.generated
    if found is None:
        return
    first, second = map(plain, found.pair)
    title = f"{first} : x = {second} : y, the first {LISTED} that the vectors make"
    after = audit.after.generated if audit.after is not None else None
    lists = [found, *([after] if after is not None else [])]
    heads = ["before", "after"][: len(lists)] if len(lists) > 1 else ["x : y"]
    rows: list[list[Cell]] = [
        [_analogy(one, place) for one in lists]
        for place in range(min(LISTED, max(len(one.analogies) for one in lists)))
    ]
    if rows:
        print_table(console, title, heads, rows)
    for when, one in zip(heads, lists, strict=True):
        if one.reason:
            _say(console, f"{when}: {one.reason}")
    _say(console, f"Source: {source}. In brackets: both words are definitional.", style="dim")


def _analogy(found: GeneratedAnalogies, place: int) -> Cell:
    if place >= len(found.analogies):
        return ""
    return analogy_text(found.analogies[place])


def analogy_text(one: Analogy) -> str:
    """RETURNS (str): x : y with its score; in brackets if both are definitional.

    one (Analogy): The analogy.
    """
    words = plain(f"{one.x} : {one.y}")
    return f"({words}) {one.score:.2f}" if one.definitional else f"{words} {one.score:.2f}"


def _say(console: Console, text: str, *, style: str = "") -> None:
    from rich.text import Text

    if console.options.ascii_only:
        text = text.replace("×", "x").replace("δ", "delta")
    console.print(Text(text, style=style))
