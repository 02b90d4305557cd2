"""The style and the template of the page of an audit of bias."""

# The colours are told apart by who does not see red from green, and the marks by their shape.
STYLE = """<style>
body { max-width: 60rem !important }
:root { --before: #c2560c; --after: #1f6fb4; --rule: rgb(128 128 128 / .3); }
@media (prefers-color-scheme: dark) { :root { --before: #ff9a4d; --after: #5aa9e6; } }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .3rem; }
p { margin: .3rem 0; }
.small { font-size: .85rem; opacity: .85; overflow-wrap: anywhere; }
.reading li { margin: .2rem 0; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; margin: .8rem 0; font-size: .9rem; }
.key .mark { position: static; display: inline-block; margin: 0 .35rem 0 0; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums;
  font-size: .9rem; line-height: 1.3; }
th, td { padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top;
  text-align: right; font-weight: normal; }
thead th { font-size: .8rem; opacity: .8; vertical-align: bottom; }
th:first-child { text-align: left; width: 45%; min-width: 7.5rem; overflow-wrap: anywhere; }
td:last-child { padding-right: 0; }
td small { display: block; opacity: .8; white-space: nowrap; }
td b { font-weight: 600; }
.ends { display: flex; justify-content: space-between; gap: .5rem; }
.strip { position: relative; display: block; height: 1.1rem; margin: .2rem .4rem 0;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.strip::before { content: ""; position: absolute; inset: 50% -.4rem auto; height: 1px;
  background: var(--rule); }
.strip .middle { position: absolute; top: 0; bottom: 0; width: 1px; background: currentColor;
  opacity: .5; }
.strip .bar { position: absolute; height: 3px; opacity: .55; }
.strip .bar.before { top: calc(50% - 4px); background: var(--before); }
.strip .bar.after { top: calc(50% + 2px); background: var(--after); }
.mark { position: absolute; top: 50%; width: .5rem; height: .5rem; margin: -.25rem 0 0 -.25rem;
  box-sizing: border-box; border-radius: 50%; }
.mark.before { border: 2px solid var(--before); background: Canvas; width: .72rem; height: .72rem;
  margin: -.36rem 0 0 -.36rem; }
.mark.after { background: var(--after); }
.words th:first-child { width: auto; min-width: 5rem; max-width: 10rem; text-align: right;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.words caption { text-align: left; }
.words th, .words td { padding-top: .05rem; padding-bottom: .05rem; border: 0;
  vertical-align: middle; }
.words td.plot { width: 100%; min-width: 6rem; }
.words .strip { margin-top: 0; }
.key .mark.before, .key .mark.after { margin: 0 .35rem 0 0; }
.panels { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: .5rem 0; flex: 1 1 17rem; max-width: 30rem; min-width: 0; }
figcaption { font-size: .85rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: var(--rule); }
svg .dots { stroke: currentColor; stroke-width: 3.2; stroke-linecap: round; opacity: .28;
  fill: none; }
svg .named { fill: var(--after); stroke: Canvas; }
figure.before .named { fill: var(--before); }
.lists { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0 2rem; }
.lists ol { margin: .3rem 0; padding-left: 2.2rem; font-size: .9rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: .6rem 0 0; }
details { font-size: .85rem; margin: .3rem 0; overflow-wrap: anywhere; }
summary { cursor: pointer; }
@media (max-width: 34rem) {
  table { font-size: .8rem; }
  th:first-child { width: 30%; min-width: 4.5rem; }
  td small { white-space: normal; }
  th, td { padding-right: .35rem; }
  .words th:first-child { max-width: 6.5rem; }
}
</style>"""

