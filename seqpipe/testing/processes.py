"""Processes that the checks start: each imports spaCy alone, and finds the rest for itself."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryFile
from typing import Any

from seqpipe.project.children import Child, Ended, PlainChild, Surroundings, wait
from seqpipe.project.fork_client import ForkedChild, ForkServer, Streams, can_fork
from seqpipe.project.fork_server import Request, Verdict


def spacy_command(*words: object, seconds: float = 120) -> CompletedProcess[str]:
    """How `python -P -m spacy WORDS` ended, and what it wrote.

    To import spaCy takes longer than most that the checks ask of it. Where the system can, the
    process is therefore forked from one that has imported `spacy.cli` and nothing that registers
    a component: ours and a plugin's are still to be found by their entry points.

    *words (object): What follows `spacy`.
    seconds (float): How long it may take.
    RETURNS (CompletedProcess): Its exit code and output. Raises TimeoutError.
    """
    arguments = tuple(map(str, words))
    with ExitStack() as files:
        given, *written = [files.enter_context(TemporaryFile()) for _ in range(3)]
        streams = (given.fileno(), written[0].fileno(), written[1].fileno())
        ended = _end_of(_start(arguments, streams), seconds)
        texts = [_text(file) for file in written]
    return CompletedProcess(arguments, ended.code, *texts)


def _start(arguments: tuple[str, ...], streams: Streams) -> Child:
    environment = dict(os.environ)
    # Another one for each test, it would ask for another server each time.
    environment.pop("PYTEST_CURRENT_TEST", None)
    surroundings = Surroundings(Path.cwd(), environment)

    def plain(verdict: Verdict = "stop") -> Child:
        return PlainChild([sys.executable, "-P", "-m", "spacy", *arguments], surroundings, streams)

    if not can_fork():
        return plain()
    server = _server(surroundings.folder, tuple(sorted(environment.items())))
    request = Request("spacy", arguments, folder_first=False, imports=("spacy.cli",))
    return ForkedChild(server.ask(request, streams), plain)


@cache
def _server(folder: Path, environment: tuple[tuple[str, str], ...]) -> ForkServer:
    """The server of this environment, which ends with this process."""
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        server = ForkServer(Surroundings(folder, dict(environment)), (nothing, nothing, nothing))
    finally:
        os.close(nothing)
    atexit.register(server.close)
    return server


def _end_of(child: Child, seconds: float) -> Ended:
    last = time.monotonic() + seconds
    try:
        while (ended := child.poll()) is None:
            left = last - time.monotonic()
            if left <= 0:
                child.send(signal.SIGTERM)
                raise TimeoutError(f"a process of spaCy did not end within {seconds:g} s")
            wait([child], [], left)
    finally:
        child.close()
    return ended


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode("utf-8", errors="replace")
