"""Trees of the Stanford Sentiment Treebank: bracketed, a label 0 to 4 at every node.

Socher et al. 2013, "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqpipe.files import InputError

from .labelled import LabelledText
from .lines import read_lines, shown

LABELS = ("0", "1", "2", "3", "4")
# Blanks between tokens are those of ASCII; another may stand within one, as in "2\xa01/2".
_TOKEN = re.compile(r"[()]|[^() \t\n\r\f\v]+")
_ESCAPED = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
}


@dataclass(frozen=True)
class Tree:
    """A labelled tree.

    words (List[str]): The tokens, as text: "(" and not "-LRB-", "/" and not "\\/".
    nodes (List[Tuple[int, int, str]]): First word, end and label of each node, children before
        their parent; the last is the whole sentence.
    """

    words: list[str]
    nodes: list[tuple[int, int, str]]


@dataclass
class _Open:
    """A node whose bracket is still open: where it is, its first word, what it has so far."""

    column: int
    start: int
    label: str = ""
    word: str = ""


def read_trees(path: Path, *, phrases: bool) -> Iterator[LabelledText]:
    """Read a file with one tree a line; blank lines are passed over.

    path (Path): The file, UTF-8, gzipped if it ends in .gz.
    phrases (bool): Whether the text under each node is wanted, and not the sentences alone. A
        phrase is then given once for each label that it has, however often it stands there.
    YIELDS (LabelledText): The texts, a space between words.
    RAISES (InputError): If the brackets or the labels of a line are at fault.
    """
    given: set[int] = set()
    for number, line in read_lines(path):
        if not line.strip():
            continue
        tree = parse_tree(line, path=path, number=number)
        for start, end, label in tree.nodes if phrases else tree.nodes[-1:]:
            text = " ".join(tree.words[start:end])
            key = hash((text, label))
            if not phrases or key not in given:
                given.add(key)
                yield LabelledText(text, label, path, number)


def parse_tree(line: str, *, path: Path, number: int) -> Tree:
    """Read one tree. However deep it is, it takes no deeper calls.

    line (str): Such as "(3 (2 very) (3 good))".
    path (Path): The file it comes from, and
    number (int): the line in it, for messages.
    RETURNS (Tree): The tree.
    RAISES (InputError): With the column, if it is none.
    """

    def fault(column: int, message: str) -> InputError:
        return InputError(f"column {column}: {message}", path=path, line=number)

    tree = Tree([], [])
    opened: list[_Open] = []
    for match in _TOKEN.finditer(line):
        token, column = match[0], match.start() + 1
        if not opened and tree.nodes:
            raise fault(column, f"{shown(line[column - 1 :])} after the tree, expected one a line")
        if not opened and token != "(":
            raise fault(column, f"{shown(token)} outside of all brackets, expected '('")
        message = _take(token, column, opened, tree)
        if message:
            raise fault(column, message)
    if opened:
        raise fault(opened[-1].column, "a bracket that is not closed in this line, expected ')'")
    return tree


def _take(token: str, column: int, opened: list[_Open], tree: Tree) -> str:
    """Let a token go on with the tree. RETURNS (str): What is wrong with it, "" if nothing is."""
    node = opened[-1] if opened else None
    if node is not None and not node.label:
        if token not in LABELS:
            return f"{shown(token)}, expected a label, 0 to 4"
        node.label = token
    elif token == "(":
        if node is not None and node.word:
            return f"'(' after the word {shown(node.word)}, expected ')'"
        opened.append(_Open(column, len(tree.words)))
    elif node is not None and token == ")":
        if node.start == len(tree.words):
            return f"')' after the label {node.label}, expected a word or a bracket"
        tree.nodes.append((node.start, len(tree.words), node.label))
        opened.pop()
    elif node is not None:
        if node.start != len(tree.words):
            return f"the word {shown(token)} in a node that is complete, expected ')' or '('"
        node.word = _ESCAPED.get(token, token).replace("\\/", "/").replace("\\*", "*")
        tree.words.append(node.word)
    return ""
