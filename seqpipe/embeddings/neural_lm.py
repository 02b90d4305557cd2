"""Word vectors from a neural language model: the words of a context, side by side, through a hidden
layer to a softmax over the vocabulary (Bengio et al. 2003, JMLR 3, section 2, equation 1)."""

# No future import of annotations: confection reads those of the registered function.
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from spacy.util import registry
from thinc.api import NumpyOps

from seqpipe.files import InputError
from seqpipe.layers.cross_entropy import cross_entropy
from seqpipe.layers.embed import RowGradient

from .contexts import nearby_words, windows
from .encoded import EncodedText
from .objective import Objective, Outcome, Setup
from .settings import check_counts, check_rates, rate_at

CONTEXTS = ("last", "both", "last_word", "nearby")
FIRST_BOUND = 0.05  # of the vectors; with larger ones rare words keep chance neighbours
FIRST_SQUARE = 0.1  # what AdaGrad's sums start from
OPS = NumpyOps(use_blis=False)


@registry.misc("seqpipe.NeuralLM.v1")
def NeuralLM(
    context: Literal["last", "both", "last_word", "nearby"] = "last",
    words: int = 4,
    hidden: int = 100,
    direct: bool = False,
    batch_size: int = 256,
    learning_rate: float = 0.1,
    min_learning_rate: float = 0.001,
) -> Objective:
    """Learn word vectors as the first layer of a language model (Bengio et al. 2003, equation 1):

        y = b + W x + U tanh(d + H x)        P(word | context) = softmax(y)

    where x are the vectors of the context, one after the other. Contexts do not cross lines. Where
    a line has no word, at its start and, for "both", at its end, one more row of the table stands
    in, the padding, which learns like the others.

    context (str): "last": the last `words` words; "both": so many before and after it; "last_word":
        the last word alone, whatever `words` is; "nearby": one word, drawn in each epoch from those
        at most `words` before or after it.
    words (int): The reach of the context.
    hidden (int): Width of the hidden layer.
    direct (bool): Whether the context is connected to the output directly, by W.
    batch_size (int): Words predicted between two steps of AdaGrad (Duchi et al. 2011).
    learning_rate (float): At the start of training.
    min_learning_rate (float): At its end; it falls linearly.
    RETURNS (Objective): What `seqpipe.embeddings.learn` drives. The loss is in nats a predicted
        word, before the step of its batch. A high rate follows the passage at hand, so that with
        "nearby" this loss may rise a little as the rate falls, while that of the text as a whole
        falls. Raises InputError for a setting that is none of these.
    """
    if context not in CONTEXTS:
        raise InputError(f"context = {context!r}: expected one of {', '.join(CONTEXTS)}")
    check_counts(words=words, hidden=hidden, batch_size=batch_size)
    check_rates(learning_rate, min_learning_rate)
    return NeuralLMObjective(
        context, words, hidden, direct, batch_size, learning_rate, min_learning_rate
    )


