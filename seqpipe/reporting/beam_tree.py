"""A beam search as a tree: which hypotheses grew out of which, and which of them ended best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seqpipe.decoding.trace import TraceNode
from seqpipe.reporting.pieces import shown_piece


@dataclass(frozen=True)
class BeamNode:
    """A hypothesis that was kept at one step.

    parent (int): Its place in the step before; -1 for the empty one.
    piece (str): Its last piece, as it is shown.
    log_prob (float): log P of all of it, in nats.
    score (float): By which it would be ranked if it ended here.
    status (str): As in `TraceNode`.
    rank (Optional[int]): Among those that ended, 1 the best; 1 for the best of the last step where
        none ended.
    is_best (bool): The best hypothesis is this one or begins with it.
    lived (bool): It has a rank, or one that has begins with it.
    """

    parent: int
    piece: str
    log_prob: float
    score: float
    status: str
    rank: int | None
    is_best: bool
    lived: bool


@dataclass(frozen=True)
class BeamTree:
    """The steps of a search.

    steps (Sequence[Sequence[BeamNode]]): The children of a hypothesis stand beside each other in
        the order of their parents, what led to the better end first: drawn like that no lines
        cross, and the best hypothesis is the first node of each step until it ends.
    """

    steps: Sequence[Sequence[BeamNode]]

    def ranked(self) -> list[tuple[int, int]]:
        """RETURNS (List[Tuple[int, int]]): Step and place of each hypothesis that has a rank, from
        the best on."""
        found = [
            (node.rank, step, place)
            for step, nodes in enumerate(self.steps)
            for place, node in enumerate(nodes)
            if node.rank is not None
        ]
        return [(step, place) for _, step, place in sorted(found)]

    def pieces(self, step: int, place: int) -> list[str]:
        """RETURNS (List[str]): All pieces of a hypothesis, as they are shown.

        step, place (int): Of its last one.
        """
        written = []
        while step >= 0:
            node = self.steps[step][place]
            written.append(node.piece)
            step, place = step - 1, node.parent
        return written[::-1]

    def children(self) -> list[list[list[int]]]:
        """RETURNS (List[List[List[int]]]): For each node of each step the places of its children in
        the next."""
        found: list[list[list[int]]] = [[[] for _ in nodes] for nodes in self.steps]
        for above, nodes in zip(found, self.steps[1:], strict=False):
            for place, node in enumerate(nodes):
                above[node.parent].append(place)
        return found


def beam_tree(trace: Sequence[Sequence[TraceNode]], pieces: Sequence[str]) -> BeamTree:
    """Put the steps of a search in order to be drawn.

    trace (Sequence[Sequence[TraceNode]]): What was kept at each step.
    pieces (Sequence[str]): The piece of each token id.
    RETURNS (BeamTree): The tree.
    RAISES (ValueError): If a node's parent is not in the step before, or its token has no piece.
    """
    _check_trace(trace, len(pieces))
    ranks = _ranks(trace)
    best_rank = _best_ranks(trace, ranks)
    steps: list[list[BeamNode]] = []
    places = [-1]  # where the nodes of the step before stand now
    for step, nodes in enumerate(trace):
        parents = [places[node.parent] if step else -1 for node in nodes]
        keys = [
            (parent, rank, -node.score, place)
            for place, (parent, rank, node) in enumerate(
                zip(parents, best_rank[step], nodes, strict=True)
            )
        ]
        order = [place for *_, place in sorted(keys)]
        steps.append(
            [
                BeamNode(
                    parent=parents[place],
                    piece=shown_piece(pieces[nodes[place].token]),
                    log_prob=nodes[place].log_prob,
                    score=nodes[place].score,
                    status=nodes[place].status,
                    rank=ranks.get((step, place)),
                    is_best=best_rank[step][place] == 1,
                    lived=math.isfinite(best_rank[step][place]),
                )
                for place in order
            ]
        )
        places = [order.index(place) for place in range(len(nodes))]
    return BeamTree(steps)


def _check_trace(trace: Sequence[Sequence[TraceNode]], pieces: int) -> None:
    before = 0
    for step, nodes in enumerate(trace):
        for place, node in enumerate(nodes):
            is_known = node.parent == -1 if step == 0 else 0 <= node.parent < before
            if not is_known:
                expected = f"0 to {before - 1}" if step else "-1"
                raise ValueError(
                    f"step {step} of the trace, node {place}: parent {node.parent}, expected "
                    f"{expected}"
                )
            if not 0 <= node.token < pieces:
                raise ValueError(
                    f"step {step} of the trace, node {place}: token {node.token}, expected one of "
                    f"the {pieces} pieces"
                )
        before = len(nodes)


def _ranks(trace: Sequence[Sequence[TraceNode]]) -> dict[tuple[int, int], int]:
    """The rank of each hypothesis that ended, by step and place. Of equal scores the search takes
    the one that came first."""
    ended = [
        (-node.score, step, place)
        for step, nodes in enumerate(trace)
        for place, node in enumerate(nodes)
        if node.status == "ended"
    ]
    if not ended and trace:
        last = len(trace) - 1
        ended = sorted((-node.score, last, place) for place, node in enumerate(trace[last]))[:1]
    return {(step, place): rank for rank, (_, step, place) in enumerate(sorted(ended), start=1)}


def _best_ranks(
    trace: Sequence[Sequence[TraceNode]], ranks: dict[tuple[int, int], int]
) -> list[list[float]]:
    """The best rank that each node led to; infinite if it led to none."""
    best = [
        [float(ranks.get((step, place), math.inf)) for place in range(len(nodes))]
        for step, nodes in enumerate(trace)
    ]
    for step in range(len(trace) - 1, 0, -1):
        for place, node in enumerate(trace[step]):
            best[step - 1][node.parent] = min(best[step - 1][node.parent], best[step][place])
    return best


@dataclass(frozen=True)
class Branch:
    """Nodes that are written on one line: a hypothesis grows along it and does not part.

    step, place (int): Of its last node.
    pieces (Sequence[str]): Of all its nodes.
    last (Sequence[bool]): For each level above it, and its own, whether it is the last there.
    is_leaf (bool): Nothing was kept that grew out of it.
    beside (int): How many more hypotheses, that went no further, its pieces stand for.
    """

    step: int
    place: int
    pieces: Sequence[str]
    last: Sequence[bool]
    is_leaf: bool
    beside: int


def branches(tree: BeamTree) -> Iterator[Branch]:
    """YIELDS (Branch): The lines of a tree, each below what it grows out of. Children that did not
    end and went no further share the line of the first of them.

    tree (BeamTree): The tree.
    """
    children = tree.children()
    first = list(range(len(tree.steps[0]))) if tree.steps else []
    waiting = list(_siblings(tree, children, 0, first, ()))[::-1]
    while waiting:
        step, places, last = waiting.pop()
        place, pieces = places[0], [tree.steps[step][place].piece for place in places]
        below = children[step][place]
        while len(below) == 1:
            step, place = step + 1, below[0]
            pieces.append(tree.steps[step][place].piece)
            below = children[step][place]
        yield Branch(step, place, pieces, last, is_leaf=not below, beside=len(places) - 1)
        waiting += list(_siblings(tree, children, step + 1, below, last))[::-1]


def _siblings(
    tree: BeamTree,
    children: list[list[list[int]]],
    step: int,
    places: Sequence[int],
    above: Sequence[bool],
) -> Iterator[tuple[int, list[int], tuple[bool, ...]]]:
    """The lines that begin with children of one node: a step, places in it, and what is last."""
    lines: list[list[int]] = []
    leaves: dict[str, list[int]] = {}
    for place in places:
        node = tree.steps[step][place]
        if children[step][place] or node.rank is not None:
            lines.append([place])
        elif node.status in leaves:
            leaves[node.status].append(place)
        else:
            leaves[node.status] = [place]
            lines.append(leaves[node.status])
    for line in lines:
        yield step, line, (*above, line is lines[-1])
