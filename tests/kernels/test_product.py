"""Compiled products and the tiles that they are made of, against numpy."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from numba import njit

from seqpipe.kernels.product import (
    BLOCK_INNER,
    BLOCK_ROWS,
    LANES,
    ROWS,
    VECTORS,
    add_product,
    add_transposed_product,
    affine,
    copy,
    multiply,
    pack,
    pack_transposed,
    panels_size,
    transposed_product,
)
from seqpipe.kernels.tile import TileShape, make_move, make_tile, make_transpose

IN_ORDER = numpy.zeros(0, dtype="int64")
GUARD = numpy.float32(-123.25)  # what stands around a matrix, and must stay
PANEL = LANES * VECTORS
# M, N, K: ones, tails of every kind, nothing at all, several blocks of rows and of the inner side.
SHAPES = [
    (1, 1, 1),
    (1, LANES, 3),
    (2, LANES + 1, 7),
    (ROWS, PANEL, 16),
    (ROWS + 1, PANEL - 1, 5),
    (2 * ROWS - 1, 2 * PANEL + LANES + 3, LANES),
    (13, 3, 2 * LANES + 5),
    (0, 5, 4),
    (3, 0, 4),
    (BLOCK_ROWS + 1, 9, 10),
    (2 * BLOCK_ROWS + ROWS, PANEL + 2, BLOCK_INNER + 1),
    (2, PANEL + 1, 2 * BLOCK_INNER + 7),
]
every_shape = pytest.mark.parametrize(("M", "N", "K"), SHAPES)
every_inner_size = pytest.mark.parametrize(("M", "N", "K"), [*SHAPES, (4, 5, 0)])


class Inside:
    """A matrix inside a larger flat array: its place, the step from row to row, guards around."""

    def __init__(self, values, *, before: int = 5, between: int = 3) -> None:
        rows, width = values.shape
        self.place, self.step, self.shape = before, width + between, values.shape
        self.flat = numpy.full(before + rows * self.step + 7, GUARD)
        self.is_inside = numpy.zeros(len(self.flat), dtype=bool)
        for i in range(rows):
            start = before + i * self.step
            self.is_inside[start : start + width] = True
        self.flat[self.is_inside] = values.reshape(-1)
        self.arguments = self.flat, self.place, self.step

    def values(self):
        """RETURNS (Floats2d): What stands in the matrix; nothing around it may have changed."""
        assert (self.flat[~self.is_inside] == GUARD).all()
        return self.flat[self.is_inside].reshape(self.shape)


def normal(*shape, seed: int = 0):
    return numpy.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def packed(B, place: int = 0):
    """B in panels that begin at a place, as `pack` makes them."""
    panels = numpy.full(place + panels_size(*B.shape), GUARD)
    pack(*Inside(B).arguments, IN_ORDER, 0, *B.shape, panels, place)
    return panels


def unwritten(M, N):
    """Room for a product, in which NaN stays where nothing is written."""
    return Inside(numpy.full((M, N), numpy.nan, "float32"))


def assert_is_product(found, left, right, added=0.0):
    """found = added + left right, to the precision of float32."""
    exact = added + left.astype("float64") @ right.astype("float64")
    size = numpy.abs(added) + numpy.abs(left) @ numpy.abs(right)
    assert found.shape == exact.shape
    assert (numpy.abs(found - exact) <= 1e-6 * size).all()


@every_shape
def test_a_product_is_added_inside_larger_arrays(M, N, K):
    A, B, C = normal(M, K), normal(K, N, seed=1), normal(M, N, seed=2)
    target = Inside(C, before=2, between=1)
    add_product(*Inside(A).arguments, packed(B, place=4), 4, *target.arguments, M, N, K)
    assert_is_product(target.values(), A, B, C)


@every_shape
def test_a_product_is_added_to_what_stands_elsewhere(M, N, K):
    A, B, initial = normal(M, K), normal(K, N, seed=1), normal(M, N, seed=2)
    start, target = Inside(initial, between=4), unwritten(M, N)
    multiply(
        *Inside(A).arguments, packed(B, place=2), 2, *start.arguments, *target.arguments, M, N, K
    )
    assert_is_product(target.values(), A, B, initial)
    assert numpy.array_equal(start.values(), initial)


@every_shape
def test_an_affine_map_overwrites_what_was_there(M, N, K):
    A, B, b = normal(M, K), normal(K, N, seed=1), normal(N, seed=2)
    target = unwritten(M, N)
    row = numpy.concatenate([normal(3), b])
    panels = packed(B, place=2)
    affine(*Inside(A).arguments, panels, 2, row, 3, *target.arguments, M, N, K)
    assert_is_product(target.values(), A, B, numpy.broadcast_to(b, (M, N)))


@every_inner_size
def test_a_product_with_a_transposed_left_factor_overwrites_what_was_there(M, N, K):
    D, X = normal(K, M), normal(K, N, seed=1)
    target = unwritten(M, N)
    transposed_product(
        *Inside(D).arguments, *Inside(X).arguments, IN_ORDER, *target.arguments, M, N, K
    )
    assert_is_product(target.values(), D.T, X)


@every_inner_size
def test_a_product_with_a_transposed_left_factor_is_added(M, N, K):
    D, X, initial = normal(K, M), normal(K, N, seed=1), normal(M, N, seed=2)
    target = Inside(initial)
    add_transposed_product(
        *Inside(D).arguments, *Inside(X).arguments, IN_ORDER, *target.arguments, M, N, K
    )
    assert_is_product(target.values(), D.T, X, initial)


@every_inner_size
def test_the_rows_of_the_right_factor_may_stand_anywhere(M, N, K):
    rows = numpy.random.default_rng(0).integers(0, K + 3, size=K)
    D, X = normal(K, M), normal(K + 3, N, seed=1)
    target = unwritten(M, N)
    transposed_product(*Inside(D).arguments, *Inside(X).arguments, rows, *target.arguments, M, N, K)
    assert_is_product(target.values(), D.T, X[rows])


@pytest.mark.parametrize("in_order", [True, False])
def test_some_rows_are_packed_as_if_they_stood_alone(in_order):
    B = normal(9, PANEL + 2)
    rows = IN_ORDER if in_order else numpy.array([8, 1, 1, 0, 5, 3, 7])
    panels = numpy.empty(panels_size(4, PANEL + 2), "float32")
    pack(*Inside(B).arguments, rows, 2, 4, PANEL + 2, panels, 0)
    assert numpy.array_equal(panels, packed(B[2:6] if in_order else B[rows[2:6]]))


@pytest.mark.parametrize("N", [1, LANES - 1, LANES, LANES + 1, PANEL, PANEL + 1, 3 * PANEL - 2])
@pytest.mark.parametrize("K", [0, 1, LANES - 1, LANES, 2 * LANES + 3])
def test_packing_is_packing_the_transpose(N, K):
    B, place = normal(K, N), 3
    panels = numpy.full(place + panels_size(K, N), GUARD)
    pack_transposed(*Inside(B.T).arguments, K, N, panels, place)
    assert numpy.array_equal(panels, packed(B, place))
    assert (panels[:place] == GUARD).all()


@pytest.mark.parametrize("N", [1, LANES, LANES + 1, 2 * PANEL + LANES + 1])
def test_panels_hold_each_column_once_and_zeros_beside(N):
    B = normal(5, N)
    panels = packed(B)
    assert sorted(panels[panels != 0]) == sorted(B.reshape(-1))


@pytest.mark.parametrize("count", [0, 1, LANES - 1, LANES, 3 * LANES + 2])
def test_copying_touches_only_what_it_copies(count):
    source, target = normal(60), numpy.full(70, GUARD)
    copy(source, 4, target, 9, count)
    expected = numpy.full(70, GUARD)
    expected[9 : 9 + count] = source[4 : 4 + count]
    assert numpy.array_equal(target, expected)


@pytest.mark.parametrize("odd", [numpy.nan, numpy.inf, -numpy.inf], ids=str)
def test_nan_and_infinity_come_out_where_numpy_has_them(odd):
    M, N, K = ROWS + 2, PANEL + 3, 9
    A, B = normal(M, K), normal(K, N, seed=1)
    A[1, 2] = B[4, N - 1] = odd
    added, transposed = Inside(numpy.zeros((M, N), "float32")), unwritten(M, N)
    add_product(*Inside(A).arguments, packed(B), 0, *added.arguments, M, N, K)
    transposed_product(
        *Inside(A.T).arguments, *Inside(B).arguments, IN_ORDER, *transposed.arguments, M, N, K
    )
    with numpy.errstate(invalid="ignore"):
        expected = A @ B
    for found in (added.values(), transposed.values()):
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


# What other machines have: each shape of tile is right on this one too.


@pytest.mark.parametrize(
    "shape", [TileShape(4, 6, 2), TileShape(4, 6, 4), TileShape(8, 6, 2)], ids=str
)
def test_tiles_of_other_machines_are_right(shape):
    tile = make_tile(shape)

    @njit
    def run(m, v, A, a, row_step, step, B, b, I, i, I_step, C, c, C_step, K, last):
        tile(m, v, A, a, row_step, step, B, b, I, i, I_step, C, c, C_step, K, last)

    K = 5
    for m in range(1, shape.rows + 1):
        for v in range(1, shape.vectors + 1):
            for last in range(1, shape.lanes + 1):
                N, width = (v - 1) * shape.lanes + last, v * shape.lanes
                A, B, initial = normal(m, K), normal(K, width, seed=1), normal(m, N, seed=2)
                for left, steps in ((A, (K, 1)), (A.T, (1, m))):
                    flat = numpy.concatenate([[GUARD], left.reshape(-1)]).astype("float32")
                    same = Inside(initial)
                    for start, target in (
                        (Inside(initial, between=1), unwritten(m, N)),
                        (same, same),
                    ):
                        run(
                            m, v, flat, 1, *steps, B.reshape(-1), 0, *start.arguments,
                            *target.arguments, K, last,
                        )  # fmt: skip
                        assert_is_product(target.values(), A, B[:, :N], initial)


@pytest.mark.parametrize("lanes", [4, 8, 16])
def test_blocks_of_every_machine_are_transposed_and_moved(lanes):
    transpose, move = make_transpose(lanes), make_move(lanes)

    @njit
    def turn(source, s, s_step, target, t, t_step):
        transpose(source, s, s_step, target, t, t_step)

    @njit
    def carry(source, s, target, t):
        move(source, s, target, t)

    block = normal(lanes, lanes)
    source, target = Inside(block, between=3), Inside(numpy.zeros_like(block), before=2, between=1)
    turn(*source.arguments, *target.arguments)
    assert numpy.array_equal(target.values(), block.T)
    row = numpy.full(lanes + 5, GUARD)
    carry(block.reshape(-1), lanes, row, 2)
    assert numpy.array_equal(row[2 : 2 + lanes], block[1])
    assert (numpy.delete(row, slice(2, 2 + lanes)) == GUARD).all()


def processor_features() -> set[str]:
    """What Linux says that the processor has."""
    file = Path("/proc/cpuinfo")
    return set(file.read_text().split()) if file.exists() else set()


# What is not the same for every machine; the other products only call these.
OF_THE_MACHINE = (
    "stands_elsewhere or left_factor_overwrites or stand_anywhere or packed or packing or panels"
    " or copying or left_factor_is_added or nan_and_infinity"
)


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for x86-64")
@pytest.mark.parametrize(
    ("machine", "features", "lanes"),
    [("generic", "", 4), ("haswell", "+avx,+avx2,+fma,+bmi,+bmi2,+lzcnt,+popcnt,+f16c", 8)],
    ids=["SSE", "AVX2"],
)
def test_the_products_compiled_for_other_machines_are_right(machine, features, lanes, tmp_path):
    if lanes == 8 and not {"avx2", "fma", "bmi2"} <= processor_features():
        pytest.skip("Linux does not say that this processor has AVX2")
    environment = {
        "NUMBA_CPU_NAME": machine,
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # none is wanted, and it takes seconds
    }
    others = ["-k", OF_THE_MACHINE, "-p", "no:cacheprovider", "--noconftest"]
    source = f"""
import sys, pytest
from seqpipe.kernels.product import LANES
assert LANES == {lanes}, LANES
sys.exit(pytest.main({[__file__, *others]}))
"""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=Path(__file__).parents[2],
        env=os.environ | environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