@dataclass(frozen=True)
class NeuralLMObjective:
    """The settings; for their meaning see `NeuralLM`."""

    context: str
    words: int
    hidden: int
    direct: bool
    batch_size: int
    learning_rate: float
    min_learning_rate: float

    def start(self, text: EncodedText, setup: Setup) -> "NeuralLMLearner":
        """Make the tables; see `Objective`."""
        return NeuralLMLearner(self, text, width=setup.width, seed=setup.seed)

    @property
    def context_size(self) -> int:
        """RETURNS (int): The words that are seen at once."""
        return {"last": self.words, "both": 2 * self.words}.get(self.context, 1)

    def examples(self, ids: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """What is predicted and what from.

        ids (np.ndarray): int32 (n,): ids of words, LINE_END after each line.
        rng (np.random.Generator): Draws, where the context is one near word.
        RETURNS: The words to predict, int32 (m,), and the context of each, int32 (m, context_size)
            in the order of the text, LINE_END for padding.
        """
        if self.context == "nearby":
            return nearby_words(ids, self.words, rng)
        return windows(
            ids,
            left=1 if self.context == "last_word" else self.words,
            right=self.words if self.context == "both" else 0,
        )


class NeuralLMLearner:
    """The network at work on a text. A batch is a few matrix products, which use the threads that
    the linear algebra library has; parts therefore come one by one.

    settings (NeuralLMObjective): The network's sizes and rates.
    text (EncodedText): What is learned from.
    width (int): Of the vectors.
    seed (int): For the first weights and the order of the examples.
    """

    side_by_side = False

    def __init__(
        self, settings: NeuralLMObjective, text: EncodedText, *, width: int, seed: int
    ) -> None:
        self.settings, self.text, self.seed = settings, text, seed
        self.parts = text.parts
        self.weights = first_weights(settings, text.counts, width, seed)
        self.squares = {
            name: np.full_like(value, FIRST_SQUARE) for name, value in self.weights.items()
        }
        squares = {f"{name}.squares": value for name, value in self.squares.items()}
        self.tables = _split_padding({**self.weights, **squares})
        by_word = {"E", "b", "U", "W"}
        self.by_word = frozenset(name for name in self.tables if name.split(".")[0] in by_word)

    def learn(self, epoch: int, part: int, done: float) -> Outcome:
        """Learn from a part, its examples shuffled; for the arguments see `Learner`."""
        rng = np.random.default_rng([self.seed, epoch, part])
        settings = self.settings
        targets, contexts = settings.examples(self.text.part(part), rng)
        order = rng.permutation(len(targets))
        rate = rate_at(done, settings.learning_rate, settings.min_learning_rate)
        loss = 0.0
        for start in range(0, len(order), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            batch_loss, gradients = loss_and_gradients(
                self.weights, contexts[batch], targets[batch]
            )
            loss += batch_loss
            for name, gradient in gradients.items():
                rows, slope = gradient
                adagrad(self.weights[name], self.squares[name], rows, slope, rate)
        return Outcome(loss, len(order), rate)

    def vectors(self) -> np.ndarray:
        """RETURNS (np.ndarray): float32 (words, width), as they are now."""
        return self.tables["E"].copy()


def first_weights(
    settings: NeuralLMObjective, counts: np.ndarray, width: int, seed: int
) -> dict[str, np.ndarray]:
    """The network before it has learned. It predicts every word by its share of the text: U and W
    are 0, b the logarithm of the shares.

    counts (np.ndarray): (words,), how often each stands in the text.
    width (int): Of the vectors.
    settings (NeuralLMObjective): Context, hidden units, direct connections.
    seed (int): For E and H.
    RETURNS (Dict[str, np.ndarray]): float32: E (words + 1, width), the last row the padding; H
        (hidden, context_size · width); d (hidden,); U (words, hidden); b (words,); W (words,
        context_size · width), if the connections are direct.
    """
    # A spawn key, because [seed] and [seed, 0, 0] are one seed to numpy.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
    size, seen = len(counts), settings.context_size * width

    def uniform(bound: float, *shape: int) -> np.ndarray:
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    weights = {
        "E": uniform(FIRST_BOUND, size + 1, width),
        "H": uniform((6.0 / (settings.hidden + seen)) ** 0.5, settings.hidden, seen),
        "d": np.zeros(settings.hidden, np.float32),
        "U": np.zeros((size, settings.hidden), np.float32),
        "b": np.log(np.maximum(counts, 1) / max(1, counts.sum())).astype(np.float32),
    }
    if settings.direct:
        weights["W"] = np.zeros((size, seen), np.float32)
    return weights


def loss_and_gradients(
    weights: dict[str, np.ndarray], contexts: np.ndarray, targets: np.ndarray
) -> tuple[float, dict[str, tuple[Any, np.ndarray]]]:
    """The loss of a batch and its gradient, for the weights that `first_weights` describes.

    contexts (np.ndarray): (n, context_size): ids of words; LINE_END is the padding.
    targets (np.ndarray): (n,): the word that each predicts.
    weights (Dict[str, np.ndarray]): They stay as they are.
    RETURNS: Σ -log P(target | context), in nats; and for each table the rows that the batch read,
        with the gradient for them: for E each once, for the others a slice that is all of them.
    """
    E, H, U = weights["E"], weights["H"], weights["U"]
    x = E[contexts].reshape(len(contexts), -1)  # (n, context_size · width)
    h = np.tanh(x @ H.T + weights["d"])  # (n, hidden)
    y = h @ U.T  # (n, words)
    y += weights["b"]
    if "W" in weights:
        y += x @ weights["W"].T
    loss, dy = cross_entropy(OPS, y, targets)
    da = (dy @ U) * (1.0 - h * h)  # (n, hidden), before the tanh
    dx = da @ H
    whole = {"H": da.T @ x, "d": da.sum(axis=0), "U": dy.T @ h, "b": dy.sum(axis=0)}
    if "W" in weights:
        dx += dy @ weights["W"]
        whole["W"] = dy.T @ x
    read = RowGradient()
    read.add(contexts.reshape(-1), dx.reshape(contexts.size, -1))
    return loss, {"E": read.collect(OPS), **{key: (slice(None), dw) for key, dw in whole.items()}}


def adagrad(
    weights: np.ndarray, squares: np.ndarray, rows: Any, gradient: np.ndarray, rate: float
) -> None:
    """A step on some rows of a table (Duchi et al. 2011, JMLR 12: AdaGrad with a diagonal matrix).

    squares (np.ndarray): The sum of the squared gradients, as large as the weights.
    rows: Indices, each once, or a slice.
    gradient (np.ndarray): (rows, ...), overwritten.
    weights (np.ndarray): (words, ...), changed in place.
    rate (float): The learning rate.
    """
    total = squares[rows]
    total += gradient * gradient
    squares[rows] = total
    gradient *= rate
    gradient /= np.sqrt(total)
    weights[rows] -= gradient


def _split_padding(tables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tables of the vectors without their last row, which is one of its own: views, both."""
    split = {}
    for name, value in tables.items():
        if name.split(".")[0] == "E":
            split[name] = value[:-1]
            split[f"padding{name[1:]}"] = value[-1:]
        else:
            split[name] = value
    return split
