"""An audit of bias as a page of HTML that needs nothing else: plots, tables, and what each metric
shows and cannot show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.bias_report import (
    Figure,
    ReportRow,
    analogy_text,
    points,
    report_rows,
    summary,
)
from seqpipe.reporting.bias_report_direction import AlongDirection, signed
from seqpipe.reporting.bias_report_scatter import scatter_panels
from seqpipe.reporting.bias_report_style import CONTENT, STYLE
from seqpipe.reporting.bias_report_words import EXPLAINED, PRICE, Explained, first_set, reading
from seqpipe.reporting.text_page import plain, text_page

if TYPE_CHECKING:
    from seqpipe.debiasing.findings import Audit

WORDS = 30  # of each side of the direction, at most


def render_audit(audit: Audit, *, title: str = "Audit of bias") -> str:
    """Write an audit as a page.

    audit (Audit): What was measured.
    title (str): Of the page, plain text.
    RETURNS (str): The HTML. Light and dark, wide and narrow windows are all readable, and every
        plot stands beside its numbers.
    """
    from jinja2 import Environment

    about = audit.as_dict()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = environment.from_string(CONTENT).render(
        summary=summary(audit),
        note=about["note"],
        reading=reading(audit),
        has_after=audit.after is not None,
        along=_along(audit),
        metrics=[
            _metric(explained, metric, rows, about["sources"])
            for metric, explained in EXPLAINED.items()
            if (rows := report_rows(audit, metric))
        ],
        scatter=scatter_panels(audit),
        generated=_generated(audit, about["sources"]),
    )
    return text_page(title, f"{STYLE}\n<h1>{escape(plain(title))}</h1>\n{content}")


def _metric(
    explained: Explained, metric: str, rows: Sequence[ReportRow], sources: Mapping[str, str]
) -> dict[str, Any]:
    low, high = _scale(explained, rows)
    methods = [
        figure.method for row in rows for figure in (row.before, row.after) if figure is not None
    ]
    return {
        "key": metric,
        "title": explained.title,
        "shows": explained.shows,
        "hides": explained.hides,
        "source": sources[metric],
        "intervals": ", ".join(dict.fromkeys(filter(None, methods))),
        "scale": (f"{low:g}", f"{high:g}"),
        "middle": _place(explained.middle, low, high),
        "is_price": metric in PRICE,
        "rows": [_shown(row, low, high) for row in rows],
        "missing": [(row.name, row.missing) for row in rows if row.missing],
    }


def _scale(explained: Explained, rows: Sequence[ReportRow]) -> tuple[float, float]:
    """The ends of a metric's scale: its own, wider where a value lies beyond."""
    figures = [one for row in rows for one in (row.before, row.after) if one is not None]
    values = [end for one in figures for end in (one.value, *(one.ends or ()))]
    values += [end for end in (explained.low, explained.high, explained.middle) if end is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if explained.low is None and explained.middle is not None:
        # As far to both sides, so that the middle is in the middle.
        reach = max(high - explained.middle, explained.middle - low)
        low, high = explained.middle - reach, explained.middle + reach
    return float(f"{low:.2g}"), float(f"{high:.2g}") if high > low else low + 1.0


def _place(value: float | None, low: float, high: float) -> str | None:
    """RETURNS (Optional[str]): Percent from the left."""
    if value is None:
        return None
    return f"{100 * min(1.0, max(0.0, (value - low) / (high - low))):.2f}"


def _shown(row: ReportRow, low: float, high: float) -> dict[str, Any]:
    both = row.before is not None and row.after is not None
    return {
        "name": row.name,
        "sides": [
            (when, _figure(figure, low, high))
            for when, figure in (("before", row.before), ("after", row.after))
        ],
        "points": points(row) if both else "-",
        "words": f"{row.found:,} of {row.given:,}",
        "reasons": row.reasons,
    }


def _figure(figure: Figure | None, low: float, high: float) -> dict[str, Any] | None:
    if figure is None:
        return None
    shown: dict[str, Any] = {
        "value": f"{figure.value:.3f}",
        "place": _place(figure.value, low, high),
        "more": figure.more,
        "ends": "",
    }
    if figure.ends is not None:
        start, end = (float(_place(end, low, high) or 0) for end in figure.ends)
        shown["ends"] = f"{figure.ends[0]:.2f} to {figure.ends[1]:.2f}"
        shown["bar"] = (f"{start:.2f}", f"{max(0.5, end - start):.2f}")
    return shown


def _along(audit: Audit) -> dict[str, Any] | None:
    """The words of a set along the direction, before and after."""
    first = first_set(audit.before)
    if first is None:
        return None
    after = None
    if audit.after is not None:
        same = [one for one in audit.after.direct_bias if one.name == first.name]
        after = same[0].projections if same else None
    along = AlongDirection.sorted_by_bias(first.name, first.projections, after, audit.sides)
    along = along.extremes(WORDS)
    reach = along.reach()
    rows = []
    for number, word in enumerate(along.words):
        sides = [("before", float(along.before[number]))]
        if along.after is not None:
            sides.append(("after", float(along.after[number])))
        places = [(when, _place(value, -reach, reach)) for when, value in sides]
        rows.append((plain(word), places, [signed(value) for _, value in sides]))
    return {
        "name": plain(along.name),
        "ends": (f"-{reach:.1f}", f"+{reach:.1f}"),
        "sides": tuple(map(plain, along.sides)),
        "rows": rows,
    }


def _generated(audit: Audit, sources: Mapping[str, str]) -> dict[str, Any] | None:
    found = audit.before.generated
    if found is None:
        return None
    after = None if audit.after is None else audit.after.generated
    lists = [("before", found), *([("after", after)] if after is not None else [])]
    return {
        "pair": tuple(map(plain, found.pair)),
        "source": sources["generated"],
        "lists": [
            (when, [analogy_text(analogy) for analogy in one.analogies], plain(one.reason or ""))
            for when, one in lists
        ],
    }
