"""Tables on pages of their own, and such as wait in a file."""

import multiprocessing

import numpy
import pytest

from seqpipe.embeddings.tables import aligned_rows, set_aside
from seqpipe.kernels.pages import own_pages


def test_rows_begin_with_a_cache_line_and_are_zero():
    table = aligned_rows(5, 20)
    assert table.shape == (5, 32)
    assert not table.any()
    assert all(row.ctypes.data % 64 == 0 for row in table)


def write(array):
    array[:] = 1


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that fork"
)
def test_what_a_forked_process_writes_is_its_own():
    array = own_pages(1000, numpy.float32)
    child = multiprocessing.get_context("fork").Process(target=write, args=(array,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert not array.any()


@pytest.mark.parametrize("shape", [(3, 4), (0, 4)])
def test_a_table_that_is_set_aside_is_a_copy(shape):
    table = numpy.arange(numpy.prod(shape), dtype="f").reshape(shape)
    aside = set_aside(table)
    numpy.testing.assert_array_equal(aside, table)
    before = table.copy()
    table[:] = -1
    numpy.testing.assert_array_equal(aside, before)
