"""The steps of a beam search as plain data, from which its tree can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .open_beam import OpenBeam


@dataclass(frozen=True)
class TraceNode:
    """A hypothesis that was kept at one step.

    parent (int): Its place in the list of the step before; -1 for the empty one.
    token (int): Its last token.
    log_prob (float): log P of all of it, in nats.
    score (float): By which it would be ranked if it ended here.
    status (str): "ended" with <EOS>; "open"; or "dropped", when the search gave it up because it
        was at the maximum length or could no longer win.
    """

    parent: int
    token: int
    log_prob: float
    score: float
    status: str


def record(
    traces: list[list[list[TraceNode]]],
    parents: np.ndarray,
    beam: OpenBeam,
    scores: np.ndarray,
    is_end: np.ndarray,
    goes_on: np.ndarray,
) -> None:
    """Add a step to the traces of the sources that are still searched.

    traces (List[List[List[TraceNode]]]): Those of each source, are added to.
    parents (np.ndarray): int64 (n,).
    beam (OpenBeam): The n hypotheses that were kept.
    scores (np.ndarray): float64 (n,).
    is_end, goes_on (np.ndarray): bool (n,).
    """
    for source in np.unique(beam.source).tolist():
        traces[source].append([])
    status = np.where(is_end, "ended", np.where(goes_on, "open", "dropped"))
    columns = (beam.source, parents, beam.written[:, -1], beam.log_prob, scores, status)
    for source, *node in zip(*(column.tolist() for column in columns), strict=True):
        traces[source][-1].append(TraceNode(*node))
