"""Linear-chain potentials over a packed batch: what a head gives and the CRF's algorithms read.

The score of a tag sequence y for a sentence of n tokens is

    s(y) = start[y_1] + Σ_t emissions[t, y_t] + Σ_t transitions[y_t-1, y_t] + end[y_n]

and P(y | x) = exp(s(y)) / Z (Lafferty et al. 2001). What is forbidden is minus infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from thinc.api import get_array_module

from .packed import Packing


@dataclass
class Potentials:
    """Scores of a batch of sentences, or gradients of such scores.

    emissions (ndarray): Score of each tag at each token, `(tokens, tags)`, packed.
    start, end (ndarray): Score of each tag at the first and at the last token, `(tags,)`.
    transitions (ndarray): Score of each tag (row) followed by each (column), `(tags, tags)`.
    packing (Packing): How the tokens lie.
    """

    emissions: Any
    start: Any
    transitions: Any
    end: Any
    packing: Packing

    def scaled(self, factor: float) -> Potentials:
        """All scores times a factor: 1 / temperature. Forbidden stays forbidden (factor > 0).

        factor (float): Above 0.
        """
        return Potentials(
            self.emissions * factor,
            self.start * factor,
            self.transitions * factor,
            self.end * factor,
            self.packing,
        )

    def to_numpy(self) -> Potentials:
        """The same in float64 on the CPU, where decoding takes place."""

        def host(array: Any) -> np.ndarray:
            array = array.get() if hasattr(array, "get") else array
            return np.asarray(array, dtype=np.float64)

        return Potentials(
            host(self.emissions),
            host(self.start),
            host(self.transitions),
            host(self.end),
            self.packing,
        )

    def like(self, other: Potentials) -> Potentials:
        """The same in the type of float and on the device of other potentials.

        other (Potentials): Of any shape.
        """
        xp, dtype = get_array_module(other.emissions), other.emissions.dtype
        return Potentials(
            xp.asarray(self.emissions, dtype=dtype),
            xp.asarray(self.start, dtype=dtype),
            xp.asarray(self.transitions, dtype=dtype),
            xp.asarray(self.end, dtype=dtype),
            self.packing,
        )
