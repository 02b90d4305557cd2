"""Times several ways to do one thing in turn, so that what slows the machine slows all of them."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

ROUNDS = 15
# Threads of OpenMP spin for some milliseconds after their work, and would take the time of what
# comes next. (Those of OpenBLAS do so for a tenth of a second: a way that uses them has no place
# beside others on two threads.)
PAUSE = 0.03


@dataclass(frozen=True)
class Way:
    """One way to do it.

    run (Callable): What is timed.
    before (Callable): Called before each run, not timed.
    """

    run: Callable[[], Any]
    before: Callable[[], Any] = lambda: None

    def seconds(self) -> float:
        """RETURNS (float): The time of one run."""
        self.before()
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start


def in_turn(
    ways: Mapping[str, Way], *, seconds: float, threads: int, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Time all ways in rounds; each round begins with another one.

    seconds (float): For each way, in all rounds together, at least; a round has at least one run.
    threads (int): With more than one there is a pause between two ways.
    rounds (int): How many.
    RETURNS (Dict[str, List[float]]): For each way and round the median seconds of a run. In front
        of the runs of a round stands one that does not count.
    """
    runs = {}
    for name, way in ways.items():
        way.seconds()
        runs[name] = max(1, math.ceil(seconds / rounds / max(way.seconds(), 1e-7)))
    measured: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            if threads > 1:
                time.sleep(PAUSE)
            ways[name].seconds()
            found = [ways[name].seconds() for _ in range(runs[name])]
            measured[name].append(statistics.median(found))
    return measured


def median_ratio(over: list[float], under: list[float]) -> float:
    """RETURNS (float): The median of the ratios, round by round."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))
