"""What a decoder asks of a model: the next tokens' probabilities, one step after another."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np

# Log-probabilities (n, V) in nats, the state of n sequences, and, of models that attend to a
# source, the attention (n, S) with which this prediction was made. S stays the same from step to
# step; places beyond a source's length hold 0.
Prediction: TypeAlias = tuple[np.ndarray, Any] | tuple[np.ndarray, Any, np.ndarray]


class StepModel(Protocol):
    """A model that goes on with n sequences at once. Decoders know nothing else of it.

    The first prediction is not made here: a decoder is handed it.
    """

    def step(self, ids: np.ndarray, state: Any) -> Prediction:
        """Go on by one token each.

        ids (np.ndarray): int64 (n,), the tokens that were chosen.
        state: That of the sequences before.
        RETURNS (Prediction): What may follow them.
        """

    def select(self, state: Any, rows: np.ndarray) -> Any:
        """RETURNS: The state of some of the sequences; one may be taken more than once.

        state: That of n sequences.
        rows (np.ndarray): int64 (m,), places below n.
        """


def advance(model: StepModel, prediction: Prediction, rows: np.ndarray, ids: np.ndarray) -> Any:
    """Write a token behind some of the sequences.

    model (StepModel): The model.
    prediction (Prediction): Of n sequences.
    rows (np.ndarray): int64 (m,), which go on.
    ids (np.ndarray): int64 (m,), with what.
    RETURNS (Prediction): Of the m sequences.
    """
    state = prediction[1]
    if not np.array_equal(rows, np.arange(len(prediction[0]))):
        state = model.select(state, rows)
    return model.step(ids, state)


def attention_of(prediction: Prediction) -> np.ndarray | None:
    """RETURNS (Optional[np.ndarray]): float (n, S), if the model attends to something.

    prediction (Prediction): Log-probabilities and state, and the attention if there is any.
    """
    return prediction[2] if len(prediction) == 3 else None
