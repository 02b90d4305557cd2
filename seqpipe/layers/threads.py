"""Work side by side: a few threads that each use one-threaded products.

A threaded product of one recurrent step scales badly, and its threads wait for each other at every
step. Two directions, each in a thread of its own, do not. How many threads there are is what BLAS
was allowed when first asked (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`, or the number of cores).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import lru_cache, partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

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
def _work() -> SimpleQueue:
    """What the threads of the pool take their tasks from. (An executor takes twice as long to hand
    a task over, which counts where a task takes a millisecond.)"""
    work: SimpleQueue = SimpleQueue()
    for i in range(thread_count() - 1):
        Thread(target=_take, args=(work,), name=f"seqpipe-{i}", daemon=True).start()
    return work


def _take(work: SimpleQueue) -> None:
    while True:
        task, done = work.get()
        done.put(_outcome(task))
        del task, done  # they hold arrays, and the next task may be far off


def _outcome(task: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return task(), None
    except BaseException as error:
        return None, error


# Held by the caller whose tasks run side by side: the limit on BLAS is one for the whole process.
_turn = Lock()


def _forget() -> None:
    """A forked child has none of its parent's threads, and must not wait for them."""
    global _turn
    _work.cache_clear()
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
            return _side_by_side(tasks)
    finally:
        turn.release()


def _side_by_side(tasks: Sequence[Callable[[], Result]]) -> list[Result]:
    places: list[SimpleQueue] = [SimpleQueue() for _ in tasks[1:]]
    for task, done in zip(tasks[1:], places, strict=True):
        # In the caller's context: numpy keeps there what it says of overflow.
        _work().put((partial(copy_context().run, task), done))
    outcomes = [_outcome(tasks[0])]
    outcomes += [done.get() for done in places]
    for _, error in outcomes:
        if error is not None:
            raise error
    return [result for result, _ in outcomes]
