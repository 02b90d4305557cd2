"""Runs a function in a process of its own with a given number of threads, which libraries fix when
they are loaded."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def at_threads(threads: int, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of a module in a fresh process, which does not outlive this one.

    threads (int): What BLAS libraries and OpenMP may use there.
    function (Callable): Gets `args`.
    RETURNS (Any): What it returns. Raises what it raises.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, str(threads)))
    context = get_context("spawn")
    try:
        with ProcessPoolExecutor(1, context, _watch, (os.getpid(),)) as pool:
            try:
                return pool.submit(function, *args).result()
            except KeyboardInterrupt:
                for process in pool._processes.values():
                    process.terminate()
                raise
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def _watch(parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
