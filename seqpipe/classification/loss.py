"""Probabilities of classes, and the cross-entropy that a classifier is trained on."""

from __future__ import annotations

import numpy as np


def probabilities(logits: np.ndarray, *, multilabel: bool) -> np.ndarray:
    """Softmax over the labels, or a sigmoid for each.

    logits (np.ndarray): (docs, labels).
    multilabel (bool): Labels do not exclude each other.
    RETURNS (np.ndarray): float64 (docs, labels).
    """
    z = logits.astype(np.float64)
    if multilabel:
        return np.exp(-np.logaddexp(0.0, -z))
    return np.exp(_log_softmax(z))


def class_loss(
    logits: np.ndarray, gold: np.ndarray, weights: np.ndarray, *, multilabel: bool
) -> tuple[float, np.ndarray]:
    """The cross-entropy -Σ w y log p, with -Σ w (1 - y) log(1 - p) too for each label of several.

    logits (np.ndarray): (docs, labels).
    gold (np.ndarray): (docs, labels), probabilities; NaN has neither loss nor gradient. Where
        labels exclude each other a row is known as a whole or not at all.
    weights (np.ndarray): (labels,), what a label's loss is multiplied by.
    multilabel (bool): Labels do not exclude each other.
    RETURNS (Tuple[float, np.ndarray]): The sum over docs, in nats, and its gradient in the logits,
        float64 (docs, labels).
    """
    z = logits.astype(np.float64)
    known = ~np.isnan(gold)
    y = np.where(known, gold, 0.0)
    if multilabel:
        weighted = known * weights
        loss = weighted * (y * np.logaddexp(0.0, -z) + (1.0 - y) * np.logaddexp(0.0, z))
        return float(loss.sum()), weighted * (probabilities(z, multilabel=True) - y)
    log_p = _log_softmax(z)
    weighted = y * weights
    gradient = weighted.sum(axis=1, keepdims=True) * np.exp(log_p) - weighted
    return -float((weighted * log_p).sum()), gradient


def _log_softmax(z: np.ndarray) -> np.ndarray:
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
