"""A beam search as a tree in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqpipe.reporting.beam_tree import BeamNode, BeamTree, Branch, branches
from seqpipe.reporting.pieces import ELLIPSIS, cut, kept_in_place

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Goes on below, nothing below, a child, the last child.
GUIDES, ASCII_GUIDES = ("│ ", "  ", "├ ", "└ "), ("| ", "  ", "+ ", "` ")
RANK, NUMBER = 5, 9  # widths of columns
LEAST_TEXT = 12
GIVEN_UP, PUSHED_OUT = "x", "-"


def print_beam_tree(console: Console, tree: BeamTree) -> None:
    """Print a search: pieces of which only one thing grew stand on one line, what grew out of
    them below, the best hypothesis first and bold, what led to no end dim.

    console (Console): Where to. In a narrow one lines are cut and the score is left out.
    tree (BeamTree): The search.
    """
    from rich.text import Text

    columns = 2 if console.width >= LEAST_TEXT + RANK + 2 * NUMBER else 1
    room = max(1, console.width - RANK - columns * NUMBER)
    heads = "".join(f"{name:>{NUMBER}}" for name in ("log P", "score")[:columns])
    _print(console, Text(f"{'':{room}}{'rank':>{RANK}}{heads}", style="dim"))
    guides = ASCII_GUIDES if console.options.ascii_only else GUIDES
    for branch in branches(tree):
        node = tree.steps[branch.step][branch.place]
        line = _words(branch, guides, room)
        line.append(f"{_mark(node, branch.is_leaf):>{RANK}}")
        numbers = (f"{node.log_prob:.2f}", f"{node.score:.3f}")[:columns]
        line.append("".join(f"{number:>{NUMBER}}" for number in numbers))
        line.stylize("bold" if node.is_best else "" if node.lived else "dim")
        _print(console, line)
    console.print(
        Text(
            f"#1 is the best of those that ended. {GIVEN_UP} was given up: too long, or sure to "
            f"lose. {PUSHED_OUT} was pushed out by better ones at the next step; those that stand "
            "on one line with / have the numbers of the best of them. log P in nats.",
            style="dim",
        )
    )


def _print(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="crop", highlight=False)


def _words(branch: Branch, guides: Sequence[str], room: int) -> Text:
    """The guides and the pieces, exactly as wide as there is room."""
    from rich.cells import cell_len
    from rich.text import Text

    goes_on, nothing, child, last_child = guides
    *above, is_last = branch.last
    guide = "".join(nothing if last else goes_on for last in above)
    guide += last_child if is_last else child
    deepest = room // 4 * len(child)
    if len(guide) > deepest:
        # The levels next to the line are those that say what it grew out of.
        guide = f"{ELLIPSIS} " + guide[len(guide) - deepest + len(child) :]
    words = (" / " if branch.beside else " ").join(branch.pieces)
    words = cut(words, max(1, room - len(guide)))
    gap = " " * (room - len(guide) - cell_len(words))
    return Text().append(guide, style="dim").append(kept_in_place(words) + gap)


def _mark(node: BeamNode, is_leaf: bool) -> str:
    if node.rank is not None:
        return f"#{node.rank}"
    if node.status == "dropped":
        return GIVEN_UP
    return PUSHED_OUT if is_leaf else ""
