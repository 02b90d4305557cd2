"""Commands that a test starts: those that it interrupts, and those that it only waits for.

What it only waits for is forked from a process that has the libraries imported already: for a
short command, most of the time goes into that.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

# What most commands import. None of it starts a thread that a fork would miss.
IMPORTED = [
    "spacy.lang.en", "spacy.cli", "spacy.training", "numba", "rich.console", "rich.progress",
    "typer.testing", "sacrebleu", "seqpipe.cli.app", "seqpipe.embeddings.train",
    "seqpipe.embeddings.component", "seqpipe.tagging.component", "seqpipe.classification.component",
    "seqpipe.lm.component", "seqpipe.translation.component", "seqpipe.project.run",
    "tests.numba_ready",
]  # fmt: skip
CONTEXT = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    CONTEXT.set_forkserver_preload(IMPORTED)

ROOT = Path(__file__).parents[1]
HIDDEN = os.fspath(ROOT / "tests" / "without_torch")


def without_torch(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment in which there is no PyTorch, which takes longer to be imported than spaCy."""
    paths = [HIDDEN, *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def ended(process: Popen, *, seconds: float) -> tuple[Any, Any]:
    """What a process has written by its end, which must come; it does not outlive the test."""
    try:
        return process.communicate(timeout=seconds)
    finally:
        process.kill()


def seqpipe(*words: object, **options: Any) -> CompletedProcess:
    """How `seqpipe WORDS` ended; see `python`."""
    return python("-m", "seqpipe", *words, **options)


def python(*words: object, seconds: float = 240, **surroundings: Any) -> CompletedProcess:
    """How `python WORDS` ended, and what it wrote, as text; see `Forked`."""
    return Forked(*words, **surroundings).ended(seconds=seconds)


class Forked:
    """A process that does what `python WORDS` would do, for a script or `-m MODULE`.

    cwd: Its working folder. env: The whole environment; what libraries read when they are imported
    is this process's. given: Its standard input.
    """

    def __init__(
        self, *words: object, cwd: Any = None, env: dict[str, str] | None = None, given: str = ""
    ) -> None:
        self.words = [str(word) for word in words]
        self._folder = tempfile.TemporaryDirectory()
        self._streams = [Path(self._folder.name) / name for name in ("given", "stdout", "stderr")]
        self._streams[0].write_text(given, encoding="utf-8")
        surroundings = (os.fspath(cwd or os.getcwd()), env or dict(os.environ), self._streams)
        self._process = CONTEXT.Process(target=_be, args=(self.words, *surroundings))
        with chdir(ROOT):  # where the first one starts the server, which finds `tests` from there
            self._process.start()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def is_over(self, seconds: float = 0.0) -> bool:
        """Whether it has ended, or does in so many seconds."""
        self._process.join(seconds)
        return self._process.exitcode is not None

    def ended(self, *, seconds: float = 240) -> CompletedProcess:
        """How it ended, which must come, and what it wrote; it does not outlive the test."""
        with self._folder:
            if not self.is_over(seconds):
                self._process.kill()
                self._process.join()
                raise subprocess.TimeoutExpired(self.words, seconds)
            code = self._process.exitcode
            self._process.close()
            written = [path.read_text("utf-8", errors="replace") for path in self._streams[1:]]
        return CompletedProcess(self.words, code, *written)


def _be(words: list[str], cwd: str, env: dict[str, str], streams: list[Path]) -> None:
    """Be the process that `python WORDS` would be."""
    modes = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for number, (path, mode) in enumerate(zip(streams, modes, strict=True)):
        descriptor = os.open(path, mode)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = [folder for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, cwd)
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, os.path.dirname(os.path.abspath(words[0])))
        runpy.run_path(words[0], run_name="__main__")
