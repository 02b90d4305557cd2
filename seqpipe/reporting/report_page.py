"""The style and the template of the page of a report, and what is put into the pages it frames."""

# Of a frame, in pixels: a page that says it has no end must not make the report endless.
HIGHEST = 12_800
STYLE = """
:root { color-scheme: light dark; --rule: rgb(128 128 128 / .3); --link: #1a5fb4;
  --soft: rgb(128 128 128 / .1); }
@media (prefers-color-scheme: dark) { :root { --link: #8ab8f0; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 84rem; background: Canvas; color: CanvasText;
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .5rem; }
h3 { font-size: 1.05rem; margin: 0 0 .4rem; }
p, ul, ol { margin: 0 0 .8rem; }
.text { max-width: 46rem; }
code { font-size: .92em; background: var(--soft); border-radius: .2rem; padding: .05em .25em; }
pre { overflow: auto; background: var(--soft); border-radius: .4rem; padding: .7rem .9rem;
  line-height: 1.45; }
pre code { background: none; padding: 0; }
.lines { white-space: pre-wrap; margin: 0; max-height: 32rem; font-size: .9rem; }
nav { border: 1px solid var(--rule); border-radius: .5rem; padding: .8rem 1rem; margin: 1.5rem 0; }
nav h2 { font-size: .95rem; margin: 0 0 .3rem; }
nav ol { margin: 0; padding-left: 1.6rem; columns: 16rem; }
nav li { break-inside: avoid; padding: .1rem 0; }
main > section { border-top: 1px solid var(--rule); padding-top: 1.5rem; margin-top: 2.2rem; }
figure, .part { margin: 1.2rem 0 1.8rem; }
figcaption { font-size: .88rem; opacity: .85; margin-top: .4rem; }
img { display: block; max-width: 100%; height: auto; }
img.raster { background: #fff; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem;
  line-height: 1.35; }
th, td { padding: .35rem 1.1rem .35rem 0; border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top; }
th { font-weight: 600; }
tbody th { font-weight: 500; position: sticky; left: 0; background: Canvas; }
thead th { vertical-align: bottom; font-size: .88rem; }
td { min-width: 3rem; }
.number { text-align: right; white-space: nowrap; }
iframe { display: block; width: 100%; height: 32rem; max-height: HIGHESTpx;
  border: 1px solid var(--rule); border-radius: .4rem; }
footer { border-top: 1px solid var(--rule); margin-top: 3rem; padding-top: .8rem; font-size: .85rem;
  opacity: .85; }
@media (max-width: 34rem) {
  body { padding: 1.2rem .8rem; }
  h1 { font-size: 1.5rem; }
  th, td { padding-right: .7rem; }
  iframe { border-width: 1px 0; border-radius: 0; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h1, h2, h3, nav { break-after: avoid; }
  tr, figure { break-inside: avoid; }
  .lines { max-height: none; }
  .scroll { overflow: visible; }
  table { font-size: .85rem; }
  .number { white-space: normal; }
  a { color: inherit; }
}
""".replace("HIGHEST", str(HIGHEST))

# The script stands before the frames, which say how high they are as soon as they know it. They are
# told apart by their windows: what is in them has no other way to the report.
TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:;
 style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{{ report.title | plain }}</title>
