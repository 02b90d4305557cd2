"""A workflow as a picture that needs nothing else: SVG by itself, or in a page of HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from seqpipe.reporting.beam_page import WIDE
from seqpipe.reporting.layered_layout import lay_out
from seqpipe.reporting.pieces import ELLIPSIS, letters
from seqpipe.reporting.text_page import plain, text_page
from seqpipe.reporting.workflow_graph import (
    CommandNode,
    FileNode,
    WorkflowGraph,
    file_nodes,
    order_edges,
)

# In units of the drawing, which are pixels.
NAME, SMALL = 14.0, 12.0  # sizes of type
PAD, LINE = 10.0, 16.0
NARROWEST, WIDEST, WIDEST_FILE = 110.0, 300.0, 320.0
HELP_LINES = 3
# Widths in ems, on the safe side: of a typewriter's letter, and of others.
FIXED, BROAD, CAPITAL, USUAL, FOREIGN, FULL = 0.62, 0.98, 0.76, 0.6, 0.85, 1.05


def render_workflow(graph: WorkflowGraph, *, page: bool) -> str:
    """Draw a workflow.

    graph (WorkflowGraph): The workflow.
    page (bool): Whether to write HTML, with the commands in words below the picture, or SVG.
    RETURNS (str): The text of the file. It is readable on light and dark grounds.
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    title = plain(f"Workflow {graph.name}")
    picture = environment.from_string(PICTURE).render(
        title=title, about=graph.about, style=STYLE, page=page, **_picture(graph)
    )
    if not page:
        return picture
    words = environment.from_string(WORDS).render(commands=list(_words(graph)))
    sheet = (
        f'<figure class="workflow"><div class="sheet" tabindex="0" role="region" '
        f'aria-label="{escape(title)}: the picture">\n{picture}</div>\n{CAPTION}</figure>\n{words}'
    )
    return text_page(title, f"{WIDE}\n<h1>{escape(title)}</h1>\n<p>{graph.about}.</p>\n{sheet}")


def text_width(text: str, size: float, *, fixed: bool = False) -> float:
    """How wide a text is at most, about.

    text (str): One line.
    size (float): Of the type.
    fixed (bool): Whether it is a typewriter's.
    RETURNS (float): In units of the drawing.
    """
    return size * sum(_ems(letter, fixed) for letter in text)


def _ems(letter: str, fixed: bool) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return FULL
    if letter > "\u024f":
        return FOREIGN
    if fixed:
        return FIXED
    if letter in "MWmw@%":
        return BROAD
    return CAPITAL if letter.isupper() else USUAL


def fit(text: str, width: float, size: float, *, fixed: bool = False) -> str:
    """RETURNS (str): A text that is no wider than this, "…" for what is cut.

    text (str): One line.
    width, size (float): In units of the drawing.
    fixed (bool): Whether it is a typewriter's type.
    """
    if text_width(text, size, fixed=fixed) <= width:
        return text
    kept = ""
    for letter in letters(text):
        if text_width(kept + letter + ELLIPSIS, size, fixed=fixed) > width:
            break
        kept += letter
    return kept + ELLIPSIS


def _wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """A text in lines of a width, at most so many; what is too long for them is cut."""
    lines: list[str] = []
    for word in (part for whole in text.split() for part in _parts(whole, width, size)):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [fit(line, width, size) for line in lines]


def _parts(word: str, width: float, size: float) -> Iterator[str]:
    """A word in pieces that fit a line: much is written without spaces."""
    part = ""
    for letter in letters(word):
        if part and text_width(part + letter, size) > width:
            yield part
            part = ""
        part += letter
    yield part


def _picture(graph: WorkflowGraph) -> dict[str, Any]:
    """What the template needs: boxes, files and edges in their places."""
    files = file_nodes(graph)
    shown = [_box(command) for command in graph.commands] + [_file(one) for one in files]
    nodes, first_file = _topological(graph, files), len(graph.commands)
    order = {node: i for i, node in enumerate(nodes)}
    edges = [(order[a], order[b]) for a, b in _edges(graph, files)]
    drawing = lay_out([(shown[n]["width"], shown[n]["height"]) for n in nodes], edges)
    for node, place in zip(nodes, drawing.boxes, strict=True):
        shown[node] |= {"left": place.left, "top": place.top}
    return {
        "width": drawing.width,
        "height": drawing.height,
        "boxes": shown[:first_file],
        "files": shown[first_file:],
        "paths": [_path(route) for route in drawing.routes],
    }


def _topological(graph: WorkflowGraph, files: Sequence[FileNode]) -> list[int]:
    """All nodes, files after all commands by number, so that each stands after what it needs."""
    made: dict[int, list[int]] = {}
    for number, file in enumerate(files, len(graph.commands)):
        made.setdefault(max(file.makers), []).append(number)
    return [n for place in range(len(graph.commands)) for n in (place, *made.get(place, []))]


