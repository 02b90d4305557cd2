"""Forced decoding: what a model says of a translation that is given."""

from __future__ import annotations

import numpy as np

from seqpipe.decoding.scores import Score
from seqpipe.decoding.steps import attention_of

from .search import Steps
from .units import Pieces

AT_ONCE = 256  # pairs

Forced = tuple[np.ndarray, float, np.ndarray | None]


def forced(
    steps: Steps,
    sources: list[Pieces],
    targets: list[Pieces],
    score: Score,
) -> list[Forced]:
    """Score targets, step by step as a search does.

    steps (Steps): The model.
    sources, targets (List[Pieces]): Pairs.
    score (Score): By which a search would rank them.
    RETURNS (List[Tuple]): Of each the log-probabilities of its pieces, float64 (T,); its score; and
        the attention, float32 (T, S), if the model attends.
    """
    found: list[Forced] = [(np.zeros(0), 0.0, None)] * len(sources)
    order = np.argsort([len(target.ids) for target in targets], kind="stable").tolist()
    for first in range(0, len(order), AT_ONCE):
        chosen = order[first : first + AT_ONCE]
        batch = _batch(steps, [sources[i] for i in chosen], [targets[i] for i in chosen], score)
        for i, one in zip(chosen, batch, strict=True):
            found[i] = one
    return found


def _batch(
    steps: Steps, sources: list[Pieces], targets: list[Pieces], score: Score
) -> list[Forced]:
    """Shortest target first: those that are at their end are left behind."""
    n, lengths = len(targets), np.array([len(target.ids) for target in targets])
    log_probs: list[list[float]] = [[] for _ in range(n)]
    attention: list[list[np.ndarray]] = [[] for _ in range(n)]
    prediction = steps.begin([source.ids for source in sources])
    alive = np.arange(n)
    for t in range(int(lengths.max())):
        ids = np.array([targets[i].ids[t] for i in alive])
        values, attended = prediction[0][np.arange(len(alive)), ids], attention_of(prediction)
        for row, i in enumerate(alive.tolist()):
            log_probs[i].append(float(values[row]))
            if attended is not None:
                attention[i].append(attended[row, : len(sources[i].ids)].astype(np.float32))
        goes_on = np.flatnonzero(lengths[alive] > t + 1)
        if len(goes_on):
            state = steps.select(prediction[1], goes_on)
            prediction = steps.step(ids[goes_on], state)
        alive = alive[goes_on]
    return [_scored(np.array(log_probs[i]), attention[i], score) for i in range(n)]


def _scored(log_probs: np.ndarray, attention: list[np.ndarray], score: Score) -> Forced:
    attended = np.stack(attention) if attention else None
    covered = None
    if score.coverage and attended is not None:
        covered = attended.astype(np.float64).sum(axis=0)[None]
    total = np.array([log_probs.sum()])
    return log_probs, float(score.of(total, len(log_probs), covered)[0]), attended