CONTENT = """
{% macro strip(sides, middle) %}
<span class="strip" aria-hidden="true">
{%- if middle is not none %}<i class="middle" style="left: {{ middle }}%"></i>{% endif %}
{%- for when, one in sides if one and one.bar is defined -%}
<i class="bar {{ when }}" style="left: {{ one.bar[0] }}%; width: {{ one.bar[1] }}%"></i>
{%- endfor -%}
{%- for when, one in sides if one -%}
<i class="mark {{ when }}" style="left: {{ one.place }}%"></i>
{%- endfor -%}
</span>
{% endmacro %}
{% macro figure(one) %}
{% if one %}
<b>{{ one.value }}</b>{% if one.ends %}<small>{{ one.ends }}</small>{% endif %}
{% if one.more %}<small>{{ one.more }}</small>{% endif %}
{% else %}-{% endif %}
{% endmacro %}
<p class="small">{{ summary }}</p>
<p><strong>{{ note }}</strong></p>
{% if reading %}
<ul class="reading">
{% for sentence in reading %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
{% endif %}
{% if has_after %}
<p class="key"><span><i class="mark before" aria-hidden="true"></i>before (ring)</span>
<span><i class="mark after" aria-hidden="true"></i>after (disc)</span>
<span>a bar is a 95 % interval</span></p>
{% endif %}
{% if along %}
<section aria-labelledby="along">
<h2 id="along">Words along the direction: {{ along.name }}</h2>
<table class="words">
<caption class="small">The cosine of each word with the direction that was found before. To the
right is the side of {{ along.sides[0] }}, to the left that of {{ along.sides[1] }}.</caption>
<thead><tr><th scope="col">word</th>
<th><span class="ends"><span>{{ along.ends[0] }} {{ along.sides[1] }}</span>
<span>{{ along.sides[0] }} {{ along.ends[1] }}</span></span></th>
<th scope="col">before</th>{% if has_after %}<th scope="col">after</th>{% endif %}</tr></thead>
<tbody>
{% for word, places, values in along.rows %}
<tr><th scope="row" title="{{ word }}">{{ word }}</th>
<td class="plot"><span class="strip" aria-hidden="true"><i class="middle" style="left: 50%"></i>
{%- for when, place in places %}<i class="mark {{ when }}" style="left: {{ place }}%"></i>
{%- endfor %}</span></td>
{% for value in values %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
</section>
{% endif %}
{% for metric in metrics %}
<section aria-labelledby="{{ metric.key }}">
<h2 id="{{ metric.key }}">{{ 'The price: ' if metric.is_price }}{{ metric.title }}</h2>
<p>{{ metric.shows }}</p>
<p><em>It does not show:</em> {{ metric.hides }}</p>
<table>
<thead><tr>
<th scope="col">from, to
<span class="ends"><span>{{ metric.scale[0] }}</span><span>{{ metric.scale[1] }}</span></span></th>
<th scope="col">{{ 'before' if has_after else 'value' }}</th>
{% if has_after %}<th scope="col">after</th>{% endif %}
{% if has_after and metric.is_price %}<th scope="col">points</th>{% endif %}
<th scope="col">found</th></tr></thead>
<tbody>
{% for row in metric.rows %}
<tr><th scope="row">{{ row.name }}
{{- strip(row.sides, metric.middle) }}
{% for reason in row.reasons %}<small>{{ reason }}</small>{% endfor %}</th>
<td>{{ figure(row.sides[0][1]) }}</td>
{% if has_after %}<td>{{ figure(row.sides[1][1]) }}</td>{% endif %}
{% if has_after and metric.is_price %}<td>{{ row.points }}</td>{% endif %}
<td>{{ row.words }}</td></tr>
{% endfor %}
</tbody>
</table>
{% if metric.key == "neighbours" and scatter %}
<div class="panels">
{% for panel in scatter.panels %}
<figure class="{{ panel.when }}">
<svg viewBox="0 0 {{ scatter.width }} {{ scatter.height }}" role="img" aria-label="
{{- panel.when }}: share of the {{ scatter.neighbours }} nearest neighbours on the side of
 {{ scatter.side }} against the bias that a word had before. {{ panel.about }}">
{% set x0, y0, x1, y1 = scatter.frame %}
{% for place, text in scatter.up %}
<path class="grid" d="M{{ x0 }} {{ place }}H{{ x1 }}"/>
<text x="{{ x0 - 6 }}" y="{{ place + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}
<path class="grid" d="M{{ scatter.zero }} {{ y0 }}V{{ y1 }}"/>
{% for place, text in scatter.across %}
<path class="grid" d="M{{ place }} {{ y1 }}v4"/>
<text x="{{ place }}" y="{{ y1 + 18 }}" text-anchor="middle">{{ text }}</text>
{% endfor %}
<text x="{{ (x0 + x1) / 2 }}" y="{{ y1 + 36 }}" text-anchor="middle">bias before (cosine)</text>
<path class="dots" d="{{ panel.dots }}"/>
{% for x, y, text in panel.named %}
<circle class="named" cx="{{ x }}" cy="{{ y }}" r="3.2"><title>{{ text }}</title></circle>
{% endfor %}
</svg>
<figcaption><strong>{{ panel.when }}</strong>: % of the {{ scatter.neighbours }} nearest neighbours
on the side of {{ scatter.side }}, upwards. {{ panel.about }}{{ '.' }}
{% if panel.name %}Coloured: {{ panel.name }}.{% endif %}</figcaption>
</figure>
{% endfor %}
</div>
{% endif %}
<p class="small">Source: {{ metric.source }}.
{% if metric.intervals %}Intervals of 95 %: {{ metric.intervals }}.{% endif %}</p>
{% if metric.missing %}
<details><summary>Words without a vector</summary>
{% for name, words in metric.missing %}
<p>{{ name }}: {{ words|join(", ") }}</p>
{% endfor %}
</details>
{% endif %}
</section>
{% endfor %}
{% if generated %}
<section aria-labelledby="generated">
<h2 id="generated">{{ generated.pair[0] }} : x = {{ generated.pair[1] }} : y</h2>
<p>The analogies that the vectors make, the best first: a list to read. In brackets: both words are
definitional.</p>
<div class="lists">
{% for when, analogies, reason in generated.lists %}
<div><h3>{{ when }}</h3>
{% if reason %}<p>{{ reason }}</p>{% endif %}
<ol>
{% for analogy in analogies %}
<li>{{ analogy }}</li>
{% endfor %}
</ol></div>
{% endfor %}
</div>
<p class="small">Source: {{ generated.source }}.</p>
</section>
{% endif %}
"""
