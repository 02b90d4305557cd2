"""Skip-gram with the softmax over the whole vocabulary: what negative sampling and hierarchical
softmax stand in for (Mikolov et al. 2013, arXiv 1310.4546, section 2, equation 2)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .contexts import keep_probability, skip_gram_pairs, subsampled
from .encoded import EncodedText
from .objective import Outcome
from .settings import rate_at

LONGEST_STEP = 0.3  # of one vector


class SoftmaxSkipGram:
    """A learner of p(t | c) = exp(θ_t · e_c) / Σ_j exp(θ_j · e_c), by plain gradient descent.

    text (EncodedText): What is learned from.
    width (int): Dimension of the vectors e and θ.
    seed (int): The same seed gives the same bytes, on one thread.
    window (int): The furthest that a word sees.
    dynamic_window (bool): Each word sees as far as is drawn for it, from 1 to `window`.
    subsample (float): Words with a larger share of the text are thinned out; 0 for none.
    learning_rate (float): At the start of training, for each pair: a batch steps by their sum.
    min_learning_rate (float): At its end; it falls linearly.
    batch_size (int): Pairs between two steps.

    The settings are checked where the objective is made, by `seqpipe.SkipGram.v1`.
    """

    side_by_side = False  # the matrix products use the threads
    by_word = frozenset({"inputs", "outputs"})

    def __init__(
        self,
        text: EncodedText,
        *,
        width: int,
        seed: int,
        window: int,
        dynamic_window: bool,
        subsample: float,
        learning_rate: float,
        min_learning_rate: float,
        batch_size: int = 256,
    ) -> None:
        self.text, self.seed, self.parts = text, seed, text.parts
        self.window, self.dynamic_window, self.batch_size = window, dynamic_window, batch_size
        self.rates = (learning_rate, min_learning_rate)
        self.keep = keep_probability(text.counts, int(text.counts.sum()), subsample)
        # A spawn key, because [seed] and [seed, 0, 0] are one seed to numpy.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        first = (rng.random((len(text.words), width), dtype=np.float32) - 0.5) / width
        self.tables = {"inputs": first, "outputs": np.zeros_like(first)}

    def learn(self, epoch: int, part: int, done: float) -> Outcome:
        """Learn from a part; for the arguments see `Learner`. The loss is in nats a pair,
        before the step of its batch."""
        rng = np.random.default_rng([self.seed, epoch, part])
        ids = subsampled(self.text.part(part), self.keep, rng)
        centers, contexts = skip_gram_pairs(ids, self.window, self.dynamic_window, rng)
        rate = rate_at(done, *self.rates)
        e, theta = self.tables["inputs"], self.tables["outputs"]
        loss = 0.0
        for start in range(0, len(centers), self.batch_size):
            batch = slice(start, start + self.batch_size)
            batch_loss, rows, de, dtheta = softmax_gradient(
                e, theta, centers[batch], contexts[batch]
            )
            loss += batch_loss
            descend(e, rows, de, rate)
            descend(theta, slice(None), dtheta, rate)
        return Outcome(loss, len(centers), rate)

    def vectors(self) -> np.ndarray:
        """RETURNS (np.ndarray): float32 (words, width): e, as it is now."""
        return self.tables["inputs"].copy()


def softmax_gradient(
    e: np.ndarray, theta: np.ndarray, centers: np.ndarray, contexts: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The loss of some pairs and its gradient. The softmax of a center is computed once for all
    of its pairs: with n of them, of which n_t have the context t,

        ∂loss/∂z_t = n p(t | c) - n_t        z_t = θ_t · e_c

    e (np.ndarray): (words, width), the vectors of centers.
    theta (np.ndarray): (words, width), those of contexts.
    centers (np.ndarray): (pairs,).
    contexts (np.ndarray): (pairs,).
    RETURNS: Σ -log p(context | center), in nats; the centers, each once, (rows,); the gradient of
        their e, (rows, width); and that of theta.
    """
    rows, place, pairs = np.unique(centers, return_inverse=True, return_counts=True)
    z = e[rows] @ theta.T  # (rows, words)
    z -= z.max(axis=1, keepdims=True)
    observed = z[place, contexts].sum(dtype=np.float64)
    np.exp(z, out=z)
    total = z.sum(axis=1)
    loss = float(pairs @ np.log(total, dtype=np.float64) - observed)
    z *= (pairs / total).astype(z.dtype)[:, None]
    np.subtract.at(z, (place, contexts), z.dtype.type(1.0))
    return loss, rows, z @ theta, z.T @ e[rows]


def descend(vectors: np.ndarray, rows: Any, gradient: np.ndarray, rate: float) -> None:
    """Plain gradient descent on some rows, none of which moves further than LONGEST_STEP: a word
    that stands in much of a batch has the sum of as many gradients, and would overshoot for good.

    vectors (np.ndarray): (words, width), changed in place.
    rows: Indices, each once, or a slice.
    gradient (np.ndarray): (rows, width), overwritten.
    rate (float): The learning rate.
    """
    lengths = rate * np.sqrt(np.einsum("ij,ij->i", gradient, gradient))
    steps = rate / np.maximum(1.0, lengths / LONGEST_STEP)
    gradient *= steps.astype(gradient.dtype)[:, None]
    vectors[rows] -= gradient
