"""The loop of decoders that follow one continuation a sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .hypothesis import Hypothesis
from .limits import Limits
from .steps import Prediction, StepModel, advance, attention_of

# From log-probabilities (n, V), in which each row has a token above -inf, and the place of each row
# among all sequences (n,), to a token of each (n,).
Choose = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass
class _Written:
    """One sequence as it grows."""

    ids: list[int] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    attention: list[np.ndarray] = field(default_factory=list)

    def hypothesis(self, eos: int | None) -> Hypothesis:
        log_probs = np.array(self.log_probs, dtype=np.float64)
        return Hypothesis(
            np.array(self.ids, dtype=np.int64),
            log_probs,
            finished=eos is not None and self.ids[-1:] == [eos],
            score=float(log_probs.sum()),
            attention=np.stack(self.attention) if self.attention else None,
        )


def follow(
    model: StepModel, prediction: Prediction, limits: Limits, choose: Choose
) -> list[Hypothesis]:
    """Write one sequence for each that is begun. Those that have ended are not computed on.

    model (StepModel): The model.
    prediction (Prediction): Of the first token of n sequences.
    limits (Limits): What may be written.
    choose (Callable): Gives the next token of each.
    RETURNS (List[Hypothesis]): n of them.
    """
    written = [_Written() for _ in range(len(prediction[0]))]
    rows = np.arange(len(written))
    history = np.zeros((len(rows), 0), dtype=np.int64)  # (n, T)
    for length in range(1, limits.longest + 1):
        allowed = limits.allowed(prediction[0], history)
        able = np.flatnonzero((allowed > -np.inf).any(axis=1))
        if not len(able):
            break
        rows, history = rows[able], history[able]
        ids = choose(allowed[able], rows)
        _write(written, rows, ids, prediction, able)
        goes_on = limits.max_lengths(rows) > length
        if limits.eos is not None:
            goes_on &= ids != limits.eos
        open = np.flatnonzero(goes_on)
        if not len(open):
            break
        rows, ids = rows[open], ids[open]
        history = np.concatenate([history[open], ids[:, None]], axis=1)
        prediction = advance(model, prediction, able[open], ids)
    return [found.hypothesis(limits.eos) for found in written]


def _write(
    written: list[_Written],
    rows: np.ndarray,
    ids: np.ndarray,
    prediction: Prediction,
    places: np.ndarray,
) -> None:
    """Add a token to some sequences; `places` is where the prediction has them."""
    log_probs = prediction[0][places, ids].tolist()
    attention = attention_of(prediction)
    for i, (row, id) in enumerate(zip(rows.tolist(), ids.tolist(), strict=True)):
        written[row].ids.append(id)
        written[row].log_probs.append(log_probs[i])
        if attention is not None:
            written[row].attention.append(attention[places[i]])
