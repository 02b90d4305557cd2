"""The runner's end of the fork server: starts it, asks it for children, waits for them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from seqpipe.project.children import (
    Child,
    Ended,
    Surroundings,
    ends_with_parent,
    signals_held_back,
)
from seqpipe.project.fork_server import Request, Verdict

Streams = tuple[int, int, int]


def can_fork() -> bool:
    """Whether this system can have a fork server: Linux can.

    RETURNS (bool): False on macOS too, whose own libraries do not live through a fork.
    """
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an old kernel
        return False
    return True


class ForkServer:
    """A fork server in a process of its own.

    surroundings (Surroundings): What its children get. Libraries read some of the environment when
        they are imported, such as numbers of threads: for another one there must be another server.
    streams (Tuple[int, int, int]): What its children will have for standard streams; libraries ask
        when they are imported whether these are terminals.
    """

    def __init__(self, surroundings: Surroundings, streams: Streams) -> None:
        self.surroundings = surroundings
        self._requests, theirs = socket.socketpair()
        serve = f"from seqpipe.project.fork_server import serve; serve({theirs.fileno()})"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", serve],
                cwd=surroundings.folder,
                env=surroundings.environment,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                pass_fds=(theirs.fileno(), *surroundings.kept),
                preexec_fn=ends_with_parent(),
            )

    def ask(self, request: Request, streams: Streams) -> socket.socket:
        """Ask for a child.

        request (Request): Its command line.
        streams (Tuple[int, int, int]): Its standard streams.
        RETURNS (socket.socket): Where the server says what becomes of it.
        """
        ours, theirs = socket.socketpair()
        # A server that has died says so by the end of this socket.
        with theirs, suppress(OSError):
            packed = request.packed()
            sent = socket.send_fds(self._requests, [packed], [*streams, theirs.fileno()])
            self._requests.sendall(packed[sent:])
        return ours

    def close(self) -> None:
        """End the server, and its children, whatever it is at."""
        self._process.kill()
        self._process.wait()
        self._requests.close()


class ForkedChild:
    """A child of the fork server; a plain one where the server refuses.

    status (socket.socket): Where the server says what becomes of it.
    otherwise (Callable[[Verdict], Child]): Starts something else; told what the server is good for.
    """

    def __init__(self, status: socket.socket, otherwise: Callable[[Verdict], Child]) -> None:
        self._status, self._otherwise = status, otherwise
        self._status.setblocking(False)
        self._unread = b""
        self._server_child: int | None = None
        self._instead: Child | None = None
        self._ended: Ended | None = None

    @property
    def pid(self) -> int | None:
        return self._instead.pid if self._instead else self._server_child

    def descriptor(self) -> int | None:
        return self._instead.descriptor() if self._instead else self._status.fileno()

    def poll(self) -> Ended | None:
        while self._ended is None and self._instead is None:
            line = self._next_line()
            if line is None:
                return None
            self._take(line)
        return self._instead.poll() if self._instead else self._ended

    def _next_line(self) -> bytes | None:
        """RETURNS (Optional[bytes]): What the server said; empty once it is dead."""
        while b"\n" not in self._unread:
            try:
                more = self._status.recv(4096)
            except BlockingIOError:
                return None
            except OSError:
                more = b""
            if not more:
                return b""
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _take(self, line: bytes) -> None:
        message = json.loads(line) if line else {}
        if "started" in message:
            self._server_child = message["started"]
        elif "code" in message:
            self._ended = Ended(message["code"], message["memory"])
        elif self._server_child is not None:
            # The system kills the server's children with it.
            self._ended = Ended(-signal.SIGKILL, None)
        else:
            with signals_held_back():
                self._instead = self._otherwise(message.get("refused", "stop"))

    def send(self, number: int) -> None:
        if self._instead is not None:
            self._instead.send(number)
        elif self._ended is None:
            with suppress(OSError):
                self._status.send(bytes([number]))

    def close(self) -> None:
        self._status.close()
        if self._instead is not None:
            self._instead.close()
