"""Work side by side: a few threads that each use one-threaded products.

A threaded product of one recurrent step scales badly, and its threads wait for each other at every
step. Two directions, each in a thread of its own, do not. How many threads there are is what BLAS
was allowed when first asked (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`, or the number of cores).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import lru_cache
from threading import Lock
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    """The BLAS libraries that are loaded now, numpy's among them."""
    return ThreadpoolController().select(user_api="blas")


@lru_cache(maxsize=1)
def thread_count() -> int:
    """RETURNS (int): Threads that may work side by side."""
    return max((library["num_threads"] for library in _blas().info()), default=1)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_count(), thread_name_prefix="seqpipe")


# Held by the caller whose tasks run side by side: the limit on BLAS is one for the whole process.
_turn = Lock()


def _forget() -> None:
    """A forked child has none of its parent's threads, and must not wait for them."""
    global _turn
    _pool.cache_clear()
    _turn = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def side_by_side(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run tasks, each in a thread of its own if there are threads enough, else one after the other.

    tasks: They write to different places. Each uses products of one thread.
    RETURNS (List): Their results, in order.
    """
    turn = _turn
    if len(tasks) < 2 or thread_count() < 2 or not turn.acquire(blocking=False):
        return [task() for task in tasks]
    try:
        with _blas().limit(limits=1):
            # In the caller's context: numpy keeps there what it says of overflow.
            others = [_pool().submit(copy_context().run, task) for task in tasks[1:]]
            try:
                first = tasks[0]()
            finally:
                wait(others)
            return [first, *(other.result() for other in others)]
    finally:
        turn.release()
