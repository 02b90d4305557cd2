"""Tries changes of the code: `python mutation_run.py MUTANTS VERDICTS SECONDS VARIANTS END`, in the
folder that holds the changed code and its tests.

pytest collects the tests once. Each mutant gets a fork of this warm process, in which the tests of
its module run until one fails. What fails must pass without the change, or it says nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import Phase, is_hypothesis_test, settings
from mutmut.mutation.trampoline import set_mutant_under_test

KILLED, SURVIVED, TIMED_OUT = "killed", "survived", "timed_out"
FAILED = f"failed-{os.getpid()}.txt"
EXAMPLES = 15


class Mutants:
    """A plugin of pytest that runs tests on changed code, in place of the tests once.

    mutants (List[Tuple[str, List[str]]]): Names, and the files of tests that are to see each.
    verdicts (Path): Gets a line of JSON for each: its name, its verdict, the test that failed.
    most (float): Processor seconds of tests for a mutant; then it has survived.
    variants (int): How many of a test with parameters are run at most, evenly spread.
    end (float): When no other mutant is begun, by `time.time`.
    """

    def __init__(
        self,
        mutants: Sequence[tuple[str, list[str]]],
        verdicts: Path,
        *,
        most: float,
        variants: int,
        end: float,
    ) -> None:
        self.mutants, self.verdicts = mutants, verdicts
        self.most, self.variants, self.end = most, variants, end
        self.passes: dict[str, bool] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        files: dict[str, list[pytest.Item]] = {}
        for item in spread(session.items, self.variants):
            hasten(item)
            files.setdefault(item.nodeid.partition("::")[0], []).append(item)
        set_mutant_under_test("")
        for items in files.values():  # what is imported and compiled now is there in each fork
            run(items[0], None)
        with self.verdicts.open("a", encoding="utf-8") as stream:
            for name, of_name in self.mutants:
                if time.time() > self.end:
                    break
                items = [item for file in of_name for item in files[file]]
                verdict, test = self._try(name, session, items)
                stream.write(json.dumps({"name": name, "verdict": verdict, "test": test}) + "\n")
                stream.flush()
        return True

    def _try(
        self, name: str, session: pytest.Session, items: list[pytest.Item]
    ) -> tuple[str, str | None]:
        """RETURNS (Tuple): The verdict, and the test that failed."""
        left = items
        while left:
            failed = self._first_failure(name, session, left)
            if failed is None or failed == TIMED_OUT:
                return (TIMED_OUT if failed else SURVIVED), None
            (item,) = (item for item in left if item.nodeid == failed)
            if failed not in self.passes:
                self.passes[failed] = self._first_failure("", session, [item]) is None
            if self.passes[failed]:
                return KILLED, failed
            left = left[left.index(item) + 1 :]
        return SURVIVED, None

    def _first_failure(
        self, name: str, session: pytest.Session, items: list[pytest.Item]
    ) -> str | None:
        """RETURNS (Optional[str]): Which test fails under a mutant, or that one does not end."""
        note = Path(FAILED)
        note.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            _run_changed(name, session, items, self.most, note)
        # Others may use the processor too.
        code = wait(child, 10 * (self.most + 10))
        if code is None:
            return TIMED_OUT
        return note.read_text(encoding="utf-8") if code else None


def spread(items: Sequence[pytest.Item], most: int) -> list[pytest.Item]:
    """RETURNS (List[Item]): Of each test some of its variants, evenly spread."""
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return [
        variants[i * len(variants) // min(most, len(variants))]
        for variants in tests.values()
        for i in range(min(most, len(variants)))
    ]


def hasten(item: pytest.Item) -> None:
    """Let a test of hypothesis try few examples, the same ones each time, and shrink none."""
    test: Any = getattr(item, "obj", None)
    if is_hypothesis_test(test):
        test._hypothesis_internal_use_settings = settings(
            test._hypothesis_internal_use_settings,
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
        )


def run(item: pytest.Item, following: pytest.Item | None) -> None:
    """Run a test. What it shares with the following one stays."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _run_changed(
    name: str, session: pytest.Session, items: list[pytest.Item], most: float, note: Path
) -> NoReturn:
    """End this process, with 1 if a test fails, whose name is noted, else with 0."""
    os.setpgrp()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    session.testsfailed = 0
    forget()
    began = sum(os.times()[:4])
    for item, following in zip(items, [*items[1:], None], strict=True):
        note.write_text(item.nodeid, encoding="utf-8")  # it may end the process
        set_mutant_under_test(name)
        _or_fail(lambda item=item, following=following: run(item, following))
        if session.testsfailed:
            os._exit(1)
        if sum(os.times()[:4]) - began > most:
            break
    os._exit(0)


def forget() -> None:
    """Empty what functions have kept, which they may compute otherwise now."""
    modules = [module for name, module in sys.modules.items() if name.startswith("seqpipe.")]
    for kept in [value for module in modules for value in vars(module).values()]:
        if isinstance(kept, _lru_cache_wrapper):
            kept.cache_clear()


def _or_fail(call: Callable[[], Any]) -> None:
    try:
        call()
    except BaseException:
        os._exit(1)


def wait(child: int, patience: float) -> int | None:
    """Wait for a process. RETURNS (Optional[int]): How it ended; None if it had to be ended."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    listed, verdicts, most, variants, end = sys.argv[1:]
    mutants = json.loads(Path(listed).read_text(encoding="utf-8"))
    limits = {"most": float(most), "variants": int(variants), "end": float(end)}
    plugin = Mutants(mutants, Path(verdicts), **limits)
    options = ["-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist"]
    sys.exit(
        pytest.main([*options, *sorted({f for _, fs in mutants for f in fs})], plugins=[plugin])
    )
