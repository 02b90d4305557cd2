"""Whose fault wrong translations are: the table and the advice in the terminal, and a page of HTML
that also shows errors of each kind with what they attended to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from seqpipe.reporting.attention import AttentionMap, TranslationExample, render_attention
from seqpipe.reporting.tables import Cell, print_table
from seqpipe.reporting.text_page import plain, text_page

if TYPE_CHECKING:
    from rich.console import Console

    from seqpipe.translation.analysis import ErrorAnalysis
    from seqpipe.translation.error_rows import ErrorRow
    from seqpipe.translation.translation import Translation
    from seqpipe.translation.verdicts import Judged, ShownError

Range = tuple[float, float] | None

SEARCH, MODEL, OUT_OF_REACH = "search", "model", "out of reach"
FAULTS = {
    SEARCH: "the search's fault",
    MODEL: "the model's fault",
    OUT_OF_REACH: "out of reach",
}
MEANINGS = {
    SEARCH: "y*, the best of the references, scores higher than the output: the beam missed it.",
    MODEL: "the model scores its output as high as y*, or higher.",
    OUT_OF_REACH: "no beam could write any reference.",
}
SHARES = "Whose fault: in % of the errors; all intervals are of 95 %"


def print_analysis(console: Console, analysis: ErrorAnalysis) -> None:
    """Print the table by beam width, that by length, what the verdicts mean, and the advice.

    console (Console): Where to; sixty columns are enough.
    analysis (ErrorAnalysis): The analysis.
    """
    from rich.text import Text

    kinds = _kinds(analysis.rows)
    sign = "+-" if console.options.ascii_only else "±"
    console.print(Text(plain(_summary(analysis))))
    heads = ["width", "errors", *kinds, "BLEU", "exact"]
    rows = [_width_cells(row, kinds, sign) for row in analysis.totals]
    print_table(console, "errors by beam width", heads, rows)
    for width in analysis.widths:
        found = [row for row in analysis.rows if row.width == width and row.label is not None]
        if found:
            heads = ["tokens", "sent.", "errors", *kinds, "BLEU", "exact"]
            rows = [_length_cells(row, kinds, sign) for row in found]
            print_table(console, f"width {width}, by length of the source", heads, rows)
    console.print()
    for line in (SHARES, *(f"{kind}: {MEANINGS[kind]}" for kind in kinds)):
        console.print(Text(line, style="dim"))
    for advice in analysis.advice:
        console.print(Text(f"\n{plain(advice)}"))


def render_analysis(analysis: ErrorAnalysis, *, page: bool = True) -> str:
    """Write an analysis as HTML that needs nothing else.

    analysis (ErrorAnalysis): The analysis.
    page (bool): Whether to write a whole page, or only what goes into one.
    RETURNS (str): The HTML: advice, table, then errors of each kind. Light and dark pages are both
        readable, and a wide table scrolls by itself.
    """
    from jinja2 import Environment

    kinds = _kinds(analysis.rows)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = environment.from_string(CONTENT).render(
        summary=plain(_summary(analysis)),
        advice=[plain(advice) for advice in analysis.advice],
        kinds=kinds,
        meanings=[(kind, MEANINGS[kind]) for kind in kinds],
        shares=SHARES,
        rows=[_html_row(row, kinds) for row in analysis.rows],
        signature=plain(analysis.signature),
        examples=render_attention([_example(one) for one in analysis.examples], page=False),
    )
    return text_page(f"Error analysis of {plain(analysis.model)}", content) if page else content


def _kinds(rows: Iterable[ErrorRow]) -> list[str]:
    """Search and model, and what is out of reach where there is any."""
    return [SEARCH, MODEL, *([OUT_OF_REACH] if any(row.out_of_reach for row in rows) else [])]


def _summary(analysis: ErrorAnalysis) -> str:
    row = analysis.totals[0]
    left = f", {analysis.left_out:,} without references left out" if analysis.left_out else ""
    options = ", ".join(f"{name} {value}" for name, value in analysis.options.items())
    sentences = "sentence" if row.sentences == 1 else "sentences"
    return (
        f"{analysis.model}: {row.sentences:,} {sentences}{left}; width in use {analysis.width}, "
        f"{options}"
    )


def _width_cells(row: ErrorRow, kinds: Sequence[str], sign: str) -> list[Cell]:
    shares: list[Cell] = [
        [_percent(row.share(kind)), *_range(row.share_interval(kind), 0)] for kind in kinds
    ]
    return [str(row.width), f"{row.errors:,}", *shares, _bleu(row, sign), _percent(row.exact_match)]


def _length_cells(row: ErrorRow, kinds: Sequence[str], sign: str) -> list[Cell]:
    shares = [_percent(row.share(kind)) for kind in kinds]
    counts = [f"{row.sentences:,}", f"{row.errors:,}"]
    return [str(row.label), *counts, *shares, _bleu(row, sign), _percent(row.exact_match)]


def _html_row(row: ErrorRow, kinds: Sequence[str]) -> dict[str, Any]:
    counts = {SEARCH: row.search, MODEL: row.model, OUT_OF_REACH: row.out_of_reach}
    return {
        "width": row.width,
        "label": row.label,
        "sentences": f"{row.sentences:,}",
        "right": f"{row.right:,}",
        "shares": [
            (
                f"{counts[kind]:,}",
                "" if row.share(kind) is None else f"{_percent(row.share(kind))} %",
                " ".join(_range(row.share_interval(kind))),
            )
            for kind in kinds
        ],
        "bleu": _points(row.bleu),
        "bleu_interval": " ".join(_range(row.bleu_interval)),
        "exact": _percent(row.exact_match),
    }


def _bleu(row: ErrorRow, sign: str) -> Cell:
    if row.bleu is None or row.bleu_interval is None:
        return _points(row.bleu)
    # An end that is cut off at 0 or 1 is nearer.
    half = max(abs(end - row.bleu) for end in row.bleu_interval)
    return [_points(row.bleu), f"{sign}{100 * half:.1f}"]


def _points(bleu: float | None) -> str:
    return "-" if bleu is None else f"{100 * bleu:.2f}"


def _range(interval: Range, decimals: int = 1) -> list[str]:
    if interval is None:
        return []
    return ["-".join(f"{100 * max(0.0, end):.{decimals}f}" for end in interval)]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _example(shown: ShownError) -> TranslationExample:
    """An error as it is shown."""
    one = shown.judged
    attention = None
    if one.output.attention is not None:
        attention = AttentionMap(shown.source_pieces, one.output.pieces, one.output.attention)
    return TranslationExample(
        source=one.source,
        output=one.output.text,
        references=one.references,
        attention=attention,
        title=f"Sentence {one.number:,}, width {one.width}: {FAULTS[one.verdict]}",
        facts=_facts(one),
    )


def _facts(one: Judged) -> list[tuple[str, str]]:
    """The scores of both, and where they part."""
    best = f'"{one.target.text}": ' if len(one.references) > 1 else ""
    found = [
        ("output ŷ", _numbers(one.output)),
        ("reference y*", best + _numbers(one.target.forced)),
    ]
    if one.target.out_of_reach is not None:
        found.append(("out of reach", one.target.out_of_reach))
    if parting := _parting(one.output, one.target.forced):
        found.append(("they part", parting))
    return found


def _numbers(translation: Translation) -> str:
    end = "" if translation.finished else ", cut at the maximum length"
    return (
        f"score {translation.score:.4f}, log P {translation.log_prob:.3f} nats, "
        f"{len(translation.pieces)} pieces{end}"
    )


def _parting(output: Translation, reference: Translation) -> str:
    """The first piece in which two differ, and what the model says of it there."""
    sides = zip(
        output.pieces, reference.pieces, output.log_probs, reference.log_probs, strict=False
    )
    for place, (ours, theirs, log_p, log_q) in enumerate(sides, start=1):
        if ours != theirs:
            return f'at piece {place}: ŷ "{ours}" {log_p:.3f}, y* "{theirs}" {log_q:.3f} nats'
    return ""


CONTENT = """<style>
.errors { overflow-x: auto; margin: 1rem 0; }
.errors table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.errors th, .errors td { padding: .2rem .6rem; text-align: right; white-space: nowrap; }
.errors th { font-weight: normal; opacity: .75; }
.errors thead th { border-bottom: 1px solid; vertical-align: bottom; }
.errors tr.all th, .errors tr.all td { font-weight: bold; opacity: 1; }
.errors tbody tr.all:not(:first-child) > * { border-top: 1px solid rgb(128 128 128 / .5); }
.errors small { display: block; font-weight: normal; opacity: .75; }
.errors:focus-visible { outline: 2px solid rgb(225 90 0); outline-offset: 2px; }
</style>
<h1>Error analysis</h1>
<p style="overflow-wrap: anywhere">{{ summary }}</p>
<h2>What the table says</h2>
<ul>
{% for sentence in advice %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
<h2>By beam width and length of the source</h2>
<div class="errors" tabindex="0" role="region" aria-label="Errors by beam width and length">
<table>
<thead><tr><th scope="col">width</th><th scope="col">tokens</th><th scope="col">sentences</th>
<th scope="col">right</th>
{% for kind in kinds %}
<th scope="col">{{ kind }}</th>
{% endfor %}
<th scope="col">BLEU</th><th scope="col">exact, %</th></tr></thead>
<tbody>
{% for row in rows %}
<tr{{ '' if row.label else ' class="all"'|safe }}>
<th scope="row">{{ row.width }}</th><td>{{ row.label or 'all' }}</td>
<td>{{ row.sentences }}</td><td>{{ row.right }}</td>
{% for count, share, interval in row.shares %}
<td>{{ count }}<small>{{ share }}</small><small>{{ interval }}</small></td>
{% endfor %}
<td>{{ row.bleu }}<small>{{ row.bleu_interval }}</small></td><td>{{ row.exact }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
<p style="font-size: .85em">{{ shares }}.
{% for kind, meaning in meanings %}
<br>{{ kind }}: {{ meaning }}
{% endfor %}
<br><span style="overflow-wrap: anywhere">{{ signature }}</span></p>
{{ examples|safe }}
"""
