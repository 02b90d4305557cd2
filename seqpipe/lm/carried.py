"""The states of a recurrent language model between the pieces of streams."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .sequences import TokenSequence


@dataclass(frozen=True)
class Carried:
    """What a stream leaves behind for its next piece.

    place (int): Of the piece.
    word (str): Its last, the next one's first input.
    state (np.ndarray): float32, the encoder's, `(nS,)`.
    """

    place: int
    word: str
    state: np.ndarray


def carried_to(sequence: TokenSequence, carried: dict[int, Carried]) -> Carried | None:
    """RETURNS (Optional[Carried]): What the piece before a sequence left, if that was the last that
    was read of its stream.

    carried (Dict[int, Carried]): By stream, what earlier pieces left.
    sequence (TokenSequence): What is read next.
    """
    piece = sequence.piece
    if piece is None or piece.place == 0:
        return None
    last = carried.get(piece.stream)
    return last if last is not None and last.place == piece.place - 1 else None


def carry(
    sequences: Sequence[TokenSequence], final: np.ndarray, carried: dict[int, Carried]
) -> None:
    """Keep what pieces leave.

    sequences (Sequence[TokenSequence]): That were read.
    final (np.ndarray): The encoder's states then, `(sequences, nS)`.
    carried (Dict[int, Carried]): By stream; is changed.
    """
    for sequence, state in zip(sequences, final, strict=True):
        piece = sequence.piece
        if piece is not None:
            carried[piece.stream] = Carried(piece.place, sequence.words[-1], state.copy())


def rounds(sequences: Sequence[TokenSequence]) -> list[list[int]]:
    """RETURNS (List[List[int]]): Indices of sequences that can be read side by side: all that stand
    alone or are the first of their stream here, then those that go on from them, and so on.

    sequences (Sequence[TokenSequence]): Of a batch.
    """
    found: list[list[int]] = []
    seen: Counter[int] = Counter()
    for i, sequence in enumerate(sequences):
        place = 0
        if sequence.piece is not None:
            place = seen[sequence.piece.stream]
            seen[sequence.piece.stream] += 1
        if place == len(found):
            found.append([])
        found[place].append(i)
    return found


def to_json(carried: dict[int, Carried]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What a checkpoint keeps of them, bit for bit.

    carried (Dict[int, Carried]): By stream.
    """
    return {
        str(stream): (last.place, last.word, base64.b64encode(last.state.tobytes()).decode("ascii"))
        for stream, last in carried.items()
    }


def from_json(data: dict[str, Any]) -> dict[int, Carried]:
    """RETURNS (Dict[int, Carried]): What `to_json` was given.

    data (Dict[str, Any]): Read from a checkpoint.
    """
    return {
        int(stream): Carried(place, word, np.frombuffer(base64.b64decode(state), np.float32))
        for stream, (place, word, state) in data.items()
    }
