"""sgemm of MKL (PyPI `mkl`), on one thread: plain, and with the right factor packed once."""

import ctypes
import sys
from collections.abc import Callable
from ctypes import c_float, c_int, c_size_t, c_void_p
from pathlib import Path

import numpy

ROW_MAJOR, NO_TRANSPOSE, PACKED, B_MATRIX = 101, 111, 151, 162
SEQUENTIAL = 1


def library() -> Path | None:
    """RETURNS (Path): libmkl_rt of this environment, or None."""
    found = sorted(Path(sys.prefix, "lib").glob("libmkl_rt.*"))
    return found[0] if found else None


def mkl_ways(
    path: Path, A: numpy.ndarray, B: numpy.ndarray, C: numpy.ndarray
) -> dict[str, Callable[[], object]]:
    """C = A B by `cblas_sgemm` and by `cblas_sgemm_compute`.

    path (Path): The library. A `(M, K)`, B `(K, N)`, C `(M, N)`: float32, in C order.
    """
    mkl = ctypes.CDLL(str(path))
    mkl.MKL_Set_Threading_Layer(SEQUENTIAL)
    (M, K), N = A.shape, B.shape[1]
    sizes = [c_int(size) for size in (M, N, K)]
    one, zero = c_float(1.0), c_float(0.0)
    a, b, c = (c_void_p(array.ctypes.data) for array in (A, B, C))
    steps = [c_int(array.shape[1]) for array in (A, B, C)]
    mkl.cblas_sgemm_pack_get_size.restype = c_size_t
    room = numpy.empty(mkl.cblas_sgemm_pack_get_size(B_MATRIX, *sizes), numpy.uint8)
    packed = c_void_p(room.ctypes.data)
    mkl.cblas_sgemm_pack(ROW_MAJOR, B_MATRIX, NO_TRANSPOSE, *sizes, one, b, steps[1], packed)

    def plain() -> None:
        mkl.cblas_sgemm(
            ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, *sizes,
            one, a, steps[0], b, steps[1], zero, c, steps[2],
        )  # fmt: skip

    def once_packed() -> None:
        # `room` is named here to live as long as this does.
        mkl.cblas_sgemm_compute(
            ROW_MAJOR, NO_TRANSPOSE, PACKED, *sizes,
            a, steps[0], c_void_p(room.ctypes.data), steps[1], zero, c, steps[2],
        )  # fmt: skip

    return {"mkl": plain, "mkl, packed once": once_packed}
