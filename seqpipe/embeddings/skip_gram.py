"""Skip-gram and CBOW, with negative sampling or hierarchical softmax (Mikolov et al. 2013a, arXiv
1301.3781; 2013b, arXiv 1310.4546), and with subwords (Bojanowski et al. 2017)."""

# No future import of annotations: confection reads those of registered functions.
import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from spacy.util import registry

from seqpipe.files import InputError

from .contexts import keep_probability, subsampled
from .encoded import EncodedText
from .full_softmax import SoftmaxSkipGram
from .huffman import Tree, huffman_tree
from .noise import alias_table, noise_distribution
from .objective import Learner, Outcome, Setup
from .settings import check_counts, check_rates, rate_at
from .subwords import Subwords, subword_means, subword_rows
from .tables import aligned_rows

MAX_WINDOW = 100
MAX_NEGATIVES = 64  # the kernel's pool
# Windows that use a noise word once it is drawn.
NOISE_USES = 5
ROWS = 4096  # that are filled at a time
SPARE = 64  # floats behind the scores that a vector of lanes may touch


@dataclass(frozen=True)
class WindowSettings:
    """What skip-gram and CBOW have in common; `make_skip_gram` says what each is."""

    window: int
    dynamic_window: bool
    loss: str
    negatives: int
    noise_exponent: float
    subsample: float
    learning_rate: float
    min_learning_rate: float
    subwords: Subwords | None

    def __post_init__(self) -> None:
        check_counts(window=self.window, negatives=self.negatives)
        check_rates(self.learning_rate, self.min_learning_rate)
        if self.window > MAX_WINDOW:
            raise InputError(f"window = {self.window}: expected at most {MAX_WINDOW}")
        if self.negatives > MAX_NEGATIVES:
            raise InputError(f"negatives = {self.negatives}: expected at most {MAX_NEGATIVES}")
        if not -10.0 <= self.noise_exponent <= 10.0:
            raise InputError(
                f"noise_exponent = {self.noise_exponent}: expected a number from -10 to 10"
            )
        if not 0.0 <= self.subsample < math.inf:
            raise InputError(
                f"subsample = {self.subsample}: expected a share of the text such as 0.001, or 0"
            )


@dataclass(frozen=True)
class SkipGram(WindowSettings):
    """Each word of the context predicts the word in the middle."""

    def start(self, text: EncodedText, setup: Setup) -> Learner:
        """Make the learner; see `Objective`."""
        if self.loss != "softmax":
            return WindowLearner(text, self, cbow=False, width=setup.width, seed=setup.seed)
        if self.subwords is not None:
            raise InputError('loss = "softmax" with subwords: expected negative or hierarchical')
        return SoftmaxSkipGram(
            text,
            width=setup.width,
            seed=setup.seed,
            window=self.window,
            dynamic_window=self.dynamic_window,
            subsample=self.subsample,
            learning_rate=self.learning_rate,
            min_learning_rate=self.min_learning_rate,
        )


@dataclass(frozen=True)
class CBOW(WindowSettings):
    """The mean of the context predicts the word in the middle."""

    def start(self, text: EncodedText, setup: Setup) -> Learner:
        """Make the learner; see `Objective`."""
        return WindowLearner(text, self, cbow=True, width=setup.width, seed=setup.seed)


