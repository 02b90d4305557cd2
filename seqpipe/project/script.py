"""Reads a line of a command's script: there is no shell."""

from __future__ import annotations

import shlex
import signal
import sys

# Programs that are modules too, and whose imports take longer than what they do.
MODULES = ("seqpipe", "spacy")


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
    if program in MODULES:
        # -P, as for their installed scripts: the project's folder must not shadow a library.
        return [sys.executable, "-P", "-m", program, *rest]
    return words


def module_line(line: str) -> tuple[str, list[str], bool] | None:
    """Tell whether a line runs seqpipe or spaCy.

    line (str): The line.
    RETURNS (Optional[Tuple[str, List[str], bool]]): The module, its arguments, and whether imports
        look into the working folder first; None for any other line.
    """
    words = shlex.split(line)
    if words and words[0] in MODULES:
        return words[0], words[1:], False
    if words[:2] in (["python", "-m"], ["python3", "-m"]) and words[2:3] and words[2] in MODULES:
        return words[2], words[3:], True
    return None


def signal_name(number: int) -> str:
    """The name of a signal.

    number (int): Its number.
    RETURNS (str): Such as "SIGKILL".
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
