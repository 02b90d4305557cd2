"""Layer normalisation inside a recurrent cell, of groups of columns, step by step (Ba, Kiros &
Hinton, Layer Normalization, 2016)."""

from __future__ import annotations

from typing import Any

import numpy

EPSILON = 1e-5


class LayerNorm:
    """γ * (z - mean) / sqrt(variance + ε) over each group of columns (Ba et al. 2016, equation 4).

    xp (Any): numpy or cupy.
    gain (Floats1d): γ, `(width,)`.
    widths (List[int]): Columns of each group.
    kept (Floats2d): Room for the normalised rows, `(N, width)`.
    """

    def __init__(self, xp: Any, gain: Any, widths: list[int], kept: Any) -> None:
        self.xp, self.gain, self.normed = xp, gain, kept
        ends = numpy.cumsum(widths).tolist()
        self.groups = [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
        self.inverse = xp.empty((len(kept), len(widths)), dtype=kept.dtype)

    def forward(self, Z: Any, rows: slice, *, keep: bool) -> Any:
        """Normalise some rows in place.

        Z (ndarray): `(size, width)`, overwritten.
        rows (slice): Which of the N rows they are.
        keep (bool): Keep what the backward pass needs.
        RETURNS (ndarray): Z.
        """
        for i, group in enumerate(self.groups):
            z = Z[:, group]
            z -= z.mean(axis=1, keepdims=True)
            inverse = 1.0 / self.xp.sqrt((z * z).mean(axis=1, keepdims=True) + EPSILON)
            z *= inverse
            if keep:
                self.inverse[rows, i] = inverse[:, 0]
        if keep:
            self.normed[rows] = Z
        Z *= self.gain
        return Z

    def backward(self, dZ: Any, rows: slice) -> Any:
        """The gradient of what went into these rows, `(size, width)`.

        dZ (ndarray): Gradient of what came out, `(size, width)`.
        rows (slice): As in `forward`.
        """
        d = dZ * self.gain
        normed = self.normed[rows]
        for i, group in enumerate(self.groups):
            part, z = d[:, group], normed[:, group]
            slope = (part * z).mean(axis=1, keepdims=True)
            part -= part.mean(axis=1, keepdims=True)
            part -= z * slope
            part *= self.inverse[rows, i : i + 1]
        return d

    def gradient(self, dZ: Any) -> Any:
        """The gradient of γ, from that of every row.

        dZ (ndarray): `(N, width)`.
        RETURNS (ndarray): `(width,)`.
        """
        return (dZ * self.normed).sum(axis=0)
