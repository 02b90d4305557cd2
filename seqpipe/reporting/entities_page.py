"""Texts with their entities as HTML, in the manner of spaCy's displaCy: label and confidence stand
in the text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seqpipe.reporting.entities import Entity
from seqpipe.reporting.text_page import plain, text_page

# Laid over the page's own colour, so that its text stays readable, dark or light; colours that
# nearly everybody can tell apart (Okabe & Ito 2008).
COLOURS = ("0, 114, 178", "230, 159, 0", "0, 158, 115", "204, 121, 167", "213, 94, 0")
DOUBTFUL = 0.5  # below it a confidence has a question mark


def render_entities(
    texts: Sequence[tuple[str, Sequence[Entity]]],
    *,
    labels: Sequence[str] = (),
    page: bool = True,
) -> str:
    """Write texts as HTML that needs nothing else: all styles are inline, as displaCy's are.

    texts (Sequence[Tuple[str, Sequence[Entity]]]): Each text with its entities, none over another.
    labels (Sequence[str]): All labels, so that each has one colour from page to page.
    page (bool): Whether to write a whole page, or only what goes into one.
    RETURNS (str): The HTML. Light and dark pages are both readable; of a doubtful entity the frame
        is dashed and a question mark stands behind its confidence.
    """
    entities = [entity for _, found in texts for entity in found]
    order = list(labels) or sorted({entity.label for entity in entities})
    figures = [_figure(text, found, order) for text, found in texts]
    if any(entity.confidence is not None for entity in entities):
        figures.append(LEGEND.format(bound=f"{DOUBTFUL:.2f}"))
    content = '<div class="entities">\n' + "\n".join(figures) + "\n</div>"
    return text_page("Entities", content) if page else content


def _figure(text: str, entities: Sequence[Entity], order: Sequence[str]) -> str:
    pieces, position = [], 0
    for entity in sorted(entities):
        pieces.append(escape(plain(text[position : entity.start])))
        pieces.append(_mark(text[entity.start : entity.end], entity, order))
        position = entity.end
    pieces.append(escape(plain(text[position:])))
    note = "" if entities else NOTE
    return FIGURE.format(style=TEXT_STYLE, text="".join(pieces), note=note)


def _mark(text: str, entity: Entity, order: Sequence[str]) -> str:
    index = order.index(entity.label) if entity.label in order else 0
    is_doubtful = entity.confidence is not None and entity.confidence < DOUBTFUL
    confidence = "" if entity.confidence is None else f" {entity.confidence:.2f}"
    return MARK.format(
        rgb=COLOURS[index % len(COLOURS)],
        line="dashed" if is_doubtful else "solid",
        text=escape(plain(text)),
        label=escape(plain(entity.label)),
        confidence=confidence + ("?" if is_doubtful else ""),
    )


FIGURE = """<figure style="margin: 0 0 1.5rem">
<div dir="auto" style="{style}">{text}</div>
{note}</figure>"""
TEXT_STYLE = "line-height: 2.4; white-space: pre-wrap; overflow-wrap: anywhere"
NOTE = '<figcaption style="font-size: 0.85em; opacity: 0.75">no entity found</figcaption>\n'
MARK = (
    '<mark style="background: rgba({rgb}, 0.22); color: inherit; border: 0.1em {line} rgb({rgb}); '
    "border-radius: 0.3em; padding: 0.15em 0.35em; -webkit-box-decoration-break: clone; "
    "box-decoration-break: clone; -webkit-print-color-adjust: exact; print-color-adjust: exact"
    '">{text} <small style="white-space: nowrap; font-size: 0.75em"><strong>{label}</strong>'
    "{confidence}</small></mark>"
)
LEGEND = """<p style="font-size: 0.85em; opacity: 0.9">Behind each entity stand its label and the
model's confidence in it, from 0 to 1. Where that is below {bound}, the frame is dashed and a
question mark follows.</p>"""
