"""A map of words as one HTML page that needs nothing else: to look around in, and to search.

The words are drawn on a canvas: ten thousand points and their names as SVG would be some twenty
thousand elements to lay out again at every move. What a canvas cannot tell a reader who does not
see it, the list of words and the card of the chosen word do."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from seqpipe.files import atomic_write
from seqpipe.reporting.word_map import WordMap
from seqpipe.reporting.word_page_script import SCRIPT

# Places are written as shares of the map's longer side.
DECIMALS = 5


def write_map_page(path: str | os.PathLike[str], word_map: WordMap) -> None:
    """Write a map of words as a page. The same map, the same bytes.

    path: The file, .html.
    word_map (WordMap): The map.
    """
    from jinja2 import Environment

    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    text = page.render(
        title=word_map.title,
        method=word_map.method,
        axes=word_map.axes,
        words=len(word_map.words),
        marked=len(word_map.marked),
        data=_inert(_data(word_map)),
        script=SCRIPT,
    )
    with atomic_write(path) as stream:
        stream.write(text)


def _data(word_map: WordMap) -> dict[str, Any]:
    """What the script draws."""
    places = np.asarray(word_map.places, dtype="float64")
    low = places.min(axis=0)
    places = (places - low) / (float((places.max(axis=0) - low).max()) or 1.0)
    return {
        "words": list(word_map.words),
        "ranks": None if word_map.ranks is None else list(word_map.ranks),
        "x": [round(float(x), DECIMALS) for x in places[:, 0]],
        "y": [round(float(y), DECIMALS) for y in places[:, 1]],
        "marked": sorted(word_map.marked),
        "near": word_map.neighbours.tolist(),
        "cosines": np.round(word_map.cosines.astype("float64"), 2).tolist(),
    }


def _inert(data: dict[str, Any]) -> str:
    """JSON that no word can end or turn into markup: in ASCII, and without <, > and &."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d232b; --faint: #5f6975; --rule: #dde1e6; --mark: #eef4fb;
  --point: #6f92b8; --dim: #c9d3de; --found: #c2500a; --marked: #7a4bab;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15191e; --ink: #e6e9ed; --faint: #9aa4af; --rule: #323a43; --mark: #1e2a38;
    --point: #6c95c0; --dim: #3a4653; --found: #ff9a4d; --marked: #c4a6ee;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 110rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0 0 .5rem; }
.faint { color: var(--faint); font-size: .9rem; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .6rem 0; }
.bar label { flex: 1 1 14rem; display: flex; gap: .5rem; align-items: center; max-width: 30rem; }
input, button { font: inherit; color: inherit; }
input {
  flex: 1; min-width: 0; padding: .3rem .6rem; background: var(--paper);
  border: 1px solid var(--faint); border-radius: .3rem;
}
.bar button {
  padding: .3rem .8rem; background: var(--mark);
  border: 1px solid var(--rule); border-radius: .3rem;
}
:focus-visible { outline: 2px solid var(--found); outline-offset: 1px; }
main { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
figure { margin: 0; min-width: 0; }
figcaption { margin-top: .3rem; }
.sheet { position: relative; height: calc(.58 * var(--window, 100vh)); min-height: 18rem; }
canvas {
  display: block; width: 100%; height: 100%; touch-action: none; cursor: grab;
  border: 1px solid var(--rule); border-radius: .3rem;
}
#tip {
  position: absolute; max-width: min(18rem, 60%); padding: .3rem .6rem; pointer-events: none;
  background: var(--paper); border: 1px solid var(--faint); border-radius: .3rem;
  font-size: .85rem; line-height: 1.35; overflow-wrap: anywhere;
}
#tip b { font-size: 1rem; }
footer { margin-top: 1rem; }
ol, ul { list-style: none; margin: 0; padding: 0; }
li { display: flex; gap: .5rem; border-bottom: 1px solid var(--rule); }
li span { color: var(--faint); font-variant-numeric: tabular-nums; }
li button {
  flex: 1; min-width: 0; padding: .15rem .2rem; text-align: start; overflow-wrap: anywhere;
  background: none; border: 0; cursor: pointer;
}
li button:hover { background: var(--mark); }
#card { min-height: 4rem; margin-bottom: 1rem; }
#list { max-height: 16rem; overflow-y: auto; }
@media (min-width: 56rem) {
  main { grid-template-columns: minmax(0, 1fr) 17rem; }
  .sheet { height: calc(var(--window, 100vh) - 13rem); min-height: 26rem; }
  #list { max-height: calc(var(--window, 100vh) - 28rem); min-height: 10rem; }
}
[hidden] { display: none; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p class="faint">{{ method }}</p>
<noscript><p>This page draws with JavaScript, which is switched off here.</p></noscript>
<div class="bar">
<label for="search">Search
<input id="search" type="search" autocomplete="off" spellcheck="false" aria-describedby="found">
</label>
<button type="button" id="in">Zoom in</button>
<button type="button" id="out">Zoom out</button>
<button type="button" id="whole">Whole map</button>
</div>
<main>
<figure>
<div class="sheet">
<canvas id="map" tabindex="0" role="application" aria-describedby="keys"
 aria-label="Map of {{ '{:,}'.format(words) }} words"></canvas>
<div id="tip" aria-hidden="true" hidden></div>
</div>
<figcaption class="faint">
{% if axes %}
<p>To the right: {{ axes[0] }}. Up: {{ axes[1] }}.</p>
{% else %}
<p>Near words are alike. Directions, and distances between groups, mean nothing.</p>
{% endif %}
{% if marked %}
<p>Marked words, {{ '{:,}'.format(marked) }} of them, are violet.</p>
{% endif %}
</figcaption>
</figure>
<div>
<section id="card" aria-label="Chosen word" aria-live="polite"></section>
<section aria-label="Words">
<p id="found" class="faint" role="status"></p>
<ul id="list"></ul>
</section>
</div>
</main>
<footer id="keys" class="faint">Drag to move, scroll to zoom, click a word to choose it. Keys on the
map: arrows go from word to word, + and - zoom, 0 shows the whole map, Escape lets go. Lines lead to
the words that are nearest by cosine among those shown.</footer>
<script type="application/json" id="data">{{ data|safe }}</script>
<script>
{{ script|safe }}
</script>
</body>
</html>
"""
