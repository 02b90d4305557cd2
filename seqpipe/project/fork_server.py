"""A process that has the libraries imported and forks a child for each command line.

It runs no kernel and starts no thread, so that a fork of it is a whole process. A child differs
from `python -m MODULE` in five things: its hash seed and `sys.flags.safe_path` are this process's,
`ps` shows this process's command line, what imports print comes once, and `__del__` is not called
for what still lives at its end.

A request comes with its standard streams and a socket. On the socket go, a line of JSON each:
`{"started": PID}`, then `{"code": CODE, "memory": BYTES}`, or instead `{"refused": VERDICT}`; back
come signals for the child, a byte each. The end of that socket kills the child, the end of the
socket of requests this process; the system kills the children with it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import json
import os
import pkgutil
import runpy
import selectors
import signal
import site
import socket
import struct
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Literal

from seqpipe.project.children import ends_with_parent, peak_bytes

# Whether the server is good for other requests, has to be another, or none can be.
Verdict = Literal["keep", "renew", "stop"]
# Files whose frames no traceback of a child is to show.
OURS = (__file__, contextlib.__file__, "<string>")
HEADER = struct.Struct("!I")
# What a terminal or a service manager sends to all of a run is for the children to hear.
LEFT_TO_CHILDREN = ("SIGINT", "SIGTERM", "SIGHUP")


@dataclass(frozen=True)
class Request:
    """A command line.

    module (str): As in `python -m MODULE`.
    arguments (Tuple[str, ...]): What follows it.
    folder_first (bool): The working folder is the first place to import from.
    imports (Tuple[str, ...]): Modules to be imported before the fork; "module:function" to be
        called too.
    """

    module: str
    arguments: tuple[str, ...]
    folder_first: bool
    imports: tuple[str, ...]

    def packed(self) -> bytes:
        """RETURNS (bytes): The request, to be read by `Request.read`."""
        content = json.dumps(asdict(self)).encode()
        return HEADER.pack(len(content)) + content

    @classmethod
    def read(cls, stream: socket.socket) -> tuple[Request, list[int]] | None:
        """RETURNS (Optional[Tuple[Request, List[int]]]): The next request with its descriptors, or
        None at the end of the stream.

        stream (socket.socket): A connection of this machine.
        """
        head, descriptors, _, _ = socket.recv_fds(stream, HEADER.size, 4)
        if not head:
            return None
        head += _exactly(stream, HEADER.size - len(head))
        fields = json.loads(_exactly(stream, *HEADER.unpack(head)))
        fields["arguments"], fields["imports"] = map(
            tuple, (fields["arguments"], fields["imports"])
        )
        return cls(**fields), descriptors


def _exactly(stream: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = stream.recv(count - len(found))
        if not more:
            raise EOFError("a request broke off")
        found += more
    return found


def serve(descriptor: int) -> None:
    """Serve until the socket of requests ends; in a child, run its command line.

    descriptor (int): The socket of requests.
    """
    ending = _Ending()
    request = _Server(descriptor).loop()
    if request is None:
        # Nothing of this process is worth an orderly end.
        os._exit(0)
    with ending.noted():
        _become(request)


@dataclass
class _Forked:
    """A child, and who waits for it."""

    pid: int
    end: int
    status: socket.socket


class _Server:
    """Takes requests, forks, and tells how the children ended."""

    def __init__(self, descriptor: int) -> None:
        names = [name for name in LEFT_TO_CHILDREN if hasattr(signal, name)]
        self.handlers = {getattr(signal, name): _ignore(name) for name in names}
        self.requests = socket.socket(fileno=descriptor)
        self.requests.set_inheritable(False)
        self.children: list[_Forked] = []
        self.sources = _Sources()
        self.imported: set[str] = set()

    def loop(self) -> Request | None:
        """RETURNS (Optional[Request]): None when all is over; in a child, what to run."""
        while True:
            ready = self._wait()
            for child in list(self.children):
                if child.end in ready:
                    self._report_end(child)
                elif child.status.fileno() in ready:
                    _pass_signals(child)
            if self.requests.fileno() in ready:
                try:
                    found = Request.read(self.requests)
                except (OSError, EOFError):
                    found = None
                if found is None:
                    return None
                request, descriptors = found
                if self._answer(request, descriptors):
                    return request

    def _wait(self) -> set[int]:
        with selectors.DefaultSelector() as selector:
            selector.register(self.requests, selectors.EVENT_READ)
            for child in self.children:
                selector.register(child.end, selectors.EVENT_READ)
                selector.register(child.status, selectors.EVENT_READ)
            return {key.fd for key, _ in selector.select()}

    def _answer(self, request: Request, descriptors: list[int]) -> bool:
        """Fork for a request, or refuse it. RETURNS (bool): Whether this is the child."""
        *streams, status_descriptor = descriptors
        status = socket.socket(fileno=status_descriptor)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        refused = self._refusal(request)
        if refused is not None:
            _tell(status, refused=refused)
            status.close()
            return False
        return self._fork(status)

    def _refusal(self, request: Request) -> Verdict | None:
        """RETURNS (Optional[Verdict]): None where a fork is what a plain process would be."""
        if self.sources.have_changed():
            return "renew"
        if not self._import(request.imports) or _has_accelerator():
            return "stop"
        return "keep" if request.folder_first and _is_shadowed() else None

    def _import(self, names: tuple[str, ...]) -> bool:
        missing = [name for name in names if name not in self.imported]
        try:
            for name in missing:
                found = pkgutil.resolve_name(name)
                if ":" in name:
                    found()
        except BaseException:  # a plain process meets the same, and says so as it always does
            return False
        if threading.active_count() > 1:  # a plugin's: a fork would be without it
            return False
        if missing:
            self.imported.update(missing)
            self.sources = _Sources()
            # What stays must not be copied only because the collector marks it.
            gc.collect()
            gc.freeze()
        return True

    def _fork(self, status: socket.socket) -> bool:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, AttributeError):
                stream.flush()
        # A signal that comes before the child listens is kept until it does.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, self.handlers)
        tie = ends_with_parent()
        pid = os.fork()
        if not pid:
            if tie is not None:
                tie()
            self._let_go(status)
            for number, handler in self.handlers.items():
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if pid:
            self.children.append(_Forked(pid, os.pidfd_open(pid), status))
            _tell(status, started=pid)
        return not pid

    def _let_go(self, status: socket.socket) -> None:
        """Close, in a child, what is the server's."""
        self.requests.close()
        status.close()
        for other in self.children:
            os.close(other.end)
            other.status.close()

    def _report_end(self, child: _Forked) -> None:
        _, status, usage = os.wait4(child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        _tell(child.status, code=code, memory=peak_bytes(usage))
        child.status.close()
        os.close(child.end)
        self.children.remove(child)


def _ignore(name: str) -> Any:
    return signal.signal(getattr(signal, name), signal.SIG_IGN)


def _pass_signals(child: _Forked) -> None:
    # The child has not been waited for, so that its number is still its own.
    try:
        numbers = child.status.recv(64)
    except OSError:
        numbers = b""
    for number in numbers or [signal.SIGKILL]:
        os.kill(child.pid, number)


def _tell(status: socket.socket, **message: object) -> None:
    with suppress(OSError):  # nobody waits any more
        status.sendall(json.dumps(message).encode() + b"\n")


class _Sources:
    """What the imported modules were read from, as it was at the time."""

    def __init__(self) -> None:
        self._stamps = {path: _stamp(path) for path in _watched()}

    def have_changed(self) -> bool:
        """RETURNS (bool): Whether something is another by now. Installing a package changes the
        folder that holds it; what is imported from elsewhere is watched file by file."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _watched() -> set[str]:
    packages = {*map(sysconfig.get_path, ("platlib", "purelib")), site.getusersitepackages()}
    installed = tuple(path + os.sep for path in (*packages, sysconfig.get_path("stdlib")))
    files = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    return packages | {path for path in files if path and not path.startswith(installed)}


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _is_shadowed() -> bool:
    """Whether the working folder holds a module of the name of one that is imported already."""
    imported = {name.partition(".")[0] for name in sys.modules}
    with os.scandir(".") as entries:
        return any(
            entry.name.partition(".")[0] in imported and (_is_module(entry) or _is_package(entry))
            for entry in entries
        )


def _is_module(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".py", ".pyc", ".so")) and entry.is_file()


def _is_package(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py"))


def _has_accelerator() -> bool:
    """Whether an import has opened a GPU, as CuPy's does: CUDA refuses to work in a fork."""
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that lists them is closed by now
            if os.readlink(f"/proc/self/fd/{number}").startswith(("/dev/nvidia", "/dev/kfd")):
                return True
    return False


def _become(request: Request) -> None:
    """Be the process that `python -m MODULE ARGUMENTS` would be."""
    sys.argv = [request.module, *request.arguments]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    if request.folder_first:
        sys.path.insert(0, os.getcwd())
    if "numpy.random" in sys.modules:
        # Python's own generator does this by itself; without, all children would draw alike.
        sys.modules["numpy.random"].seed()
    show = sys.excepthook

    def show_from_module(
        kind: type[BaseException], fault: BaseException, trace: TracebackType | None
    ) -> None:
        trimmed = _outside(trace)
        show(kind, fault.with_traceback(trimmed), trimmed)

    sys.excepthook = show_from_module
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)


