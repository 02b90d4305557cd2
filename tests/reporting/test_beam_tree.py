"""The tree of a beam search: its order, against the search itself, and what is drawn of it."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from seqpipe.decoding.beam import beam_search
from seqpipe.decoding.limits import Limits
from seqpipe.decoding.trace import TraceNode
from seqpipe.reporting.beam_lines import print_beam_tree
from seqpipe.reporting.beam_page import render_beam_tree
from seqpipe.reporting.beam_tree import beam_tree, branches
from tests.decoding.table_model import EOS, TableModel

PIECES = ["<EOS>", "Jane", "is", "going", "visiting"]
# "Jane is visiting" is likelier than "Jane is going", and "is" leads nowhere.
TRACE = [
    [TraceNode(-1, 2, -2.5, -2.5, "open"), TraceNode(-1, 1, -0.5, -0.5, "open")],
    [
        TraceNode(0, 3, -4.0, -3.0, "open"),
        TraceNode(0, 1, -5.0, -4.0, "open"),
        TraceNode(1, 2, -1.0, -0.7, "open"),
    ],
    [TraceNode(2, 3, -1.5, -0.9, "open"), TraceNode(2, 4, -1.6, -1.0, "open")],
    [
        TraceNode(0, 0, -3.0, -1.5, "ended"),
        TraceNode(1, 0, -1.7, -0.8, "ended"),
        TraceNode(1, 3, -9.0, -4.5, "dropped"),
    ],
]


def printed(trace, pieces=PIECES, width=60, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    print_beam_tree(console, beam_tree(trace, pieces))
    return console.file.getvalue()


def picture(html):
    """The SVG of a page, which must be sound XML."""
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.DOTALL)[0])


def written(group):
    return [text.text for text in group.iter("text")]


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_ranks_are_those_of_the_search(seed, width, max_length):
    model = TableModel(seed)
    limits = Limits(max_length=max_length, eos=EOS)
    found = beam_search(model, model.begin([0]), limits, width=width, n_best=width, trace=True)[0]
    pieces = [f"t{token}" for token in range(100)]
    tree = beam_tree(found.trace, pieces)
    expected = [[f"t{i}" for i in one.ids.tolist()] for one in found.hypotheses if one.finished]
    ranked = [tree.pieces(*where) for where in tree.ranked()][:width]
    assert ranked[: len(expected)] == expected
    if not expected:
        assert ranked == [[f"t{i}" for i in found.hypotheses[0].ids.tolist()]]
    assert [len(nodes) for nodes in tree.steps] == [len(nodes) for nodes in found.trace]
    for nodes in tree.steps:
        parents = [node.parent for node in nodes]
        assert parents == sorted(parents)  # no lines cross
    best, _ = tree.ranked()[0]
    assert all(nodes[0].is_best for nodes in tree.steps[: best + 1])


def test_what_led_to_no_end_is_told_apart():
    tree = beam_tree(TRACE, PIECES)
    assert [[node.lived for node in nodes] for nodes in tree.steps] == [
        [True, False],
        [True, False, False],
        [True, True],
        [True, False, True],
    ]
    assert [node.piece for node in tree.steps[2]] == ["visiting", "going"]
    assert tree.ranked() == [(3, 0), (3, 2)]


def test_where_nothing_ended_the_best_of_the_last_step_wins():
    tree = beam_tree(TRACE[:2], PIECES)
    assert tree.ranked() == [(1, 0)]
    assert tree.pieces(1, 0) == ["Jane", "is"]


def test_the_lines_of_a_tree_hold_all_of_it():
    tree = beam_tree(TRACE, PIECES)
    lines = list(branches(tree))
    assert [list(line.pieces) for line in lines] == [
        ["Jane", "is"],
        ["visiting"],
        ["<EOS>"],
        ["going"],
        ["going", "<EOS>"],
        ["is"],
        ["going", "Jane"],
    ]
    assert sum(len(line.pieces) for line in lines) == sum(map(len, TRACE))


@pytest.mark.parametrize(
    ("step", "node", "said"),
    [
        (0, TraceNode(0, 1, -1.0, -1.0, "open"), "step 0 .* node 0: parent 0, expected -1"),
        (1, TraceNode(2, 1, -1.0, -1.0, "open"), "step 1 .* node 0: parent 2, expected 0 to 1"),
        (1, TraceNode(-1, 1, -1.0, -1.0, "open"), "step 1 .* parent -1, expected 0 to 1"),
        (1, TraceNode(0, 5, -1.0, -1.0, "open"), "token 5, expected one of the 5 pieces"),
    ],
)
def test_a_trace_that_is_no_tree_is_refused(step, node, said):
    trace = [list(nodes) for nodes in TRACE[: step + 1]]
    trace[step][0] = node
    with pytest.raises(ValueError, match=said):
        beam_tree(trace, PIECES)


def test_a_line_has_the_pieces_the_rank_and_the_numbers_of_its_last():
    assert printed(TRACE, color_system=None).splitlines()[:8] == [
        "                                      rank    log P    score",
        "├ Jane is                                     -1.00   -0.700",
        "│ ├ visiting                                  -1.60   -1.000",
        "│ │ ├ <EOS>                             #1    -1.70   -0.800",
        "│ │ └ going                              x    -9.00   -4.500",
        "│ └ going <EOS>                         #2    -3.00   -1.500",
        "└ is                                          -2.50   -2.500",
        "  └ going / Jane                         -    -4.00   -3.000",
    ]


def test_the_best_is_bold_and_what_led_nowhere_is_dim():
    lines = printed(TRACE, force_terminal=True, color_system="standard").splitlines()
    assert "\x1b[1m" in next(line for line in lines if "#1" in line)
    assert "\x1b[1m" not in next(line for line in lines if "#2" in line)
    assert "\x1b[2m" in next(line for line in lines if "going / Jane" in line)


def deep(steps):
    """A search that parts at every step."""
    nodes = [TraceNode(-1, 1, -1.0, -1.0, "open"), TraceNode(-1, 2, -2.0, -2.0, "open")]
    trace = [nodes]
    for _ in range(steps):
        trace.append([TraceNode(0, node.token, node.log_prob, -1.0, "open") for node in nodes])
    trace[-1][0] = TraceNode(0, 0, -1.0, -1.0, "ended")
    return trace


@pytest.mark.parametrize("width", [20, 40, 60])
@pytest.mark.parametrize("pieces", [PIECES, ["<EOS>", "Donaudampfschifffahrt" * 4, "日本語שלום"]])
def test_no_line_is_wider_than_the_console(width, pieces):
    lines = printed(deep(40), pieces, width, color_system=None).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert any("#1" in line for line in lines)


def test_a_search_of_many_steps_is_printed():
    assert "#1" in printed(deep(2000))


def test_an_old_console_gets_lines_in_ascii():
    class Old(io.StringIO):
        encoding = "ascii"

    console = Console(file=Old(), width=60, color_system=None)
    print_beam_tree(console, beam_tree(TRACE, PIECES))
    assert console.file.getvalue().isascii()
    assert "| | + <EOS>" in console.file.getvalue()


def test_the_picture_has_every_node_at_its_step_and_every_edge():
    svg = picture(render_beam_tree(beam_tree(TRACE, PIECES)))
    groups = list(svg.iter("g"))
    assert [written(group)[:2] for group in groups[:2]] == [
        ["Jane", "−0.50 / −0.500"],
        ["is", "−2.50 / −2.500"],
    ]
    assert len(groups) == sum(map(len, TRACE))
    lefts = [re.match(r"translate\((\S+)", group.get("transform"))[1] for group in groups]
    assert len(set(lefts)) == len(TRACE)
    kinds = [path.get("class") for path in svg.iter("path")]
    assert len(kinds) == sum(map(len, TRACE[1:]))
    assert kinds.count("best") == 3
    assert kinds[-3:] == ["best"] * 3  # drawn over the others


def test_ended_and_dropped_nodes_are_marked():
    groups = {
        group.find("title").text.splitlines()[0]: group
        for group in picture(render_beam_tree(beam_tree(TRACE, PIECES))).iter("g")
    }
    assert groups["Jane is visiting <EOS>"].get("class") == "best ended"
    assert groups["Jane is visiting <EOS>"][-1].text == "#1"
    assert groups["Jane is going <EOS>"].get("class") == "lived ended"
    assert groups["Jane is visiting going"].get("class") == "lost dropped"
    assert groups["is going"].get("class") == "lost"


def test_nodes_do_not_lie_over_each_other():
    pieces = ["<EOS>", "Donaudampfschifffahrt" * 4, "日" * 12]
    svg = picture(render_beam_tree(beam_tree(deep(10), pieces)))
    boxes = []
    for group in svg.iter("g"):
        left, top = map(float, re.findall(r"[\d.]+", group.get("transform")))
        box = group.find("rect")
        boxes.append((left, top, left + float(box.get("width")), top + float(box.get("height"))))
    boxes = np.array(boxes)
    for number, (left, top, right, bottom) in enumerate(boxes[:-1]):
        others = boxes[number + 1 :]
        is_beside = (others[:, 0] > right) | (others[:, 2] < left)
        assert np.all(is_beside | (others[:, 1] > bottom) | (others[:, 3] < top))
    assert boxes[:, 2].max() <= float(svg.get("width"))
    assert boxes[:, 3].max() <= float(svg.get("height"))


def test_those_that_ended_are_listed_for_who_does_not_see_the_picture():
    html = render_beam_tree(beam_tree(TRACE, PIECES), title="Jane")
    assert re.findall(r"<bdi>(.*?)</bdi> <span>(.*?)</span>", html) == [
        ("Jane is visiting &lt;EOS&gt;", "log P -1.70, score -0.800"),
        ("Jane is going &lt;EOS&gt;", "log P -3.00, score -1.500"),
    ]
    assert 'tabindex="0" role="region" aria-label="Jane: 4 steps, 10 hypotheses"' in html


def test_a_page_needs_nothing_else_and_a_part_goes_into_one():
    tree = beam_tree(TRACE, PIECES)
    page = render_beam_tree(tree)
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?:|<script|<link|url\(|@import", page)
    part = render_beam_tree(tree, page=False)
    assert "<html" not in part
    assert part in page


def test_markup_and_white_space_in_pieces_are_shown():
    pieces = ["<EOS>", '"><script>', " ", "a", "\x1b"]
    html = render_beam_tree(beam_tree(TRACE, pieces), title="<script>")
    assert "<script" not in html
    assert "\x1b" not in html
    assert ["␣", "−2.50 / −2.500"] in map(written, picture(html).iter("g"))


def test_a_search_without_steps_is_drawn():
    assert "0 steps" in render_beam_tree(beam_tree([], PIECES))
    assert "rank" in printed([])
