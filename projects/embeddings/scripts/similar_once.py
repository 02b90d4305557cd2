"""Times `most_similar` beside the bare product in this process, and prints seconds as JSON."""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import numpy
import typer

from seqpipe.cli.script import run_script
from seqpipe.embeddings import Embeddings, most_similar, most_similar_batch

ROUNDS = 15


def seconds_of(run: Callable[[], Any], times: int) -> float:
    """The mean of some runs."""
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times


def in_turn(ways: dict[str, Callable[[], Any]], times: int) -> dict[str, list[float]]:
    """The seconds of each way in every round; each round begins with another way."""
    names = list(ways)
    for name in names:
        ways[name]()
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(ROUNDS):
        for name in names if turn % 2 else names[::-1]:
            found[name].append(seconds_of(ways[name], times))
    return found


def main(
    words: Annotated[int, typer.Option(min=1)] = 100_000,
    width: Annotated[int, typer.Option(min=1)] = 300,
    queries: Annotated[int, typer.Option(min=1, help="Of a batch.")] = 256,
    times: Annotated[int, typer.Option(min=1, help="Runs of one query a round.")] = 20,
) -> None:
    """Time one query and a batch."""
    rng = numpy.random.default_rng(0)
    E = rng.standard_normal((words, width), dtype=numpy.float32)
    embeddings = Embeddings([f"word{i}" for i in range(words)], E)
    v, Q = E[0].copy(), E[:queries].copy()
    one = {
        "ours": partial(most_similar, embeddings, v),
        "product": partial(numpy.matmul, embeddings.E, v),
    }
    batch = {
        "ours": partial(most_similar_batch, embeddings, Q),
        "product": partial(numpy.matmul, Q, embeddings.E.T),
    }
    found = {"one query": in_turn(one, times), f"{len(Q)} queries": in_turn(batch, 1)}
    print(json.dumps(found))


if __name__ == "__main__":
    run_script(main)
