"""Training curves as one HTML page that needs nothing else: tables, and charts in inline SVG."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seqpipe.files import atomic_write
from seqpipe.reporting.curves import (
    COLOURS,
    SCORE,
    Panel,
    curve_panels,
    looks,
    metric_of,
    short_number,
    shown_score,
    shown_speed,
)
from seqpipe.reporting.plots import Line
from seqpipe.reporting.run_logs import Run, flattened

# In units of the drawing, which is as wide as the page lets it be.
WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 10, 42
TICKS = 5
# Of what is drawn, so much is left free above and below.
MARGIN = 0.06


@dataclass(frozen=True)
class Axis:
    """One direction of a chart: a range of values, and where it is drawn.

    low, high (float): The range; their logarithms if `log`.
    start, end (float): Where these two are drawn.
    log (bool): Whether it is logarithmic.
    whole (bool): Whether only whole numbers are written there.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def place(self, value: float) -> float:
        """RETURNS (float): Where a value is drawn.

        value (float): Above 0 on a logarithmic axis.
        """
        height = math.log10(value) if self.log else value
        share = (height - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """RETURNS (List[Tuple[float, str]]): Where a line is drawn, and what to write there."""
        if self.log:
            values = _log_ticks(self.low, self.high)
        else:
            values = _ticks(self.low, self.high, least=1.0 if self.whole else 0.0)
        return [(self.place(value), short_number(value)) for value in values]


def write_page(
    path: str | os.PathLike[str], runs: Sequence[Run], *, metric: str = SCORE, x: str = "steps"
) -> None:
    """Write the curves of runs, what each reached and in what their configs differ.

    path: The file, .html.
    runs (Sequence[Run]): The runs.
    metric (str): The score, one of `metric_names`.
    x (str): What to draw against: a key of `AXES`.
    """
    from jinja2 import Environment

    panels = curve_panels(runs, metric=metric, x=x)
    keys, settings = _differing_settings(runs)
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    text = page.render(
        charts=[_chart(panel, x) for panel in panels if panel.lines],
        rows=list(_rows(runs, metric)),
        metric=None if metric == SCORE else metric,
        x=x,
        colours=COLOURS,
        keys=keys,
        settings=settings,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
    )
    with atomic_write(path) as stream:
        stream.write(text)


def _rows(runs: Sequence[Run], metric: str) -> Iterator[dict[str, Any]]:
    """The table's rows: what each run reached."""
    winner = max(runs, key=lambda run: run.best.rank)
    for run, look in zip(runs, looks(runs), strict=True):
        best, reached, last = run.best, run.reached, run.evaluations[-1]
        yield {
            "look": look,
            "is_best": len(runs) > 1 and run is winner,
            "score": shown_score(metric_of(best, SCORE)),
            "metric": shown_score(metric_of(best, metric)),
            "step": reached.step,
            "seconds": f"{reached.seconds:,.0f}",
            "steps": last.step,
            "all_seconds": f"{last.seconds:,.0f}",
            "speed": shown_speed(run),
        }


def _differing_settings(runs: Sequence[Run]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The keys of the configs that are not the same in all runs, and for each run its values."""
    configs = [flattened(run.header.get("config") or {}) for run in runs]
    written = [{key: json.dumps(value) for key, value in some.items()} for some in configs]
    keys = sorted({key for some in written for key in some})
    differing = [key for key in keys if len({some.get(key) for some in written}) > 1]
    values = [[some.get(key, "-") for key in differing] for some in written]
    return differing, [(run.label, row) for run, row in zip(runs, values, strict=True)]


def _chart(panel: Panel, x: str) -> dict[str, Any]:
    """What the page needs to draw a panel."""
    farthest = max(value for line in panel.lines for value in line.x)
    across = Axis(0.0, farthest or 1.0, LEFT, WIDTH - RIGHT, whole=True)
    up = _upward([y for line in panel.lines for y in line.y if math.isfinite(y)], log=panel.log)
    return {
        "title": panel.title + (" (log scale)" if panel.log else ""),
        "across": across.ticks(),
        "up": up.ticks(),
        "curves": [_curve(line, across, up, x) for line in panel.lines],
    }


def _upward(heights: Sequence[float], *, log: bool) -> Axis:
    """An axis with some room above and below what it shows, even if that is one value."""
    low, high = min(heights), max(heights)
    if log:
        low, high = math.log10(low), math.log10(high)
    room = MARGIN * (high - low) or max(MARGIN * abs(high), MARGIN)
    return Axis(low - room, high + room, HEIGHT - BOTTOM, TOP, log=log)


def _curve(line: Line, across: Axis, up: Axis, x: str) -> dict[str, Any]:
    """A curve's path, which is broken where a number is missing, and its points."""
    path, points, is_broken = [], [], True
    for value, height in zip(line.x, line.y, strict=True):
        if not math.isfinite(height):
            is_broken = True
            continue
        place = across.place(value), up.place(height)
        path.append(f"{'M' if is_broken else 'L'}{place[0]} {place[1]}")
        points.append((*place, f"{line.name}: {height:.4g} at {value:,} {x}"))
        is_broken = False
    return {"look": line, "path": " ".join(path), "points": points}


def _ticks(low: float, high: float, *, least: float) -> list[float]:
    """Round numbers within a range, about so many as TICKS, at least so far from each other."""
    raw = (high - low) / TICKS
    size = 10.0 ** math.floor(math.log10(raw))
    step = max(least, next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within a range of logarithms; where that is narrow, what lies between too."""
    factors = (1,) if high - low > 3 else (1, 2, 5)
    powers = range(math.floor(low), math.ceil(high) + 1)
    values = [factor * 10.0**power for power in powers for factor in factors]
    return [value for value in values if low <= math.log10(value) <= high]


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Training curves</title>
<style>
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d232b; --faint: #66707c; --rule: #dde1e6; --mark: #eef4fb;
  --c0: #1f77b4; --c1: #d9660a; --c2: #23842a; --c3: #c92a2b; --c4: #8a5fb5;
  --c5: #82534a; --c6: #c7519f; --c7: #6b6b6b; --c8: #84850f; --c9: #0f8a99;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15191e; --ink: #e6e9ed; --faint: #9aa4af; --rule: #323a43; --mark: #1e2a38;
    --c0: #5aa9e6; --c1: #ff9a4d; --c2: #5cc463; --c3: #f26d6e; --c4: #b79ae0;
    --c5: #c29a90; --c6: #ee8fcb; --c7: #a9a9a9; --c8: #cdce4a; --c9: #45ccdc;
  }
}
body {
  margin: 0 auto; padding: 1rem; max-width: 72rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 0 0 .3rem; }
section { margin-bottom: 2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid var(--rule); }
th { color: var(--faint); font-weight: normal; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
td:first-child { min-width: 7rem; overflow-wrap: anywhere; }
.runs td:first-child { position: relative; padding-left: 2.4rem; }
.settings th, .settings td { text-align: left; }
.runs th:last-child { white-space: nowrap; }
.best { background: var(--mark); font-weight: 600; }
.charts {
  display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
}
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; max-width: 44rem; }
svg text { font-size: 13px; fill: var(--faint); }
.key { position: absolute; left: .4rem; top: .75rem; width: 1.6rem; height: .6rem; }
.grid { stroke: var(--rule); stroke-width: 1; }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.dashed { stroke-dasharray: 5 3; }
{% for number in range(colours) %}
.c{{ number }} { stroke: var(--c{{ number }}); }
.c{{ number }} circle { fill: var(--c{{ number }}); }
{% endfor %}
footer { color: var(--faint); font-size: .85rem; }
</style>
</head>
<body>
<h1>Training curves</h1>
<section class="scroll">
<table class="runs">
<thead><tr>
<th>run</th><th>best score</th>
{% if metric %}
<th>{{ metric }}</th>
{% endif %}
<th>at step</th><th>after seconds</th><th>steps in all</th><th>seconds in all</th><th>words/s</th>
</tr></thead>
<tbody>
{% for row in rows %}
<tr{% if row.is_best %} class="best"{% endif %}>
<td><svg class="key" viewBox="0 0 16 6" aria-hidden="true">
<path class="curve c{{ row.look.colour }}{{ ' dashed' if row.look.dashed }}" d="M0 3 L16 3"/>
</svg>{{ row.look.name }}</td>
<td>{{ row.score }}</td>
{% if metric %}
<td>{{ row.metric }}</td>
{% endif %}
<td>{{ row.step }}</td><td>{{ row.seconds }}</td>
<td>{{ row.steps }}</td><td>{{ row.all_seconds }}</td><td>{{ row.speed }}</td>
</tr>
{% endfor %}
</tbody>
</table>
</section>
<section class="charts">
{% for chart in charts %}
<figure>
<h2>{{ chart.title }}</h2>
<svg viewBox="0 0 {{ width }} {{ height }}" role="img"
 aria-label="{{ chart.title }} against {{ x }}">
{% for place, text in chart.up %}
<path class="grid" d="M{{ left }} {{ place }} L{{ right }} {{ place }}"/>
<text x="{{ left - 6 }}" y="{{ place + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}
{% for place, text in chart.across %}
<path class="grid" d="M{{ place }} {{ bottom }} L{{ place }} {{ bottom + 4 }}"/>
<text x="{{ place }}" y="{{ bottom + 18 }}" text-anchor="middle">{{ text }}</text>
{% endfor %}
<text x="{{ (left + right) / 2 }}" y="{{ bottom + 36 }}" text-anchor="middle">{{ x }}</text>
{% for curve in chart.curves %}
<g class="c{{ curve.look.colour }}">
<path class="curve{{ ' dashed' if curve.look.dashed }}" d="{{ curve.path }}"/>
{% for across, down, text in curve.points %}
<circle cx="{{ across }}" cy="{{ down }}" r="2.2"><title>{{ text }}</title></circle>
{% endfor %}
</g>
{% endfor %}
</svg>
</figure>
{% endfor %}
</section>
{% if keys %}
<section class="scroll">
<h2>In what the configs differ</h2>
<table class="settings">
<thead><tr>
<th>run</th>
{% for key in keys %}
<th>{{ key.split('.')|map('e')|join('.<wbr>'|safe) }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for label, values in settings %}
<tr><td>{{ label }}</td>{% for value in values %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
</section>
{% endif %}
<footer>
Step and seconds are those when the best score was first reached.
{% if metric %}
{{ metric }} is that of model-best: of equal scores the last was saved.
{% endif %}
Losses are means since the evaluation before.
</footer>
</body>
</html>
"""
