"""Where to draw the boxes of a graph without rings: in layers, every edge downward.

Longest-path layers, barycentre sweeps against crossings, and centres pulled to those of their
neighbours (Sugiyama, Tagawa and Toda 1981); what a layer wants is met as nearly as least squares
can (pool adjacent violators)."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
PULLS = 16
GAP, LAYER_GAP, MARGIN = 26.0, 40.0, 12.0
# An edge that passes a layer has a place of its own there, so that it meets no box.
PASSAGE = 10.0
STRAIGHT = 4.0  # how much more it matters that such an edge runs straight


@dataclass(frozen=True)
class Place:
    """Where a box is drawn.

    left, top (float): Its upper left corner.
    width, height (float): Its size, in the unit of the sizes given.
    """

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """Where everything is drawn.

    boxes (Sequence[Place]): In the order of their sizes.
    routes (Sequence): For each edge its points: between the first two it runs straight down, to the
        third it bends, and so on by turns.
    width, height (float): Of all, in the unit of the sizes given.
    """

    width: float
    height: float
    boxes: Sequence[Place]
    routes: Sequence[Sequence[tuple[float, float]]]


def lay_out(sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]) -> Drawing:
    """Lay out a graph.

    sizes (Sequence[Tuple[float, float]]): Width and height of each box.
    edges (Sequence[Tuple[int, int]]): From which box to which; an edge leads to a later box.
    RETURNS (Drawing): No two boxes meet, and no edge passes behind a box.
    """
    layers = _layers(len(sizes), edges)
    widths = [width for width, _ in sizes]
    chains: list[list[int]] = []
    for start, end in edges:
        chain = [start]
        for layer in range(layers[start] + 1, layers[end]):
            chain.append(len(widths))
            widths.append(PASSAGE)
            layers.append(layer)
        chains.append([*chain, end])
    links = [pair for chain in chains for pair in pairwise(chain)]
    above, below = _neighbours(links, len(widths))
    rows = _order(layers, above, below)
    centres = _centres(rows, widths, above, below, len(sizes))
    left = min((c - w / 2 for c, w in zip(centres, widths, strict=True)), default=0.0) - MARGIN
    centres = [centre - left for centre in centres]
    return _draw(sizes, rows, layers, centres, widths, chains)


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    layers = [0] * count
    for start, end in sorted(edges):
        layers[end] = max(layers[end], layers[start] + 1)
    return layers


def _neighbours(links: Sequence[tuple[int, int]], count: int) -> tuple[list, list]:
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for start, end in links:
        above[end].append(start)
        below[start].append(end)
    return above, below


def _order(
    layers: Sequence[int], above: list[list[int]], below: list[list[int]]
) -> list[list[int]]:
    """The nodes of each layer from left to right, with few crossings."""
    rows: list[list[int]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for node, layer in enumerate(layers):
        rows[layer].append(node)
    best, fewest = [row[:] for row in rows], _crossings(rows, below)
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        place = {node: i for row in rows for i, node in enumerate(row)}
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            middle = {
                node: sum(place[n] for n in near[node]) / len(near[node])
                if near[node]
                else place[node]
                for node in row
            }
            row.sort(key=middle.__getitem__)
            place |= {node: i for i, node in enumerate(row)}
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [row[:] for row in rows], crossings
    return best


def _crossings(rows: Sequence[Sequence[int]], below: list[list[int]]) -> int:
    """How many pairs of edges cross."""
    count = 0
    for row, following in pairwise(rows):
        place = {node: i for i, node in enumerate(following)}
        ends: list[int] = []
        for node in row:
            reached = [place[other] for other in below[node]]
            count += sum(len(ends) - bisect_right(ends, end) for end in reached)
            for end in reached:
                insort(ends, end)
    return count


def _centres(
    rows: Sequence[Sequence[int]],
    widths: Sequence[float],
    above: list[list[int]],
    below: list[list[int]],
    boxes: int,
) -> list[float]:
    """The middle of each node, near those of its neighbours."""
    centres = [0.0] * len(widths)
    for row in rows:
        _spread(row, dict.fromkeys(row, 0.0), centres, widths, boxes)
    for pull in range(PULLS):
        down = pull % 2 == 0
        for row in rows if down else rows[::-1]:
            wanted = {node: centres[node] for node in row}
            for node in row:
                near = above[node] if down else below[node]
                if pull >= PULLS - 2:
                    near = above[node] + below[node]
                if near:
                    wanted[node] = sum(centres[n] for n in near) / len(near)
            _spread(row, wanted, centres, widths, boxes)
    return centres


def _spread(
    row: Sequence[int],
    wanted: Mapping[int, float],
    centres: list[float],
    widths: Sequence[float],
    boxes: int,
) -> None:
    """Give a row its centres: in order, apart, and as near as can be to where they are wanted."""
    offsets, offset = [], 0.0
    for before, node in zip([None, *row], row, strict=False):
        if before is not None:
            offset += (widths[before] + widths[node]) / 2 + GAP
        offsets.append(offset)
    # Blocks of nodes that touch: sum of weighted wishes, sum of weights, how many.
    blocks: list[tuple[float, float, int]] = []
    for node, offset in zip(row, offsets, strict=True):
        weight = 1.0 if node < boxes else STRAIGHT
        block = (weight * (wanted[node] - offset), weight, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] >= block[0] / block[1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    starts = [total / weight for total, weight, count in blocks for _ in range(count)]
    for node, offset, start in zip(row, offsets, starts, strict=True):
        centres[node] = start + offset


def _draw(
    sizes: Sequence[tuple[float, float]],
    rows: Sequence[Sequence[int]],
    layers: Sequence[int],
    centres: Sequence[float],
    widths: Sequence[float],
    chains: Sequence[Sequence[int]],
) -> Drawing:
    tops, bottoms = [], []
    y = MARGIN
    for row in rows:
        tops.append(y)
        y += max((sizes[node][1] for node in row if node < len(sizes)), default=0.0)
        bottoms.append(y)
        y += LAYER_GAP
    boxes = [
        Place(round(centres[i] - width / 2, 1), tops[layers[i]], width, height)
        for i, (width, height) in enumerate(sizes)
    ]
    routes = []
    for chain in chains:
        start = boxes[chain[0]]
        points = [(round(centres[chain[0]], 1), start.top + start.height)]
        for node in chain[:-1]:
            x = round(centres[node], 1)
            if node != chain[0]:
                points.append((x, tops[layers[node]]))
            points.append((x, bottoms[layers[node]]))
        points.append((round(centres[chain[-1]], 1), tops[layers[chain[-1]]]))
        routes.append(points)
    right = max((c + w / 2 for c, w in zip(centres, widths, strict=True)), default=0.0)
    height = (bottoms[-1] if bottoms else 0.0) + MARGIN
    return Drawing(round(right + MARGIN, 1), height, boxes, routes)
