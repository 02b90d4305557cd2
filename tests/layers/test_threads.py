"""Work side by side: results, errors, forks and the environment's limit on threads."""

import os
import subprocess
import sys
import textwrap

import pytest

from seqpipe.layers import threads
from seqpipe.layers.threads import side_by_side

TWO_THREADS = {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
ONE_THREAD = dict.fromkeys(TWO_THREADS, "1")


def output_of(source: str, environment: dict[str, str]) -> list[str]:
    """The lines that a fresh process prints."""
    command = [sys.executable, "-c", textwrap.dedent(source)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_results_come_in_the_order_of_the_tasks():
    assert side_by_side([lambda i=i: i * i for i in range(20)]) == [i * i for i in range(20)]


def test_no_task_gives_no_result():
    assert side_by_side([]) == []


def test_tasks_run_in_the_callers_context():
    """What numpy is told to say of overflow holds in every thread."""
    lines = output_of(
        """
        import numpy
        from seqpipe.layers.threads import side_by_side

        with numpy.errstate(over="ignore"):
            print([found["over"] for found in side_by_side([numpy.geterr] * 4)])
        """,
        TWO_THREADS,
    )
    assert lines == [str(["ignore"] * 4)]


@pytest.mark.parametrize("threads", [ONE_THREAD, TWO_THREADS], ids=["1", "2"])
def test_an_error_comes_through_and_blas_has_its_threads_back(threads):
    lines = output_of(
        """
        import numpy
        from threadpoolctl import threadpool_info
        from seqpipe.layers.threads import side_by_side

        for place in range(3):
            try:
                side_by_side([lambda i=i: 1 // (i - place) for i in range(3)])
            except ZeroDivisionError as error:
                print(place, error)
        limits = {b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"}
        print(limits, side_by_side([lambda: 1, lambda: 2]))
        """,
        threads,
    )
    zero = [f"{place} integer division or modulo by zero" for place in range(3)]
    assert lines == [*zero, f"{{{threads['OPENBLAS_NUM_THREADS']}}} [1, 2]"]


def test_tasks_run_at_once_with_one_blas_thread_each():
    # Each waits for the other, so that one after the other would never end.
    lines = output_of(
        """
        import threading
        import numpy
        from threadpoolctl import threadpool_info
        from seqpipe.layers.threads import side_by_side, thread_count

        barrier = threading.Barrier(2, timeout=20)

        def task():
            barrier.wait()
            limits = {b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"}
            barrier.wait()
            return limits

        print(thread_count(), side_by_side([task, task]))
        """,
        TWO_THREADS,
    )
    assert lines == ["2 [{1}, {1}]"]


def test_one_thread_gives_what_two_threads_give():
    source = """
        import numpy
        from seqpipe.layers.recurrent import LSTM
        from seqpipe.layers.threads import thread_count

        numpy.random.seed(0)
        model = LSTM(6, 4, bi=True, depth=2)
        model.initialize()
        X = [numpy.random.normal(size=(n, 4)).astype("f") for n in (5, 1, 3)]
        Y, backprop = model(X, True)
        dX = backprop(Y)
        print(thread_count())
        print([a.round(5).tolist() for a in (*Y, *dX)])
        """
    one, two = output_of(source, ONE_THREAD), output_of(source, TWO_THREADS)
    assert (one[0], two[0]) == ("1", "2")
    assert one[1] == two[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork here")
def test_a_forked_child_works_side_by_side_too():
    lines = output_of(
        """
        import os, signal, threading
        import numpy
        from seqpipe.layers.threads import side_by_side

        tasks = [lambda: 1, lambda: 2, lambda: 3]
        side_by_side([threading.Barrier(2).wait] * 2)  # now the pool has all its threads
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # should it hang, it dies
            os._exit(sum(side_by_side(tasks)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), side_by_side(tasks))
        """,
        TWO_THREADS,
    )
    assert lines == ["6 [1, 2, 3]"]


def test_two_callers_at_once_leave_blas_its_threads():
    lines = output_of(
        """
        import threading, time
        import numpy
        from threadpoolctl import threadpool_info
        from seqpipe.layers.threads import side_by_side

        def call(pause):
            for _ in range(20):
                side_by_side([lambda: time.sleep(pause), lambda: time.sleep(pause)])

        callers = [threading.Thread(target=call, args=[pause]) for pause in (0.001, 0.0017)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        print({b["num_threads"] for b in threadpool_info() if b["user_api"] == "blas"})
        """,
        TWO_THREADS,
    )
    assert lines == ["{2}"]


def test_an_interrupt_waits_for_the_tasks_that_have_begun():
    """What Ctrl-C stops must not go on writing into arrays that the caller takes for its own."""
    lines = output_of(
        """
        import os, signal, threading, time
        import numpy
        from seqpipe.layers.threads import side_by_side

        begun, ended = threading.Event(), []

        def long_task():
            begun.set()
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
            ended.append(True)

        try:
            side_by_side([begun.wait, long_task])
        except KeyboardInterrupt:
            print("interrupted", ended)
        print(side_by_side([lambda: 1, lambda: 2]))
        """,
        TWO_THREADS,
    )
    assert lines == ["interrupted [True]", "[1, 2]"]


def test_without_another_thread_the_caller_does_it_all():
    lines = output_of(
        """
        import threading
        import numpy
        from seqpipe.layers.threads import side_by_side

        def refuse(thread):
            raise RuntimeError("can't start new thread")

        threading.Thread.start = refuse
        print(side_by_side([lambda: 1, lambda: 2]))
        """,
        TWO_THREADS,
    )
    assert lines == ["[1, 2]"]


@pytest.mark.parametrize(("allowed", "threads"), [("3", "3"), ("", "5")])
def test_a_blas_that_is_not_known_leaves_it_to_the_environment(allowed, threads):
    lines = output_of(
        """
        import os
        from seqpipe.layers.threads import thread_count  # before numpy: no BLAS is loaded

        os.cpu_count = lambda: 5
        print(thread_count())
        """,
        {"OMP_NUM_THREADS": allowed},
    )
    assert lines == [threads]


def test_a_task_alone_asks_for_no_threads(monkeypatch):
    monkeypatch.setattr(threads, "_work", lambda: pytest.fail("threads were asked for"))
    assert threads.side_by_side([lambda: 3]) == [3]
    assert threads.side_by_side([]) == []
