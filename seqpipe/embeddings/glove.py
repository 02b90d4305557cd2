"""GloVe: vectors whose dot products are the logarithms of co-occurrence counts (Pennington, Socher
& Manning 2014, "GloVe: Global Vectors for Word Representation", equations 8 and 9)."""

# No future import of annotations: confection reads those of registered functions.
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.util import registry

from seqpipe.files import InputError

from .cooccurrence import Cells, Nearness, count_cells
from .encoded import EncodedText
from .objective import Learner, Outcome, Setup
from .settings import check_counts
from .tables import aligned_rows

# Where a sum of squares begins with this, a slope divided by its root moves no 1.
IMMOVABLE = np.float32(1e30)


@dataclass(frozen=True)
class GloVe:
    """GloVe's settings; `make_glove` says what each is."""

    window: int
    symmetric: bool
    distance_weighting: bool
    x_max: float
    alpha: float
    learning_rate: float
    memory: int

    def __post_init__(self) -> None:
        check_counts(window=self.window, memory=self.memory)
        for name in ("x_max", "learning_rate"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} = {getattr(self, name)!r}: expected a number above 0")
        if not 0.0 <= self.alpha < math.inf:
            raise InputError(f"alpha = {self.alpha!r}: expected a number, 0 or more")

    def start(self, text: EncodedText, setup: Setup) -> Learner:
        """Count, and make the tables; see `Objective`.

        RAISES (InputError): If no two words of the vocabulary stand in one line.
        """
        cells = count_cells(
            text,
            Nearness(self.window, self.symmetric, self.distance_weighting),
            memory=self.memory * 10**6,
            seed=setup.seed,
            room=setup.room,
            report=setup.report,
        )
        if not cells.blocks:
            raise InputError(
                f"no two words of the vocabulary ({len(text.words)} words) stand in one line: "
                "GloVe learns from words that stand near each other"
            )
        return _CellLearner(self, cells, len(text.words), setup.width, setup.seed)


@registry.misc("seqpipe.GloVe.v1")
def make_glove(
    window: int = 10,
    symmetric: bool = True,
    distance_weighting: bool = True,
    x_max: float = 100.0,
    alpha: float = 0.75,
    learning_rate: float = 0.05,
    memory: int = 256,
) -> GloVe:
    """GloVe (Pennington et al. 2014): J = Σ f(X_ij) (w_i · w~_j + b_i + b~_j - log X_ij)², with
    f(X) = min(1, (X / x_max)^alpha).

    The loss reported is the mean of half of that over the cells with X > 0, as in the authors' C
    program; its examples are cells. The vectors are w + w~ (section 4.2).

    AdaGrad (Duchi et al. 2011) as that program has it: a slope g moves its parameter by
    g / √(1 / learning_rate² + Σ g²), the sum over the slopes before. So the first step is
    learning_rate times g, and the steps fall by themselves.

    window (int): Words up to so many places away are near.
    symmetric (bool): Words on both sides are near, not only those before.
    distance_weighting (bool): A word d places away counts 1/d, not 1.
    x_max (float): Counts from here on have the full weight.
    alpha (float): How the weight falls below that.
    learning_rate (float): Of the first step.
    memory (int): Megabytes (10^6 bytes) that counting may take. What does not fit goes to a
        temporary file; the counts are the same.
    RETURNS (GloVe): The objective.
    RAISES (InputError): For a value out of its range.
    """
    return GloVe(window, symmetric, distance_weighting, x_max, alpha, learning_rate, memory)


class _CellLearner:
    """GloVe at work on counted cells. A row is a vector, its bias, and a 1 for the other's bias."""

    side_by_side = True
    by_word = frozenset({"words", "contexts", "word_squares", "context_squares"})

    def __init__(self, settings: GloVe, cells: Cells, size: int, width: int, seed: int) -> None:
        self.settings, self.cells, self.width, self.seed = settings, cells, width, seed
        self.parts = cells.blocks
        rng = np.random.default_rng(seed)
        # Word: (w, b, 1). Context: (w~, 1, b~).
        self.tables: dict[str, np.ndarray] = {
            "words": _small_rows(size, width, width + 1, rng),
            "contexts": _small_rows(size, width, width, rng),
            "word_squares": self._squares(size, width + 1),
            "context_squares": self._squares(size, width),
        }

    def _squares(self, size: int, ones: int) -> np.ndarray:
        squares = aligned_rows(size, self.width + 2)
        squares[:] = 1.0 / self.settings.learning_rate**2
        squares[:, ones] = IMMOVABLE
        return squares

    def learn(self, epoch: int, part: int, done: float) -> Outcome:
        """Learn from a block of cells; see `Learner`. AdaGrad needs no `done`."""
        from seqpipe.kernels.glove import Rows, fit_cells

        cells, log_counts = self.cells.block(part)
        rng = np.random.default_rng([self.seed, epoch, part])
        loss, count = fit_cells(
            Rows(**self.tables),
            cells,
            log_counts,
            rng.permutation(len(cells)),
            np.float32(math.log(self.settings.x_max)),
            np.float32(self.settings.alpha),
            self.settings.symmetric,
        )
        return Outcome(loss, count, self.settings.learning_rate)

    def vectors(self) -> np.ndarray:
        """w + w~, as they are now; see `Learner`."""
        return self.tables["words"][:, : self.width] + self.tables["contexts"][:, : self.width]


def _small_rows(size: int, width: int, ones: int, rng: Any) -> np.ndarray:
    """Vectors even between ± 1 / (2 width), as the authors' program begins; no bias; a 1."""
    rows = aligned_rows(size, width + 2)
    values = rng.random((size, width), dtype=np.float32)
    values -= np.float32(0.5)
    values /= np.float32(width)
    rows[:, :width], rows[:, ones] = values, 1.0
    return rows
