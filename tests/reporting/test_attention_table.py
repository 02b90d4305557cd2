"""The heatmap in the terminal: shaded by weight, and never wider than the console."""

import io
import re

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from seqpipe.reporting.attention import AttentionMap
from seqpipe.reporting.attention_table import print_attention

WEIGHTS = np.array([[0.9, 0.06, 0.04], [0.3, 0.5, 0.2]])
CAT = AttentionMap(["le", "chat", " "], ["the", "cat"], WEIGHTS)


def printed(attention, width=60, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    print_attention(console, attention, title="A cat")
    return console.file.getvalue()


def test_without_colour_marks_say_the_weight_and_names_stand_downward():
    assert printed(CAT, color_system=None).splitlines() == [
        "A cat",
        "      c",
        "      h",
        "    l a",
        "    e t ␣",
        "the ██░░  ",
        "cat ▒▒▓▓░░",
        "attention: ░░ 0.05 ▒▒ 0.25 ▓▓ 0.50 ██ 0.75 and more",
    ]


@pytest.mark.parametrize(
    "console", [{"color_system": "standard"}, {"color_system": "truecolor", "no_color": True}]
)
def test_with_few_colours_or_none_wanted_the_marks_stay(console):
    assert "██░░" in printed(CAT, force_terminal=True, **console)


def test_with_many_colours_cells_are_darker_the_more_they_weigh():
    shown = printed(CAT, color_system="truecolor", force_terminal=True)
    line = next(line for line in shown.splitlines() if "the" in line)
    reds = [int(red) for red in re.findall(r"48;2;(\d+);", line)]
    assert reds == [32, 223, 247]
    assert "█" not in shown


def test_an_old_console_has_letters_for_marks():
    class Old(io.StringIO):
        encoding = "ascii"

    console = Console(file=Old(), width=60, color_system=None)
    print_attention(console, AttentionMap(["le"], ["the"], np.array([[0.9]])))
    assert console.file.getvalue().isascii()
    assert "the ##" in console.file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 60])
def test_what_is_wider_than_the_console_goes_on_below(width):
    source = [f"w{number}" for number in range(50)]
    target = ["Donaudampfschifffahrtsgesellschaft", "日本語", "שלום"]
    weights = np.zeros((3, 50))
    weights[:, 49] = 1.0
    lines = printed(AttentionMap(source, target, weights), width, color_system=None).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert sum(line.startswith("pieces") for line in lines) > 1
    assert " to 50 of 50" in " ".join(" ".join(lines).split())
    names = ("D", "日", "\u200eש")
    shaded = [line.lstrip() for line in lines if line.endswith("██")]
    assert [line.startswith(name) for line, name in zip(shaded, names, strict=True)] == [True] * 3


def test_columns_of_wide_letters_and_of_letters_with_marks_stay_in_line():
    attention = AttentionMap(["日本", "e\u0301t"], ["a"], np.array([[0.0, 1.0]]))
    lines = printed(attention, color_system=None).splitlines()
    assert lines[1:4] == ["  日e\u0301", "  本t", "a   ██"]


def test_long_names_of_columns_are_cut():
    attention = AttentionMap(["x" * 30], ["a"], np.ones((1, 1)))
    lines = printed(attention, color_system=None).splitlines()
    assert lines[1:13] == ["  x"] * 11 + ["  …"]


def test_an_empty_side_is_said():
    shown = printed(AttentionMap(["<EOS>"], [], np.zeros((0, 1))), color_system=None)
    assert shown == "A cat\nno attention: one side is empty\n"


def test_a_long_title_is_whole_on_several_lines():
    title = "log P -12.345   " + " ".join(f"word{number}" for number in range(20))
    console = Console(file=io.StringIO(), width=60, color_system=None)
    print_attention(console, CAT, title=title)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()).startswith(" ".join(title.split()))
