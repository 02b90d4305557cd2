"""The picture of a workflow, by its geometry; and its lines on a terminal."""

import io
import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from seqpipe.reporting.layered_layout import lay_out
from seqpipe.reporting.workflow_graph import CommandNode, WorkflowGraph, file_nodes, order_edges
from seqpipe.reporting.workflow_lines import print_workflow
from seqpipe.reporting.workflow_page import render_workflow, text_width

SVG = "{http://www.w3.org/2000/svg}"
LONG = "a-name-that-goes-on-" * 8


def chain(count):
    return [
        CommandNode(
            f"c{i}", f"Does what {i} does", {i - 1: [f"out/{i - 1}"]} if i else {}, (), [f"out/{i}"]
        )
        for i in range(count)
    ]


def lattice():
    """40 commands in ten rows, each of which needs several of those above."""
    commands = []
    for i in range(40):
        above = [j for j in {i - 4, i - 3, (i * 7) % 40, i - 9} if 0 <= j < i - i % 4]
        needs = {j: [f"data/{j}"] for j in sorted(above)}
        commands.append(CommandNode(f"step-{i}", "Help. " * (i % 9), needs, (), [f"data/{i}"]))
    return commands


WORKFLOWS = {
    "one": chain(1),
    "three": chain(3),
    "ten": chain(10),
    "lattice": lattice(),
    "long": [
        CommandNode(LONG, LONG, {}, (), [f"{LONG}/x"], "run", LONG),
        CommandNode("W" * 60, "W" * 90, {0: [f"{LONG}/x"]}, (), [], "maybe", "W" * 60),
    ],
    "letters": [
        CommandNode(
            "訓練する", "言語モデルを訓練する" * 9, {}, (), ["模型/最好"], "run", "never run"
        ),
        CommandNode("оценка", "Оценить модель <&>", {0: ["模型/最好"]}, (), ["نتائج"], "skip"),
        CommandNode("عرض", "", {1: ["نتائج"]}, (), []),
    ],
    "barriers": [CommandNode(f"b{i}", "", {j: [] for j in range(i)}, (), []) for i in range(5)],
    "none": [],
}


@pytest.fixture(params=WORKFLOWS, ids=list(WORKFLOWS))
def graph(request):
    return WorkflowGraph(request.param, WORKFLOWS[request.param])


def picture(graph, *, page=False):
    """The SVG, which must be sound XML."""
    text = render_workflow(graph, page=page)
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", text, re.DOTALL)[0])


def frames(svg):
    """Left, top, right and bottom of each box and file, and the element."""
    for group in svg.iter():
        kinds = group.get("class", "").split()
        if "box" in kinds or "file" in kinds:
            left, top = map(float, re.findall(r"[\d.]+", group.get("transform")))
            rect = group.find(f"{SVG}rect")
            width, height = float(rect.get("width")), float(rect.get("height"))
            yield (left, top, left + width, top + height), group


