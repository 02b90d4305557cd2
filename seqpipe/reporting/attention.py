"""What a translation attended to, as HTML: a heatmap for each of several examples, above it the
source, the output and the reference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from seqpipe.reporting.pieces import shown_piece
from seqpipe.reporting.text_page import plain, text_page

# Weights may be so far below 0 or above 1 by rounding; what is aligned to tokens is a sum.
ROUNDING = 1e-3


@dataclass(frozen=True, eq=False)
class AttentionMap:
    """The weights with which the pieces of a translation were written.

    source (Sequence[str]): S pieces, with "<EOS>" if it has a weight.
    target (Sequence[str]): T pieces.
    weights (np.ndarray): float (T, S), from 0 to 1. ValueError if they are not, or their shape is
        another.
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: np.ndarray

    def __post_init__(self) -> None:
        shape, expected = np.shape(self.weights), (len(self.target), len(self.source))
        if shape != expected:
            raise ValueError(
                f"attention of shape {shape}: expected {expected}, the pieces of the translation "
                "times those of the source"
            )
        inside = (self.weights >= -ROUNDING) & (self.weights <= 1 + ROUNDING)
        if not np.all(inside):
            row, column = np.argwhere(~inside)[0].tolist()
            raise ValueError(
                f"attention {self.weights[row, column]} at piece {row} of the translation, "
                f"{column} of the source: expected 0 to 1"
            )

    def rows(self) -> Iterator[tuple[str, list[float]]]:
        """YIELDS (Tuple[str, List[float]]): A piece of the translation as it is shown, and its S
        weights."""
        weights = np.clip(np.asarray(self.weights, dtype="float64"), 0.0, 1.0)
        for piece, row in zip(self.target, weights.tolist(), strict=True):
            yield shown_piece(piece), row


@dataclass(frozen=True, eq=False, kw_only=True)
class TranslationExample:
    """A translation that is shown with what it attended to.

    source, output (str): The texts.
    references (Sequence[str]): What a person wrote.
    log_prob (Optional[float]): log P of the output, in nats.
    attention (Optional[AttentionMap]): None for a model that has none.
    title (str): What it is an example of.
    facts (Sequence[Tuple[str, str]]): More to say of it: a name and a text each.
    """

    source: str
    output: str
    references: Sequence[str] = ()
    log_prob: float | None = None
    attention: AttentionMap | None = None
    title: str = ""
    facts: Sequence[tuple[str, str]] = ()


def render_attention(
    examples: Sequence[TranslationExample], *, title: str = "Attention", page: bool = True
) -> str:
    """Write translations as HTML that needs nothing else: texts, then the heatmap as a table.

    examples (Sequence[TranslationExample]): One below another.
    title (str): Of the page.
    page (bool): Whether to write a whole page, or only what goes into one. There the
        titles are h3, and a colour in `--paper` is taken for the page's background.
    RETURNS (str): The HTML. Light and dark pages are both readable, and each cell says its weight
        in percent for who does not see the colour.
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = environment.from_string(EXAMPLES).render(
        examples=[_shown(example) for example in examples],
        head="h2" if page else "h3",
        has_maps=any(example.attention is not None for example in examples),
    )
    if not page:
        return content
    return text_page(title, f"{WIDE}\n<h1>{escape(plain(title))}</h1>\n{content}")


def _shown(example: TranslationExample) -> dict[str, Any]:
    """What the page says of an example."""
    names = (
        ["reference"]
        if len(example.references) == 1
        else [f"reference {number}" for number in range(1, len(example.references) + 1)]
    )
    facts = [("source", example.source), ("output", example.output)]
    facts += zip(names, example.references, strict=True)
    if example.log_prob is not None:
        is_number = not math.isnan(example.log_prob)
        facts.append(("log P, nats", f"{example.log_prob:.2f}" if is_number else "-"))
    facts += example.facts
    return {
        "title": plain(example.title),
        "facts": [(plain(name), plain(text)) for name, text in facts],
        "map": None if example.attention is None else _table(example.attention),
    }


def _table(attention: AttentionMap) -> dict[str, Any]:
    """The heatmap's heads and rows."""
    heads = [shown_piece(piece) for piece in attention.source]
    return {
        "heads": heads,
        "rows": [
            (piece, list(_cells(piece, heads, weights))) for piece, weights in attention.rows()
        ],
        "about": f"Attention: {len(attention.target)} pieces of the output by "
        f"{len(heads)} pieces of the source",
    }


