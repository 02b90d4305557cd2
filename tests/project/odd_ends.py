"""A program that ends in every way that a program can; run both ways by test_fork_server.py."""

import atexit
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time


def raises():
    raise ValueError("a fault")


def chained():
    try:
        raises()
    except ValueError:
        raise RuntimeError("another") from None


def interrupted():
    raise KeyboardInterrupt


def exits_later():
    atexit.register(print, "at exit")
    print("no line end", end="")
    sys.exit(3)


def leaves_a_file_open():
    sys.left = open("left.txt", "w")  # noqa: SIM115
    sys.left.write("left")


def thread_outlives():
    threading.Thread(target=lambda: (time.sleep(0.1), print("from a thread"))).start()
    print("main is over")


def surroundings():
    print(sys.argv[1:], os.path.basename(sys.argv[0]), __name__, __spec__.name)
    print(os.getcwd(), sys.path[0], os.environ["MARK"], os.environ.get("OTHER"))
    print(sys.stdin.read(), sys.stdout.line_buffering, sys.stdout.encoding, sys.stderr.errors)
    print([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)])
    print(signal.pthread_sigmask(signal.SIG_BLOCK, []), threading.active_count(), len(tasks()))
    print(threading.current_thread() is threading.main_thread(), sys.orig_argv[1:3])
    print(sorted(os.listdir("/proc/self/fd"))[:-1])


def spawns():
    process = multiprocessing.get_context("spawn").Process(target=print, args=("spawned",))
    process.start()
    process.join()
    subprocess.run(["echo", "from a program"], check=True)


def product():
    import numpy

    X = numpy.sin(numpy.arange(250_000, dtype="f")).reshape(500, 500)
    print((X @ X).tobytes()[:4000].hex(), len(tasks()))


def draws():
    import numpy

    print(random.random(), numpy.random.random())


def tasks_of_parent():
    print(len(os.listdir(f"/proc/{os.getppid()}/task")))


def tasks():
    return os.listdir("/proc/self/task")


WAYS = {
    "exit 3": lambda: sys.exit(3),
    "exit with words": lambda: sys.exit("some words"),
    "exit with nothing": sys.exit,
    "exit 256": lambda: sys.exit(256),
    "os._exit": lambda: os._exit(5),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "terminated": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "stdout closed": lambda: (print("x"), os.close(1)),
    "warns": lambda: __import__("warnings").warn("a warning", stacklevel=1),
    "raises": raises,
    "chained": chained,
    "interrupted": interrupted,
    "exits later": exits_later,
    "leaves a file open": leaves_a_file_open,
    "thread outlives": thread_outlives,
    "surroundings": surroundings,
    "spawns": spawns,
    "product": product,
    "draws": draws,
    "tasks of parent": tasks_of_parent,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
