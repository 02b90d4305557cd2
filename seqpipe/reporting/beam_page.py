"""A beam search as HTML that needs nothing else: its steps from left to right, in inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, NamedTuple

from seqpipe.reporting.beam_tree import BeamNode, BeamTree
from seqpipe.reporting.pieces import cut
from seqpipe.reporting.text_page import plain, text_page

# In units of the drawing, which are pixels.
LETTER, FIGURE = 9.0, 6.6  # widths in the two sizes of type, about; wide letters take two
NODE_HEIGHT, ROW, GAP, PAD = 34, 44, 34, 9
LEFT, TOP = 8, 30
LONGEST_PIECE = 16  # in cells of a terminal
LISTED = 10  # of those that ended


class _Column(NamedTuple):
    """Where a step is drawn."""

    left: float
    width: float


def render_beam_tree(tree: BeamTree, *, title: str = "Beam search", page: bool = True) -> str:
    """Write a search as a picture that scrolls sideways, and below it the hypotheses that ended.

    tree (BeamTree): The search.
    title (str): Of the picture.
    page (bool): Whether to write a whole page, or only what goes into one.
    RETURNS (str): The HTML. Light and dark pages are both readable.
    """
    from jinja2 import Environment

    columns = list(_columns(tree))
    heights = [len(nodes) for nodes in tree.steps]
    right = columns[-1].left + columns[-1].width if columns else 0.0
    ranked = tree.ranked()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    content = environment.from_string(PICTURE).render(
        title=plain(title),
        width=round(right + LEFT),
        height=TOP + ROW * max(heights, default=0),
        node_height=NODE_HEIGHT,
        heads=[(column.left + column.width / 2, step) for step, column in enumerate(columns, 1)],
        edges=sorted(_edges(tree, columns), key=lambda edge: edge["is_best"]),
        nodes=list(_nodes(tree, columns)),
        ended=[_ended(tree, *where) for where in ranked[:LISTED]],
        count=len(ranked),
        about=f"{len(tree.steps)} steps, {sum(heights)} hypotheses",
    )
    if not page:
        return content
    return text_page(title, f"{WIDE}\n<h1>{escape(plain(title))}</h1>\n{content}")


def _columns(tree: BeamTree) -> Iterator[_Column]:
    """Where the steps are drawn, each as wide as its widest node."""
    from rich.cells import cell_len

    left = float(LEFT)
    for nodes in tree.steps:
        wide = (
            max(
                LETTER * (cell_len(cut(node.piece, LONGEST_PIECE)) + (2 if node.rank else 0)),
                FIGURE * len(_numbers(node)),
            )
            for node in nodes
        )
        column = _Column(left, round(max(wide, default=0.0) + 2 * PAD, 1))
        yield column
        left = round(left + column.width + GAP, 1)


def _numbers(node: BeamNode) -> str:
    return f"{node.log_prob:.2f} / {node.score:.3f}"


def _top(place: int) -> int:
    return TOP + ROW * place


def _edges(tree: BeamTree, columns: Sequence[_Column]) -> Iterator[dict[str, Any]]:
    """A curve from each hypothesis to what grew out of it."""
    for before, column, nodes in zip(columns, columns[1:], tree.steps[1:], strict=False):
        start, end = before.left + before.width, column.left
        middle = round((start + end) / 2, 1)
        for place, node in enumerate(nodes):
            above, below = _top(node.parent) + NODE_HEIGHT / 2, _top(place) + NODE_HEIGHT / 2
            yield {
                "path": f"M{start:g} {above:g}C{middle:g} {above:g} {middle:g} {below:g} "
                f"{end:g} {below:g}",
                "is_best": node.is_best,
                "kind": _kind(node),
            }


def _kind(node: BeamNode) -> str:
    return "best" if node.is_best else "lived" if node.lived else "lost"


def _nodes(tree: BeamTree, columns: Sequence[_Column]) -> Iterator[dict[str, Any]]:
    for step, (column, nodes) in enumerate(zip(columns, tree.steps, strict=True)):
        for place, node in enumerate(nodes):
            numbers = f"log P {node.log_prob:.4f}, score {node.score:.4f}"
            yield {
                "left": column.left,
                "top": _top(place),
                "width": column.width,
                "piece": cut(node.piece, LONGEST_PIECE),
                "numbers": _numbers(node).replace("-", "\N{MINUS SIGN}"),
                "rank": node.rank,
                "kind": _kind(node),
                "dropped": node.status == "dropped",
                "title": f"{' '.join(tree.pieces(step, place))}\n{numbers}, {_fate(node)}",
            }


def _fate(node: BeamNode) -> str:
    if node.status == "dropped":
        return "given up"
    return f"{node.status}, rank {node.rank}" if node.rank is not None else node.status


def _ended(tree: BeamTree, step: int, place: int) -> dict[str, str]:
    node = tree.steps[step][place]
    return {
        "text": " ".join(tree.pieces(step, place)),
        "log_prob": f"{node.log_prob:.2f}",
        "score": f"{node.score:.3f}",
    }


# Many steps have the whole window.
WIDE = "<style>body { max-width: none !important }</style>"
PICTURE = """<style>
.beam {
  --best: #b34700; --edge: #7c8894; --line: #4d6f94; --pale: #c3cad2; --faint: #66707c;
  --fill: rgb(30 110 220 / .12); margin: 0 0 2rem;
}
@media (prefers-color-scheme: dark) {
  .beam { --best: #ff9a4d; --edge: #7a8591; --line: #7fa6d0; --pale: #4a535d; --faint: #98a2ad; }
}
.beam .sheet { overflow: auto; max-height: calc(.9 * var(--window, 100vh)); }
.beam .sheet:focus-visible { outline: 2px solid var(--best); outline-offset: 2px; }
.beam svg { display: block; font: 14px system-ui, sans-serif; }
.beam text { fill: currentColor; text-anchor: middle; unicode-bidi: plaintext; }
.beam .numbers { font-size: 10.5px; font-variant-numeric: tabular-nums; }
.beam rect { fill: none; stroke: var(--edge); }
.beam path { fill: none; stroke: var(--edge); stroke-width: 1.2; }
.beam .ended rect { fill: var(--fill); stroke: var(--line); stroke-width: 1.6; }
.beam .lost rect, .beam path.lost { stroke: var(--pale); }
.beam .lost text, .beam .head { fill: var(--faint); }
.beam .dropped rect { stroke-dasharray: 3 3; }
.beam .best rect { stroke: var(--best); stroke-width: 2.4; }
.beam path.best { stroke: var(--best); stroke-width: 3; }
.beam .best text { font-weight: bold; }
.beam .badge { font-size: 11px; font-weight: bold; text-anchor: end; }
.beam figcaption, .beam .more { font-size: .85em; opacity: .8; max-width: 48rem; }
.beam ol { max-width: 48rem; padding-left: 2.2rem; }
.beam li { overflow-wrap: anywhere; }
.beam li span { opacity: .75; font-size: .85em; white-space: nowrap; }
@media print { .beam .sheet { max-height: none; overflow: visible; } }
</style>
<figure class="beam">
<div class="sheet" tabindex="0" role="region" aria-label="{{ title }}: {{ about }}">
<svg width="{{ width }}" height="{{ height }}" viewBox="0 0 {{ width }} {{ height }}" role="img"
 aria-label="{{ title }}: a tree of {{ about }}; those that ended are listed below">
{% for middle, step in heads %}
<text class="head numbers" x="{{ middle }}" y="16">{{ step }}</text>
{% endfor %}
{% for edge in edges %}
<path class="{{ edge.kind }}" d="{{ edge.path }}"/>
{% endfor %}
{% for node in nodes %}
<g class="{{ node.kind }}{{ ' ended' if node.rank }}{{ ' dropped' if node.dropped }}"
 transform="translate({{ node.left }} {{ node.top }})"><title>{{ node.title }}</title>
<rect width="{{ node.width }}" height="{{ node_height }}" rx="5"/>
<text x="{{ node.width / 2 }}" y="15">{{ node.piece }}</text>
<text class="numbers" x="{{ node.width / 2 }}" y="28">{{ node.numbers }}</text>
{% if node.rank %}
<text class="badge" x="{{ node.width - 4 }}" y="13">#{{ node.rank }}</text>
{% endif %}
</g>
{% endfor %}
</svg>
</div>
<figcaption>Steps from left to right. Each node is a hypothesis: its last piece, log P in nats / the
score by which it would be ranked if it ended there. Filled nodes ended, #1 is the best of them and
its path is bold; dashed ones were given up, too long or sure to lose; nothing that ended grew out
of the pale ones.</figcaption>
{% if ended %}
<ol>
{% for one in ended %}
<li><bdi>{{ one.text }}</bdi> <span>log P {{ one.log_prob }}, score {{ one.score }}</span></li>
{% endfor %}
</ol>
{% if count > ended|length %}
<p class="more">{{ ended|length }} of {{ count }} that ended.</p>
{% endif %}
{% endif %}
</figure>
"""
