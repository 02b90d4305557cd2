"""Runs one line of a command's script in the project's folder, without a shell."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from seqpipe.files import InputError
from seqpipe.project.variables import Text

# Seconds that a child has to end by itself after Ctrl-C or a SIGTERM to us.
GRACE = 10.0


def arguments(line: str) -> list[str]:
    """Split a script line and put this interpreter in place of Python's own programs.

    line (str): Such as "python -m spacy train x.cfg" or "seqpipe train x.cfg".
    RETURNS (List[str]): The program and its arguments; empty for an empty line. Raises ValueError
        where a quote is not closed.
    """
    words = shlex.split(line)
    if not words:
        return []
    program, rest = words[0], words[1:]
    if program in ("python", "python3"):
        return [sys.executable, *rest]
    if program in ("pip", "pip3"):
        return [sys.executable, "-m", "pip", *rest]
    if program in ("seqpipe", "spacy"):
        # -P, as for their installed scripts: the project's folder must not shadow a library.
        return [sys.executable, "-P", "-m", program, *rest]
    return words


def run_line(line: str, folder: Path) -> int:
    """Run a script line and wait for it; its output goes where ours goes.

    line (str): The line, variables filled in.
    folder (Path): The working folder.
    RETURNS (int): Its exit code; negative for the signal that killed it. If waiting is interrupted,
        the child is ended first: by Ctrl-C too if that ended us, by SIGTERM else.
    """
    words = arguments(line)
    if not words:
        return 0
    with subprocess.Popen(words, cwd=folder) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # A second one would break off what the child does to end well, such as saving.
            if not _terminal_tells_child():
                child.send_signal(signal.SIGINT)
            stop(child)
            raise
        except BaseException:
            child.terminate()
            stop(child)
            raise


def stop(child: subprocess.Popen, grace: float = GRACE) -> None:
    """See a child to its end: let it finish, then terminate it, then kill it.

    child (subprocess.Popen): The child.
    grace (float): Seconds to wait before each step. A second Ctrl-C ends the waiting.
    """
    for end in (child.terminate, child.kill):
        try:
            child.wait(timeout=grace)
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            end()
    child.wait()


def _terminal_tells_child() -> bool:
    """Whether Ctrl-C comes from a terminal, which sends it to all programs in its foreground."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def signal_name(number: int) -> str:
    """The name of a signal.

    number (int): Its number.
    RETURNS (str): Such as "SIGKILL".
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def check_line(line: Text, *, path: Path, at: int | None) -> None:
    """Refuse a line that cannot be split.

    line (Text): The line.
    path (Path): The project.yml.
    at (Optional[int]): Where its command stands there.
    """
    try:
        shlex.split(line.value)
    except ValueError as fault:
        raise InputError(f"{str(fault).lower()} in: {line.shown}", path=path, line=at) from None
