"""Word vectors in two dimensions: principal components (Pearson 1901; Hotelling 1933) and t-SNE
(van der Maaten & Hinton 2008). Both see the direction of a vector alone, as cosine does."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from seqpipe.files import InputError

from .matrix import Embeddings

# As t-SNE begins, so spread are the words (van der Maaten & Hinton 2008, algorithm 1).
FIRST_SPREAD = 1e-4
# The usual perplexity, and how many words there have to be for each neighbour that it counts.
PERPLEXITY, WORDS_EACH = 30.0, 3
# With fewer, no word has a neighbour that is nearer than the others.
FEWEST = 4


class Components(NamedTuple):
    """What principal components come to.

    places (np.ndarray): float64 (words, 2), the coordinates.
    shares (np.ndarray): float64 (2,), each one's share of the variance, from 0 to 1.
    """

    places: np.ndarray
    shares: np.ndarray


def pca(embeddings: Embeddings) -> Components:
    """Project vectors of length 1 on the two directions in which they vary most.

    A component has no sign of its own: here its largest weight is positive, so that the same
    vectors always give the same picture. The result does not depend on the number of threads.

    embeddings (Embeddings): The words to place.
    RETURNS (Components): The coordinates and the shares of the variance.
    RAISES (InputError): If there are fewer than two words, or their vectors are the same.
    """
    if len(embeddings) < 2:
        raise InputError(f"words to draw: {len(embeddings)}, expected at least 2")
    unit = embeddings.unit.astype("float64")
    with threadpool_limits(1):
        centred = unit - unit.mean(axis=0)  # (words, width)
        _, spreads, directions = np.linalg.svd(centred, full_matrices=False)
        # float32 vectors that are the same but for rounding.
        if spreads[0] < 1e-6:
            raise InputError("all vectors point the same way, so there is nothing to draw")
        directions, kept = directions[:2], min(2, len(spreads))
        largest = np.abs(directions).argmax(axis=1)
        signs = np.sign(directions[np.arange(kept), largest])
        places = np.zeros((len(unit), 2))
        places[:, :kept] = centred @ (directions * signs[:, None]).T
    shares = np.zeros(2)
    shares[:kept] = spreads[:kept] ** 2 / (spreads**2).sum()
    return Components(places, shares)


def usual_perplexity(words: int) -> float:
    """RETURNS (float): The perplexity that t-SNE takes if none is given: 30, less for few words.

    words (int): How many are drawn.
    """
    return min(PERPLEXITY, (words - 1) / WORDS_EACH)


def tsne(
    embeddings: Embeddings, *, perplexity: float | None = None, seed: int | None = None
) -> np.ndarray:
    """Place words so that near neighbours stay near; distances between groups mean nothing.

    The squared distance of two vectors of length 1 is 2 - 2 cos. It begins from the two principal
    components (Kobak & Berens 2019), or with a seed from random places, as in the paper: what
    changes with the seed is chance. One thread, so that the same seed gives the same bytes.

    embeddings (Embeddings): The words to place.
    perplexity (Optional[float]): How many neighbours count, at least 1 and below the number of
        words; None: `usual_perplexity`.
    seed (Optional[int]): For random first places.
    RETURNS (np.ndarray): float32 (words, 2).
    RAISES (InputError): If there are fewer than four words, their vectors are the same, or the
        perplexity does not fit.
    RAISES (ImportError): If scikit-learn is not installed.
    """
    from sklearn.manifold import TSNE

    words = len(embeddings)
    if words < FEWEST:
        raise InputError(f"words to draw: {words}, expected at least {FEWEST} for t-SNE")
    if perplexity is None:
        perplexity = usual_perplexity(words)
    if not 1 <= perplexity < words:
        raise InputError(
            f"perplexity {perplexity:g}, expected at least 1 and less than the {words} words drawn"
        )
    learner = TSNE(perplexity=perplexity, init=_first_places(embeddings, seed), random_state=0)
    with threadpool_limits(1):
        return learner.fit_transform(embeddings.unit)


def _first_places(embeddings: Embeddings, seed: int | None) -> np.ndarray:
    """Where t-SNE begins: float32 (words, 2)."""
    places = pca(embeddings).places
    if seed is not None:
        places = np.random.default_rng(seed).normal(size=places.shape)
    return (places * (FIRST_SPREAD / places[:, 0].std())).astype("float32")