<style>{{ style }}</style>
<script>
addEventListener("message", ({ data, source }) => {
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow !== source || !data) continue;
    if (data.height > 0) frame.style.height = Math.ceil(data.height) + 2 + "px";
    if (data.top >= 0) scrollTo({ top: scrollY + frame.getBoundingClientRect().top + data.top });
  }
});
</script>
</head>
<body>
<header>
<h1>{{ report.title | plain }}</h1>
{% if report.text %}
<div class="text">{{ report.text | markdown }}</div>
{% endif %}
</header>
{% if sections %}
<nav aria-label="Contents">
<h2>Contents</h2>
<ol>
{% for name, section in sections %}
<li><a href="#{{ name }}">{{ section.title | plain }}</a></li>
{% endfor %}
</ol>
</nav>
{% endif %}
<main>
{% for name, section in sections %}
<section id="{{ name }}" aria-labelledby="{{ name }}:title">
<h2 id="{{ name }}:title">{{ section.title | plain }}</h2>
{% if section.text %}
<div class="text">{{ section.text | markdown }}</div>
{% endif %}
{% for part in section.parts %}
{% if part is of("Table") %}
<figure>
<div class="scroll" tabindex="0" role="region" aria-label="{{ (part.caption or "table") | plain }}">
<table>
<thead><tr>
{% for heading in part.headings %}
{% if loop.first and part.has_names %}
<td></td>
{% else %}
<th scope="col"{% if part.numeric[loop.index0] %} class="number"{% endif %}>
{{- heading | plain }}</th>
{% endif %}
{% endfor %}
</tr></thead>
<tbody>
{% for row in part.rows %}
<tr>
{% for cell in row %}
{% if loop.first and part.has_names %}
<th scope="row">{{ cell | plain }}</th>
{% else %}
<td{% if part.numeric[loop.index0] %} class="number"{% endif %}>{{ cell | plain }}</td>
{% endif %}
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% if part.caption %}
<figcaption>{{ part.caption | plain }}</figcaption>
{% endif %}
</figure>
{% elif part is of("Page") %}
<div class="part">
<h3>{{ part.title | plain }}</h3>
<iframe sandbox="allow-scripts allow-downloads" title="{{ part.title | plain }}"
 srcdoc="{{ part | framed }}"></iframe>
</div>
{% elif part is of("Picture") %}
<figure>
<img{% if not part.is_vector %} class="raster"{% endif %} alt="{{ part.alt | plain }}"
 src="{{ part | address }}">
{% if part.caption %}
<figcaption>{{ part.caption | plain }}</figcaption>
{% endif %}
</figure>
{% else %}
<figure>
<pre class="lines" tabindex="0" role="region" aria-label="{{ (part.caption or part.name) | plain }}"
 dir="auto">
{{ part.text | plain }}</pre>
{% if part.caption %}
<figcaption>{{ part.caption | plain }}</figcaption>
{% endif %}
</figure>
{% endif %}
{% endfor %}
</section>
{% endfor %}
</main>
<footer>{{ foot | plain }}</footer>
</body>
</html>
"""

# Put behind a framed page: its margins are the report's, its heading is that of the frame, and what
# it would measure by the window's height it measures by a fixed one, as the frame grows with it.
# The page's own last element is the third from the end. Only a page that is higher than a frame can
# be scrolls within it; the frame has borders of two pixels. A link within the page would lead to
# the report: a framed page has the address of the one around it.
FRAMED = """
<style>
:root { --window: 48rem; }
html { height: auto !important; }
body { height: auto !important; min-height: 0 !important; margin: 0 !important;
  padding: .8rem !important; max-width: none !important; background: transparent !important; }
body > h1, header > h1, main > h1 { position: absolute; width: 1px; height: 1px; margin: 0;
  overflow: hidden; clip-path: inset(50%); }
h2 { font-size: 1.1rem !important; }
body > h1 + p { margin-top: 0; }
body > :nth-last-child(3), body > :nth-last-child(3) > :last-child { margin-bottom: 0 !important; }
</style>
<script>
(() => {
const root = document.documentElement;
const tell = () => {
  const bar = Math.max(0, innerHeight - root.clientHeight);
  const height = root.getBoundingClientRect().height + bar;
  root.style.overflowY = height + 2 > HIGHEST ? "auto" : "hidden";
  parent.postMessage({ height }, "*");
};
tell();
for (const name of ["load", "resize", "toggle"]) addEventListener(name, tell, true);
new ResizeObserver(tell).observe(root);
addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  const goal = document.getElementById(link.getAttribute("href").slice(1));
  if (!goal) return;
  goal.tabIndex = -1;
  goal.focus({ preventScroll: true });
  goal.scrollIntoView();
  parent.postMessage({ top: goal.getBoundingClientRect().top }, "*");
});
})();
</script>
""".replace("HIGHEST", str(HIGHEST))
