"""Starts the lines of scripts: from a fork server where that serves, else as plain processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from seqpipe.project.children import Child, PlainChild, Surroundings
from seqpipe.project.fork_client import ForkedChild, ForkServer, Streams, can_fork
from seqpipe.project.fork_server import Request, Verdict
from seqpipe.project.script import arguments, module_line

# What takes long to import, or to make.
COMMAND_LINE = ("seqpipe.cli.app:prepare", "pydantic")
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "seqpipe": (*COMMAND_LINE, "spacy", "numba"),
    "spacy": ("spacy.cli",),
}
# Commands of seqpipe that need no more than its command line.
LIGHT = frozenset(
    {"init", "new", "run", "assets", "document", "graph", "lock", "curves", "plugins"}
)


class Launcher:
    """Starts what a run's scripts say.

    folder (Path): The project's folder.
    environment (Mapping[str, str]): The environment of what is started.
    kept (Tuple[int, ...]): Descriptors that it inherits besides its standard streams.
    lines (Iterable[str]): The lines that may have to run: for one alone no server is worth it.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        *,
        kept: tuple[int, ...] = (),
        lines: Iterable[str] = (),
    ) -> None:
        self._surroundings = Surroundings(folder, dict(environment), kept)
        self._forks = can_fork() and sum(module_line(line) is not None for line in lines) > 1
        self._server: ForkServer | None = None
        self._retired: list[ForkServer] = []

    def start(self, line: str, streams: Streams) -> Child | None:
        """Start a line.

        line (str): The line, variables filled in.
        streams (Tuple[int, int, int]): Its standard input, output and error, which have to stay
            open until it ends.
        RETURNS (Optional[Child]): Its process; None for an empty line. Raises OSError where the
            program cannot be started.
        """
        words = arguments(line)
        if not words:
            return None
        request = self._request(line)
        if request is None:
            return PlainChild(words, self._surroundings, streams)
        return self._fork(request, words, streams)

    def _request(self, line: str) -> Request | None:
        found = module_line(line) if self._forks else None
        if found is None:
            return None
        module, rest, folder_first = found
        return Request(module, tuple(rest), folder_first, libraries(module, rest))

    def _fork(self, request: Request, words: list[str], streams: Streams) -> Child:
        if self._server is None:
            self._server = ForkServer(self._surroundings, streams)
        server = self._server

        def otherwise(verdict: Verdict) -> Child:
            if verdict == "stop":
                self._forks = False
            if verdict == "renew" and self._server is server:
                # The next line starts another one; what runs from this one goes on.
                self._retired.append(server)
                self._server = None
            return PlainChild(words, self._surroundings, streams)

        return ForkedChild(server.ask(request, streams), otherwise)

    def close(self) -> None:
        """End the fork server."""
        for server in (*self._retired, self._server):
            if server is not None:
                server.close()
        self._retired, self._server = [], None


def libraries(module: str, words: list[str]) -> tuple[str, ...]:
    """What a command line will import.

    module (str): "seqpipe" or "spacy".
    words (List[str]): What follows it.
    RETURNS (Tuple[str, ...]): Modules to have imported before, and functions to have called.
    """
    asks_for_help = bool({"-h", "--help"}.intersection(words))
    is_light = module == "seqpipe" and (
        not words or words[0] in LIGHT or words[0].startswith("-") or asks_for_help
    )
    return COMMAND_LINE if is_light else LIBRARIES[module]