def _edges(graph: WorkflowGraph, files: Sequence[FileNode]) -> Iterator[tuple[int, int]]:
    for number, file in enumerate(files, len(graph.commands)):
        yield from ((maker, number) for maker in file.makers)
        yield from ((number, reader) for reader in file.readers)
    yield from order_edges(graph)


def _box(command: CommandNode) -> dict[str, Any]:
    name = fit(plain(command.name), WIDEST, NAME, fixed=True)
    lines = _wrap(plain(command.help), WIDEST, SMALL, HELP_LINES)
    standing = fit(plain(command.standing), WIDEST, SMALL)
    widths = [text_width(name, NAME, fixed=True)]
    widths += [text_width(line, SMALL) for line in (*lines, standing)]
    rows = [(line, "help") for line in lines] + [(standing, "standing")] * bool(standing)
    return {
        "name": name,
        "rows": [(text, kind, PAD + NAME + LINE * i) for i, (text, kind) in enumerate(rows, 1)],
        "kind": command.state or "unknown",
        "title": "\n".join(
            filter(None, map(plain, (command.name, command.help, command.standing)))
        ),
        "width": round(max(NARROWEST, *widths) + 2 * PAD, 1),
        "height": 2 * PAD + NAME + LINE * len(rows),
    }


def _file(file: FileNode) -> dict[str, Any]:
    name = _fit_end(plain(file.path), WIDEST_FILE)
    return {
        "name": name,
        "kind": "passed" if file.readers else "result",
        "title": plain(file.path),
        "width": round(text_width(name, SMALL, fixed=True) + 2 * PAD, 1),
        "height": SMALL + PAD,
    }