class _Ending:
    """Ends a process after all that its code asked for at exit, without taking it apart.

    To take apart what the libraries have loaded takes ten times as long as a short command.
    """

    def __init__(self) -> None:
        self._code: int | None = None
        # The last to be called is what was registered first: nothing may come after this.
        if getattr(atexit, "_ncallbacks", lambda: 1)() == 0:
            atexit.register(self._end)

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note the exit code with which the process is about to end."""
        try:
            yield
        except SystemExit as end:
            code = 0 if end.code is None else end.code
            self._code = code & 0xFF if isinstance(code, int) else 1
            raise
        except Exception:
            self._code = 1
            raise
        # What else there is, such as KeyboardInterrupt, ends in ways of its own.
        self._code = 0

    def _end(self) -> None:
        if self._code is None or _holds_open_files():
            return
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):  # the interpreter says what is wrong
            return
        os._exit(self._code)


def _holds_open_files() -> bool:
    """Whether something may not have been written yet."""
    return any(
        isinstance(thing, io.IOBase) and not thing.closed and thing.writable()
        for thing in gc.get_objects()
    )


def _outside(trace: TracebackType | None) -> TracebackType | None:
    """Leave out the frames of this file, and of the line that started it."""
    while trace is not None and trace.tb_frame.f_code.co_filename in OURS:
        trace = trace.tb_next
    return trace
