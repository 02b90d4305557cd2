"""How weight matrices start."""

from __future__ import annotations

from typing import Any

import numpy
from thinc.api import Ops
from thinc.types import Floats2d


def glorot_uniform(ops: Ops, nO: int, nI: int) -> Floats2d:
    """Draw uniformly in ±sqrt(6 / (nO + nI)) (Glorot & Bengio 2010, equation 16).

    ops (Ops): Array backend.
    nO, nI (int): Rows and columns.
    RETURNS (Floats2d): `(nO, nI)`.
    """
    return uniform(ops, nO, nI, (6.0 / (nO + nI)) ** 0.5)


def uniform(ops: Ops, nO: int, nI: int, bound: float) -> Floats2d:
    """Draw uniformly in ±bound.

    ops (Ops): Array backend.
    nO, nI (int): Rows and columns.
    bound (float): At least 0.
    RETURNS (Floats2d): `(nO, nI)`.
    """
    drawn: Any = numpy.random.uniform(-bound, bound, (nO, nI))
    return ops.asarray2f(drawn)


def orthogonal(ops: Ops, n: int) -> Floats2d:
    """A random orthogonal matrix, `(n, n)` (Saxe et al. 2014).

    ops (Ops): Array backend.
    n (int): Rows and columns.
    """
    q, r = numpy.linalg.qr(numpy.random.normal(size=(n, n)))
    drawn: Any = q * numpy.sign(numpy.diag(r))
    return ops.asarray2f(drawn)


def identity(ops: Ops, n: int) -> Floats2d:
    """The identity, `(n, n)`.

    ops (Ops): Array backend.
    n (int): Rows and columns.
    """
    ones: Any = numpy.eye(n)
    return ops.asarray2f(ones)


def gaussian(ops: Ops, nO: int, nI: int, deviation: float) -> Floats2d:
    """Draw from a normal distribution with mean zero.

    ops (Ops): Array backend.
    nO, nI (int): Rows and columns.
    deviation (float): Standard deviation.
    RETURNS (Floats2d): `(nO, nI)`.
    """
    drawn: Any = numpy.random.normal(0.0, deviation, (nO, nI))
    return ops.asarray2f(drawn)
