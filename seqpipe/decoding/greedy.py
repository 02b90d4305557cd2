"""Greedy search: always the likeliest next token."""

from __future__ import annotations

import numpy as np

from .hypothesis import Hypothesis
from .limits import Limits
from .one_each import follow
from .steps import Prediction, StepModel


def greedy(model: StepModel, prediction: Prediction, limits: Limits) -> list[Hypothesis]:
    """Take the likeliest token at each step; of equal ones that with the lowest id.

    model (StepModel): The model.
    prediction (Prediction): Of the first token of n sequences.
    limits (Limits): What may be written.
    RETURNS (List[Hypothesis]): n of them. It need not be the likeliest sequence.
    """
    return follow(model, prediction, limits, _likeliest)


def _likeliest(log_probs: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return log_probs.argmax(axis=1)