@registry.misc("seqpipe.SkipGram.v1")
def make_skip_gram(
    window: int = 5,
    dynamic_window: bool = True,
    loss: Literal["negative", "hierarchical", "softmax"] = "negative",
    negatives: int = 5,
    noise_exponent: float = 0.75,
    subsample: float = 1e-3,
    learning_rate: float = 0.025,
    min_learning_rate: float = 1e-4,
    subwords: Subwords | None = None,
) -> SkipGram:
    """Skip-gram (Mikolov et al. 2013a, section 3.2; 2013b, equations 1 to 4).

    A pair of a word t and a word c near it has the loss -log p(t | c). With loss "softmax"
    p(t | c) = exp(θ_t·e_c) / Σ_j exp(θ_j·e_c). With "hierarchical" it is the product of σ(±θ_n·e_c)
    over the inner nodes n of a Huffman tree on the way to t. With "negative" the loss is
    -log σ(θ_t·e_c) - Σ log σ(-θ_j·e_c) over words j that are drawn from P(w) ∝ count(w)^0.75. They
    serve t's whole window (Ji et al. 2016, arXiv 1604.04661), and come from a pool of 64 that is
    drawn anew bit by bit, each of them for about five windows.

    window (int): The context reaches so many words to each side.
    dynamic_window (bool): For each word the reach is drawn evenly from 1 to `window`, so that near
        words count more.
    loss (str): "negative", "hierarchical" or "softmax".
    negatives (int): Noise words for each word: 5 to 20 for a small text, 2 to 5 for a large one.
    noise_exponent (float): The exponent of the counts in the noise's distribution.
    subsample (float): Words with a greater share of the text are thinned out: one with share f is
        kept with probability sqrt(s / f) + s / f. 0 keeps all.
    learning_rate (float): Of plain gradient descent; it falls linearly to `min_learning_rate`.
    min_learning_rate (float): The rate at the end.
    subwords (Optional[Subwords]): A word's vector is the mean of those of its n-grams
        (`seqpipe.Subwords.v1`); unseen words then have vectors too.
    RETURNS (SkipGram): The objective.
    """
    return SkipGram(
        window, dynamic_window, loss, negatives, noise_exponent, subsample, learning_rate,
        min_learning_rate, subwords,
    )  # fmt: skip


@registry.misc("seqpipe.CBOW.v1")
def make_cbow(
    window: int = 5,
    dynamic_window: bool = True,
    loss: Literal["negative", "hierarchical"] = "negative",
    negatives: int = 5,
    noise_exponent: float = 0.75,
    subsample: float = 1e-3,
    learning_rate: float = 0.15,
    min_learning_rate: float = 1e-4,
    subwords: Subwords | None = None,
) -> CBOW:
    """The continuous bag of words (Mikolov et al. 2013a, section 3.1): a word is predicted from the
    mean of the vectors around it. All else is as in `seqpipe.SkipGram.v1`.

    The gradient is that of the mean, so each vector of a context gets a share of it. word2vec.c and
    gensim give each the whole (İrsoy et al. 2021, arXiv 2012.15332); a learning rate of theirs,
    such as 0.025, is some six times as much here.

    RETURNS (CBOW): The objective.
    """
    return CBOW(
        window, dynamic_window, loss, negatives, noise_exponent, subsample, learning_rate,
        min_learning_rate, subwords,
    )  # fmt: skip


