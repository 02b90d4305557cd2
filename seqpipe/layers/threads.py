"""Work side by side: a small pool of threads, for tasks that leave Python's lock alone.

A threaded product of one recurrent step scales badly, and its threads wait for each other at every
step. Two directions, or two halves of a batch, each in a thread of its own, do not. How many
threads there are is what BLAS was allowed when first asked (`OPENBLAS_NUM_THREADS`,
`OMP_NUM_THREADS`, or the number of cores).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
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
    counts = [library["num_threads"] for library in _blas().info()]
    if counts:
        return max(counts)
    allowed = os.environ.get("OMP_NUM_THREADS", "")  # a BLAS that is not known, such as Apple's
    return max(1, int(allowed)) if allowed.isdigit() else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _work() -> SimpleQueue | None:
    """What the threads of the pool take their tasks from, if there are any. (An executor takes
    twice as long to hand a task over, which counts where a task takes a millisecond.)"""
    work: SimpleQueue = SimpleQueue()
    started = 0
    with suppress(RuntimeError):  # the system may refuse to start another one
        for i in range(thread_count() - 1):
            Thread(target=_take, args=(work,), name=f"seqpipe-{i}", daemon=True).start()
            started += 1
    return work if started else None


def _take(work: SimpleQueue) -> None:
    while True:
        task = work.get()
        task()
        del task  # it holds arrays, and the next task may be far off


# Held by the caller whose tasks run side by side: the pool and the limit on BLAS are one for the
# whole process.
_turn = Lock()


def _forget() -> None:
    """A forked child has none of its parent's threads, and must not wait for them."""
    global _turn
    _work.cache_clear()
    _turn = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def side_by_side(tasks: Sequence[Callable[[], Result]], *, blas: bool = True) -> list[Result]:
    """Run tasks, each in a thread of its own if there are threads enough, else one after the other.

    tasks (Sequence[Callable]): They write to different places.
    blas (bool): They use BLAS, which is then limited to one thread for each.
    RETURNS (List): Their results, in order.
    """
    turn, work = _turn, _work() if len(tasks) > 1 else None
    if work is None or not turn.acquire(blocking=False):
        return [task() for task in tasks]
    try:
        with _blas().limit(limits=1) if blas else nullcontext():
            return _side_by_side(tasks, work)
    finally:
        turn.release()


def _side_by_side(tasks: Sequence[Callable[[], Result]], work: SimpleQueue) -> list[Result]:
    outcomes: list[Any] = [None] * len(tasks)
    done: SimpleQueue = SimpleQueue()

    def run(i: int) -> None:
        try:
            outcomes[i] = tasks[i](), None
        except BaseException as error:
            outcomes[i] = None, error
        done.put(i)

    for i in range(1, len(tasks)):
        # In the caller's context: numpy keeps there what it says of overflow.
        work.put(partial(copy_context().run, run, i))
    run(0)
    interrupted = None
    while None in outcomes:  # whatever happens, no task may go on writing after the return
        try:
            done.get()
        except KeyboardInterrupt as error:
            interrupted = error
    errors = [error for _, error in outcomes if error is not None]
    results = [result for result, _ in outcomes]
    outcomes.clear()  # an error keeps this frame
    if interrupted is not None:
        errors.insert(0, interrupted)
    if errors:
        raise errors[0]
    return results