def _cells(
    piece: str, heads: Sequence[str], weights: Sequence[float]
) -> Iterator[dict[str, Any] | None]:
    """A cell for each weight; None for less than half a percent, which would not be seen."""
    most = max(weights, default=0.0)
    for head, weight in zip(heads, weights, strict=True):
        if weight < 0.005:
            yield None
        else:
            yield {
                "weight": f"{weight:.2f}",
                "percent": f"{100 * weight:.0f}",
                "title": f"{piece} ← {head}: {weight:.3f}",
                "is_most": weight == most,
            }


# Long sentences have the whole window.
WIDE = "<style>body { max-width: 110rem !important }</style>"
EXAMPLES = """<style>
.attended { --blue: 30 110 220; margin: 0 0 3rem; }
@media (prefers-color-scheme: dark) { .attended { --blue: 70 150 255; } }
.attended h2, .attended h3 { font-size: 1.1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.attended dl {
  display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem;
  margin: 0 0 .8rem; max-width: 48rem;
}
.attended dt { opacity: .7; }
.attended dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.attended .sheet {
  overflow: auto; max-width: max-content; max-height: calc(.85 * var(--window, 100vh));
}
.attended .sheet:focus-visible { outline: 2px solid rgb(225 90 0); outline-offset: 2px; }
.attended table { border-collapse: separate; border-spacing: 0; line-height: 1.2; }
.attended th {
  font-weight: normal; white-space: nowrap; background: var(--paper, Canvas); position: sticky;
}
.attended th bdi { display: block; overflow: hidden; text-overflow: ellipsis; }
.attended thead th { top: 0; padding: .2rem 0; vertical-align: bottom; z-index: 1; }
.attended thead bdi { margin: 0 auto; max-width: 2rem; text-align: center; }
.attended thead .down {
  writing-mode: vertical-rl; max-width: none; max-height: 10rem; text-align: right;
  line-height: 1.6rem;
}
.attended tbody th, .attended .corner {
  left: 0; padding: 0 .5rem 0 0; z-index: 1;
}
.attended .corner { z-index: 2; }
.attended tbody th bdi { max-width: min(12rem, 30vw); text-align: right; margin-left: auto; }
.attended td {
  min-width: 1.7rem; height: 1.6rem; padding: 0; text-align: center; font-size: .7rem;
  font-variant-numeric: tabular-nums;
  border: solid rgb(128 128 128 / .25); border-width: 0 1px 1px 0;
  background: rgb(var(--blue) / calc(.65 * var(--weight, 0)));
  -webkit-print-color-adjust: exact; print-color-adjust: exact;
}
.attended tbody tr:first-child td { border-top-width: 1px; }
.attended tbody th + td { border-left-width: 1px; }
.attended td.most { font-weight: bold; }
@media print { .attended .sheet { max-height: none; overflow: visible; } }
@media (max-width: 30rem) {
  .attended dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .attended dd { margin: 0 0 .4rem; }
}
</style>
{% if has_maps %}
<p style="font-size: .85em; opacity: .8">Rows are the pieces of the output, columns those of the
source. A number is the attention in percent, the strongest of a row in bold.</p>
{% endif %}
{% for example in examples %}
<section class="attended" aria-label="{{ example.title or 'Example %d' % loop.index }}">
{% if example.title %}
<{{ head }}>{{ example.title }}</{{ head }}>
{% endif %}
<dl>
{% for name, text in example.facts %}
<dt>{{ name }}</dt><dd dir="auto">{{ text }}</dd>
{% endfor %}
</dl>
{% if example.map and example.map.rows and example.map.heads %}
<div class="sheet" tabindex="0" role="region" aria-label="{{ example.map.about }}">
<table>
<thead><tr><th class="corner"></th>
{% for head in example.map.heads %}
<th scope="col" title="{{ head }}"><bdi{{ ' class="down"'|safe if head|length > 2 }}>
{{- head }}</bdi></th>
{% endfor %}
</tr></thead>
<tbody>
{% for piece, cells in example.map.rows %}
<tr><th scope="row" title="{{ piece }}"><bdi>{{ piece }}</bdi></th>
{%- for cell in cells %}
{% if cell %}
<td{{ ' class="most"'|safe if cell.is_most }} style="--weight: {{ cell.weight }}"
 title="{{ cell.title }}">{{ cell.percent }}</td>
{%- else %}
<td></td>
{%- endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
</section>
{% endfor %}
"""