class WindowLearner:
    """Skip-gram or CBOW at work on a text.

    text (EncodedText): The text.
    settings (WindowSettings): The objective's.
    cbow (bool): The mean of a context predicts, not each of its words.
    width (int): Dimension of the vectors.
    seed (int): For all that is drawn.
    """

    side_by_side = True

    def __init__(
        self, text: EncodedText, settings: WindowSettings, *, cbow: bool, width: int, seed: int
    ) -> None:
        self.text, self.settings, self.cbow, self.width, self.seed = (
            text, settings, cbow, width, seed,
        )  # fmt: skip
        self.parts = text.parts
        self._keep = keep_probability(text.counts, int(text.counts.sum()), settings.subsample)
        self._starts, self._rows = _input_rows(text.words, settings.subwords)
        rows = len(text.words) if settings.subwords is None else settings.subwords.rows
        inputs = aligned_rows(rows, width)
        _fill_small(inputs[:, :width], seed)
        self._inputs = inputs
        if settings.loss == "hierarchical":
            self._tree = huffman_tree(text.counts)
            outputs = aligned_rows(max(1, len(text.words) - 1), width)
            name = _name_of(self._tree)
        else:
            self._tree = Tree(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
            outputs, name = aligned_rows(len(text.words), width), "outputs"
        self._outputs = self._make_outputs(outputs)
        self.tables = {"inputs": inputs, name: outputs}
        # Rows of n-grams, and nodes of a tree, are no words.
        own = [] if settings.subwords is not None else ["inputs"]
        self.by_word = frozenset([*own, "outputs"]) & self.tables.keys()

    def _make_outputs(self, table: np.ndarray) -> Any:
        from seqpipe.kernels.windows import Outputs

        if self.settings.loss == "hierarchical":
            return Outputs(table, 0, 0, np.zeros(0, np.uint64), *self._tree)
        noise = noise_distribution(self.text.counts, self.settings.noise_exponent)
        count = self.settings.negatives
        return Outputs(table, count, math.ceil(count / NOISE_USES), alias_table(noise), *self._tree)

    def learn(self, epoch: int, part: int, done: float) -> Outcome:
        """Learn from a part; see `Learner`."""
        from seqpipe.kernels.windows import Inputs, learn_windows

        rng = np.random.default_rng([self.seed, epoch, part])
        words = subsampled(self.text.part(part), self._keep, rng)
        window = self.settings.window
        if self.settings.dynamic_window:
            reaches = rng.integers(1, window + 1, len(words), dtype=np.int8)
        else:
            reaches = np.full(len(words), window, dtype=np.int8)
        rate = rate_at(done, self.settings.learning_rate, self.settings.min_learning_rate)
        loss, examples = learn_windows(
            words,
            reaches,
            Inputs(self._inputs, self._starts, self._rows),
            self._outputs,
            self.cbow,
            np.float32(rate),
            rng.integers(0, 2**64, 1, dtype=np.uint64),
            self._room(),
        )
        return Outcome(loss, examples, rate)

    def _room(self) -> Any:
        from seqpipe.kernels.windows import POOL, Room

        context = 2 * self.settings.window
        rows = int(np.diff(self._starts).max(initial=1)) * context
        targets = self.settings.negatives + 1
        if self.settings.loss == "hierarchical":
            targets = int(np.diff(self._tree.starts).max(initial=1))
        return Room(
            rows=np.zeros(rows, np.int64),
            weights=np.zeros(rows, np.float32),
            ends=np.zeros(context, np.int64),
            targets=np.zeros(targets, np.int64),
            labels=np.zeros(targets, np.float32),
            pool=np.zeros(POOL, np.int64),
            hidden=aligned_rows(context, self.width).reshape(-1),
            change=aligned_rows(context, self.width).reshape(-1),
            scores=np.zeros(context * targets + SPARE, np.float32),
            slopes=np.zeros(context * targets + SPARE, np.float32),
        )

    def vectors(self) -> np.ndarray:
        """The vectors as they are now; see `Learner`."""
        if self.settings.subwords is None:
            return self._inputs[:, : self.width]
        return subword_means(self._inputs[:, : self.width], self._starts, self._rows)


def _input_rows(words: list[str], subwords: Subwords | None) -> tuple[np.ndarray, np.ndarray]:
    """The rows that each word's vector is made of; both empty where it is the word's own row."""
    if subwords is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    return subword_rows(words, subwords)


def _fill_small(table: np.ndarray, seed: int) -> None:
    """Even between ± 1 / (2 width), as word2vec.c begins."""
    # Parts draw from [seed, epoch, part], which for the first one is the same as [seed].
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    for rows in np.array_split(table, range(ROWS, len(table), ROWS)):
        rows[:] = rng.random(rows.shape, dtype=np.float32)
        rows -= np.float32(0.5)
        rows /= np.float32(table.shape[1])


def _name_of(tree: Tree) -> str:
    """A tree's nodes mean nothing in another tree: their table is named after it."""
    digest = sha256(tree.nodes.tobytes() + tree.labels.tobytes()).hexdigest()
    return f"nodes-{digest[:16]}"