def meet(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_no_two_boxes_meet_and_nothing_is_outside(graph):
    svg = picture(graph)
    found = [frame for frame, _ in frames(svg)]
    assert len(found) == len(graph.commands) + len(file_nodes(graph))
    assert not [pair for pair in combinations(found, 2) if meet(*pair)]
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert all(f[0] >= 0 and f[1] >= 0 and f[2] <= width and f[3] <= height for f in found)


def test_no_text_is_wider_than_its_box(graph):
    for frame, group in frames(picture(graph)):
        for text in group.iter(f"{SVG}text"):
            is_fixed = text.get("class") == "name" or "file" in group.get("class")
            size = 14 if text.get("class") == "name" else 12
            assert text_width(text.text, size, fixed=is_fixed) <= frame[2] - frame[0]
            assert 0 < float(text.get("y")) < frame[3] - frame[1]


def curves(path):
    """Points on a path of straight and bent pieces, close to each other."""
    numbers = [
        (kind, list(map(float, rest.split())))
        for kind, rest in re.findall(r"([MVC])([^MVC]+)", path)
    ]
    x, y = numbers[0][1]
    for kind, to in numbers[1:]:
        if kind == "V":
            yield from ((x, y + (to[0] - y) * t / 20) for t in range(21))
            y = to[0]
            continue
        ends = [(x, y), *zip(to[::2], to[1::2], strict=True)]
        for t in (i / 20 for i in range(21)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield tuple(sum(w * p[k] for w, p in zip(weights, ends, strict=True)) for k in (0, 1))
        x, y = ends[-1]


def test_no_edge_passes_behind_a_box(graph):
    svg = picture(graph)
    found = [frame for frame, _ in frames(svg)]
    for edge in svg.iter(f"{SVG}path"):
        if edge.get("class") != "edge":
            continue
        for x, y in curves(edge.get("d")):
            inside = [f for f in found if f[0] < x < f[2] and f[1] + 0.1 < y < f[3] - 0.1]
            assert not inside


def test_every_edge_goes_down(graph):
    for edge in picture(graph).iter(f"{SVG}path"):
        if edge.get("class") == "edge":
            heights = [y for _, y in curves(edge.get("d"))]
            assert heights == sorted(heights)


def test_all_can_be_read_without_the_picture(graph):
    svg = picture(graph)
    assert svg.find(f"{SVG}title").text
    assert svg.find(f"{SVG}desc").text
    boxes = [g for _, g in frames(svg) if "box" in g.get("class")]
    assert [g.get("tabindex") for g in boxes] == ["0"] * len(graph.commands)
    assert [g.find(f"{SVG}title").text.split("\n")[0] for g in boxes] == [
        command.name for command in graph.commands
    ]
    for group, command in zip(boxes, graph.commands, strict=True):
        assert group.get("aria-label").startswith(command.name)


def test_a_page_leads_from_each_box_to_its_words(graph):
    html = render_workflow(graph, page=True)
    links = re.findall(r'<a href="#([^"]+)"', html)
    assert len(links) == len(graph.commands)
    assert all(f'<li id="{link}">' in html for link in links)
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")


def test_names_cannot_leave_their_place():
    evil = CommandNode("<script>alert(1)</script>", '"&<b>', {}, ['"><i>'], ["<u>"])
    html = render_workflow(WorkflowGraph("<h2>", [evil]), page=True)
    assert not re.search("<script|<b>|<i>|<u>|<h2></h", html)
    ElementTree.fromstring(render_workflow(WorkflowGraph("<h2>", [evil]), page=False))


def test_a_chain_stands_in_one_column():
    found = [frame for frame, _ in frames(picture(WorkflowGraph("w", chain(5))))]
    assert len({round((left + right) / 2) for left, _, right, _ in found}) == 1


def test_a_crossing_that_need_not_be_is_not():
    drawing = lay_out([(50, 20)] * 4, [(0, 3), (1, 2)])
    lefts = [place.left for place in drawing.boxes]
    assert (lefts[0] < lefts[1]) == (lefts[3] < lefts[2])


@given(st.data(), st.integers(1, 14))
@settings(max_examples=60, deadline=None)
def test_any_graph_has_its_boxes_apart(data, count):
    pairs = list(combinations(range(count), 2))
    edges = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    sizes = data.draw(
        st.lists(st.tuples(st.integers(1, 300), st.integers(1, 90)), min_size=count, max_size=count)
    )
    drawing = lay_out(sizes, edges)
    found = [(p.left, p.top, p.left + p.width, p.top + p.height) for p in drawing.boxes]
    assert not [pair for pair in combinations(found, 2) if meet(*pair)]
    for (start, end), route in zip(edges, drawing.routes, strict=True):
        assert route[0][1] == found[start][3]
        assert route[-1][1] == found[end][1]
        for (x, y), (to_x, to_y) in list(pairwise(route))[::2]:
            assert x == to_x
            assert y <= to_y


def test_files_are_those_that_flow_and_the_results():
    commands = [
        CommandNode("a", outputs=["x", "y"]),
        CommandNode("b", needs={0: ["x"]}, outputs=["x"]),  # in place
        CommandNode("c", needs={0: ["x"], 1: ["x"]}, outputs=["z"]),
    ]
    found = {(f.path, f.makers, f.readers) for f in file_nodes(WorkflowGraph("w", commands))}
    assert found == {
        ("x", (0,), (1,)),
        ("x", (0, 1), (2,)),
        ("y", (0,), ()),
        ("z", (2,), ()),
    }


def test_an_order_that_others_imply_is_not_drawn():
    graph = WorkflowGraph("w", WORKFLOWS["barriers"])
    assert list(order_edges(graph)) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def printed(graph, width, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_workflow(Console(file=stream, width=width, highlight=False), graph)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def test_lines_are_the_same_however_narrow_the_terminal_so_that_paths_stay_whole(graph):
    assert printed(graph, 20) == printed(graph, 1000)


def test_lines_say_what_comes_and_what_goes():
    commands = [
        CommandNode("make", "Makes\nit", {}, ["in.txt"], ["out.txt"], "skip", "nothing changed"),
        CommandNode("use", "", {0: ["out.txt"]}, (), (), "run", "in.cfg changed"),
    ]
    graph = WorkflowGraph("all", commands)
    assert printed(graph, 60).splitlines() == [
        "all: 2 commands: 1 would run, 1 up to date",
        "",
        "✔ make",
        "  Makes it",
        "  up to date",
        "  ← in.txt",
        "  → out.txt",
        "",
        "● use",
        "  would run: in.cfg changed",
        "  ← out.txt (make)",
    ]
    assert "<- out.txt (make)" in printed(graph, 60, "ascii")
