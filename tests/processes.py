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
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

# What most commands import. None of it starts a thread that a fork would miss.
IMPORTED = [
    "spacy.lang.en", "spacy.cli", "spacy.training", "numba", "rich.console", "rich.progress",
    "typer.testing", "sacrebleu", "seqpipe.cli.app", "seqpipe.embeddings.train",
    "seqpipe.embeddings.component", "seqpipe.tagging.component", "seqpipe.classification.component",
    "seqpipe.lm.component", "seqpipe.translation.component", "seqpipe.project.run",
]  # fmt: skip
CONTEXT = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    CONTEXT.set_forkserver_preload(IMPORTED)


def ended(process: Popen, *, seconds: float) -> tuple[Any, Any]:
    """What a process has written by its end, which must come; it does not outlive the test."""
    try:
        return process.communicate(timeout=seconds)
    finally:
        process.kill()


def seqpipe(*words: object, **options: Any) -> CompletedProcess:
    """How `seqpipe WORDS` ended; see `python`."""
    return python("-m", "seqpipe", *words, **options)


def python(
    *words: object,
    cwd: Any = None,
    env: dict[str, str] | None = None,
    given: str = "",
    seconds: float = 240,
) -> CompletedProcess:
    """How `python WORDS` ended, for a script or `-m MODULE`, and what it wrote, as text.

    cwd: Its working folder. env: The whole environment; what libraries read when they are imported
    is this process's. given: Its standard input.
    """
    spoken = [str(word) for word in words]
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("given", "stdout", "stderr")]
        streams[0].write_text(given, encoding="utf-8")
        child = CONTEXT.Process(
            target=_be,
            args=(spoken, os.fspath(cwd or os.getcwd()), env or dict(os.environ), streams),
        )
        child.start()
        child.join(seconds)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise subprocess.TimeoutExpired(spoken, seconds)
        code = child.exitcode
        child.close()
        written = [path.read_text(encoding="utf-8", errors="replace") for path in streams[1:]]
    return CompletedProcess(spoken, code, *written)


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