def _fit_end(path: str, width: float) -> str:
    """A path's end says more than its beginning."""
    if text_width(path, SMALL, fixed=True) <= width:
        return path
    kept = ""
    for letter in reversed(letters(path)):
        if text_width(ELLIPSIS + letter + kept, SMALL, fixed=True) > width:
            break
        kept = letter + kept
    return ELLIPSIS + kept


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A route as SVG has it: straight down, a bend, straight down, ..."""
    text = f"M{points[0][0]:g} {points[0][1]:g}"
    for place, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if place % 2 == 0:
            text += f"V{to_y:g}"
        else:
            middle = round((y + to_y) / 2, 1)
            text += f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"
    return text


def _words(graph: WorkflowGraph) -> Iterator[dict[str, Any]]:
    """The commands in words, for those who do not see the picture or want to read it all."""
    for command in graph.commands:
        ties = [
            (path, graph.commands[i].name) for i, tied in command.needs.items() for path in tied
        ]
        after = [graph.commands[i].name for i, tied in command.needs.items() if not tied]
        yield {
            "name": plain(command.name),
            "help": plain(command.help),
            "standing": plain(command.standing),
            "ties": [(plain(path), plain(maker)) for path, maker in ties],
            "after": [plain(name) for name in after],
            "inputs": [plain(path) for path in command.inputs],
            "outputs": [plain(path) for path in command.outputs],
        }


STYLE = """
.workflow {
  --ink: #1d232b; --paper: #ffffff; --faint: #5b6570; --edge: #7c8894; --line: #4d6f94;
  --fill: #eef4fb; --run: #b34700; --run-fill: #fdf1e7; --skip: #23702a; --skip-fill: #edf7ee;
  --file: #f3f4f6;
}
@media (prefers-color-scheme: dark) {
  .workflow {
    --ink: #e6e9ed; --paper: #15191e; --faint: #a3adb8; --edge: #7a8591; --line: #7fa6d0;
    --fill: #1e2a38; --run: #ff9a4d; --run-fill: #33251a; --skip: #6fce76; --skip-fill: #1a2b1d;
    --file: #262c33;
  }
}
.workflow .name, .workflow .file text { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
.workflow text { font: 12px system-ui, sans-serif; fill: var(--ink); text-anchor: middle;
  unicode-bidi: plaintext; }
.workflow .name { font-size: 14px; font-weight: bold; }
.workflow .help, .workflow .unknown .standing { fill: var(--faint); }
.workflow .box rect { fill: var(--fill); stroke: var(--line); stroke-width: 1.4; }
.workflow .run rect { fill: var(--run-fill); stroke: var(--run); stroke-width: 2; }
.workflow .maybe rect { fill: var(--run-fill); stroke: var(--run); stroke-dasharray: 5 3; }
.workflow .skip rect { fill: var(--skip-fill); stroke: var(--skip); }
.workflow .run .standing, .workflow .maybe .standing { fill: var(--run); }
.workflow .skip .standing { fill: var(--skip); }
.workflow .file rect { fill: var(--file); stroke: none; }
.workflow .result rect { stroke: var(--edge); }
.workflow .edge { fill: none; stroke: var(--edge); stroke-width: 1.4; }
.workflow .arrow { fill: var(--edge); }
.workflow .ground { fill: var(--paper); }
.workflow .box:focus-visible { outline: none; }
.workflow .box:focus-visible rect { stroke: var(--ink); stroke-width: 3; }
""".strip()
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" class="workflow" width="{{ width }}"
 height="{{ height }}" viewBox="0 0 {{ width }} {{ height }}" role="group"
{% if page %}
 style="min-width: {{ (0.6 * width)|round|int }}px"
{% endif %}
 aria-labelledby="workflow-title workflow-about">
<title id="workflow-title">{{ title }}</title>
<desc id="workflow-about">{{ about }}. Boxes are commands, in layers from the top down; on the way
 from one to the next stand the files that flow.</desc>
<style>{{ style|safe }}</style>
<defs><marker id="workflow-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"
 markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
<path class="arrow" d="M0 0L8 4L0 8z"/></marker></defs>
{% if not page %}
<rect class="ground" width="{{ width }}" height="{{ height }}"/>
{% endif %}
{% for path in paths %}
<path class="edge" d="{{ path }}" marker-end="url(#workflow-arrow)"/>
{% endfor %}
{% for file in files %}
<g class="file {{ file.kind }}" transform="translate({{ file.left }} {{ file.top }})">
<title>{{ file.title }}</title>
<rect width="{{ file.width }}" height="{{ file.height }}" rx="{{ file.height / 2 }}"/>
<text x="{{ file.width / 2 }}" y="15">{{ file.name }}</text>
</g>
{% endfor %}
{% for box in boxes %}
{% if page %}
<a href="#command-{{ loop.index }}" class="box {{ box.kind }}" aria-label="{{ box.title }}"
 transform="translate({{ box.left }} {{ box.top }})">
{% else %}
<g tabindex="0" role="img" class="box {{ box.kind }}" aria-label="{{ box.title }}"
 transform="translate({{ box.left }} {{ box.top }})">
{% endif %}
<title>{{ box.title }}</title>
<rect width="{{ box.width }}" height="{{ box.height }}" rx="6"/>
<text class="name" x="{{ box.width / 2 }}" y="22">{{ box.name }}</text>
{% for text, kind, y in box.rows %}
<text class="{{ kind }}" x="{{ box.width / 2 }}" y="{{ y }}">{{ text }}</text>
{% endfor %}
{% if page %}
</a>
{% else %}
</g>
{% endif %}
{% endfor %}
</svg>
"""
CAPTION = """<figcaption>Boxes are commands; on the way from one to the next stand the files that
flow. Files with a border are results. A box leads to the command in words.</figcaption>
<style>
figure.workflow { margin: 0 0 2rem; }
.workflow .sheet { overflow: auto; max-height: calc(.9 * var(--window, 100vh)); }
.workflow .sheet:focus-visible { outline: 2px solid var(--line); outline-offset: 2px; }
.workflow svg { display: block; max-width: 100%; height: auto; }
.workflow figcaption { font-size: .85em; opacity: .8; max-width: 48rem; }
.commands { max-width: 48rem; padding-left: 1.6rem; }
.commands li { margin-bottom: 1rem; overflow-wrap: anywhere; }
.commands li:target { outline: 2px solid currentColor; outline-offset: 6px; }
.commands ul { padding-left: 1.2rem; }
@media print { .workflow .sheet { max-height: none; overflow: visible; } }
</style>
"""
WORDS = """<h2>The commands in words</h2>
<ol class="commands">
{% for one in commands %}
<li id="command-{{ loop.index }}"><strong><bdi>{{ one.name }}</bdi></strong>
{%- if one.help %}: <bdi>{{ one.help }}</bdi>{% endif %}
{% if one.standing %}
<br><em>{{ one.standing }}</em>
{% endif %}
{% if one.ties or one.after or one.inputs or one.outputs %}
<ul>
{% for path, maker in one.ties %}
<li>reads <code>{{ path }}</code>, which <bdi>{{ maker }}</bdi> makes</li>
{% endfor %}
{% for path in one.inputs %}
<li>reads <code>{{ path }}</code></li>
{% endfor %}
{% for name in one.after %}
<li>runs after <bdi>{{ name }}</bdi></li>
{% endfor %}
{% for path in one.outputs %}
<li>writes <code>{{ path }}</code></li>
{% endfor %}
</ul>
{% endif %}
</li>
{% endfor %}
</ol>
"""
