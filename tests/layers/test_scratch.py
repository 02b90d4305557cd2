"""Room that batches use again: never shared, given back as a whole, no more of it than a limit."""

import sys
from threading import Thread

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqpipe.layers import scratch
from seqpipe.layers.scratch import Scratch

SIZES = st.lists(st.integers(0, 5000), max_size=8)


@pytest.fixture
def no_room(monkeypatch):
    """Nothing that earlier batches gave back."""
    monkeypatch.setattr(scratch, "_free", {})


@pytest.fixture
def often_switching():
    """Threads take turns much more often than they do by themselves."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def address(array) -> int:
    return array.__array_interface__["data"][0]


@given(first=SIZES, second=SIZES)
def test_what_is_taken_has_its_size_and_shares_no_memory(first, second):
    one, two = Scratch(), Scratch()
    arrays = [one.take(size) for size in first] + [two.take(size) for size in second]
    assert [array.shape for array in arrays] == [(size,) for size in first + second]
    for i, array in enumerate(arrays):
        assert array.dtype == numpy.float32
        assert array.flags["C_CONTIGUOUS"]
        array[:] = i
    assert all((array == i).all() for i, array in enumerate(arrays))
    one.give_back()
    two.give_back()


def test_zeros_are_zeros_in_used_room(no_room):
    first = Scratch()
    first.take(300)[:] = numpy.nan
    first.give_back()
    assert not Scratch().zeros(300).any()


@pytest.mark.parametrize(("before", "after"), [(300, 300), (10_000, 9_500), (1, 1000)])
def test_what_was_given_back_serves_the_next_batch_of_about_that_size(no_room, before, after):
    first, second = Scratch(), Scratch()
    places = {address(first.take(before)), address(first.take(before))}
    first.give_back()
    assert {address(second.take(after)), address(second.take(after))} == places


def test_what_was_not_given_back_serves_nobody_else(no_room):
    first = Scratch()
    held = first.take(300)
    other = Scratch()
    other.take(300)
    other.give_back()
    assert address(Scratch().take(300)) != address(held)


def test_giving_back_twice_gives_no_room_to_two(no_room):
    first, second = Scratch(), Scratch()
    first.take(300)
    first.give_back()
    first.give_back()
    assert address(second.take(300)) != address(second.take(300))


def test_no_more_is_held_than_the_limit(no_room, monkeypatch):
    monkeypatch.setattr(scratch, "LIMIT", 10 * 4096)
    for _ in range(3):
        batch = Scratch()
        for size in (1024, 1024, 2048, 4096, 8192, 1024):
            batch.take(size)
        batch.give_back()
    held = [array for arrays in scratch._free.values() for array in arrays]
    assert 0 < sum(array.nbytes for array in held) <= 10 * 4096


def test_beyond_the_limit_what_was_used_longest_ago_goes_first(no_room, monkeypatch):
    monkeypatch.setattr(scratch, "LIMIT", 4 * 4096)
    for size in (1024, 2048, 1024, 3072):
        batch = Scratch()
        batch.take(size)
        batch.give_back()
    held = [len(array) for arrays in scratch._free.values() for array in arrays]
    assert held == [1024, 3072]


def test_threads_take_and_give_back_at_once(no_room, often_switching):
    faults = []

    def work(mark):
        try:
            for i in range(400):
                batch = Scratch()
                arrays = [batch.take(size) for size in (700, 700, 1024 * (4 * i + mark))]
                for array in arrays:
                    array[:] = mark
                assert all((array == mark).all() for array in arrays)
                batch.give_back()
        except Exception as error:
            faults.append(error)

    workers = [Thread(target=work, args=[mark]) for mark in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not faults
