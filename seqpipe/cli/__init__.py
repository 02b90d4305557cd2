"""The command line: the app, and the commands that belong to no concept."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

PIPE_CLOSED = 141  # as shells say it of SIGPIPE
# What the system says, in our words.
WORDS = {
    errno.ENOENT: "no such file or folder",
    errno.EISDIR: "a folder, expected a file",
    errno.ENOTDIR: "a part of this path is a file, expected folders up to the last part",
    errno.EACCES: "no right to read or write it",
    errno.EROFS: "a file system that cannot be written",
    errno.ENOSPC: "no space left on the device",
}
# Modules that an extra brings: without it, importing them is the user's fault, not a bug.
EXTRAS = {"matplotlib": "plot", "sklearn": "debiasing", "torch": "torch", "babel": "projects"}


def main() -> None:
    """Run the command line; turn expected faults into one message on stderr and exit code 1.

    With SEQPIPE_DEBUG=1 in the environment the traceback comes too. What is not expected is a bug
    and keeps its traceback.
    """
    guarded(_run)


def _run() -> None:
    gc.disable()  # a tenth of the time that `seqpipe --help` takes
    from seqpipe.cli.app import command_line
    from seqpipe.cli.plugin_choice import read_choice, watch

    options = read_choice(sys.argv[1:], os.environ)
    command, plugins = command_line(options)
    watch(plugins, options)
    # What was made up to here stays to the end: the collector need not look at it again.
    gc.freeze()
    gc.enable()
    command()


def guarded(run: Callable[[], Any]) -> None:
    """Run a command line; expected faults become one message on stderr and exit code 1.

    run (Callable): It raises ValueError, KeyError, OSError or ImportError where a user is at fault.
    """
    if sys.stdout is not None and not is_utf8(sys.stdout):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        _blaming_packages(run)
    except KeyboardInterrupt:
        exit_interrupted()
    except BrokenPipeError:
        exit_unread()
    except (ValueError, KeyError, OSError) as fault:
        where = "standard output: " if _is_of_stdout(fault) else ""
        report_fault(where + describe(fault))
        give_up_stdout()
        sys.exit(1)
    except ImportError as fault:
        extra = EXTRAS.get((fault.name or "").split(".")[0])
        if extra is None:
            raise
        report_fault(f"{fault.name} is not installed: pip install 'seqpipe[{extra}]'")
        sys.exit(1)


def _blaming_packages(run: Callable[[], Any]) -> None:
    """Run, and where an installed package breaks spaCy say which, whatever it raised.

    It may also exit: none of our own commands does so while spaCy loads a package.
    """
    try:
        run()
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        from seqpipe.spacy_entry_points import broken_entry_in

        broken = broken_entry_in(fault)
        if broken is None:
            raise
        raise ValueError(str(broken)) from fault


def exit_interrupted() -> NoReturn:
    """End after Ctrl-C, as shells expect it."""
    print("interrupted", file=sys.stderr)
    sys.exit(130)


def exit_unread() -> NoReturn:
    """End in quiet where nobody reads standard output any more, as SIGPIPE would."""
    give_up_stdout()
    sys.exit(PIPE_CLOSED)


def _is_of_stdout(fault: BaseException) -> bool:
    """RETURNS (bool): Whether a fault that names no file is that what was printed is not written.

    fault (BaseException): The fault.
    """
    if not isinstance(fault, OSError) or fault.filename is not None or sys.stdout is None:
        return False
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


def give_up_stdout() -> None:
    """Lose what cannot be written to standard output: Python would try again at its end, and
    complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError), open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), sys.stdout.fileno())
    except (AttributeError, ValueError):  # it is closed
        return


def report_fault(message: str) -> None:
    """Say on stderr what went wrong; inside an except block with SEQPIPE_DEBUG=1, also where.

    message (str): One message for the user.
    """
    if os.environ.get("SEQPIPE_DEBUG") == "1" and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    if sys.stderr is None:
        return
    fancy = sys.stderr.isatty() and is_utf8(sys.stderr)
    print(f"✘ {message}" if fancy else f"error: {message}", file=sys.stderr)


def describe(fault: BaseException) -> str:
    """What a fault says to a user.

    fault (BaseException): An expected fault.
    RETURNS (str): Its message, without the decoration of OSError and KeyError.
    """
    if isinstance(fault, OSError) and fault.strerror:
        where = "" if fault.filename is None else f"{os.fsdecode(fault.filename)}: "
        return where + WORDS.get(fault.errno or 0, fault.strerror)
    if isinstance(fault, KeyError) and len(fault.args) == 1:
        # A sentence was meant for a reader; a bare key says nothing without its type.
        text = str(fault.args[0])
        return text if " " in text else f"KeyError: {text!r}"
    return str(fault).strip() or type(fault).__name__


def is_utf8(stream: object) -> bool:
    """Whether a stream can show every character.

    stream (TextIO): Standard output or standard error.
    RETURNS (bool): True for UTF-8.
    """
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
