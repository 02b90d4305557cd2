"""The script of the page that shows a map of words: draws it, answers pointer, keys and search."""

from __future__ import annotations

SCRIPT = r""""use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const { words, x, y } = data;
const element = (id) => document.getElementById(id);
const canvas = element("map"), search = element("search"), tip = element("tip");
const pen = canvas.getContext("2d");
const folded = words.map(fold);
const widths = new Map();  // of names, in pixels
const LINE = 15, FONT = "12px system-ui, sans-serif", SHOWN = 50, NOBODY = -1;
const MOST = 4000;  // times the scale of the whole map

let width = 0, height = 0;  // of the canvas, in CSS pixels
let whole = 1, view = { scale: 1, x: 0.5, y: 0.5 };  // pixels per unit; what is in the middle
let hovered = NOBODY, chosen = NOBODY, found = null;  // found: the words searched for, or null
let ink = {}, waiting = false;

function fold(word) { return word.normalize("NFKC").toLowerCase(); }

// -- what is where

function across(i) { return (x[i] - view.x) * view.scale + width / 2; }
function down(i) { return height / 2 - (y[i] - view.y) * view.scale; }
// Points are small where they are many for the room, and grow a little as one comes nearer.
function radius() {
  const usual = Math.min(2.6, Math.max(1.2, 0.13 * Math.sqrt(width * height / words.length)));
  return Math.min(4.5, usual * (view.scale / whole) ** 0.25);
}

function fit() {
  const right = largest(x), up = largest(y);
  // Room is left for the names.
  const wide = (width - 90) / Math.max(right, 1e-6), high = (height - 40) / Math.max(up, 1e-6);
  whole = Math.max(1, Math.min(wide, high));
  view = { scale: whole, x: right / 2, y: up / 2 };
}

function largest(values) { return values.reduce((a, b) => Math.max(a, b), 0); }

function nearestTo(px, py, reach) {
  let best = NOBODY, least = reach * reach;
  for (let i = 0; i < words.length; i++) {
    const distance = (across(i) - px) ** 2 + (down(i) - py) ** 2;
    if (distance <= least) { best = i; least = distance; }
  }
  return best;
}

// The next word in a direction: within 45 degrees of it, and near.
function towards(from, right, below) {
  let best = NOBODY, least = Infinity;
  for (let i = 0; i < words.length; i++) {
    const dx = across(i) - across(from), dy = down(i) - down(from);
    const along = dx * right + dy * below, aside = Math.abs(dx * below) + Math.abs(dy * right);
    if (along <= 0 || aside > along) continue;
    if (along + aside < least) { best = i; least = along + aside; }
  }
  return best;
}

function zoom(factor, px = width / 2, py = height / 2) {
  const scale = Math.min(Math.max(view.scale * factor, whole / 4), whole * MOST);
  view.x += (px - width / 2) * (1 / view.scale - 1 / scale);
  view.y -= (py - height / 2) * (1 / view.scale - 1 / scale);
  view.scale = scale;
  later();
}

// -- drawing

function later() {
  if (!waiting) { waiting = true; requestAnimationFrame(draw); }
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "faint", "point", "dim", "found", "marked"])
    ink[name] = style.getPropertyValue("--" + name).trim();
}

function resize() {
  const first = width === 0, ratio = window.devicePixelRatio || 1, old = whole;
  width = canvas.clientWidth;
  height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const kept = view;
  fit();
  if (!first) view = { scale: kept.scale * whole / old, x: kept.x, y: kept.y };
  later();
}

function draw() {
  waiting = false;
  pen.clearRect(0, 0, width, height);
  const focus = hovered === NOBODY ? chosen : hovered;
  const near = focus === NOBODY ? [] : data.near[focus];
  const visible = [];
  for (let i = 0; i < words.length; i++) {
    const px = across(i), py = down(i);
    if (px > -5 && py > -5 && px < width + 5 && py < height + 5) visible.push(i);
  }
  const size = radius();
  dots(visible, size, found ? ink.dim : ink.point);
  dots(data.marked, size * 1.5, ink.marked);
  if (found) dots(found, size * 1.4, ink.found);
  pen.strokeStyle = ink.faint;
  pen.lineWidth = 1;
  pen.beginPath();
  for (const i of near) { pen.moveTo(across(focus), down(focus)); pen.lineTo(across(i), down(i)); }
  pen.stroke();
  dots(near, size * 1.3, ink.ink);
  if (focus !== NOBODY) dots([focus], size * 2, ink.ink);
  names(focus, near, visible);
}

function dots(which, size, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  for (const i of which) {
    const px = across(i), py = down(i);
    pen.moveTo(px + size, py);
    pen.arc(px, py, size, 0, 2 * Math.PI);
  }
  pen.fill();
}

// Names where there is room, the most wanted first; each keeps its paper around it.
function names(focus, near, visible) {
  pen.font = FONT;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  const taken = new Map(), done = new Set(), inView = new Set(visible), gap = radius() * 1.5 + 3;
  const write = (which, colour) => {
    for (const i of which) {
      if (done.has(i) || !inView.has(i)) continue;
      done.add(i);
      const wide = widthOf(i), px = across(i), py = down(i);
      const left = [px + gap, px - gap - wide].find(
        (side) => side > 0 && side + wide < width && claim(taken, side, py, wide));
      if (left !== undefined) letter(words[i], left, py, colour);
    }
  };
  write([focus], ink.ink);
  write(near, ink.ink);
  if (found) write(found, ink.found);
  write(data.marked, ink.marked);
  write(visible, found ? ink.faint : ink.ink);
}

function letter(word, left, middle, colour) {
  pen.strokeStyle = ink.paper;
  pen.lineWidth = 3;
  pen.strokeText(word, left, middle);
  pen.fillStyle = colour;
  pen.fillText(word, left, middle);
}

function widthOf(i) {
  if (!widths.has(i)) widths.set(i, pen.measureText(words[i]).width);
  return widths.get(i);
}

// Whether a name has room there; if so the room is its own from now on. Lines are kept apart by
// row, so that a name is compared with its neighbours alone.
function claim(taken, left, middle, wide) {
  const row = Math.floor(middle / LINE), box = [left - 5, left + wide + 5, middle];
  for (let r = row - 1; r <= row + 1; r++)
    for (const [from, to, other] of taken.get(r) || [])
      if (box[0] < to && from < box[1] && Math.abs(other - middle) < LINE) return false;
  if (!taken.has(row)) taken.set(row, []);
  taken.get(row).push(box);
  return true;
}

// -- words in the page: always as text, never as markup

function make(tag, text, parent) {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
}

function rank(i) { return data.ranks ? data.ranks[i].toLocaleString("en") : ""; }

function entry(list, i, note) {
  const item = make("li", "", list), button = make("button", "", item);
  button.type = "button";
  make("bdi", words[i], button);
  make("span", note, item);
  button.addEventListener("click", () => choose(i));
}

function choose(i) {
  chosen = i;
  const card = element("card");
  card.replaceChildren();
  if (i !== NOBODY) {
    make("bdi", words[i], make("h2", "", card));
    if (data.ranks) make("p", "rank " + rank(i), card).className = "faint";
    const list = make("ol", "", card);
    data.near[i].forEach((j, k) => entry(list, j, data.cosines[i][k].toFixed(2)));
    bringIntoView(i);
  } else {
    make("p", "No word is chosen.", card).className = "faint";
  }
  later();
}

function bringIntoView(i) {
  const px = across(i), py = down(i);
  if (px < 20 || py < 20 || px > width - 20 || py > height - 20) { view.x = x[i]; view.y = y[i]; }
}

function showTip(px, py) {
  tip.hidden = hovered === NOBODY;
  if (tip.hidden) return;
  tip.replaceChildren();
  make("bdi", words[hovered], make("b", "", tip));
  if (data.ranks) make("div", "rank " + rank(hovered), tip);
  const near = data.near[hovered];
  if (near.length) {
    const line = make("div", "nearest: ", tip);
    near.forEach((j, k) => { if (k) line.append(", "); make("bdi", words[j], line); });
  }
  const left = px + 14 + tip.offsetWidth < width ? px + 14 : px - 14 - tip.offsetWidth;
  const top = py + 14 + tip.offsetHeight < height ? py + 14 : py - 14 - tip.offsetHeight;
  tip.style.left = Math.max(0, left) + "px";
  tip.style.top = Math.max(0, top) + "px";
}

// -- search: whole words first, then beginnings, then what holds the text, each by frequency

function matches(query) {
  const parts = fold(query).split(/\s+/).filter((part) => part);
  if (!parts.length) return null;
  const kinds = [[], [], []];
  folded.forEach((word, i) => {
    const kind = Math.min(...parts.map((part) =>
      word === part ? 0 : word.startsWith(part) ? 1 : word.includes(part) ? 2 : 3));
    if (kind < 3) kinds[kind].push(i);
  });
  return kinds.flat();
}

function look() {
  found = matches(search.value);
  const list = element("list"), which = found || words.map((_, i) => i);
  const number = which.length.toLocaleString("en");
  const cut = which.length > SHOWN ? "; the first " + SHOWN + " are listed" : "";
  element("found").textContent = found
    ? (which.length === 1 ? "1 word found" : number + " words found") + cut
    : number + " words" + cut;
  list.replaceChildren();
  for (const i of which.slice(0, SHOWN)) entry(list, i, rank(i));
  later();
}

search.addEventListener("input", look);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && found && found.length) choose(found[0]);
});

// -- pointer and keys

const fingers = new Map();
let travelled = 0;

function place(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left - canvas.clientLeft, event.clientY - top - canvas.clientTop];
}

function spread() {
  const [[ax, ay], [bx, by]] = [...fingers.values()];
  return [Math.hypot(ax - bx, ay - by) || 1, (ax + bx) / 2, (ay + by) / 2];
}

function hover(event) {
  const [px, py] = place(event), before = hovered;
  hovered = fingers.size || event.pointerType === "touch" ? NOBODY : nearestTo(px, py, 14);
  showTip(px, py);
  if (hovered !== before) later();
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  if (!fingers.size) travelled = 0;
  fingers.set(event.pointerId, place(event));
});

canvas.addEventListener("pointermove", (event) => {
  const old = fingers.get(event.pointerId);
  if (old) {
    const now = place(event), pinched = fingers.size === 2 && spread();
    fingers.set(event.pointerId, now);
    travelled += Math.hypot(now[0] - old[0], now[1] - old[1]);
    if (travelled > 4) {
      view.x -= (now[0] - old[0]) / view.scale / fingers.size;
      view.y += (now[1] - old[1]) / view.scale / fingers.size;
    }
    if (pinched) { const [apart, px, py] = spread(); zoom(apart / pinched[0], px, py); }
    later();
  }
  hover(event);
});

for (const kind of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(kind, (event) => {
    fingers.delete(event.pointerId);
    const reach = event.pointerType === "touch" ? 24 : 14;
    if (kind === "pointerup" && travelled <= 4) choose(nearestTo(...place(event), reach));
  });
}

canvas.addEventListener("pointerleave", () => { hovered = NOBODY; showTip(); later(); });
canvas.addEventListener("wheel", (event) => {
  // Within another page that is scrolled, only once the map was clicked.
  if (self !== parent && document.activeElement !== canvas) return;
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...place(event));
}, { passive: false });

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const KEYS = {
  "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5),
  "0": () => { fit(); later(); }, "Escape": () => choose(NOBODY),
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[event.key];
  if (step) {
    const next = chosen === NOBODY
      ? nearestTo(width / 2, height / 2, Infinity) : towards(chosen, ...step);
    if (next !== NOBODY) choose(next);
  } else if (KEYS[event.key]) {
    KEYS[event.key]();
  } else {
    return;
  }
  event.preventDefault();
});
element("in").addEventListener("click", KEYS["+"]);
element("out").addEventListener("click", KEYS["-"]);
element("whole").addEventListener("click", KEYS["0"]);

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColours();
  later();
});
new ResizeObserver(resize).observe(canvas);
readColours();
look();
choose(NOBODY);"""
