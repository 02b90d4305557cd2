"""tanh and σ of vectors.

tanh x is approximated by a quotient of an odd polynomial of degree 13 and an even one of degree 6,
as in Eigen's `ptanh_float`, off by less than 5e-7; beyond ±7.9 it is ±1. NaN stays NaN.
"""

from __future__ import annotations

import numpy as np

from .compile import kernel
from .vector import within

BOUND = np.float32(7.90531110763549805)
ODD = tuple(
    np.float32(c)
    for c in (
        4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08,
        -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16,
    )
)  # fmt: skip
EVEN = tuple(
    np.float32(c)
    for c in (
        4.89352518554385e-03,
        2.26843463243900e-03,
        1.18534705686654e-04,
        1.19825839466702e-06,
    )
)
HALF, ONE = np.float32(0.5), np.float32(1.0)


@kernel
def tanh(x):
    """tanh of each lane of x, within 5e-7 of the exact one."""
    x = within(x, BOUND)
    s = x * x
    p = ODD[6] * s + ODD[5]
    p = p * s + ODD[4]
    p = p * s + ODD[3]
    p = p * s + ODD[2]
    p = p * s + ODD[1]
    p = p * s + ODD[0]
    q = EVEN[3] * s + EVEN[2]
    q = q * s + EVEN[1]
    q = q * s + EVEN[0]
    return x * p / q


@kernel
def sigmoid(x):
    """σ of each lane of x, as ½ tanh(x/2) + ½."""
    return HALF * tanh(HALF * x) + HALF
